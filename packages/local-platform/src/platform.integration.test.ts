/** The two regions' databases, really started, on other ports and in a state folder of their own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import pg from 'pg';
import { parse } from 'yaml';
import { backupEnvironment, backupPaths } from './backup-files.ts';
import type { RestoreTest } from './backup-metrics.ts';
import { portTable, shiftPorts, type PlatformConfig, type PlatformSettings } from './config.ts';
import { takenPorts } from './port-check.ts';
import { migrateLedger } from './migrations.ts';
import { ledgerProgram } from './own-programs.ts';
import { findPrograms } from './programs.ts';
import { databaseUrl, ensureLedgerDatabase } from './postgres.ts';
import { until } from './probes.ts';
import { isAlive } from './proc-table.ts';
import { findRunning } from './process.ts';
import { readRestoreTest } from './restore-result.ts';
import { rollOutUnderLoad } from './rollout-kit.ts';
import { readPlatform, repositoryRoot, serviceAccount } from './settings.ts';
import type { PlatformStatus } from './status.ts';

const settings = parse(readFileSync(join(repositoryRoot, 'packages/local-platform/platform.yaml'), 'utf8')) as PlatformSettings;
const stateDir = mkdtempSync(join(tmpdir(), 'airpay-platform-'));
// The databases run as another account when we are root.
chmodSync(stateDir, 0o755);

/** An offset at which no port is taken now. */
async function freeOffset(): Promise<number> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const offset = 1_000 + Math.floor(Math.random() * 7_900);
    if ((await takenPorts(portTable(shiftPorts(settings, offset)))).length === 0) return offset;
  }
  throw new Error('no free range of ports');
}

const environment: NodeJS.ProcessEnv = { ...process.env, AIRPAY_STATE_DIR: stateDir, AIRPAY_PORT_OFFSET: String(await freeOffset()) };

function command(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], { env: environment, encoding: 'utf8', timeout: 120_000 });
  return { status, output: stdout + stderr };
}

function audit(): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(import.meta.dirname, 'audit-ledger.ts')], { env: environment, encoding: 'utf8', timeout: 60_000 });
}

function statusNow(): PlatformStatus {
  return JSON.parse(command('status', '--json').output) as PlatformStatus;
}

function roles(): Record<string, string | null> {
  return Object.fromEntries(statusNow().processes.filter(one => one.kind === 'patroni').map(one => [one.name, one.role]));
}

async function query(config: PlatformConfig, port: number, sql: string, as = databaseUrl('postgres', config.secrets.postgresPassword, port, 'postgres')): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: as, connectionTimeoutMillis: 3_000 });
  await client.connect();
  try {
    return (await client.query(sql)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

/** The value of a metric for one repository; 0 when there is none. */
function readMetric(text: string, name: string, repository: string): number {
  return Number(new RegExp(`^${name}\\{[^}]*repository="${repository}"[^}]*\\} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
}

after(() => {
  command('down');
  rmSync(stateDir, { recursive: true, force: true });
});

test('two regions start, survive their supervisor, and leave nothing behind', { timeout: 400_000 }, async t => {
  const started = command('up', '--databases-only');
  assert.equal(started.status, 0, started.output);
  const config = readPlatform(stateDir)!;
  const [regionA, regionB] = config.regions;

  await t.test('region A has a primary and a synchronous standby, region B follows', async () => {
    const { pgB1, ...inA } = ((all: Record<string, string | null>) => ({ pgB1: all['pg-b1'], a1: all['pg-a1'], a2: all['pg-a2'] }))(roles());
    assert.deepEqual(Object.values(inA).sort(), ['primary', 'sync_standby']);
    assert.equal(pgB1, 'standby_leader');
  });

  await t.test('a write through HAProxy of region A arrives in region B over the link', async () => {
    await query(config, regionA!.haproxy.readWritePort, 'CREATE TABLE travelled AS SELECT 42 AS answer');
    const arrived = async () => {
      const rows = await query(config, regionB!.members[0]!.postgresPort, 'SELECT answer FROM travelled').catch(() => []);
      return rows[0]?.['answer'] === 42;
    };
    assert.ok(await until(arrived, 5_000, 100));
    await assert.rejects(query(config, regionB!.haproxy.readWritePort, 'SELECT 1'), 'region B takes no writes');
  });

  await t.test('after kill -9 of the supervisor the databases go on, and up takes them over', async () => {
    const before = statusNow();
    const supervisor = findRunning(join(stateDir, 'run'), 'supervisor')!;
    process.kill(supervisor.pid, 'SIGKILL');
    assert.ok(await until(() => !isAlive(supervisor), 5_000, 50));
    assert.equal(command('status').status, 1);
    assert.equal((await query(config, regionA!.haproxy.readWritePort, 'SELECT answer FROM travelled'))[0]!['answer'], 42);

    const again = command('up', '--databases-only');
    assert.equal(again.status, 0, again.output);
    const pids = (status: PlatformStatus) => Object.fromEntries(status.processes.filter(one => one.name !== 'supervisor').map(one => [one.name, one.pid]));
    assert.deepEqual(pids(statusNow()), pids(before));
  });

  await t.test('up while it runs says so', () => {
    const { status, output } = command('up', '--databases-only');
    assert.equal(status, 0, output);
    assert.match(output, /Already running/);
  });

  await t.test('the tables of the ledger belong to a role that nobody can log in as', async () => {
    const { secrets } = config;
    // Twice, as every start does it.
    for (const _ of [1, 2]) await ensureLedgerDatabase({ config, programs: findPrograms(), account: serviceAccount() }, regionA!);
    for (const _ of [1, 2]) await migrateLedger(config, regionA!);
    const port = regionA!.haproxy.readWritePort;
    const as = (role: string, password: string, sql: string) => query(config, port, sql, databaseUrl(role, password, port, 'ledger'));
    const owners = await as('ledger_readonly', secrets.ledgerReadonlyPassword, `SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'ledger'`);
    assert.deepEqual(owners, [{ tableowner: 'ledger_owner' }]);
    await assert.rejects(as('ledger_owner', secrets.ledgerMigratorPassword, 'SELECT 1'), /password authentication failed|not permitted to log in/);
    await assert.rejects(as('ledger_app', secrets.ledgerAppPassword, 'UPDATE ledger.accounts SET posted_minor = 1'), /permission denied/);
    await assert.rejects(as('ledger_app', secrets.ledgerAppPassword, 'SET ROLE ledger_owner'), /permission denied/);
    assert.deepEqual(await as('airpay_recovery', secrets.recoveryPassword, 'SELECT count(*)::int AS rows FROM ledger.journal, ledger.chain, ledger.accounts'), [{ rows: 0 }]);
    await assert.rejects(as('airpay_recovery', secrets.recoveryPassword, 'UPDATE ledger.accounts SET posted_minor = 1'), /permission denied/);
  });

  await t.test('a migration through the leader of the region that follows finds nothing to do, and the schema there by itself', async () => {
    const { secrets } = config;
    const { replicationPort } = regionB!.haproxy;
    const as = (role: string, password: string) => databaseUrl(role, password, replicationPort, 'ledger');
    const arrived = async () => (await query(config, replicationPort, 'SELECT 1 FROM ledger.schema_migrations', as('ledger_readonly', secrets.ledgerReadonlyPassword)).catch(() => [])).length > 0;
    assert.ok(await until(arrived, 5_000, 100));
    const env = { ...process.env, LEDGER_ENVIRONMENT: 'local', LEDGER_DATABASE_TLS: 'disable', LEDGER_MIGRATION_DATABASE_URL: as('ledger_migrator', secrets.ledgerMigratorPassword) };
    const { status, stdout, stderr } = spawnSync(process.execPath, [ledgerProgram(config, 'migrate')], { env, encoding: 'utf8', timeout: 30_000 });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /nothing to apply: this server is a standby/);
  });

  await t.test('ledger processes are replaced one after another, and no caller notices', async () => {
    const { sent, failed, unknown, replaced } = await rollOutUnderLoad(config, regionA!, { processes: 2, rounds: 2 });
    assert.deepEqual(failed, []);
    assert.deepEqual(unknown, [], 'acknowledged, but not in the ledger');
    assert.equal(replaced, 4);
    assert.ok(sent > 200, String(sent));
  });

  await t.test('both regions\' repositories get a backup and the log; the standby region\'s alone gives back the whole ledger', { timeout: 180_000 }, async () => {
    const account = serviceAccount();
    const leader = regionA!.members.find(member => roles()[member.name] === 'primary')!;
    const python = (action: string) => spawnSync('python3', [join(repositoryRoot, 'infra/ansible/roles/pgbackrest/files/airpay-backup'), backupPaths(config, leader).settingsFile, action], {
      env: backupEnvironment(config, leader), cwd: join(stateDir, leader.name), encoding: 'utf8', timeout: 120_000, ...(account && { uid: account.uid, gid: account.gid }),
    });
    const metrics = async () => (await fetch(`http://127.0.0.1:${config.ports.backup}/metrics`)).text();
    const backedUp = async () => ['region-a', 'region-b'].every(name => readMetric(text, 'last_successful_backup_timestamp_seconds', name) > 0);
    let text = '';
    assert.ok(await until(async () => { text = await metrics(); return backedUp(); }, 90_000, 1_000), text);

    // Finishes the current file of the log and waits for it in both repositories.
    const pushed = python('check');
    assert.equal(pushed.status, 0, pushed.stderr);
    const rows = Number((await query(config, 0, 'SELECT count(*) AS rows FROM ledger.journal', databaseUrl('ledger_readonly', config.secrets.ledgerReadonlyPassword, leader.postgresPort, 'ledger')))[0]!['rows']);
    const tested = spawnSync(process.execPath, [join(import.meta.dirname, 'restore-test.ts'), '--region', 'region-b', '--json'], { env: environment, encoding: 'utf8', timeout: 120_000 });
    assert.equal(tested.status, 0, tested.stderr + tested.stdout);
    const result = JSON.parse(tested.stdout) as RestoreTest;
    assert.equal(result.region, 'region-b');
    assert.ok(rows > 100 && result.rows >= rows, `${result.rows} of ${rows} rows`);
    assert.deepEqual([result.ok, result.problems, result.missingRows, result.recoveryPointSeconds, result.audit.failed], [true, [], 0, 0, 0]);
    assert.ok(result.audit.passed > 10 && Object.values(result.differences).every(difference => difference === '0'));
    assert.deepEqual(readRestoreTest(config), result);
    assert.match(await metrics(), /^restore_test_ok\{region="region-b"\} 1$/m);
    assert.ok(!existsSync(join(stateDir, 'restore-test')), 'the scratch folder is gone');
  });

  await t.test('audit-ledger: every invariant holds in both regions, and a row that was changed behind the ledger is found in both', async () => {
    const good = audit();
    assert.equal(good.status, 0, good.stdout + good.stderr);
    assert.match(good.stdout, /^region-\w, standby: \d{3,} rows[\s\S]*^region-\w, primary: \d{3,} rows/m);
    assert.match(good.stdout, /^ {2}ok {4}noted .*1 looked at/m, "the standby's head is in the primary's chain");
    assert.match(good.stdout, /\n\d{2,} passed, 0 failed\n$/);
    const superuser = databaseUrl('postgres', config.secrets.postgresPassword, regionA!.haproxy.readWritePort, 'ledger');
    await query(config, 0, "BEGIN; SET LOCAL session_replication_role = replica; UPDATE ledger.journal SET actor = 'nobody' WHERE position = (SELECT max(position) FROM ledger.journal); COMMIT", superuser);
    assert.ok(await until(async () => audit().stdout.endsWith(', 2 failed\n'), 20_000, 500));
    const bad = audit();
    assert.equal(bad.status, 1);
    assert.equal(bad.stdout.match(/^ {2}FAULT row-digests/gm)?.length, 2);
  });

  await t.test('another installation on the same ports is refused and starts nothing', () => {
    const other = mkdtempSync(join(tmpdir(), 'airpay-other-'));
    chmodSync(other, 0o755);
    try {
      const { status, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), 'up', '--databases-only'], { env: { ...environment, AIRPAY_STATE_DIR: other }, encoding: 'utf8', timeout: 30_000 });
      assert.equal(status, 1);
      assert.match(stderr, new RegExp(`${regionA!.members[0]!.postgresPort} +for pg-a1 \\(SQL\\), held by pid \\d+: .*postgres`));
    } finally {
      rmSync(other, { recursive: true, force: true });
    }
  });

  await t.test('down leaves no process and no port', async () => {
    const refs = statusNow().processes.map(one => one.pid!);
    const { status, output } = command('down');
    assert.equal(status, 0, output);
    assert.deepEqual(refs.filter(pid => { try { return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]![0] !== 'Z'; } catch { return false; } }), []);
    assert.deepEqual(await takenPorts(portTable(config)), []);
    const nothing = audit();
    assert.deepEqual([nothing.status, nothing.stdout], [2, '']);
    assert.match(nothing.stderr, /^The platform is not running.*make up$/m);
  });
});
