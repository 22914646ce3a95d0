/**
 * Every SQL statement of the service, with the mapping of its rows. Named statements are planned once per connection.
 * bigint columns arrive as strings from the driver and become bigint here, nowhere else.
 */
import type { Account, AccountType, Direction, Leg } from '../domain/transfer.ts';
import type { CurrencyTotals, Entry, Transfer } from '../domain/wire.ts';

export interface Statement {
  name: string;
  text: string;
  values: unknown[];
}

/** What comes back from the driver: column -> value. */
export type Row = Record<string, unknown>;

export interface StoredAnswer {
  requestHash: Buffer;
  status: number;
  body: string;
}

export interface Locked {
  /** The database's clock, read once the locks were held. */
  at: Date;
  stored: StoredAnswer | undefined;
  accounts: Map<string, Account>;
}

/** See the function in migrations/000001_init.sql: serialise the key, find its answer, else lock in id order. */
export function lockForPosting(client: string, key: string, accountIds: string[]): Statement {
  return { name: 'lock_for_posting', text: 'SELECT * FROM ledger.lock_for_posting($1, $2, $3)', values: [client, key, accountIds] };
}

export function toLocked(rows: Row[]): Locked {
  const [first, last] = [rows[0], rows.at(-1)];
  if (!first || !last) throw new Error('lock_for_posting returned no row');
  const stored = first['stored_status'] === null ? undefined : toStored(first);
  const accounts = rows.filter(row => row['id'] !== null).map(toAccount);
  return { at: last['at'] as Date, stored, accounts: new Map(accounts.map(account => [account.id, account])) };
}

function toStored(row: Row): StoredAnswer {
  return { requestHash: row['stored_hash'] as Buffer, status: row['stored_status'] as number, body: row['stored_body'] as string };
}

export interface Answer {
  status: number;
  body: string;
  resourceId: string | null;
}

/**
 * One statement for the whole effect: both balances, the transfer, both entries and the answer to replay, so a
 * transfer is one round trip between lock and commit. The versions are compared although the rows are locked: if
 * a later change of the locking were wrong, `moved` would not be 2 and the transaction would be given up.
 */
export function writeTransfer(transfer: Transfer, legs: [Leg, Leg], client: string, key: string, requestHash: Buffer, answer: Answer): Statement {
  const text = `
WITH moved AS (
  UPDATE ledger.accounts a SET posted_minor = leg.balance, version = leg.version
    FROM (VALUES ($2, $4::bigint, $5::bigint), ($3, $6::bigint, $7::bigint)) AS leg (account_id, balance, version)
   WHERE a.id = leg.account_id AND a.version = leg.version - 1
  RETURNING 1
), header AS (
  INSERT INTO ledger.transfers (id, debit_account_id, credit_account_id, debit_version, credit_version, amount_minor, currency, description, metadata, region, created_at)
  VALUES ($1, $2, $3, $5, $7, $8::bigint, $9, $10, $11, $12, $13::timestamptz)
), legs AS (
  INSERT INTO ledger.entries (account_id, version, transfer_id, direction, amount_minor, currency, balance_minor, created_at)
  VALUES ($2, $5, $1, 'debit', $8, $9, $4, $13), ($3, $7, $1, 'credit', $8, $9, $6, $13)
), answer AS (
  INSERT INTO ledger.idempotency_keys (client, key, request_hash, status, body, resource_id)
  VALUES ($14, $15, $16, $17, $18, $1)
)
SELECT count(*)::int AS moved FROM moved`;
  const [debit, credit] = legs;
  return {
    name: 'write_transfer',
    text,
    values: [
      transfer.id, debit.accountId, credit.accountId, debit.balanceMinor, debit.version, credit.balanceMinor, credit.version,
      transfer.amountMinor, transfer.currency, transfer.description, JSON.stringify(transfer.metadata), transfer.region, transfer.createdAt,
      client, key, requestHash, answer.status, answer.body,
    ],
  };
}

/** For answers without a movement of money: refusals and accounts. */
export function storeAnswer(client: string, key: string, requestHash: Buffer, answer: Answer): Statement {
  return {
    name: 'store_answer',
    text: 'INSERT INTO ledger.idempotency_keys (client, key, request_hash, status, body, resource_id) VALUES ($1, $2, $3, $4, $5, $6)',
    values: [client, key, requestHash, answer.status, answer.body, answer.resourceId],
  };
}

const accountColumns = 'id, owner, currency, type, min_available_minor, posted_minor, pending_minor, version, created_at';

export interface NewAccount {
  id: string;
  owner: string;
  currency: string;
  type: AccountType;
  minAvailableMinor: bigint | null;
}

/** No row comes back when the id is taken: the caller then reads whose it is. Waits for one being made right now. */
export function insertAccount(account: NewAccount): Statement {
  return {
    name: 'insert_account',
    text: `INSERT INTO ledger.accounts (id, owner, currency, type, min_available_minor) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING RETURNING ${accountColumns}`,
    values: [account.id, account.owner, account.currency, account.type, account.minAvailableMinor],
  };
}

export function selectAccount(id: string): Statement {
  return { name: 'select_account', text: `SELECT ${accountColumns} FROM ledger.accounts WHERE id = $1`, values: [id] };
}

export function toAccount(row: Row): Account {
  return {
    id: row['id'] as string,
    owner: row['owner'] as string,
    currency: row['currency'] as string,
    type: row['type'] as AccountType,
    minAvailableMinor: row['min_available_minor'] === null ? null : toBigint(row['min_available_minor']),
    postedMinor: toBigint(row['posted_minor']),
    pendingMinor: toBigint(row['pending_minor']),
    version: toBigint(row['version']),
    createdAt: row['created_at'] as Date,
  };
}

export function selectTransfers(ids: string[]): Statement {
  return {
    name: 'select_transfers',
    text: `SELECT id, debit_account_id, credit_account_id, amount_minor, currency, description, metadata, created_at, debit_version, credit_version, region
             FROM ledger.transfers WHERE id = ANY ($1)`,
    values: [ids],
  };
}

export function toTransfer(row: Row): Transfer {
  return {
    id: row['id'] as string,
    debitAccountId: row['debit_account_id'] as string,
    creditAccountId: row['credit_account_id'] as string,
    amountMinor: toBigint(row['amount_minor']),
    currency: row['currency'] as string,
    description: row['description'] as string | null,
    metadata: row['metadata'] as Record<string, string>,
    createdAt: row['created_at'] as Date,
    debitVersion: toBigint(row['debit_version']),
    creditVersion: toBigint(row['credit_version']),
    region: row['region'] as string,
  };
}

/** Newest first. Pages by version, which never changes: a page stays the same while new entries arrive. */
export function selectEntries(accountId: string, below: bigint | null, limit: number): Statement {
  return {
    name: 'select_entries',
    text: `SELECT transfer_id, direction, amount_minor, currency, balance_minor, version, created_at
             FROM ledger.entries WHERE account_id = $1 AND version < coalesce($2::bigint, 9223372036854775807)
            ORDER BY version DESC LIMIT $3`,
    values: [accountId, below, limit],
  };
}

export function toEntry(row: Row): Entry {
  return {
    transferId: row['transfer_id'] as string,
    direction: row['direction'] as Direction,
    amountMinor: toBigint(row['amount_minor']),
    currency: row['currency'] as string,
    balanceMinor: toBigint(row['balance_minor']),
    version: toBigint(row['version']),
    createdAt: row['created_at'] as Date,
  };
}

/**
 * The textbook trial balance: each account's balance in its column, a negative one in the other. From the
 * accounts, not the entries: it costs one pass over the accounts however long the journal is, and the
 * database holds each account to its entries. `node src/audit.ts` sums the journal itself.
 */
export function selectTrialBalance(): Statement {
  const text = `
SELECT c.code AS currency,
       coalesce(sum(abs(a.posted_minor::numeric)) FILTER (WHERE a.debit_normal = (a.posted_minor > 0)), 0) AS debit_minor,
       coalesce(sum(abs(a.posted_minor::numeric)) FILTER (WHERE a.debit_normal <> (a.posted_minor > 0)), 0) AS credit_minor,
       clock_timestamp() AS at
  FROM ledger.currencies c LEFT JOIN ledger.accounts a ON a.currency = c.code
 GROUP BY c.code ORDER BY c.code`;
  return { name: 'select_trial_balance', text, values: [] };
}

export function toTotals(row: Row): CurrencyTotals {
  return { currency: row['currency'] as string, debitMinor: toBigint(row['debit_minor']), creditMinor: toBigint(row['credit_minor']) };
}

/** Can this server take a payment, and which migrations does it have? */
export function selectReadiness(): Statement {
  return {
    name: 'select_readiness',
    text: `SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS read_only,
                  (SELECT json_agg(json_build_object('version', version, 'breaking', breaking)) FROM ledger.schema_migrations) AS migrations`,
    values: [],
  };
}

function toBigint(value: unknown): bigint {
  if (typeof value !== 'string') throw new TypeError(`expected digits from the database, got ${typeof value}`);
  return BigInt(value);
}
