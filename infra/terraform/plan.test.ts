/** make plan, run as a user runs it, with a Terraform that only writes down what it is asked. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { environments } from './plan.ts';
import { advice, summary } from './plan-summary.ts';

const folder = import.meta.dirname;
const repository = path.resolve(folder, '../..');
const name = 'payments-prod/region-a';
const base = path.join(repository, '.local/plans/payments-prod-region-a');

const planned = {
  resource_changes: [
    { address: 'module.region.google_compute_disk.data["pg-a1"]', type: 'google_compute_disk', change: { actions: ['delete', 'create'] } },
    { address: 'module.region.google_dns_record_set.rw', type: 'google_dns_record_set', change: { actions: ['update'] } },
    { address: 'module.region.google_compute_address.old', type: 'google_compute_address', change: { actions: ['delete'] } },
    { address: 'module.region.google_compute_address.new', type: 'google_compute_address', change: { actions: ['create'] } },
    { address: 'module.region.google_compute_network.same', type: 'google_compute_network', change: { actions: ['no-op'] } },
  ],
  resource_drift: [{ address: 'module.region.google_compute_firewall.ssh', change: { actions: ['update'] } }],
};

describe('make plan', () => {
  let work = '';
  const log = () => (existsSync(path.join(work, 'log')) ? readFileSync(path.join(work, 'log'), 'utf8').trim().split('\n') : []);
  /** @param script what the Terraform of the test does for init and plan */
  const run = (args: string[], script: { init?: string; plan?: string } = {}) => {
    rmSync(path.join(work, 'log'), { force: true });
    writeFileSync(path.join(work, 'terraform'), `#!/bin/sh
echo "$GOOGLE_IMPERSONATE_SERVICE_ACCOUNT|$*" >>"${work}/log"
case "$*" in
  version) exit 0 ;;
  *" init "*) ${script.init ?? 'echo initialised'} ;;
  *" plan "*) for arg; do case "$arg" in -out=*) : >"\${arg#-out=}" ;; esac; done; ${script.plan ?? 'echo planned; exit 2'} ;;
  *" show "*) cat "${work}/plan.json" ;;
  *) echo "unexpected: $*" >&2; exit 9 ;;
esac
`);
    chmodSync(path.join(work, 'terraform'), 0o755);
    const { GOOGLE_IMPERSONATE_SERVICE_ACCOUNT: _, ...env } = process.env;
    return spawnSync(process.execPath, [path.join(folder, 'plan.ts'), ...args], { encoding: 'utf8', timeout: 60_000, env: { ...env, PATH: `${work}:/usr/bin:/bin` } });
  };

  before(() => {
    work = mkdtempSync(path.join(tmpdir(), 'plan-test-'));
    writeFileSync(path.join(work, 'plan.json'), JSON.stringify(planned));
  });
  after(() => {
    rmSync(work, { recursive: true, force: true });
    for (const end of ['.tfplan', '.txt']) rmSync(base + end, { force: true });
  });

  it('without a root, or with one that is not there, names all of them', () => {
    for (const args of [[], ['payments-prod/region-z']]) {
      const result = run(args);
      assert.equal(result.status, 2);
      for (const one of environments(path.join(folder, 'live')).keys()) assert.ok(result.stderr.includes(`  ${one}\n`), one);
      assert.match(result.stderr, /payments-prod\/region-b/);
      assert.deepEqual(log(), []);
    }
  });

  it('initialises with the backend of the root, plans under a lock, shows the plan, and never applies', () => {
    const result = run([name]);
    assert.equal(result.status, 0, result.stderr);
    const root = path.join(folder, 'live/project-1-payments-prod/region-a');
    const as = 'planner-prod@airpay-payments-prod.iam.gserviceaccount.com';
    assert.deepEqual(log().slice(1), [
      `${as}|-chdir=${root} init -no-color -input=false -backend-config=backend.hcl`,
      `${as}|-chdir=${root} plan -no-color -input=false -lock-timeout=120s -detailed-exitcode -out=${base}.tfplan`,
      `${as}|-chdir=${root} show -json ${base}.tfplan`,
    ]);
    assert.ok(!log().some(line => /\bapply\b|-auto-approve|\bdestroy\b/.test(line)));
    assert.match(result.stdout, /1 to add, 1 to change, 1 to replace, 1 to destroy/);
    assert.match(result.stdout, /Nothing was applied/);
    assert.equal(statSync(`${base}.tfplan`).mode & 0o777, 0o600, 'only the owner reads a plan');
    assert.match(readFileSync(`${base}.txt`, 'utf8'), /replace {2}module\.region\.google_compute_disk\.data\["pg-a1"\]/);
  });

  it('an init that fails ends it, with what Terraform said and what to do', () => {
    const result = run([name], { init: 'echo "Error: Failed to query available provider packages" >&2; exit 1' });
    assert.equal(result.status, 1);
    assert.match(result.stderr, /Failed to query available provider packages/);
    assert.match(result.stderr, /does not reach the registry/);
    assert.ok(!log().some(line => line.includes(' plan ')));
  });

  it('a plan that fails is no plan, and is not shown', () => {
    const result = run([name], { plan: 'echo "Error: Error acquiring the state lock" >&2; exit 1' });
    assert.equal(result.status, 1);
    assert.match(result.stderr, /Somebody else plans or applies here/);
    assert.ok(!log().some(line => line.includes(' show ')));
  });

  it('says that Terraform is missing and what to do', () => {
    const result = spawnSync(process.execPath, [path.join(folder, 'plan.ts'), name], { encoding: 'utf8', timeout: 60_000, env: { PATH: '/nonexistent' } });
    assert.equal(result.status, 2);
    assert.match(result.stderr, /terraform is missing.*Install version/);
  });

  it('the summary names all that goes away, whatever the length, and what changed outside', () => {
    const many = Array.from({ length: 80 }, (_, index) => ({ address: `google_x.n${index}`, type: 'x', change: { actions: ['delete'] } }));
    const text = summary('x', { resource_changes: many });
    assert.match(text, /80 to destroy/);
    assert.ok(many.every(one => text.includes(`destroy  ${one.address}\n`)));
    assert.match(summary('x', planned), /1 changed outside of Terraform:\n {2}module\.region\.google_compute_firewall\.ssh/);
    assert.match(summary('x', { resource_changes: [{ address: 'a', type: 'a', change: { actions: ['something-new'] } }] }), /1 to change/);
    assert.equal(summary('x', {}), 'x: 0 to add, 0 to change, 0 to replace, 0 to destroy\n');
  });

  it('has advice for each usual failure', () => {
    assert.match(advice('could not find default credentials')[1]!, /gcloud auth/);
    assert.match(advice("storage: bucket doesn't exist")[0]!, /bootstrap/);
    assert.match(advice('Error 403: Permission iam.serviceAccounts.getAccessToken denied')[0]!, /may not act as the planner/);
    assert.match(advice('anything else')[0]!, /said why above/);
  });
});
