/** The drift check: its script is really run, with a Terraform that says what the test wants and receivers that really listen. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { parse } from 'yaml';
import { deploymentOf } from '../terraform/checks/estate.ts';
import { environments } from '../terraform/plan.ts';
import { readEstate, root } from './lib/estate.ts';
import { build, skip, type Manifest } from './lib/manifests.ts';

const folder = path.join(root, 'infra/gitops/devops-components/drift-check');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
interface Project { name: string; dir: string; workflow: string }
const projects = (parse(read('atlantis.yaml')) as { projects: Project[] }).projects;
const serverFile = 'infra/gitops/devops-components/atlantis/repos.yaml';
const { workflows } = parse(read(serverFile)) as { workflows: Record<string, any> };
const account = (workflow: string, stage: string): string => workflows[workflow].plan && workflows[workflow][stage].steps.find((step: any) => step.env).env.value;

const temporary: string[] = [];
after(() => temporary.forEach(one => rmSync(one, { recursive: true, force: true })));
function scratch(): string {
  const made = mkdtempSync(path.join(tmpdir(), 'drift-check-'));
  temporary.push(made);
  return made;
}

/** A repository with what the check reads, as main has it unless `change` says otherwise. */
function repository(change: (file: string, text: string) => string = (_, text) => text): string {
  const at = scratch();
  for (const file of ['atlantis.yaml', serverFile, ...globSync('infra/terraform/live/*/*/backend.hcl', { cwd: root })]) {
    mkdirSync(path.dirname(path.join(at, file)), { recursive: true });
    writeFileSync(path.join(at, file), change(file, read(file)));
  }
  for (const args of [['init', '--quiet', '--initial-branch=main'], ['add', '.'], ['-c', 'user.name=test', '-c', 'user.email=test@airpay.example', 'commit', '--quiet', '-m', 'main']]) {
    const done = spawnSync('git', args, { cwd: at, encoding: 'utf8', timeout: 30_000 });
    assert.equal(done.status, 0, done.stderr);
  }
  return at;
}

type Behaviour = 'none' | 'drift' | 'init fails' | 'plan fails' | 'hangs';
const message = (level: string, text: string, rest: object) => JSON.stringify({ '@level': level, '@message': text, '@module': 'terraform.ui', '@timestamp': '2026-11-21T19:33:38.350854Z', ...rest });
const changed = [
  message('info', 'Terraform 1.13.0', { terraform: '1.13.0', type: 'version', ui: '1.2' }),
  message('info', 'google_secret.a: Refreshing state... [id=the-value]', { hook: { id_value: 'the-value' }, type: 'refresh_start' }),
  message('info', 'module.region.google_compute_firewall.ssh["iap \\ 1"]: Drift detected (update)', { change: { resource: { addr: 'x' }, action: 'update', before: 'the-value' }, type: 'resource_drift' }),
  message('info', 'module.region.google_compute_firewall.ssh["iap \\ 1"]: Plan to update', { change: { resource: { addr: 'x' }, action: 'update' }, type: 'planned_change' }),
  message('info', 'Outputs: 1', { outputs: { a: { sensitive: false, value: 'the-value' } }, type: 'outputs' }),
].join('\n');
const refused = message('error', "Error: Error when reading Subnetwork: googleapi: Error 403: Required 'compute.subnetworks.get' permission", { diagnostic: { severity: 'error', detail: 'the-value' }, type: 'diagnostic' });

/** Terraform as far as the check calls it: writes down how, and behaves by folder. */
function terraform(behaviours: Record<string, Behaviour>): { bin: string; calls: () => { command: string; folder: string; as: string; args: string[] }[] } {
  const bin = scratch();
  for (const [name, text] of [['changed', changed], ['refused', refused]] as const) writeFileSync(path.join(bin, name), `${text}\n`);
  const cases = Object.entries(behaviours).map(([name, behaviour]) => `  *${projects.find(one => one.name === name)!.dir}) does='${behaviour}' ;;`).join('\n');
  writeFileSync(path.join(bin, 'terraform'), `#!/bin/bash
printf '%s|%s|%s|%s\\n' "$1" "$PWD" "$GOOGLE_IMPERSONATE_SERVICE_ACCOUNT" "$*" >> ${bin}/calls
does=none
case "$PWD" in
${cases}
  *) ;;
esac
case "$1 $does" in
  'init init fails') echo 'Error: Failed to query available provider packages'; exit 1 ;;
  'plan plan fails') cat ${bin}/refused; echo 'panic' >&2; exit 1 ;;
  'plan hangs') exec sleep 60 ;;
  'plan drift') cat ${bin}/changed; exit 2 ;;
esac
exit 0
`);
  chmodSync(path.join(bin, 'terraform'), 0o755);
  const file = path.join(bin, 'calls');
  return { bin, calls: () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(line => line.split('|')).map(([command, at, as, args]) => ({ command: command!, folder: at!.replace(/^.*\/sources\//, ''), as: as!, args: args!.split(' ') })) : []) };
}

interface Receiver { url: string; bodies: any[]; headers: IncomingHttpHeaders[]; paths: string[]; close: () => Promise<void> }
async function receiver(status = 200, answer: Record<string, string> = {}): Promise<Receiver> {
  const seen: Omit<Receiver, 'url' | 'close'> = { bodies: [], headers: [], paths: [] };
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', part => (text += part));
    request.on('end', () => {
      seen.paths.push(`${request.method} ${request.url}`);
      seen.headers.push(request.headers);
      if (text) seen.bodies.push(JSON.parse(text));
      response.writeHead(status, answer).end('{}');
    });
  });
  await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready));
  // One that a failed test left open must not keep the process.
  server.unref();
  return { ...seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => new Promise(done => { server.closeAllConnections(); server.close(() => done()); }) };
}

/** Figures of a receiver: metric -> root -> value. */
function told({ bodies }: Receiver): Record<string, Record<string, number>> {
  const figures: Record<string, Record<string, number>> = {};
  for (const { name, gauge } of bodies.flatMap(body => body.resourceMetrics[0].scopeMetrics[0].metrics)) {
    for (const point of gauge.dataPoints) (figures[name] ??= {})[point.attributes[0].value.stringValue] = Number(point.asInt);
  }
  return figures;
}

const workload = () => build('devops-components/drift-check');
const cronJob = () => workload().find(item => item.kind === 'CronJob')!;
const containerOf = (item: Manifest) => item.spec.jobTemplate.spec.template.spec.containers[0];
const settings = (): Record<string, string> => Object.fromEntries(containerOf(cronJob()).env.map((one: any) => [one.name, one.value]));

async function check(given: { repository: string; receivers: string[]; bin: string; planSeconds?: number }): Promise<{ code: number | null; log: string }> {
  const credential = scratch();
  writeFileSync(path.join(credential, 'username'), 'reader');
  writeFileSync(path.join(credential, 'password'), 'pass-word\n');
  // As the pod has them, but for where things are.
  const env = {
    ...settings(), PATH: `${given.bin}:${process.env['PATH']}`, DRIFT_REPOSITORY: given.repository, DRIFT_RECEIVERS: given.receivers.join(' '), DRIFT_GIT_CREDENTIAL: credential,
    DRIFT_FOLDER: path.join(scratch(), 'work'), ...(given.planSeconds ? { DRIFT_PLAN_SECONDS: String(given.planSeconds) } : {}),
  };
  const child = spawn('bash', [path.join(folder, 'drift-check.sh')], { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', part => (log += part));
  const code = await new Promise<number | null>(done => child.on('close', done));
  return { code, log };
}

describe('the drift check', { skip }, () => {
  it('plans every root of live/ but those of people, once, as Atlantis plans it, and tells both receivers that nothing differs', async () => {
    const [one, other] = [await receiver(), await receiver()];
    const { bin, calls } = terraform({});
    const before = Math.floor(Date.now() / 1000);
    const { code, log } = await check({ repository: `file://${repository()}`, receivers: [one.url, other.url], bin });
    await Promise.all([one.close(), other.close()]);
    assert.equal(code, 0, log);

    const live = [...environments(path.join(root, 'infra/terraform/live'))].filter(([name]) => deploymentOf(...(name.split('/') as [string, string])) !== null).map(([, at]) => path.relative(root, at));
    assert.ok(live.length >= 6);
    assert.deepEqual(calls().filter(call => call.command === 'plan').map(call => call.folder).sort(), live.sort());
    for (const { command, folder: at, as, args } of calls()) {
      const { workflow } = projects.find(project => project.dir === at)!;
      assert.equal(as, account(workflow, 'plan'), at);
      assert.match(as, /^planner-/);
      const server = workflows[workflow].plan.steps.find((step: any) => step.init).init.extra_args;
      assert.deepEqual(args, command === 'init' ? ['init', ...server, '-no-color'] : ['plan', '-detailed-exitcode', '-lock=false', '-input=false', '-json']);
    }

    assert.deepEqual(one.bodies, other.bodies);
    assert.deepEqual([...new Set(one.paths)], ['POST /v1/metrics']);
    assert.ok(one.headers.every(headers => headers['content-type'] === 'application/json'));
    const all = Object.fromEntries(projects.map(({ name }) => [name, 1]));
    const { terraform_drift: drift, terraform_drift_due: due, terraform_drift_checked_timestamp_seconds: checked, ...rest } = told(one);
    assert.deepEqual([due, drift, Object.keys(checked!).sort(), rest], [all, Object.fromEntries(projects.map(({ name }) => [name, 0])), Object.keys(all).sort(), {}]);
    for (const at of Object.values(checked!)) assert.ok(at >= before && at <= Date.now() / 1000, String(at));
    // The whole of one message, as the protocol writes it: numbers of 64 bits are texts.
    const [{ resourceMetrics }] = one.bodies;
    const time = resourceMetrics[0].scopeMetrics[0].metrics[0].gauge.dataPoints[0].timeUnixNano;
    assert.match(time, /^\d{19}$/);
    assert.deepEqual(resourceMetrics, [{
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'drift-check' } }] },
      scopeMetrics: [{ metrics: projects.map(({ name }) => ({ name: 'terraform_drift_due', gauge: { dataPoints: [{ timeUnixNano: time, asInt: '1', attributes: [{ key: 'root', value: { stringValue: name } }] }] } })) }],
    }]);
  });

  it('tells of each root what its own plan said: drift, none, or nothing where it failed or hung; the log has addresses and no values', async () => {
    const one = await receiver();
    const { bin } = terraform({ 'devops-hub': 'init fails', 'payments-dev-global': 'drift', 'payments-prod-global': 'plan fails', 'payments-prod-region-a': 'hangs' });
    const { code, log } = await check({ repository: `file://${repository()}`, receivers: [one.url], bin, planSeconds: 1 });
    await one.close();
    assert.equal(code, 1, 'a root without an answer is a failed run');
    const figures = told(one);
    assert.deepEqual(Object.keys(figures['terraform_drift_due']!).sort(), projects.map(({ name }) => name).sort());
    assert.deepEqual(figures['terraform_drift'], { 'payments-dev-global': 1, 'payments-dev-region-a': 0, 'payments-prod-region-b': 0 });
    assert.deepEqual(Object.keys(figures['terraform_drift_checked_timestamp_seconds']!).sort(), ['payments-dev-global', 'payments-dev-region-a', 'payments-prod-region-b']);
    assert.match(log, /^ {2}module\.region\.google_compute_firewall\.ssh\["iap \\ 1"\]: Drift detected \(update\)\n {2}module\.region\.google_compute_firewall\.ssh\["iap \\ 1"\]: Plan to update$/m);
    assert.match(log, /payments-dev-global: DIFFERS from main/);
    assert.match(log, /init ended with 1:\nError: Failed to query available provider packages/);
    assert.match(log, /plan ended with 1:\n {2}Error: Error when reading Subnetwork: .*'compute\.subnetworks\.get'/);
    assert.match(log, /plan ended with \d+, at its limit of 1 s/);
    for (const name of ['devops-hub', 'payments-prod-global', 'payments-prod-region-a']) assert.match(log, new RegExp(`${name}: UNKNOWN$`, 'm'));
    assert.doesNotMatch(log, /the-value|pass-word/);
  });

  // The messages above are what this Terraform says; here one really says them.
  const hasTerraform = spawnSync('terraform', ['version'], { timeout: 30_000 }).status === 0;
  it('reads what Terraform itself says, and tells no value of it', { skip: hasTerraform ? false : 'terraform is not installed' }, async () => {
    const one = await receiver();
    const at = repository((file, text) => (file === 'atlantis.yaml' ? text.replace(/( {2}- name: payments-dev-region-a[\s\S]*)$/, '') : text));
    const states = scratch();
    for (const [name, input] of [['devops-hub', 'the-value'], ['payments-dev-global', 'the-other-value']] as const) {
      const dir = path.join(at, projects.find(project => project.name === name)!.dir);
      writeFileSync(path.join(dir, 'backend.hcl'), `path = "${states}/${name}.tfstate"\n`);
      writeFileSync(path.join(dir, 'main.tf'), 'terraform {\n  backend "local" {}\n}\nresource "terraform_data" "this" {\n  for_each = toset(["one \\"1\\""])\n  input = "the-value"\n}\noutput "it" {\n  value = "the-value"\n}\n');
      const env = { ...process.env, CHECKPOINT_DISABLE: '1' };
      for (const args of [['init', '-backend-config=backend.hcl', '-input=false'], ['apply', '-auto-approve', '-input=false']]) {
        const done = spawnSync('terraform', args, { cwd: dir, env, encoding: 'utf8', timeout: 60_000 });
        assert.equal(done.status, 0, done.stderr);
      }
      rmSync(path.join(dir, '.terraform'), { recursive: true });
      writeFileSync(path.join(dir, 'main.tf'), readFileSync(path.join(dir, 'main.tf'), 'utf8').replaceAll('the-value', input));
    }
    for (const args of [['add', '.'], ['-c', 'user.name=test', '-c', 'user.email=test@airpay.example', 'commit', '--quiet', '-m', 'roots']]) assert.equal(spawnSync('git', args, { cwd: at, timeout: 30_000 }).status, 0);
    const { code, log } = await check({ repository: `file://${at}`, receivers: [one.url], bin: scratch() });
    await one.close();
    assert.equal(code, 0, log);
    assert.deepEqual(told(one)['terraform_drift'], { 'devops-hub': 0, 'payments-dev-global': 1 });
    assert.match(log, /^ {2}terraform_data\.this\["one \\"1\\""\]: Plan to update$/m);
    assert.doesNotMatch(log, /the-value|the-other-value/);
  });

  it('is content with one receiver, and fails without any', async () => {
    const [up, gone, ill] = [await receiver(), await receiver(), await receiver(500)];
    await gone.close();
    const at = `file://${repository((file, text) => (file === 'atlantis.yaml' ? text.replace(/( {2}- name: payments-dev-global[\s\S]*)$/, '') : text))}`;
    const good = await check({ repository: at, receivers: [gone.url, up.url], bin: terraform({}).bin });
    assert.equal(good.code, 0, good.log);
    assert.deepEqual(told(up)['terraform_drift'], { 'devops-hub': 0 });
    const { bin, calls } = terraform({});
    const bad = await check({ repository: at, receivers: [gone.url, ill.url], bin });
    await Promise.all([up.close(), ill.close()]);
    assert.equal(bad.code, 1);
    assert.match(bad.log, /nobody takes figures \(the roots that are due\)[\s\S]*devops-hub: nobody takes figures/);
    assert.ok(calls().some(call => call.command === 'plan'), 'the log still says what it found');
  });

  it('reads the repository with its own credential, and says nothing of any root when it cannot', async () => {
    const one = await receiver();
    const host = await receiver(401, { 'www-authenticate': 'Basic realm="git"' });
    const { bin, calls } = terraform({});
    const { code, log } = await check({ repository: `${host.url}/airpay/portal.git`, receivers: [one.url], bin });
    await Promise.all([one.close(), host.close()]);
    assert.equal(code, 1);
    assert.match(log, /could not be read: no root was looked at/);
    assert.deepEqual([one.bodies, calls()], [[], []]);
    assert.ok(host.headers.some(({ authorization }) => authorization === `Basic ${Buffer.from('reader:pass-word').toString('base64')}`), 'git asks with name and password');
    assert.doesNotMatch(log, /pass-word/);
  });

  const forms: [string, (text: string) => string][] = [
    ['an entry without its workflow', text => text.replace('    workflow: dev\n', '')],
    ['an entry on one line', text => text.replace(/ {2}- name: devops-hub\n {4}dir: (\S+)\n {4}workflow: hub\n/, '  - { name: devops-hub, dir: $1, workflow: hub }\n')],
    ['a quoted folder', text => text.replace(/dir: (\S+)/, 'dir: "$1"')],
    ['a name with more than letters, digits and hyphens', text => text.replace('name: devops-hub', 'name: devops"hub')],
    ['a folder outside live/', text => text.replace(/dir: \S+/, 'dir: infra/terraform/modules/atlantis')],
    ['one name twice', text => text.replace('name: payments-dev-global', 'name: devops-hub')],
    ['no list', text => text.replace('projects:', 'roots:')],
  ];
  for (const [what, change] of forms) {
    it(`takes atlantis.yaml whole or not at all: ${what}`, async () => {
      const one = await receiver();
      const { bin, calls } = terraform({});
      const at = repository((file, text) => {
        if (file !== 'atlantis.yaml') return text;
        assert.notEqual(change(text), text);
        return change(text);
      });
      const { code, log } = await check({ repository: `file://${at}`, receivers: [one.url], bin });
      await one.close();
      assert.equal(code, 1, log);
      assert.match(log, /atlantis\.yaml is not in the form that is read here/);
      assert.deepEqual([one.bodies, calls()], [[], []]);
    });
  }

  it('is nobody but a planner: a workflow that plans as a deployer, or as nobody, is not planned', async () => {
    const one = await receiver();
    const { bin, calls } = terraform({});
    const at = repository((file, text) => (file === serverFile ? text.replace(account('dev', 'plan'), account('dev', 'apply')).replace(/- env: \{[^}]*planner-hub[^}]*\}/, '- env: { name: TF_LOG, value: warn }') : text));
    const { code, log } = await check({ repository: `file://${at}`, receivers: [one.url], bin });
    await one.close();
    assert.equal(code, 1);
    assert.match(log, /payments-dev-region-a: UNKNOWN: workflow dev names no planner/);
    assert.deepEqual([...new Set(calls().map(call => call.as))], [account('prod', 'plan')]);
    assert.deepEqual(Object.keys(told(one)['terraform_drift']!).sort(), projects.filter(({ workflow }) => workflow === 'prod').map(({ name }) => name).sort());
  });
});

describe('the job of the drift check', { skip }, () => {
  const seconds = (name: string) => Number(settings()[name]);
  /** The longest that the script can take: its own limits, what is left to a process that does not end, and two tellings for each root. */
  const longest = (roots: number) => seconds('DRIFT_CLONE_SECONDS') + 10 + roots * (seconds('DRIFT_INIT_SECONDS') + seconds('DRIFT_PLAN_SECONDS') + 2 * 30 + 2 * 30) + 60;

  it('runs the script that is tested here, in Atlantis\' image, four times a day, never twice at once, and has time for all roots at their limits', () => {
    const item = cronJob();
    const script = workload().find(one => one.kind === 'ConfigMap')!;
    assert.equal(script.data!['drift-check.sh'], readFileSync(path.join(folder, 'drift-check.sh'), 'utf8'));
    const { spec } = item.spec.jobTemplate.spec.template;
    assert.equal(spec.volumes.find((one: any) => one.name === 'script').configMap.name, script.metadata.name);
    assert.deepEqual(containerOf(item).command, ['/bin/bash', '/etc/drift-check/script/drift-check.sh']);
    const atlantis = build('devops-components/atlantis').find(one => one.kind === 'StatefulSet')!;
    assert.equal(containerOf(item).image, atlantis.spec.template.spec.containers[0].image);
    assert.deepEqual([item.spec.schedule, item.spec.concurrencyPolicy, item.spec.jobTemplate.spec.backoffLimit], ['17 */6 * * *', 'Forbid', 0]);
    const { activeDeadlineSeconds } = item.spec.jobTemplate.spec;
    assert.ok(longest(projects.length) < activeDeadlineSeconds && activeDeadlineSeconds < 6 * 3600, `${longest(projects.length)} of ${activeDeadlineSeconds}`);
    assert.ok(longest(40) > activeDeadlineSeconds, 'with more roots the deadline is looked at again');
  });

  it('does not hold back a change of the platform when a plan fails', () => {
    assert.equal(cronJob().metadata.annotations!['argocd.argoproj.io/ignore-healthcheck'], 'true');
  });

  it('reads main of the repository of the estate, with a credential of its own', () => {
    const { git } = readEstate() as unknown as { git: { host: string; organization: string; repository: string } };
    assert.equal(settings()['DRIFT_REPOSITORY'], `https://${git.host}/${git.organization}/${git.repository}.git`);
    assert.equal(settings()['DRIFT_BRANCH'], 'main');
    const external = workload().find(one => one.kind === 'ExternalSecret')!;
    assert.deepEqual(external.spec.data.map((one: any) => [one.secretKey, one.remoteRef.key]), [['username', 'drift-check-git'], ['password', 'drift-check-git']]);
    const names = workload().find(one => one.kind === 'FQDNNetworkPolicy')!.spec.egress[0].matches.map((one: any) => one.name ?? one.pattern);
    assert.deepEqual(names, [git.host, '*.googleapis.com', 'registry.terraform.io', 'releases.hashicorp.com']);
  });

  it('tells every scraper of the hub, at the port where they listen, and at the spokes nobody listens', () => {
    const scraper = (cluster: string) => build(`platform-components/otel-collector/overlays/${cluster}`).find(one => one.kind === 'StatefulSet' && one.metadata.name === 'otel-scraper')!;
    const { replicas, serviceName, template } = scraper('gke-devops').spec;
    const pushed = parse(read('infra/gitops/platform-components/otel-collector/overlays/gke-devops/pushed.yaml')) as any;
    const port = Number(pushed.receivers.otlp.protocols.http.endpoint.split(':')[1]);
    assert.deepEqual(settings()['DRIFT_RECEIVERS']!.trim().split(/\s+/), Array.from({ length: replicas }, (_, index) => `http://otel-scraper-${index}.${serviceName}.observability.svc.cluster.local:${port}`));
    const [container] = template.spec.containers;
    assert.ok(container.ports.some((one: any) => one.containerPort === port));
    const mount = container.volumeMounts.find((one: any) => one.name === 'pushed').mountPath;
    assert.ok(container.args.includes(`--config=${mount}/pushed.yaml`));
    for (const { cluster, role } of Object.values(readEstate().sites)) if (role !== 'hub') assert.deepEqual(scraper(cluster).spec.template.spec.containers[0].args, ['--config=/etc/otel/config/scraper.yaml'], cluster);
    // The two files are one configuration: what the second names is there, and it takes nothing of the first away.
    const base = parse(read('infra/gitops/platform-components/otel-collector/base/scraper.yaml')) as any;
    for (const part of ['receivers', 'processors', 'exporters']) {
      assert.deepEqual(Object.keys(pushed[part] ?? {}).filter(name => base[part][name]), [], part);
      for (const pipeline of Object.values<any>(pushed.service.pipelines)) for (const used of pipeline[part]) assert.ok(base[part][used] ?? pushed[part]?.[used], `${part} ${used}`);
    }
    assert.deepEqual(Object.keys(pushed.service), ['pipelines']);
    for (const [name, { processors }] of Object.entries<any>(pushed.service.pipelines)) {
      assert.equal(base.service.pipelines[name], undefined, name);
      assert.deepEqual(processors, ['memory_limiter', 'filter/pushed', 'attributes/pushed', 'batch'], name);
    }
    // One series for both, and none of them a replica of the other: Thanos drops what looks like a second writer.
    assert.deepEqual(pushed.processors['attributes/pushed'].actions, [{ key: 'scraper', value: 'pushed', action: 'upsert' }]);
  });

  it('fits into its namespace, twice: a person may start one beside it', () => {
    const namespace = build('devops-components/namespaces').filter(item => item.metadata.namespace === 'drift-check');
    const { hard } = namespace.find(item => item.kind === 'ResourceQuota')!.spec;
    const { max } = namespace.find(item => item.kind === 'LimitRange')!.spec.limits[0];
    assert.deepEqual(containerOf(cronJob()).resources, { requests: { cpu: '500m', memory: '1536Mi' }, limits: { cpu: '500m', memory: '1536Mi' } });
    assert.deepEqual([hard.pods, hard['requests.cpu'], hard['requests.memory'], max.memory], ['2', '1', '3Gi', '2Gi']);
  });
});

describe('alerts about drift', () => {
  const rules = path.join(root, 'infra/gitops/devops-components/thanos/platform.rules.yaml');
  // One sample every six hours, at the hour of the test's clock; `_` is none.
  const series = (name: string, values: string) => ({ series: `${name}{root="payments-dev-global",job="drift-check",cluster="gke-devops"}`, values: values.split(' ').map(value => `${value} _x5`).join(' ') });
  const labels = { severity: 'ticket', component: 'drift-check', system: 'platform', team: 'platform', tier: '1' };
  const page = '/docs/default/component/portal/platform-alerts/';
  const drifted = { exp_labels: { ...labels, root: 'payments-dev-global' }, exp_annotations: { summary: 'Google Cloud and main have differed in payments-dev-global for a day', runbook_url: `${page}#terraform-drift` } };
  const unknown = { exp_labels: { ...labels, root: 'payments-dev-global' }, exp_annotations: { summary: 'payments-dev-global could not be planned for a day; whether it differs from main is not known', runbook_url: `${page}#terraform-drift-unknown` } };
  const silent = { exp_labels: labels, exp_annotations: { summary: 'No drift check was heard of for a day; whether anything differs from main is not known', runbook_url: `${page}#drift-check-silent` } };
  const at = (hours: number, alertname: string, ...exp_alerts: object[]) => ({ eval_time: `${hours}h`, alertname, exp_alerts });
  const due = (values: string) => series('terraform_drift_due', values);
  const drift = (values: string) => series('terraform_drift', values);
  const cases: [string, object[], object[]][] = [
    ['drift is told when it has stood for a day, and not before', [due('1 1 1 1 1 1 1 1'), drift('0 1 1 1 1 1 1 1')], [at(29, 'TerraformDrift'), at(31, 'TerraformDrift', drifted), at(41, 'TerraformDrift', drifted), at(41, 'TerraformDriftUnknown'), at(41, 'DriftCheckSilent')]],
    ['drift that went away in between begins anew, and one that ends is quiet at once', [due('1 1 1 1 1 1 1 1 1 1'), drift('1 1 0 1 1 1 1 1 1 0')], [at(26, 'TerraformDrift'), at(41, 'TerraformDrift'), at(43, 'TerraformDrift', drifted), at(54, 'TerraformDrift')]],
    ['a run that was lost does not hide drift', [due('1 1 1 _ 1 1'), drift('1 1 1 _ 1 1')], [at(25, 'TerraformDrift', drifted), at(25, 'TerraformDriftUnknown')]],
    ['a root without an answer for a day is not "no drift"', [due('1 1 1 1 1 1 1 1'), drift('0 _ _ _ _ _ _ _')], [at(23, 'TerraformDriftUnknown'), at(25, 'TerraformDriftUnknown', unknown), at(25, 'TerraformDrift'), at(25, 'DriftCheckSilent')]],
    ['a new root that cannot be planned has a day', [due('_ _ 1 1 1 1 1 1 1')], [at(13, 'TerraformDriftUnknown'), at(35, 'TerraformDriftUnknown'), at(37, 'TerraformDriftUnknown', unknown)]],
    ['a root that is taken off the list is not asked for', [due('1 1 1 _ _ _ _ _ _'), drift('0 0 0 _ _ _ _ _ _')], [...[24, 30, 37, 40, 48].map(hour => at(hour, 'TerraformDriftUnknown'))]],
    ['no check for a day is told, on a platform that had one and on one that never had', [due('1 1 _ _ _ _ _ _')], [at(29, 'DriftCheckSilent'), at(31, 'DriftCheckSilent', silent), at(31, 'TerraformDriftUnknown')]],
    ['a new platform has time for its first check', [{ series: 'up', values: '1x60' }], [at(6, 'DriftCheckSilent'), at(8, 'DriftCheckSilent', silent)]],
  ];
  for (const [what, input_series, alert_rule_test] of cases) {
    it(what, () => {
      const file = path.join(scratch(), 'test.json');
      writeFileSync(file, JSON.stringify({ rule_files: [rules], evaluation_interval: '5m', tests: [{ interval: '1h', input_series, alert_rule_test }] }));
      const done = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8', timeout: 60_000 });
      assert.ok(!done.error, `promtool did not run (${done.error?.message})`);
      assert.equal(done.status, 0, done.stdout + done.stderr);
    });
  }
});
