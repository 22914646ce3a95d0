/** The cold bootstrap, run as a person runs it, against a gcloud that remembers what it made. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';

const file = path.join(import.meta.dirname, 'bootstrap.ts');
const work = mkdtempSync(path.join(tmpdir(), 'bootstrap-test-'));
const log = () => (existsSync(path.join(work, 'log')) ? readFileSync(path.join(work, 'log'), 'utf8').trim().split('\n') : []);
const made = () => log().filter(line => /\b(create|link|add-iam-policy-binding|enable|update)\b|service-agent/.test(line));

/** A cloud in a folder: one file for each thing made. */
function cloud(special = ''): void {
  writeFileSync(path.join(work, 'gcloud'), `#!/bin/sh
cd "${work}"
shift # --quiet
echo "$*" >>log
has() { [ -e "made.$1" ] || { echo "ERROR: NOT_FOUND: $1" >&2; exit 1; }; echo "$1"; }
${special}
case "$*" in
  "organizations list"*) echo 111 ;;
  "billing accounts list"*) echo 0A0A0A-0B0B0B-0C0C0C ;;
  "resource-manager folders list"*) [ -e made.folder ] && echo 222; exit 0 ;;
  "resource-manager folders create"*) : >made.folder ;;
  "projects describe"*) [ -e made.project ] || { echo "ERROR: the caller does not have permission, or it may not exist" >&2; exit 1; }; echo p ;;
  "projects create"*) : >made.project ;;
  "billing projects describe"*) [ -e made.billing ] && echo 0A0A0A-0B0B0B-0C0C0C; exit 0 ;;
  "billing projects link"*) : >made.billing ;;
  "kms keyrings describe"*) has ring ;;
  "kms keyrings create"*) : >made.ring ;;
  "kms keys describe"*) has key ;;
  "kms keys create"*) : >made.key ;;
  "storage buckets describe"*) has bucket ;;
  "storage buckets create"*) : >made.bucket ;;
esac
exit 0
`);
  chmodSync(path.join(work, 'gcloud'), 0o755);
}

const run = (...args: string[]) => spawnSync(process.execPath, [file, ...args], { encoding: 'utf8', timeout: 60_000, env: { PATH: `${work}:/usr/bin:/bin` } });

describe('cold bootstrap', () => {
  beforeEach(() => {
    for (const name of ['log', 'made.folder', 'made.project', 'made.billing', 'made.ring', 'made.key', 'made.bucket']) rmSync(path.join(work, name), { force: true });
    cloud();
  });
  after(() => rmSync(work, { recursive: true, force: true }));

  it('runs nothing unless it is told to, and prints a script that a shell can read', () => {
    const result = run();
    assert.equal(result.status, 0, result.stderr);
    assert.deepEqual(log(), []);
    assert.match(result.stderr, /Nothing was run/);
    assert.match(result.stdout, /^ORGANIZATION=\$\(gcloud organizations list/m);
    assert.match(result.stdout, /gcloud storage buckets create gs:\/\/airpay-terraform-state .*--public-access-prevention/);
    writeFileSync(path.join(work, 'script.sh'), result.stdout);
    const read = spawnSync('sh', ['-n', path.join(work, 'script.sh')], { encoding: 'utf8', timeout: 10_000 });
    assert.equal(read.status, 0, read.stderr);
  });

  it('makes folder, project, key and bucket in that order, with what it looked up', () => {
    const result = run('--apply');
    assert.equal(result.status, 0, result.stderr);
    const all = made();
    const order = ['folders create', 'projects create', 'projects link', 'services enable', 'keyrings create', 'keys create', 'service-agent', 'buckets create', 'buckets update'].map(name => all.findIndex(line => line.includes(name)));
    assert.ok(order.every((position, index) => position >= 0 && (index === 0 || position > order[index - 1]!)), all.join('\n'));
    assert.ok(all.some(line => line === 'projects create airpay-devops --folder=222 --name=airpay-devops'), all.join('\n'));
    assert.ok(!all.some(line => line.startsWith('services enable') && line.includes('compute.googleapis.com')), 'compute makes a default network, which the policies forbid later');
    const logs = log().indexOf('logging settings update --folder=222 --storage-location=europe-north1');
    assert.ok(logs >= 0 && logs < log().findIndex(line => line.startsWith('projects create')), 'logs of a project cannot be moved later');
    assert.ok(all.some(line => line.startsWith('billing projects link airpay-devops --billing-account=0A0A0A')));
    assert.ok(all.every(line => !/\$[A-Z]/.test(line)), 'no name is left unfilled');
    assert.match(result.stdout, /Next, in this order/);
  });

  it('every right it gives to people ends by itself', () => {
    run('--apply');
    const grants = made().filter(line => line.includes('add-iam-policy-binding'));
    assert.ok(grants.length >= 4);
    for (const grant of grants) {
      const until = /request\.time < timestamp\("([^"]+)"\)/.exec(grant)?.[1];
      assert.ok(until && Date.parse(until) < Date.now() + 8 * 3_600_000 + 60_000 && Date.parse(until) > Date.now(), grant);
    }
  });

  it('whoever of the group goes on may look up what the first roots look up, administrator or not', () => {
    run('--apply');
    const roots = ['project-0-devops/global', 'project-9-archive/global'].map(root => readFileSync(path.join(import.meta.dirname, 'live', root, 'main.tf'), 'utf8'));
    assert.ok(roots.every(text => text.includes('data "google_organization"') && text.includes('data "google_active_folder"')));
    // organizations.get and folders.list; orgpolicy.policyAdmin has neither.
    assert.ok(made().some(line => /^organizations add-iam-policy-binding 111 --member=group:\S+ --role=roles\/browser /.test(line)), made().join('\n'));
  });

  it('a second run makes nothing again', () => {
    run('--apply');
    rmSync(path.join(work, 'log'));
    const result = run('--apply');
    assert.equal(result.status, 0, result.stderr);
    assert.deepEqual(made().filter(line => / create |create$| link /.test(` ${line} `)), []);
    assert.match(result.stdout, /there {4}Bucket airpay-terraform-state/);
  });

  it('goes on where a run before it stopped', () => {
    for (const name of ['folder', 'project', 'billing']) writeFileSync(path.join(work, `made.${name}`), '');
    const result = run('--apply');
    assert.equal(result.status, 0, result.stderr);
    assert.ok(!made().some(line => /projects create|folders create/.test(line)));
    assert.ok(made().some(line => line.includes('buckets create')));
  });

  it('a refusal is not taken for absence: it stops, and makes nothing after', () => {
    cloud('case "$*" in "kms keyrings describe"*) echo "ERROR: PERMISSION_DENIED: cloudkms.keyRings.get" >&2; exit 1 ;; esac');
    const result = run('--apply', '--patience=0');
    assert.equal(result.status, 1);
    assert.match(result.stderr, /cannot tell whether it is there/);
    assert.ok(!made().some(line => /keyrings create|buckets create/.test(line)));
  });

  it('waits for a right and an API that are minutes old, and asks the same again', () => {
    cloud(`once() { [ -e "made.waited-$1" ] || { : >"made.waited-$1"; echo "ERROR: PERMISSION_DENIED: $2" >&2; exit 1; }; }
case "$*" in
  "logging settings update"*) once right "logging.settings.update" ;;
  "kms keyrings describe"*) once api "Cloud Key Management Service API has not been used in project airpay-devops before or it is disabled. reason: SERVICE_DISABLED" ;;
  "kms keyrings create"*) once ring "Permission 'cloudkms.keyRings.create' denied on resource 'projects/airpay-devops/locations/europe-west1' (or it may not exist)." ;;
  "storage buckets create"*) once key "Permission denied on Cloud KMS key" ;;
esac`);
    const result = run('--apply', '--patience=8');
    for (const name of ['right', 'api', 'ring', 'key']) rmSync(path.join(work, `made.waited-${name}`), { force: true });
    assert.equal(result.status, 0, result.stdout + result.stderr);
    assert.equal(result.stdout.match(/^waits {4}gcloud /gm)?.length, 4, result.stdout);
    assert.equal(made().filter(line => line.startsWith('kms keyrings create')).length, 2);
    assert.equal(made().filter(line => line.startsWith('storage buckets create')).length, 2);
  });

  it('does not wait for ever for a right that is not there', () => {
    cloud('case "$*" in "logging settings update"*) echo "ERROR: PERMISSION_DENIED: logging.settings.update" >&2; exit 1 ;; esac');
    const started = Date.now();
    const result = run('--apply', '--patience=1');
    assert.equal(result.status, 1);
    assert.match(result.stderr, /failed {3}Logs of new projects/);
    assert.ok(Date.now() - started < 30_000 && !made().some(line => line.startsWith('projects create')));
  });

  it('a step that fails ends it and says which', () => {
    cloud('case "$*" in "projects create"*) echo "ERROR: quota" >&2; exit 1 ;; esac');
    const result = run('--apply');
    assert.equal(result.status, 1);
    assert.match(result.stderr, /failed {3}Project airpay-devops[\s\S]*quota/);
    assert.ok(!made().some(line => line.includes('buckets create')));
  });

  it('two organisations of one name are not guessed between', () => {
    cloud('case "$*" in "organizations list"*) echo 111; echo 112; exit 0 ;; esac');
    const result = run('--apply');
    assert.equal(result.status, 1);
    assert.match(result.stderr, /2 found/);
    assert.deepEqual(made(), []);
  });

  it('says that gcloud is missing', () => {
    const result = spawnSync(process.execPath, [file, '--apply'], { encoding: 'utf8', timeout: 60_000, env: { PATH: '/nonexistent' } });
    assert.equal(result.status, 2);
    assert.match(result.stderr, /gcloud is missing/);
  });
});
