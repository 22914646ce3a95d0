/** Which backup is due, up to when the log is safe, and what Prometheus is told: the decisions of airpay-backup, asked of the program itself. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { archiveCommand, pgbackrestVariables, shellWord } from './backup-files.ts';
import { joinMetrics, restoreTestMetrics, type RestoreTest } from './backup-metrics.ts';
import { completeSecrets, type PlatformConfig } from './config.ts';
import type { Context } from './context.ts';
import { problemsOf } from './restore-test.ts';
import { repositoryRoot, resolvePlatform } from './settings.ts';
import { renderRole } from './templates.ts';

const program = join(repositoryRoot, 'infra/ansible/roles/pgbackrest/files/airpay-backup');
const config: PlatformConfig = { ...resolvePlatform(repositoryRoot, '/state', {}), secrets: completeSecrets() };
const context = { config, programs: { postgresBin: '/pg/bin', pgbackrest: '/usr/bin/pgbackrest' }, account: undefined } as unknown as Context;
const [regionA, regionB] = config.regions;

const hour = 3600;
const now = 2_000_000_000;
const settings = { settle_seconds: 60, full_every_seconds: 168 * hour, diff_every_seconds: 24 * hour, stanza: 'payments', repositories: ['region-a', 'region-b'] };
const facts = { timeline: '00000003', promoted_at: now - 10 * hour, last_commit_at: now - 5, archived_file: '000000030000000000000010', archived_at: now - 40, waiting: 0, waiting_since: null, now };
const backup = (type: string, ageHours: number, over: object = {}) => ({ type, error: false, timestamp: { stop: now - ageHours * hour }, archive: { stop: '000000030000000000000008' }, database: { 'repo-key': 1 }, info: { repository: { delta: 1000 } }, ...over });
const repository = (...backups: object[]) => ({ key: 1, code: 0, archive: [{ database: { id: 1 }, max: '000000030000000000000010' }], backup: backups });

/** Calls functions of the program: one Python for all questions. */
function ask(questions: { call: string; arguments: unknown[] }[]): unknown[] {
  const driver = `
import importlib.machinery, importlib.util, json, sys
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader('airpay_backup', sys.argv[1])
module = importlib.util.module_from_spec(importlib.util.spec_from_loader('airpay_backup', loader))
loader.exec_module(module)
print(json.dumps([getattr(module, one['call'])(*one['arguments']) for one in json.load(sys.stdin)]))`;
  const { status, stdout, stderr } = spawnSync('python3', ['-c', driver, program], { input: JSON.stringify(questions), encoding: 'utf8', timeout: 30_000 });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as unknown[];
}

const due = (backups: object[], over: object = {}) => ({ call: 'due', arguments: [repository(...backups), { ...facts, ...over }, settings] });
const kind = (answer: unknown) => (answer as [string, string] | null)?.[0] ?? null;

test('a backup is due by what the repository holds: none, too old, or from before a promotion', () => {
  const answers = ask([
    due([]),
    due([backup('full', 1)]),
    due([backup('full', 100), backup('diff', 23)]),
    due([backup('full', 100), backup('diff', 25)]),
    due([backup('full', 169), backup('diff', 1)]),
    due([backup('diff', 1)]),
    due([backup('full', 1, { archive: { stop: '000000020000000000000008' } })]),
  ]);
  assert.deepEqual(answers.map(kind), ['full', null, null, 'diff', 'full', 'full', 'diff']);
});

test('a damaged backup counts as none, so that a job that succeeded once is found out', () => {
  const answers = ask([due([backup('full', 1, { error: true })]), due([backup('full', 30, { error: false }), backup('diff', 1, { error: true })])]);
  assert.deepEqual(answers.map(kind), ['full', 'diff']);
});

test('a region that was promoted seconds ago has other work first', () => {
  const answers = ask([due([], { promoted_at: now - 59 }), due([], { promoted_at: now - 61 }), due([], { promoted_at: null })]);
  assert.deepEqual(answers.map(kind), [null, 'full', 'full']);
});

test('the log is safe up to where every repository has it; PostgreSQL\'s word alone is not taken', () => {
  const until = (newest: unknown[], over: object = {}) => ({ call: 'archived_until', arguments: [{ ...facts, ...over }, newest] });
  const has = '000000030000000000000010';
  const behind = '00000003000000000000000F';
  assert.deepEqual(ask([
    until([has, has]),
    until([has, behind]),
    until([has, null]),
    until([]),
    until([has], { archived_at: null }),
    until([has], { last_commit_at: now - 41 }),
    until([has], { waiting: 3, waiting_since: now - 500 }),
    until([has], { archived_file: '00000003.history' }),
  ]), [now - 40, 0, 0, 0, 0, now, now - 500, now - 40]);
});

test('who leads tells everything, who does not tells only that', () => {
  const [leading, other] = ask([
    { call: 'exposition', arguments: [settings, true, facts, [repository(backup('full', 2), backup('full', 30), backup('diff', 1))]] },
    { call: 'exposition', arguments: [settings, false] },
  ]) as string[];
  assert.match(leading!, /^backup_responsible\{stanza="payments"\} 1\.000$/m);
  assert.match(leading!, new RegExp(`^last_successful_backup_timestamp_seconds\\{stanza="payments",repository="region-a",type="full"\\} ${now - 2 * hour}\\.000$`, 'm'));
  assert.match(leading!, new RegExp(`^wal_archived_until_timestamp_seconds\\{stanza="payments"\\} ${now - 40}\\.000$`, 'm'));
  assert.deepEqual(other!.split('\n').filter(line => line && !line.startsWith('#')), ['backup_responsible{stanza="payments"} 0.000']);
});

test('Prometheus gets each member as an instance, and each explanation once', () => {
  const text = (value: number) => `# HELP a_b Text.\n# TYPE a_b gauge\na_b{stanza="payments"} ${value}\n`;
  assert.equal(joinMetrics([{ instance: 'pg-a1', text: text(1) }, { instance: 'pg-b1', text: text(0) }]),
    '# HELP a_b Text.\n# TYPE a_b gauge\na_b{instance="pg-a1",stanza="payments"} 1\na_b{instance="pg-b1",stanza="payments"} 0\n');
  assert.throws(() => joinMetrics([{ instance: 'pg-a1', text: 'half a li' }]), /pg-a1: not a line of metrics/);
  assert.equal(restoreTestMetrics(undefined), '');
});

test('the repositories of all regions, the own one first, encrypted and with a retention', () => {
  const first = (region = regionA!) => renderRole(config.root, 'pgbackrest', 'pgbackrest.conf.j2', pgbackrestVariables(context, region, region.members[0]!));
  assert.match(first(), /^repo1-path=\/state\/backups\/region-a$/m);
  assert.match(first(), /^repo2-path=\/state\/backups\/region-b$/m);
  assert.match(first(regionB), /^repo1-path=\/state\/backups\/region-b$/m);
  for (const repo of ['repo1', 'repo2']) {
    assert.match(first(), new RegExp(`^${repo}-cipher-type=aes-256-cbc\n${repo}-cipher-pass=${config.secrets.backupCipherPass}$`, 'm'));
    assert.match(first(), new RegExp(`^${repo}-retention-full=2$`, 'm'));
  }
  assert.match(first(), /^\[payments\]\npg1-path=\/state\/pg-a1\/data\npg1-port=15421\npg1-user=postgres$/m);
  assert.doesNotMatch(first(), /archive-async|gcs/);
});

test('production: buckets as the machine\'s own account, log sent in the background, 35 days', () => {
  const text = renderRole(config.root, 'pgbackrest', 'pgbackrest.conf.j2', {
    patroni_data_dir: '/var/lib/postgresql/15/main', patroni_scope: 'region-a', ansible_host: '10.10.16.2', pgbackrest_cipher_pass: 'x'.repeat(32),
    pgbackrest_repositories: [{ name: 'region-a', type: 'gcs', bucket: 'bucket-a', path: '/pgbackrest' }],
  });
  assert.match(text, /^repo1-type=gcs\nrepo1-gcs-bucket=bucket-a\n#[^\n]*\nrepo1-gcs-key-type=auto$/m);
  assert.match(text, /^repo1-retention-full-type=time\nrepo1-retention-full=35$/m);
  assert.match(text, /^\[global:archive-push\]\narchive-async=y$/m);
  // With a limit pgBackRest would throw log away and call it archived.
  assert.doesNotMatch(text, /archive-push-queue-max/);
});

test('the archive command survives blanks, quotes and percent signs in a path', () => {
  assert.equal(shellWord("it's"), `'it'\\''s'`);
  assert.equal(archiveCommand({ stateDir: '/a b/100%' }, '/usr/bin/pgbackrest', regionA!.members[0]!),
    `'/usr/bin/pgbackrest' '--config=/a b/100%%/pg-a1/pgbackrest.conf' '--stanza=payments' archive-push %p`);
});

test('a restored ledger is refused for each thing that can be wrong with it', () => {
  const good = { rows: 10, accounts: 2, newestAt: 1, differences: { USD: '0' } };
  const audit = { failed: 0, faults: [] as string[] };
  assert.deepEqual(problemsOf(good, 60, audit), []);
  const wrong = [
    problemsOf({ ...good, rows: 0 }, 60, audit), problemsOf({ ...good, accounts: 0 }, 60, audit), problemsOf({ ...good, differences: {} }, 60, audit),
    problemsOf({ ...good, differences: { USD: '-1' } }, 60, audit), problemsOf(good, 901, audit), problemsOf(good, 60, { failed: 1, faults: ['chain'] }),
  ];
  assert.deepEqual(wrong.map(problems => problems.length), [1, 1, 1, 1, 1, 1]);
  const result: RestoreTest = {
    at: '2026-11-21T16:00:00.000Z', region: 'region-b', ok: false, backup: { label: 'x', type: 'full', finishedAt: '' }, recoveryPointSeconds: 30, missingRows: 1, rows: 1, accounts: 1,
    restoreMs: 1, replayMs: 1, totalMs: 2500, differences: {}, audit: { passed: 0, failed: 0 }, problems: ['x'],
  };
  assert.match(restoreTestMetrics(result), /^restore_test_ok\{region="region-b"\} 0\n[^]*restore_test_duration_seconds\{region="region-b"\} 2\.5$/m);
});
