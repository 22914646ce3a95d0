/** The databases of the designs, each with the same accounts. */
import { schema as functionSchema } from './baseline/function.ts';
import { schema as usualSchema } from './baseline/usual.ts';
import type { BenchServer } from './database.ts';
import { openAccounts } from './openings.ts';
import { tenant } from './ours.ts';
import { templateDatabase } from '../test/support/postgres.ts';

export const databases = { usual: 'usual', function: 'stored_function', inProcess: 'ledger_in_process', http: 'ledger_http' } as const;
/** Whom everybody pays in the hot variants. Payers are acct-1 to acct-<accounts>. */
export const merchant = 'merchant-1';
/** So low that no payer of a run reaches it; every payment is checked against it. */
const floorMinor = -1_000_000_000_000_000n;

/** `acct-1` … `acct-<count>` and the merchant, as a set. */
const ids = (count: number) => `(SELECT 'acct-' || n AS id FROM generate_series(1, ${count}) AS n UNION ALL SELECT '${merchant}') AS ids`;

/**
 * The baselines' empty tables are left alone: one that was vacuumed while empty counts as empty, and every plan that a session
 * keeps would read it from end to end as it grows.
 */
export async function loadBaselines(server: BenchServer, parts: { usual: boolean; function: boolean }, count: number): Promise<void> {
  if (parts.usual) {
    await server.query('postgres', `CREATE DATABASE ${databases.usual}`);
    await server.query(databases.usual, usualSchema);
    await server.query(databases.usual, `INSERT INTO accounts (id, owner, currency, min_balance) SELECT id, 'bench', 'USD', ${floorMinor} FROM ${ids(count)}`);
    await server.query(databases.usual, 'VACUUM ANALYZE accounts');
  }
  if (parts.function) {
    await server.query('postgres', `CREATE DATABASE ${databases.function}`);
    await server.query(databases.function, functionSchema);
    await server.query(databases.function, `INSERT INTO accounts (id, currency, min_available) SELECT id, 'USD', ${floorMinor} FROM ${ids(count)}`);
    await server.query(databases.function, 'VACUUM ANALYZE accounts');
  }
}

export async function loadLedger(server: BenchServer, count: number): Promise<void> {
  await server.query('postgres', `CREATE DATABASE ${databases.inProcess} TEMPLATE ${templateDatabase} OWNER ledger_owner`);
  const ids = [...Array.from({ length: count }, (_, index) => `acct-${index + 1}`), merchant];
  await openAccounts(server.postgres.url('ledger_app', databases.inProcess), tenant, ids, floorMinor);
  await server.query(databases.inProcess, 'VACUUM ANALYZE');
  // Copied through the log, not file by file: that would be a checkpoint.
  await server.query('postgres', `CREATE DATABASE ${databases.http} TEMPLATE ${databases.inProcess} OWNER ledger_owner`);
}
