/** The server that every variant writes to: one PostgreSQL of its own, as safe as in production. */
import { chmodSync, mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createServerIn, type PostgresServer } from '../test/support/postgres.ts';
import { diskFolder } from './machine.ts';

/** What must be so for a figure to be worth printing. `wal_level` and the rest are the server's defaults. */
const required: Record<string, string> = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on' };

export interface BenchServer {
  postgres: PostgresServer;
  folder: string;
  pid: number;
  version: string;
  settings: Record<string, string>;
  /** One statement as the superuser on a connection of its own; rows of the last one. */
  query(database: string, sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  remove(): Promise<void>;
}

/** Makes and starts it. The caller removes it. `onFolder` is told of the folder before anything is in it. */
export async function createBenchServer(onFolder: (folder: string) => void): Promise<BenchServer> {
  const folder = mkdtempSync(join(diskFolder(), 'airpay-ledger-bench-'));
  onFolder(folder);
  chmodSync(folder, 0o711); // the server may run as another user inside it
  const bufferMb = Math.min(4096, Math.floor(totalmem() / 2 ** 20 / 4));
  const settings = {
    ...required,
    shared_buffers: `${bufferMb}MB`,
    // No checkpoint between the loading of the tables and the end of a short run: it, and the whole pages that follow it in
    // the log, would fall on whoever has the turn. So all are measured as they are for most of the time between two of them.
    max_wal_size: '16GB',
    min_wal_size: '4GB', // what recycleLog leaves stays
    checkpoint_timeout: '1h',
    max_connections: '200',
    log_min_messages: 'fatal',
  };
  const postgres = await createServerIn(join(folder, 'server'), settings);
  const remove = async () => {
    await postgres.remove();
    await rm(folder, { recursive: true, force: true });
  };
  const query = (database: string, sql: string, values?: unknown[]) => oneStatement(postgres.url('postgres', database), sql, values);
  try {
    const [compression] = await query('postgres', `SELECT 'lz4' = ANY (enumvals) AS lz4, current_setting('server_version') AS version FROM pg_settings WHERE name = 'wal_compression'`);
    if (compression?.['lz4']) {
      await query('postgres', `ALTER SYSTEM SET wal_compression = 'lz4'`);
      await query('postgres', 'SELECT pg_reload_conf()');
    }
    await recycleLog(query);
    const pid = Number(readFileSync(join(folder, 'server/data/postmaster.pid'), 'utf8').split('\n')[0]);
    return { postgres, folder, pid, version: String(compression?.['version']), settings: { ...settings, wal_compression: compression?.['lz4'] ? 'lz4' : 'off' }, query, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** 16 MB each; what a short run writes. */
const logSegments = 160;

/**
 * A server that has been up for a while writes its log into old segments. A new one makes and fills each first, some milliseconds in
 * which nobody commits, again and again in proportion to how much a design writes per second: it would be the tail of the
 * fast ones. So the segments are there before anything is loaded.
 */
async function recycleLog(query: BenchServer['query']): Promise<void> {
  for (let segment = 0; segment < logSegments; segment++) await query('postgres', "SELECT pg_logical_emit_message(false, 'bench', 'x'), pg_switch_wal()");
  await query('postgres', 'CHECKPOINT');
}

async function oneStatement(url: string, sql: string, values?: unknown[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 300_000 });
  client.on('error', () => undefined); // the statement under way fails, which says it
  await client.connect();
  try {
    const result = await client.query(sql, values);
    return [result].flat().at(-1)?.rows ?? [];
  } finally {
    await client.end();
  }
}

/** Throws unless a session of this role in this database commits durably: settings of a role or a database override the server's. */
export async function assertDurable(server: BenchServer, role: string, database: string): Promise<void> {
  for (const [name, wanted] of Object.entries(required)) {
    const [row] = await oneStatement(server.postgres.url(role, database), `SELECT current_setting('${name}') AS value`);
    if (row?.['value'] !== wanted) throw new Error(`${name} is ${String(row?.['value'])} for ${role} in ${database}, not ${wanted}: no figure is worth printing`);
  }
}

/** Checkpoints since the server began. */
export async function checkpoints(server: BenchServer): Promise<number> {
  const [row] = await server.query('postgres', 'SELECT checkpoints_timed + checkpoints_req AS count FROM pg_stat_bgwriter');
  return Number(row!['count']);
}

/** How often the log was flushed to disk so far. Statistics arrive up to a second late. */
export async function walSyncs(server: BenchServer): Promise<number> {
  const [row] = await server.query('postgres', 'SELECT wal_sync FROM pg_stat_wal');
  return Number(row!['wal_sync']);
}
