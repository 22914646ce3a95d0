/** The databases of the designs, each with the same accounts. */
import { schema as functionSchema } from './baseline/function.ts';
import { schema as usualSchema } from './baseline/usual.ts';
import type { BenchServer } from './database.ts';
import { tenant } from './ours.ts';
import { templateDatabase } from '../test/support/postgres.ts';

export const databases = { usual: 'usual', function: 'stored_function', inProcess: 'ledger_in_process', http: 'ledger_http' } as const;
/** Whom everybody pays in the hot variants. Payers are acct-1 to acct-<accounts>. */
export const merchant = 'merchant-1';
/** So low that no payer of a run reaches it; every payment is checked against it. */
const floorMinor = -1_000_000_000_000_000n;

/** `acct-1` … `acct-<count>` and the merchant, as a set. */
const ids = (count: number) => `(SELECT 'acct-' || n AS id FROM generate_series(1, ${count}) AS n UNION ALL SELECT '${merchant}') AS ids`;

export async function loadAccounts(server: BenchServer, parts: { usual: boolean; function: boolean; ledger: boolean }, count: number): Promise<void> {
  if (parts.usual) {
    await server.query('postgres', `CREATE DATABASE ${databases.usual}`);
    await server.query(databases.usual, usualSchema);
    await server.query(databases.usual, `INSERT INTO accounts (id, owner, currency, min_balance) SELECT id, 'bench', 'USD', ${floorMinor} FROM ${ids(count)}`);
    await server.query(databases.usual, 'VACUUM ANALYZE');
  }
  if (parts.function) {
    await server.query('postgres', `CREATE DATABASE ${databases.function}`);
    await server.query(databases.function, functionSchema);
    await server.query(databases.function, `INSERT INTO accounts (id, currency, min_available) SELECT id, 'USD', ${floorMinor} FROM ${ids(count)}`);
    await server.query(databases.function, 'VACUUM ANALYZE');
  }
  if (parts.ledger) await loadLedger(server, count);
}

/**
 * A million openings through the API would take longer than everything else together, so accounts are put into the table
 * directly, by the one role that may switch the guard off (a superuser). Their balances begin at zero, as opened ones do. What
 * is measured afterwards goes through the ledger alone.
 */
async function loadLedger(server: BenchServer, count: number): Promise<void> {
  await server.query('postgres', `CREATE DATABASE ${databases.inProcess} TEMPLATE ${templateDatabase} OWNER ledger_owner`);
  await server.query(
    databases.inProcess,
    `BEGIN;
     SET LOCAL ledger.appending = 'on';
     INSERT INTO ledger.accounts (tenant, id, owner, currency, type, min_available_minor, created_at)
     SELECT '${tenant}', id, 'bench', 'USD', 'liability', ${floorMinor}, clock_timestamp() FROM ${ids(count)};
     COMMIT`,
  );
  await server.query(databases.inProcess, 'VACUUM ANALYZE');
  // Copied through the log, not file by file: that would be a checkpoint.
  await server.query('postgres', `CREATE DATABASE ${databases.http} TEMPLATE ${databases.inProcess} OWNER ledger_owner`);
}
