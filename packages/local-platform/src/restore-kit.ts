/** Restores a region's newest backup and log beside the running platform, and asks the restored ledger what a page would rest on. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { backupEnvironment, backupPaths, shellWord, STANZA } from './backup-files.ts';
import type { MemberConfig, PlatformConfig, RegionConfig } from './config.ts';
import { logFile, type Context } from './context.ts';
import { lastLines } from './log-files.ts';
import { databaseUrl, withClient } from './postgres.ts';
import { until } from './probes.ts';
import { makeFolder } from './settings.ts';

const RESTORE_TIMEOUT_MS = 600_000;
const REPLAY_TIMEOUT_MS = 600_000;
const STOP_TIMEOUT_MS = 20_000;
const AUDIT_TIMEOUT_MS = 600_000;
const OUTPUT_MAX = 1 << 24;

interface BackupEntry { label: string; type: string; error: boolean | null; timestamp: { stop: number } }

/** Runs pgBackRest as a member. @throws Error with its message */
function pgbackrest({ config, programs, account }: Context, member: MemberConfig, args: string[], timeoutMs: number): Promise<string> {
  const { configFile, dataDir } = backupPaths(config, member);
  return new Promise((resolve, reject) => {
    execFile(programs.pgbackrest, [`--config=${configFile}`, `--stanza=${STANZA}`, ...args], {
      env: backupEnvironment(config, member), cwd: join(dataDir, '..'), timeout: timeoutMs, maxBuffer: OUTPUT_MAX, ...(account && { uid: account.uid, gid: account.gid }),
    }, (error, stdout, stderr) => (error ? reject(new Error(`pgbackrest ${args.at(-1)}: ${(stderr || stdout || error.message).trim().slice(-1_000)}`)) : resolve(stdout)));
  });
}

/** The newest good backup in a region's own repository, or undefined when its repository has none. */
export async function newestBackup(context: Context, region: RegionConfig): Promise<{ label: string; type: string; finishedAt: string } | undefined> {
  const stanzas = JSON.parse(await pgbackrest(context, region.members[0]!, ['--repo=1', '--output=json', 'info'], 60_000)) as { backup: BackupEntry[] }[];
  const good = (stanzas[0]?.backup ?? []).filter(one => !one.error).sort((one, other) => one.timestamp.stop - other.timestamp.stop);
  const last = good.at(-1);
  return last && { label: last.label, type: last.type, finishedAt: new Date(last.timestamp.stop * 1000).toISOString() };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

export interface Restored {
  port: number;
  restoreMs: number;
  /** From the start of PostgreSQL until it had replayed everything and took connections. */
  replayMs: number;
}

/** Restores into a scratch folder, starts PostgreSQL there, calls `work`, and removes both whatever happens. */
export async function withRestored<T>(context: Context, region: RegionConfig, work: (restored: Restored) => Promise<T>): Promise<T> {
  const { config, account } = context;
  const scratch = join(config.stateDir, 'restore-test');
  const dataDir = join(scratch, 'data');
  rmSync(scratch, { recursive: true, force: true });
  let server: ChildProcess | undefined;
  // Ctrl-C must leave nothing either: the server ends with its group, and the folder is removed below or by the next test.
  const end = () => server?.pid !== undefined && killServer(server.pid);
  process.once('exit', end);
  try {
    makeFolder(scratch, account);
    makeFolder(dataDir, account);
    const startedAt = performance.now();
    // What is restored must never archive into the repository it came from.
    const member = region.members[0]!;
    await pgbackrest(context, member, [`--pg1-path=${dataDir}`, '--repo=1', '--archive-mode=off', '--type=default', 'restore'], RESTORE_TIMEOUT_MS);
    const restoreMs = performance.now() - startedAt;
    const port = await freePort();
    server = startServer(context, region, dataDir, port);
    const replayMs = await replayed(config, server, port);
    return await work({ port, restoreMs: Math.round(restoreMs), replayMs: Math.round(replayMs) });
  } finally {
    process.off('exit', end);
    if (server) await stopServer(server);
    rmSync(scratch, { recursive: true, force: true });
  }
}

function startServer(context: Context, region: RegionConfig, dataDir: string, port: number): ChildProcess {
  const { config, programs, account } = context;
  const log = openSync(logFile(config, 'restore-test'), 'w');
  const fetch = [programs.pgbackrest, `--config=${backupPaths(config, region.members[0]!).configFile}`, `--stanza=${STANZA}`, `--pg1-path=${dataDir}`, '--repo=1', 'archive-get'];
  const settings = {
    port, listen_addresses: '127.0.0.1', unix_socket_directories: '', shared_buffers: '64MB', logging_collector: 'off',
    // Patroni wrote the old folder's files, and that commits wait for a member that is not here.
    hba_file: join(dataDir, 'pg_hba.conf'), ident_file: join(dataDir, 'pg_ident.conf'), synchronous_standby_names: '', primary_conninfo: '', primary_slot_name: '',
    // The log from this repository alone, as the backup: the other region's may be what was lost.
    restore_command: `${fetch.map(word => shellWord(word.replaceAll('%', '%%'))).join(' ')} %f "%p"`,
    // Nobody reads before everything is there; and fewer connections than the lost server had are enough.
    hot_standby: 'off', archive_mode: 'off', cluster_name: 'restore-test',
  };
  try {
    return spawn(join(programs.postgresBin, 'postgres'), ['-D', dataDir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])], {
      cwd: dataDir, env: backupEnvironment(config, region.members[0]!), detached: true, stdio: ['ignore', log, log], ...(account && { uid: account.uid, gid: account.gid }),
    });
  } finally {
    closeSync(log);
  }
}

async function replayed(config: PlatformConfig, server: ChildProcess, port: number): Promise<number> {
  const startedAt = performance.now();
  const ended = () => server.exitCode !== null || server.signalCode !== null || server.pid === undefined;
  const url = databaseUrl('postgres', config.secrets.postgresPassword, port, 'postgres');
  const answers = () => withClient(url, async client => (await client.query<{ replaying: boolean }>('SELECT pg_is_in_recovery() AS replaying')).rows[0]?.replaying === false).catch(() => false);
  if (await until(answers, REPLAY_TIMEOUT_MS, 200, ended)) return performance.now() - startedAt;
  throw new Error([`the restored PostgreSQL ${ended() ? 'ended' : 'was not ready in time'}:`, ...lastLines(logFile(config, 'restore-test'), 8)].join('\n  '));
}

function killServer(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Gone.
  }
}

async function stopServer(server: ChildProcess): Promise<void> {
  if (server.pid === undefined || server.exitCode !== null || server.signalCode !== null) return;
  const gone = new Promise<void>(resolve => server.once('exit', () => resolve()));
  // PostgreSQL's immediate shutdown: the folder is thrown away.
  server.kill('SIGQUIT');
  const late = setTimeout(() => killServer(server.pid!), STOP_TIMEOUT_MS);
  await gone;
  clearTimeout(late);
}

export interface LedgerFacts {
  rows: number;
  accounts: number;
  /** Of the newest row, milliseconds since the epoch; null when there is none. */
  newestAt: number | null;
  /** Debits less credits per currency, minor units. */
  differences: Record<string, string>;
}

/** Counts, the newest row's time and the trial balance of a ledger. */
export function readLedger(config: PlatformConfig, port: number): Promise<LedgerFacts> {
  return withClient(databaseUrl('ledger_readonly', config.secrets.ledgerReadonlyPassword, port, 'ledger'), async client => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const [counts] = (await client.query<{ rows: string; accounts: string; newest: string | null }>(
      `SELECT (SELECT count(*) FROM ledger.journal) AS rows, (SELECT count(*) FROM ledger.accounts) AS accounts,
              (SELECT extract(epoch FROM created_at) * 1000 FROM ledger.journal ORDER BY position DESC LIMIT 1) AS newest`)).rows;
    const totals = (await client.query<{ currency: string; debit_minor: string; credit_minor: string }>('SELECT currency, debit_minor, credit_minor FROM ledger.trial_balance()')).rows;
    return {
      rows: Number(counts!.rows), accounts: Number(counts!.accounts), newestAt: counts!.newest === null ? null : Number(counts!.newest),
      differences: Object.fromEntries(totals.map(one => [one.currency, String(BigInt(one.debit_minor) - BigInt(one.credit_minor))])),
    };
  });
}

/** The ledger's own audit over a database. @throws Error when it could not look */
export function auditLedger(config: PlatformConfig, port: number): Promise<{ passed: number; failed: number; faults: string[] }> {
  const env = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin', LEDGER_ENVIRONMENT: 'local', LEDGER_DATABASE_TLS: 'disable',
    LEDGER_AUDIT_DATABASE_URL: databaseUrl('ledger_readonly', config.secrets.ledgerReadonlyPassword, port, 'ledger'),
  };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ['--disable-warning=ExperimentalWarning', join(config.root, 'ledger/src/audit.ts'), '--json'], { env, cwd: join(config.root, 'ledger'), timeout: AUDIT_TIMEOUT_MS, maxBuffer: OUTPUT_MAX }, (error, stdout, stderr) => {
      // 1: it looked and found a fault, which is an answer too.
      if (error && error.code !== 1) return reject(new Error(stderr.trim() || error.message));
      const { checks } = JSON.parse(stdout) as { checks: { name: string; faults: number; checked: number }[] };
      const faults = checks.filter(one => one.faults > 0);
      resolve({ passed: checks.filter(one => one.faults === 0 && one.checked > 0).length, failed: faults.length, faults: faults.map(one => one.name) });
    });
  });
}
