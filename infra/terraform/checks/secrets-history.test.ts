/** On small repositories made here, and on this one as far as it is here. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { parse } from 'yaml';
import { described, inMessage, problemsOf, readExceptions, scanHistory } from './secrets-history.ts';
import { readMax } from './secrets.ts';
import type { Waiver } from './waivers.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const estate = parse(read('infra/estate.yaml')) as { groups: Record<string, string> };
const owners = new Set(Object.keys(estate.groups));
const today = new Date('2026-11-21T12:00:00Z');

/** Put together here, so that this file holds none. */
const token = `${'gh'}p_${'a1B2'.repeat(9)}`;
let folder: string;
/** Nothing of the machine's own settings, and nothing of a hook this test may run in. */
const environment: NodeJS.ProcessEnv = { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'))), GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', NODE_TEST_CONTEXT: undefined };
before(() => { folder = mkdtempSync(path.join(tmpdir(), 'secrets-')); });
after(() => rmSync(folder, { recursive: true, force: true }));

function git(repository: string, ...args: string[]): string {
  return execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@airpay.example', '-c', 'commit.gpgsign=false', ...args], { cwd: repository, encoding: 'utf8', env: environment, stdio: 'pipe' }).trim();
}

let made = 0;
function repositoryOf(...commits: Record<string, string | Buffer | null>[]): string {
  const repository = path.join(folder, `r${++made}`);
  mkdirSync(repository);
  git(repository, 'init', '--quiet', '--initial-branch=main');
  for (const files of commits) commit(repository, files);
  return repository;
}

function stage(repository: string, files: Record<string, string | Buffer | null>): void {
  for (const [file, content] of Object.entries(files)) {
    if (content === null) { git(repository, 'rm', '--quiet', '--', file); continue; }
    mkdirSync(path.dirname(path.join(repository, file)), { recursive: true });
    writeFileSync(path.join(repository, file), content);
    git(repository, 'add', '--', file);
  }
}

function commit(repository: string, files: Record<string, string | Buffer | null>, message = 'change'): string {
  stage(repository, files);
  git(repository, 'commit', '--quiet', '--message', message);
  return git(repository, 'rev-parse', 'HEAD');
}

const told = async (repository: string) => (await scanHistory(repository)).found.map(({ commit: by, path: file, line, what }) => `${by} ${file}:${line} ${what}`);
const script = (name: string, repository: string, args: string[] = []) => spawnSync(process.execPath, [path.join(import.meta.dirname, name), ...args], { cwd: repository, encoding: 'utf8', env: environment, timeout: 60_000 });

describe('no secret is in the history', () => {
  it('of this repository', async t => {
    const startedAt = performance.now();
    const history = await scanHistory(root);
    t.diagnostic(`${described(history)}, in ${Math.round(performance.now() - startedAt)} ms`);
    if (history.missing !== '') t.diagnostic(`the history is NOT complete here, and only what is named above was looked at: ${history.missing}`);
    else if (history.commits === 1) t.diagnostic('this repository is ONE commit: what was before it is not here');
    assert.deepEqual(problemsOf(history, readExceptions(), new Date(), owners), []);
    assert.ok(history.commits >= 1 && history.blobs > 1000, described(history));
    if (history.missing !== '') return;
    const reachable = execFileSync('git', ['rev-list', '--objects', '--all', '--filter=object:type=blob', '--filter-provided-objects'], { cwd: root, encoding: 'utf8', maxBuffer: 256 << 20 });
    const all = new Set(reachable.split('\n').map(line => line.slice(0, 40)).filter(Boolean));
    const unread = [...all].filter(id => !history.ids.has(id));
    assert.deepEqual(unread, [], 'every blob that a commit reaches was read');
  });

  it('one that was added and later removed is named by its commit, path and line, and not repeated', async () => {
    const repository = repositoryOf({ 'a.md': 'one\n' });
    const by = commit(repository, { 'docs/b.md': `one\ntwo\nkey ${token}\n` });
    commit(repository, { 'docs/b.md': null });
    assert.deepEqual(await told(repository), [`${by} docs/b.md:3 a GitHub token`]);
    const run = script('secrets-history.ts', repository);
    assert.equal(run.status, 1, run.stderr);
    assert.match(run.stdout, new RegExp(`docs/b\\.md:3 of commit ${by.slice(0, 12)} \\[a GitHub token\\]`));
    assert.ok(!(run.stdout + run.stderr).includes(token.slice(4, 16)));
  });

  it('a clean history has none, and says what was looked at', async () => {
    const repository = repositoryOf({ 'a.md': 'one\n' }, { 'a.md': 'two\n', 'b.md': 'one\n' });
    assert.deepEqual(await told(repository), []);
    const run = script('secrets-history.ts', repository);
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stdout, /^2 commits, 2 blobs, .*: no secret$/m);
  });

  it('other branches, tags, merges, messages, moved files and odd names are looked at', async () => {
    const repository = repositoryOf({ 'a.md': 'one\n' });
    git(repository, 'switch', '--quiet', '--create', 'side');
    const onBranch = commit(repository, { 'zwei\tdrei ü\n.md': `${token}\n` });
    commit(repository, { 'zwei\tdrei ü\n.md': null, 'c.md': 'c\n' });
    git(repository, 'switch', '--quiet', '--create', 'tagged');
    const tagged = commit(repository, { 'd.md': `x ${token}d\n` });
    git(repository, 'tag', 'v1');
    git(repository, 'switch', '--quiet', 'main');
    git(repository, 'branch', '--quiet', '-D', 'tagged');
    const message = commit(repository, { 'e.md': 'e\n' }, `rotate\n\nwas ${token}`);
    // Made in the merge itself: neither side has it.
    git(repository, 'merge', '--quiet', '--no-commit', '--no-ff', 'side');
    const merge = commit(repository, { 'a.md': `one\n\n${token}m\n` }, 'merge');
    // A text of nothing in one place, and of something under another name.
    const yaml = 'apiVersion: v1\nkind: Secret\nstringData:\n  a: b\n';
    commit(repository, { 'f.txt': yaml });
    const named = commit(repository, { 'f.yaml': yaml, 'moved/.netrc': 'one\n' });
    assert.deepEqual((await told(repository)).sort(), [
      `${onBranch} zwei\tdrei ü\n.md:1 a GitHub token`, `${tagged} d.md:1 a GitHub token`, `${message} ${inMessage}:3 a GitHub token`, `${merge} a.md:3 a GitHub token`,
      `${named} f.yaml:1 a Kubernetes Secret with content`, `${named} moved/.netrc:1 a credentials file`,
    ].sort());
  });

  it('the settings of whoever runs it change nothing', async () => {
    const repository = repositoryOf({ 'a.md': `${token}\n` }, { 'a.md': 'clean\n' });
    for (const [name, value] of [['log.showRoot', 'false'], ['log.showSignature', 'true'], ['diff.renames', 'copies'], ['log.decorate', 'full'], ['log.follow', 'true'], ['color.ui', 'always'], ['diff.noprefix', 'true'], ['format.pretty', 'oneline']]) git(repository, 'config', name!, value!);
    assert.equal((await told(repository)).length, 1);
    // A commit that is replaced for whoever looks is still in every clone.
    git(repository, 'replace', git(repository, 'rev-parse', 'HEAD~1'), git(repository, 'commit-tree', '-m', 'x', 'HEAD^{tree}'));
    assert.equal((await told(repository)).length, 1);
  });

  it('a shallow clone is refused as a history that is not complete, and what is there is looked at', async () => {
    const origin = repositoryOf({ 'a.md': `${token}\n` }, { 'a.md': 'clean\n' }, { 'b.md': 'b\n' });
    const clone = path.join(folder, 'shallow');
    git(folder, 'clone', '--quiet', '--depth=1', pathToFileURL(origin).href, clone);
    const history = await scanHistory(clone);
    assert.match(history.missing, /shallow clone/);
    assert.deepEqual([history.commits, history.blobs, history.found.length], [1, 2, 0]);
    const run = script('secrets-history.ts', clone);
    assert.equal(run.status, 2);
    assert.match(run.stderr, /The history is not complete: this is a shallow clone; git fetch --unshallow/);
    git(clone, 'fetch', '--quiet', '--unshallow');
    assert.equal(script('secrets-history.ts', clone).status, 1, 'and after that the finding is there');
  });

  it('a partial clone, a lost object and a folder without git are refused too', async () => {
    const origin = repositoryOf({ 'a.md': `${token}\n` }, { 'a.md': 'clean\n' });
    git(origin, 'config', 'uploadpack.allowFilter', 'true');
    const clone = path.join(folder, 'partial');
    git(folder, 'clone', '--quiet', '--filter=blob:none', pathToFileURL(origin).href, clone);
    assert.match(script('secrets-history.ts', clone).stderr, /not complete: this is a partial clone/);
    const lost = git(origin, 'rev-parse', 'HEAD~1:a.md');
    rmSync(path.join(origin, '.git/objects', lost.slice(0, 2), lost.slice(2)));
    assert.match((await scanHistory(origin)).missing, /1 blobs are not here/);
    assert.equal(script('secrets-history.ts', origin).status, 2);
    const nothing = path.join(folder, 'nothing');
    mkdirSync(nothing);
    const run = script('secrets-history.ts', nothing);
    assert.equal(run.status, 2, run.stdout);
    assert.match(run.stderr, /not a git repository/);
  });

  it('of a large file the beginning is read, of one that is no text its name, and both are said', async () => {
    const large = Buffer.alloc(readMax + 100, 'x\n');
    large.write(`${token} `, 10);
    large.write(`${token} `, readMax + 20);
    const repository = repositoryOf({ 'large.log': large, 'image.png': Buffer.from(`\x89PNG\0${token}`, 'latin1'), 'key.p12': Buffer.from([0, 1, 2]), 'last.md': `${token}\n` });
    const history = await scanHistory(repository);
    assert.deepEqual(history.found.map(one => `${one.path} ${one.what}`).sort(), ['key.p12 a private key', 'large.log a GitHub token', 'last.md a GitHub token']);
    assert.equal(history.binary, 2);
    assert.match(described(history), new RegExp(`4 blobs.*2 of the blobs no text; of 1 larger than 4 MiB only the beginning: large\\.log \\(${readMax + 100} bytes\\)`));
  });

  it('a blob that is in many commits under many names is read once', async () => {
    const repository = repositoryOf(...Array.from({ length: 5 }, (_, index) => ({ [`${index}.md`]: `${token}\n` })));
    const history = await scanHistory(repository);
    assert.deepEqual([history.commits, history.blobs, history.found.length], [5, 1, 1]);
  });

  it('an exception is of one blob, one kind and for a time; a needless one is a problem', async () => {
    const repository = repositoryOf({ 'a.md': `${token}\n` }, { 'a.md': `${token}\nmore\n` });
    const history = await scanHistory(repository);
    const [first, second] = history.found;
    const entry = (id: string, more: Partial<Waiver> = {}): Waiver => ({ rule: 'a GitHub token', resource: id, reason: 'made up', owner: 'platform', until: '2027-05-31', ...more });
    const problems = (...entries: Waiver[]) => problemsOf(history, entries, today, owners);
    assert.deepEqual(problems(entry(first!.id), entry(second!.id)), []);
    assert.match(problems(entry(first!.id)).join(), new RegExp(`^${second!.id} a\\.md:1 of commit [0-9a-f]{12} \\[a GitHub token\\]$`));
    assert.match(problems(entry(first!.id, { until: '2026-11-20' }), entry(second!.id)).join(), /secrets-known\.yaml:0 .* ended on 2026-11-20.*a\.md:1 of commit/);
    assert.match(problems(entry(first!.id, { rule: 'a Stripe key' }), entry(second!.id)).join(), /a\.md:1 of commit.*waives nothing any more/);
    assert.match(problems(entry(first!.id), entry(second!.id), entry('0'.repeat(40))).join(), /secrets-known\.yaml:2 .* waives nothing any more/);
  });
});

describe('before a commit', () => {
  const hook = (repository: string) => git(repository, 'config', 'core.hooksPath', path.join(root, '.githooks'));
  const tryCommit = (repository: string, ...args: string[]) => spawnSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@airpay.example', 'commit', '--message=x', ...args], {
    cwd: repository, encoding: 'utf8', env: { ...environment, PATH: `${path.dirname(process.execPath)}:${process.env['PATH']}` }, timeout: 60_000,
  });

  it('what is staged is refused when it holds a secret, by file and line, and committed when it holds none', () => {
    const repository = repositoryOf();
    hook(repository);
    stage(repository, { 'a.md': `one\n${token}\n`, 'b.md': 'b\n' });
    const refused = tryCommit(repository);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /^a\.md:2 holds a GitHub token$/m);
    assert.ok(!refused.stderr.includes(token.slice(4, 16)));
    assert.throws(() => git(repository, 'rev-parse', '--verify', '--quiet', 'HEAD'), 'nothing was committed');
    stage(repository, { 'a.md': 'one\n' });
    const accepted = tryCommit(repository);
    assert.equal(accepted.status, 0, accepted.stderr);
  });

  it('only what is staged counts: not the work tree, not what was there, and of a commit of some files only those', () => {
    const repository = repositoryOf({ 'old.md': `${token}\n` });
    hook(repository);
    stage(repository, { 'a.md': 'a\n' });
    writeFileSync(path.join(repository, 'a.md'), `${token}\n`);
    writeFileSync(path.join(repository, 'untracked.md'), `${token}\n`);
    const first = tryCommit(repository);
    assert.equal(first.status, 0, first.stderr);
    stage(repository, { 'a.md': `${token}\n`, 'b.md': 'b\n' });
    const some = tryCommit(repository, '--', 'b.md');
    assert.equal(some.status, 0, some.stderr);
    assert.equal(tryCommit(repository).status, 1, 'and the rest is still refused');
    git(repository, 'rm', '--quiet', '--cached', 'a.md', 'old.md');
    assert.equal(tryCommit(repository).status, 0, 'taking one away is no fault');
  });

  it('it is a file that git can run, and is said how to switch on', () => {
    assert.match(execFileSync('git', ['ls-files', '--stage', '--', '.githooks/pre-commit'], { cwd: root, encoding: 'utf8' }), /^100755 /);
    assert.ok(read('CONTRIBUTING.md').includes('git config core.hooksPath .githooks'));
  });

  it('without a Node that can look, nothing is committed silently', () => {
    const bare = path.join(folder, 'bare');
    mkdirSync(path.join(bare, '.githooks'), { recursive: true });
    writeFileSync(path.join(bare, '.githooks/pre-commit'), read('.githooks/pre-commit'));
    const run = spawnSync('/bin/sh', [path.join(bare, '.githooks/pre-commit')], { encoding: 'utf8', env: { PATH: '/nowhere' } });
    assert.equal(run.status, 1);
    assert.match(run.stderr, /could not be looked for/);
  });
});

describe('the scan on a schedule', () => {
  interface Workflow { on: { schedule?: { cron: string }[] }; permissions: object; jobs: Record<string, { permissions: object; 'timeout-minutes'?: number; steps: { uses?: string; run?: string; with?: Record<string, unknown> }[] }> }

  function faults(workflow: Workflow): string[] {
    const found: string[] = [];
    if (!workflow.on.schedule?.every(({ cron }) => /^\d+ \d+ \* \* [\d*]+$/.test(cron))) found.push('it is not run each day or week');
    if (JSON.stringify(workflow.permissions) !== '{}') found.push('rights that nobody asks for');
    for (const job of Object.values(workflow.jobs)) {
      if (JSON.stringify(job.permissions) !== '{"contents":"read"}') found.push('it may do more than read');
      if (!job['timeout-minutes']) found.push('no time limit');
      const pins = read('.github/workflows/release.yml');
      for (const { uses } of job.steps) if (uses && !(/@[0-9a-f]{40}$/.test(uses) && pins.includes(uses))) found.push(`${uses} is no pin of the release`);
      if (!job.steps.some(step => step.uses?.startsWith('actions/checkout@') && step.with?.['fetch-depth'] === 0)) found.push('it has no history to look at');
      if (!job.steps.some(step => step.run === 'tools/run secrets:history')) found.push('it does not look');
      if (/\|\| *true|continue-on-error/.test(JSON.stringify(job))) found.push('it cannot fail');
    }
    return found;
  }

  const workflow = parse(read('.github/workflows/secrets.yml')) as Workflow;

  it('has all of the history, pinned actions, no rights but to read, and runs the same command', () => {
    assert.deepEqual(faults(workflow), []);
    assert.equal((JSON.parse(read('package.json')).scripts as Record<string, string>)['secrets:history'], 'node infra/terraform/checks/secrets-history.ts');
    assert.match(read('Makefile'), /^secrets:.*\n\t@tools\/run secrets:history$/m);
  });

  it('CI has all of the history too, so that a secret of a pull request is found before it is merged', () => {
    const { jobs } = parse(read('.github/workflows/ci.yml')) as Workflow;
    assert.equal(jobs['test']!.steps.find(step => step.uses?.startsWith('actions/checkout@'))?.with?.['fetch-depth'], 0);
  });

  it('one without a history, without a schedule, by tag or that cannot fail is found', () => {
    const changed = (change: (copy: Workflow) => void) => {
      const copy = structuredClone(workflow);
      change(copy);
      return faults(copy).join();
    };
    const job = Object.keys(workflow.jobs)[0]!;
    assert.match(changed(copy => { delete copy.jobs[job]!.steps[0]!.with; }), /no history/);
    assert.match(changed(copy => { delete copy.on.schedule; }), /not run/);
    assert.match(changed(copy => { copy.jobs[job]!.steps[0]!.uses = 'actions/checkout@v5'; }), /no pin/);
    assert.match(changed(copy => { copy.jobs[job]!.steps.at(-1)!.run += ' || true'; }), /cannot fail/);
    assert.match(changed(copy => { copy.jobs[job]!.permissions = { contents: 'write' }; }), /more than read/);
  });
});
