/**
 * Makes what Terraform needs before it can begin: the folder, the hub's project, and the bucket of the states with its key.
 * Usage: node infra/terraform/bootstrap.ts [--apply [--patience=<seconds>]]
 * Without --apply it prints what it would run, as a script. With it, each step is looked up first: run twice, the second run makes nothing.
 * A right or an API that a step before gave is known everywhere only after minutes: what is refused is tried again for that long (300 s).
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { readEstate, type Estate } from './checks/estate.ts';

const repository = path.resolve(import.meta.dirname, '../..');
const hours = 8;
const day = 86_400_000;

export interface Step {
  title: string;
  /** Says whether it is done: ends well, or, with `prints`, prints something. Absent: the command itself may be run again and again. */
  done?: { command: string[]; prints?: boolean };
  command: string[];
}

/** A value that Google knows, by its name here: $ORGANIZATION, $BILLING, $FOLDER. */
export interface Lookup {
  name: string;
  what: string;
  command: string[];
  /** Step after which it exists. */
  after?: string;
}

// Without compute: it would make a default network, open for SSH, before the policy that forbids it is there. Terraform switches it on after.
const apis = ['billingbudgets', 'cloudbilling', 'cloudkms', 'cloudresourcemanager', 'iam', 'iamcredentials', 'logging', 'orgpolicy', 'serviceusage', 'storage', 'sts'].map(api => `${api}.googleapis.com`);

export function lookups(estate: Estate & { domain: string }): Lookup[] {
  return [
    { name: 'ORGANIZATION', what: `the organisation ${estate.domain}`, command: ['organizations', 'list', `--filter=displayName=${estate.domain}`, '--format=value(name.basename())'] },
    { name: 'BILLING', what: 'the open billing account Airpay', command: ['billing', 'accounts', 'list', '--filter=displayName=Airpay AND open=true', '--format=value(name.basename())'] },
    { name: 'FOLDER', what: 'the folder airpay', after: 'Folder airpay', command: ['resource-manager', 'folders', 'list', '--organization=$ORGANIZATION', '--filter=displayName=airpay', '--format=value(name.basename())'] },
  ];
}

export function steps(estate: Estate & { groups: Record<string, string> }, now: Date): Step[] {
  const project = estate.projects['devops']!;
  const { location } = estate.sites['hub']!;
  const ring = 'devops-state';
  const key = `projects/${project}/locations/${location}/keyRings/${ring}/cryptoKeys/state`;
  const bucket = `gs://${estate.stateBucket}`;
  const kms = [`--location=${location}`, `--project=${project}`];
  const until = new Date(now.getTime() + hours * 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');
  const condition = `--condition=expression=request.time < timestamp("${until}"),title=cold-bootstrap`;
  const group = `--member=group:${estate.groups['platform']}`;
  const list = ['resource-manager', 'folders', 'list', '--organization=$ORGANIZATION', '--filter=displayName=airpay', '--format=value(name.basename())'];
  return [
    { title: 'Folder airpay', done: { command: list, prints: true }, command: ['resource-manager', 'folders', 'create', '--display-name=airpay', '--organization=$ORGANIZATION'] },
    // For the first applies only, while there is no deployer: the condition ends by itself.
    ...['resourcemanager.projectCreator', 'resourcemanager.folderIamAdmin', 'logging.configWriter'].map((role): Step => ({
      title: `Group ${estate.groups['platform']} has roles/${role} on the folder until ${until}`,
      command: ['resource-manager', 'folders', 'add-iam-policy-binding', '$FOLDER', group, `--role=roles/${role}`, condition],
    })),
    // On the organisation: policies can be set by nobody else, and the roots find organisation and folder by their names.
    ...['orgpolicy.policyAdmin', 'browser'].map((role): Step => ({
      title: `Group ${estate.groups['platform']} has roles/${role} until ${until}`,
      command: ['organizations', 'add-iam-policy-binding', '$ORGANIZATION', group, `--role=roles/${role}`, condition],
    })),
    // Before any project: its log buckets cannot be moved later. live/project-0-devops/global says the same from then on.
    { title: `Logs of new projects are kept in ${location}`, command: ['logging', 'settings', 'update', '--folder=$FOLDER', `--storage-location=${location}`] },
    { title: `Project ${project}`, done: { command: ['projects', 'describe', project, '--format=value(projectId)'] }, command: ['projects', 'create', project, '--folder=$FOLDER', `--name=${project}`] },
    { title: `Project ${project} is paid for`, done: { command: ['billing', 'projects', 'describe', project, '--format=value(billingAccountName.basename())'], prints: true }, command: ['billing', 'projects', 'link', project, '--billing-account=$BILLING'] },
    { title: 'APIs that Terraform itself needs', command: ['services', 'enable', ...apis, `--project=${project}`] },
    { title: `Key ring ${ring}`, done: { command: ['kms', 'keyrings', 'describe', ring, ...kms] }, command: ['kms', 'keyrings', 'create', ring, ...kms] },
    { title: 'Key state', done: { command: ['kms', 'keys', 'describe', 'state', `--keyring=${ring}`, ...kms] }, command: ['kms', 'keys', 'create', 'state', `--keyring=${ring}`, ...kms, '--purpose=encryption', '--rotation-period=90d', `--next-rotation-time=${new Date(now.getTime() + 90 * day).toISOString()}`] },
    { title: 'Cloud Storage may use the key', command: ['storage', 'service-agent', `--project=${project}`, `--authorize-cmek=${key}`] },
    { title: `Bucket ${estate.stateBucket}`, done: { command: ['storage', 'buckets', 'describe', bucket, '--format=value(name)'] }, command: ['storage', 'buckets', 'create', bucket, `--project=${project}`, `--location=${location}`, '--uniform-bucket-level-access', '--public-access-prevention', `--default-encryption-key=${key}`, '--soft-delete-duration=90d'] },
    { title: 'Every state there ever was can be brought back', command: ['storage', 'buckets', 'update', bucket, '--versioning'] },
  ];
}

/** As a person would type it. */
const quoted = (command: string[]): string => ['gcloud', ...command].map(word => (/^[\w@%+=:,./$-]+$/.test(word) ? word : /\$/.test(word) ? `"${word}"` : `'${word}'`)).join(' ');

export function script(estate: any, now: Date): string {
  const all = lookups(estate);
  const assign = (one: Lookup) => `${one.name}=$(${quoted(one.command)})`;
  const lines = ['#!/bin/sh -e', ...all.filter(one => !one.after).map(assign)];
  for (const step of steps(estate, now)) {
    lines.push('', `# ${step.title}`);
    const check = step.done && (step.done.prints ? `[ -n "$(${quoted(step.done.command)})" ]` : `${quoted(step.done.command)} >/dev/null 2>&1`);
    lines.push(check ? `${check} || ${quoted(step.command)}` : quoted(step.command));
    lines.push(...all.filter(one => one.after === step.title).map(assign));
  }
  return `${lines.join('\n')}\n`;
}

/** What comes after: by a person for the hub, by Atlantis from then on. */
export function next(): string {
  return `Next, in this order (infra/terraform/README.md, "First apply"):
  1. live/project-0-devops/global, hub, access: by a person of the group platform, while the rights above last.
     terraform init -backend-config=backend.hcl && terraform plan -out=first && terraform apply first
  2. All else by Atlantis, which now has deployers. The rights above end by themselves.
`;
}

type Gcloud = (command: string[]) => { status: number | null; stdout: string; stderr: string; error?: Error };
const gcloud: Gcloud = command => spawnSync('gcloud', ['--quiet', ...command], { encoding: 'utf8', timeout: 300_000 });

/** Google says "not found" in many words, and hides what one may not see behind a refusal that says so. */
const absent = /NOT_FOUND|not found|does not exist|may not exist|404/i;

/** What Google says before a new right, a new API or a key's new user is known to it, and also when there is none. */
const refused = /PERMISSION_DENIED|permission|SERVICE_DISABLED|has not been used|403/i;

/** Runs it again while it is refused, until `until` (ms since 1970), unless it ends with what `ends` says. */
function patiently(command: string[], until: number, patience: number, ends?: RegExp): ReturnType<Gcloud> {
  for (let said = false; ; said = true) {
    const result = gcloud(command);
    if (result.status === 0 || ends?.test(result.stderr) || !refused.test(result.stderr) || Date.now() >= until) return result;
    if (!said) console.log(`waits    ${quoted(command.slice(0, 3))}: refused, which may only be that a right or an API is new`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.min(15_000, patience * 250));
  }
}

function apply(estate: any, now: Date, patience: number): number {
  const values = new Map<string, string>();
  const filled = (command: string[]) => command.map(word => word.replace(/\$([A-Z]+)/g, (_, name: string) => values.get(name) ?? `$${name}`));
  const find = (one: Lookup): boolean => {
    const found = gcloud(filled(one.command));
    const lines = found.stdout.trim().split('\n').filter(Boolean);
    // One and no other: with two folders of a name, the wrong one might be taken.
    if (found.status !== 0 || lines.length !== 1) console.error(`Cannot tell ${one.what}: ${found.stderr.trim() || `${lines.length} found`}`);
    else values.set(one.name, lines[0]!);
    return values.has(one.name);
  };
  const all = lookups(estate);
  if (!all.filter(one => !one.after).every(find)) return 1;
  for (const step of steps(estate, now)) {
    if (step.done) {
      const check = patiently(filled(step.done.command), Date.now() + patience * 1000, patience, absent);
      if (check.status === 0 && (!step.done.prints || check.stdout.trim() !== '')) {
        console.log(`there    ${step.title}`);
        if (!all.filter(one => one.after === step.title).every(find)) return 1;
        continue;
      }
      // Only what is surely absent is made; a refusal or an outage is not absence.
      if (check.status !== 0 && !absent.test(check.stderr)) {
        console.error(`failed   ${step.title}: cannot tell whether it is there\n${check.stderr.trim()}`);
        return 1;
      }
    }
    // A refusal of a new right says "or it may not exist" as well: what is to be made is tried again all the same.
    const made = patiently(filled(step.command), Date.now() + patience * 1000, patience);
    if (made.status !== 0) {
      console.error(`failed   ${step.title}\n  ${quoted(filled(step.command))}\n${made.stderr.trim() || made.error?.message}\nNothing after it was tried. Mend it and run the same again.`);
      return 1;
    }
    console.log(`${step.done ? 'made' : 'set'}${step.done ? '     ' : '      '}${step.title}`);
    if (!all.filter(one => one.after === step.title).every(find)) return 1;
  }
  return 0;
}

function main(args: string[]): number {
  const estate = readEstate(repository) as any;
  const patience = args.map(arg => /^--patience=(\d{1,4})$/.exec(arg)?.[1]).find(value => value !== undefined) ?? '300';
  if (args.some(arg => !/^(--apply|--patience=\d{1,4})$/.test(arg))) {
    console.error('Usage: node infra/terraform/bootstrap.ts [--apply [--patience=<seconds>]]');
    return 2;
  }
  const now = new Date();
  if (!args.includes('--apply')) {
    process.stdout.write(`${script(estate, now)}\n`);
    process.stderr.write(`Nothing was run. With --apply it is.\n${next()}`);
    return 0;
  }
  if (!(process.env['PATH'] ?? '').split(':').some(folder => folder !== '' && existsSync(path.join(folder, 'gcloud')))) {
    console.error('gcloud is missing: https://cloud.google.com/sdk/docs/install. Then sign in as an administrator of the organisation: gcloud auth login');
    return 2;
  }
  const code = apply(estate, now, Number(patience));
  if (code === 0) process.stdout.write(`\n${next()}`);
  return code;
}

if (process.argv[1] === import.meta.filename) process.exitCode = main(process.argv.slice(2));
