/** make gitops-diff, run as a user runs it, against a repository made for the test. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { changes } from './diff.ts';

const hasKubectl = spawnSync('kubectl', ['version', '--client'], { timeout: 20_000 }).status === 0;
const map = (name: string, value: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  namespace: n\ndata:\n  key: ${value}\n`;

describe('gitops-diff', () => {
  let repository = '';
  const git = (...args: string[]) => execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@airpay.example', ...args], { cwd: repository, stdio: 'pipe' });
  const file = (name: string, text: string) => {
    mkdirSync(path.dirname(path.join(repository, name)), { recursive: true });
    writeFileSync(path.join(repository, name), text);
  };
  const run = (args: string[] = [], env: NodeJS.ProcessEnv = process.env) =>
    spawnSync(process.execPath, [path.join(repository, 'infra/gitops/diff.ts'), ...args], { encoding: 'utf8', env, timeout: 120_000 });

  before(() => {
    repository = mkdtempSync(path.join(tmpdir(), 'gitops-diff-test-'));
    for (const name of ['diff.ts', 'render.ts', 'package.json', 'lib']) {
      if (existsSync(path.join(import.meta.dirname, name))) cpSync(path.join(import.meta.dirname, name), path.join(repository, 'infra/gitops', name), { recursive: true });
    }
    symlinkSync(path.resolve(import.meta.dirname, '../../node_modules'), path.join(repository, 'node_modules'));
    for (const cluster of ['one', 'two']) {
      file(`infra/gitops/clusters/${cluster}/kustomization.yaml`, 'resources: [a.yaml]\n');
      file(`infra/gitops/clusters/${cluster}/a.yaml`, `${map('same', 'x')}---\n${map('a', 'old')}`);
    }
    git('init', '-q', '-b', 'main');
    git('add', 'infra');
    git('commit', '-qm', 'first');
    file('infra/gitops/clusters/one/a.yaml', `${map('same', 'x')}---\n${map('a', 'new')}---\n${map('b', 'x')}`);
  });
  after(() => rmSync(repository, { recursive: true, force: true }));

  it('prints what a cluster would get, object by object, and says where nothing changes', { skip: hasKubectl ? false : 'kubectl is not installed' }, () => {
    const result = run();
    assert.equal(result.status, 0, result.stderr);
    assert.match(result.stdout, /^# one against HEAD: 1 added, 1 changed, 0 removed$/m);
    assert.match(result.stdout, /^# two against HEAD: no change$/m);
    assert.match(result.stdout, /^--- a\/one: ConfigMap n\/a\n\+\+\+ b\/one: ConfigMap n\/a$/m);
    assert.match(result.stdout, /^-  key: old\n\+  key: new$/m);
    assert.doesNotMatch(result.stdout, /n\/same/);
  });

  it('takes one cluster and another ref', { skip: hasKubectl ? false : 'kubectl is not installed' }, () => {
    const result = run(['--ref=main', 'two']);
    assert.equal(result.status, 0, result.stderr);
    assert.equal(result.stdout, '# two against main: no change\n');
  });

  it('names the clusters when it is asked for one that is not there, and the fault of a ref', () => {
    const unknown = run(['three']);
    assert.equal(unknown.status, 2);
    assert.match(unknown.stderr, /No cluster named three\. Clusters: one, two/);
    const ref = run(['--ref=nothing-like-that']);
    assert.equal(ref.status, 2, ref.stdout);
  });

  it('says that kubectl is missing and what to do', () => {
    const result = run([], { ...process.env, PATH: '/nonexistent' });
    assert.equal(result.status, 2);
    assert.match(result.stderr, /kubectl is missing.*Install it/);
  });

  it('a cluster that does not build is a failure, and the others are still shown', { skip: hasKubectl ? false : 'kubectl is not installed' }, () => {
    file('infra/gitops/clusters/two/kustomization.yaml', 'resources: [missing.yaml]\n');
    const result = run();
    assert.equal(result.status, 1);
    assert.match(result.stderr, /# two cannot be rendered/);
    assert.match(result.stdout, /# one against HEAD: 1 added/);
  });

  it('an object that moved within the file is no change', () => {
    assert.deepEqual(changes(`${map('a', 'x')}---\n${map('b', 'x')}`, `${map('b', 'x')}---\n${map('a', 'x')}`), []);
    assert.deepEqual(changes(map('a', 'x'), map('b', 'x')), [{ object: 'ConfigMap n/a', kind: 'removed' }, { object: 'ConfigMap n/b', kind: 'added' }]);
  });
});
