/** The yardstick: pgbench's TPC-B, as it comes and with every transaction on one branch. */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { BenchServer } from './database.ts';
import { parsePgbench, type PgbenchResult } from './parse.ts';
import { postgresProgram, run } from './processes.ts';

export const scale = 50;
export const clients = 16;
const database = 'tpcb';

/** pgbench's own script, with the branch fixed: every transaction updates the same row. */
const hotScript = `\\set aid random(1, 100000 * :scale)
\\set bid 1
\\set tid random(1, 10 * :scale)
\\set delta random(-5000, 5000)
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :tid;
UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = :bid;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP);
END;
`;

function connection(server: BenchServer): string[] {
  return ['-h', '127.0.0.1', '-p', String(server.postgres.port), '-U', 'postgres'];
}

export async function preparePgbench(server: BenchServer): Promise<void> {
  await server.query('postgres', `CREATE DATABASE ${database}`);
  await run(postgresProgram('pgbench'), ['-i', '-q', '-s', String(scale), ...connection(server), database], 300_000);
  writeFileSync(join(server.folder, 'hot.sql'), hotScript, { mode: 0o644 });
}

/** Throws unless as many rows of history are there as transactions were counted. */
export async function assertPgbench(server: BenchServer, transactions: number): Promise<void> {
  const [row] = await server.query(database, 'SELECT count(*) AS rows FROM pgbench_history');
  if (transactions === 0 || Number(row!['rows']) < transactions) throw new Error(`pgbench counted ${transactions} transactions, its history holds ${String(row!['rows'])}`);
}

export async function runPgbench(server: BenchServer, hot: boolean, seconds: number): Promise<PgbenchResult> {
  const script = hot ? ['-f', join(server.folder, 'hot.sql'), '-s', String(scale)] : ['-b', 'tpcb-like'];
  const threads = Math.min(clients, availableParallelism());
  const output = await run(postgresProgram('pgbench'), [...script, '-n', '-M', 'prepared', '-c', String(clients), '-j', String(threads), '-T', String(seconds), ...connection(server), database], (seconds + 60) * 1000);
  return parsePgbench(output);
}
