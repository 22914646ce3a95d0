/** A check that did not run is a failure, whatever kept it from running. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { chunks, judge, jobsOf, missing, runJobs, type Job } from './strict.ts';
import { root } from './structure.ts';

const work = mkdtempSync(join(tmpdir(), 'strict-test-'));
after(() => rmSync(work, { recursive: true, force: true }));
const job = (script: string, more: Partial<Job> = {}): Job => ({ name: 'one', command: [process.execPath, '-e', script], timeoutMs: 20_000, ...more });
const outcome = async (one: Job) => (await runJobs([one], 1, work, () => undefined))[0]!;

describe('strict checks', () => {
  it('a tool that is not installed is a failure and not a skip', () => {
    const tools = join(work, 'tools');
    assert.deepEqual(missing(tools, () => false), [`${tools}/check-manifests.mjs is not there`, `${tools}/check-terraform.mjs is not there`, 'kubectl is not installed', 'terraform is not installed']);
    execFileSync('mkdir', ['-p', tools]);
    for (const name of ['check-manifests.mjs', 'check-terraform.mjs']) writeFileSync(join(tools, name), '');
    assert.deepEqual(missing(tools, command => command[0] !== 'terraform'), ['terraform is not installed']);
    assert.deepEqual(missing(tools, () => true), []);
  });

  it('a check that says nothing, one that counts nothing, and one that ends with an error are failures', () => {
    assert.deepEqual(judge(0, ''), { passed: 0, failed: 1 });
    assert.deepEqual(judge(0, '0 passed, 0 failed\n'), { passed: 0, failed: 1 });
    assert.deepEqual(judge(1, '3 passed, 0 failed\n'), { passed: 3, failed: 1 });
    assert.deepEqual(judge(1, '1 passed, 0 failed\nok x\n3 passed, 2 failed\n'), { passed: 3, failed: 2 });
    assert.deepEqual(judge(0, '3 passed, 0 failed\n'), { passed: 3, failed: 0 });
  });

  it('a check over its time is ended and is a failure', async () => {
    const late = await outcome(job('console.log("1 passed, 0 failed"); setTimeout(() => {}, 60000)', { timeoutMs: 1500 }));
    assert.equal(late.failed, 1);
    assert.match(late.output, /ended after/);
  });

  it('what cannot be prepared is not checked, and is a failure', async () => {
    const result = await outcome(job('console.log("1 passed, 0 failed")', { first: [process.execPath, '-e', 'process.exit(3)'] }));
    assert.deepEqual([result.passed, result.failed], [0, 1]);
    assert.equal((await outcome({ ...job(''), command: ['no-such-program'] })).failed, 1);
  });

  it('all jobs run, in two lanes', async () => {
    const outcomes = await runJobs(Array.from({ length: 5 }, (_, index) => ({ ...job('console.log("2 passed, 0 failed")'), name: String(index) })), 2, work, () => undefined);
    assert.deepEqual(outcomes.map(one => one.name).sort(), ['0', '1', '2', '3', '4']);
    assert.equal(outcomes.reduce((total, one) => total + one.passed, 0), 10);
    assert.deepEqual(chunks([1, 2, 3, 4, 5], 2), [[1, 2], [3, 4], [5]]);
  });

  it('every Terraform folder that git keeps is in one of the jobs, and all of infra/gitops', async () => {
    const folders = [...new Set(execFileSync('git', ['ls-files', 'infra/terraform/*.tf'], { cwd: root, encoding: 'utf8' }).trim().split('\n').map(file => join(root, file, '..')))];
    const jobs = await jobsOf(root, '/tools', work);
    const checked = new Set(jobs.flatMap(one => one.command));
    assert.ok(folders.length >= 25, String(folders.length));
    assert.deepEqual(folders.filter(folder => !checked.has(folder)), []);
    assert.ok(checked.has(join(root, 'infra/gitops')));
    // A module's path may climb to the top of the repository; an example's copy of it must not climb out of the folder of the work.
    assert.ok(jobs.filter(one => one.name.includes('examples')).flatMap(one => one.command.slice(3)).every(folder => folder.startsWith(join(work, 'infra/terraform/examples/'))));
    assert.ok(jobs.filter(one => one.name.startsWith('terraform')).every(one => one.command.includes('--test')));
    assert.ok(jobs.some(one => one.name.startsWith('terraform examples')) && jobs.some(one => one.command.some(word => word.endsWith('infra/terraform/services/payment-service'))));
  });
});
