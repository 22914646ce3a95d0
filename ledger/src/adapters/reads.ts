/** The reads of the API, each for one tenant under row-level security, and the few that look at the whole ledger. */
import type { RowRef } from '../domain/model.ts';

export interface Statement {
  name: string;
  text: string;
  values: unknown[];
}

/** More than any version or position. */
const beyondAll = 2n ** 63n - 1n;

/** Column `account`: the array of ledger.account_json. */
export function selectAccount(tenant: string, id: string): Statement {
  return { name: 'select_account', text: 'SELECT ledger.account_json(a) AS account FROM ledger.accounts a WHERE a.tenant = $1 AND a.id = $2', values: [tenant, id] };
}

/** The leg that made an account's version; no row: there is none, or the account is another tenant's. Version 0 is before the first. */
export function selectBalanceAtVersion(number: string, version: number): Statement {
  const text = `
SELECT debit_balance_minor AS balance_minor, debit_version AS version, created_at FROM ledger.journal WHERE debit = $1 AND debit_version = $2
UNION ALL
SELECT credit_balance_minor, credit_version, created_at FROM ledger.journal WHERE credit = $1 AND credit_version = $2`;
  return { name: 'select_balance_at_version', text, values: [number, version] };
}

/**
 * The last leg until a time of the ledger's own clock. Batches are in order of time, and an account's versions, which have no gap, in
 * order of batches: halving finds the version in a few dozen looks, however many entries there have been since.
 */
export function selectBalanceAtTime(number: string, at: string): Statement {
  const text = `
WITH RECURSIVE place AS (SELECT first_position + count - 1 AS position FROM ledger.chain WHERE at <= $2::timestamptz ORDER BY at DESC LIMIT 1),
search AS (
  SELECT 0::bigint AS low, a.version AS high FROM ledger.accounts a, place WHERE a.number = $1
  UNION ALL
  SELECT CASE WHEN j.position <= p.position THEN s.middle ELSE s.low END, CASE WHEN j.position <= p.position THEN s.high ELSE s.middle - 1 END
    FROM (SELECT low, high, (low + high + 1) / 2 AS middle FROM search WHERE low < high) s
   CROSS JOIN place p
   CROSS JOIN LATERAL (SELECT position FROM ledger.journal WHERE debit = $1 AND debit_version = s.middle
                       UNION ALL SELECT position FROM ledger.journal WHERE credit = $1 AND credit_version = s.middle) j
)
SELECT debit_balance_minor AS balance_minor, debit_version AS version, created_at FROM ledger.journal WHERE debit = $1 AND debit_version = (SELECT low FROM search WHERE low = high)
UNION ALL
SELECT credit_balance_minor, credit_version, created_at FROM ledger.journal WHERE credit = $1 AND credit_version = (SELECT low FROM search WHERE low = high)`;
  return { name: 'select_balance_at_time', text, values: [number, at] };
}

/** What the posted balance was at a time of the business: the sum of everything effective until then, whenever it was recorded. */
export function selectBalanceEffectiveAt(tenant: string, id: string, at: string): Statement {
  return {
    name: 'select_balance_effective_at',
    text: 'SELECT coalesce(sum(change_minor), 0) AS balance_minor, max(version) AS version FROM ledger.entries WHERE tenant = $1 AND account_id = $2 AND effective_at <= $3::timestamptz',
    values: [tenant, id, at],
  };
}

/** Newest first. Pages by version, which never changes: a page stays the same while new entries arrive. */
export function selectEntries(number: string, below: bigint | null, limit: number): Statement {
  const side = (direction: 'debit' | 'credit', other: 'debit' | 'credit') => `
  (SELECT j.position, j.created_at, j.effective_at, j.kind, j.leg, '${direction}' AS direction, j.amount_minor, j.${direction}_balance_minor AS balance_minor, j.${direction}_version AS version,
          j.${other} AS other, j.description, j.payment
     FROM ledger.journal j WHERE j.${direction} = $1 AND j.${direction}_version < $2 ORDER BY j.${direction}_version DESC LIMIT $3)`;
  const text = `
SELECT s.*, (extract(epoch FROM s.created_at) * 1000000)::bigint AS at_us, (extract(epoch FROM s.effective_at) * 1000000)::bigint AS effective_at_us, o.id AS other_id
  FROM (${side('debit', 'credit')} UNION ALL ${side('credit', 'debit')}) s JOIN ledger.accounts o ON o.number = s.other
 ORDER BY s.version DESC LIMIT $3`;
  return { name: 'select_entries', text, values: [number, (below ?? beyondAll).toString(), limit] };
}

/** Column `row`: the object of ledger.row_json. Rows of other histories at the same place are for the caller to leave out. */
export function selectRows(tenant: string, refs: readonly RowRef[]): Statement {
  const text = `
SELECT ledger.row_json(j, d.id, d.currency, c.id, NULL) AS row
  FROM ledger.journal j JOIN ledger.accounts d ON d.number = j.debit JOIN ledger.accounts c ON c.number = j.credit
 WHERE j.tenant = $1 AND j.position = ANY ($2::bigint[])`;
  return { name: 'select_rows', text, values: [tenant, refs.map(ref => ref.position.toString())] };
}

/**
 * All rows of the command that the row at this place belongs to. Leg by leg and by equality: a range whose end is computed could not be
 * looked up before row-level security has seen each row, which is a walk to the end of the journal.
 */
export function selectCommand(tenant: string, position: bigint): Statement {
  const text = `
SELECT r.row
  FROM ledger.journal f CROSS JOIN LATERAL generate_series(f.position, f.position + f.legs - 1) AS s (position)
 CROSS JOIN LATERAL (SELECT ledger.row_json(j, d.id, d.currency, c.id, NULL) AS row
                       FROM ledger.journal j JOIN ledger.accounts d ON d.number = j.debit JOIN ledger.accounts c ON c.number = j.credit WHERE j.position = s.position OFFSET 0) r
 WHERE f.tenant = $1 AND f.position = $2 AND f.leg = 0 ORDER BY s.position`;
  return { name: 'select_command', text, values: [tenant, position.toString()] };
}

const ofHold = 'p.captured_minor, p.released_minor, p.refunded_minor, p.expires_at <= clock_timestamp() AS expired';
const heldRow = `SELECT ledger.row_json(j, d.id, d.currency, c.id, NULL) AS row
    FROM ledger.journal j JOIN ledger.accounts d ON d.number = j.debit JOIN ledger.accounts c ON c.number = j.credit WHERE j.position = p.position AND j.kind = 'hold'`;

export function selectHold(tenant: string, position: bigint): Statement {
  return { name: 'select_hold', text: `SELECT h.row, ${ofHold} FROM ledger.payments p CROSS JOIN LATERAL (${heldRow}) h WHERE p.tenant = $1 AND p.position = $2`, values: [tenant, position.toString()] };
}

/**
 * Holds on an account's money, newest first. The page is chosen before anything is looked up for it, and each row of it by its
 * position (OFFSET 0 keeps the planner from walking over the journal beside the page).
 */
export function selectHolds(tenant: string, debitNumber: string, open: boolean | null, below: bigint | null, limit: number): Statement {
  const text = `
SELECT h.row, ${ofHold}
  FROM (SELECT * FROM ledger.payments
         WHERE tenant = $1 AND debit = $2 AND expires_at IS NOT NULL -- only a hold has a time
           AND ($3::boolean IS NULL OR $3 = (captured_minor + released_minor < authorised_minor)) AND position < $4
         ORDER BY position DESC LIMIT $5) p
 CROSS JOIN LATERAL (${heldRow} OFFSET 0) h
 ORDER BY p.position DESC`;
  return { name: 'select_holds', text, values: [tenant, debitNumber, open, (below ?? beyondAll).toString(), limit] };
}

/**
 * The textbook trial balance of a tenant: each account's balance in its column, a negative one in the other. From the accounts,
 * not the journal: it costs one pass over the accounts however long the journal is. The audit sums the journal itself.
 */
export function selectTrialBalance(tenant: string): Statement {
  const text = `
SELECT c.code AS currency,
       coalesce(sum(abs(a.posted_minor::numeric)) FILTER (WHERE a.debit_normal = (a.posted_minor > 0)), 0) AS debit_minor,
       coalesce(sum(abs(a.posted_minor::numeric)) FILTER (WHERE a.debit_normal <> (a.posted_minor > 0)), 0) AS credit_minor,
       clock_timestamp() AS at
  FROM ledger.currencies c LEFT JOIN ledger.accounts a ON a.currency = c.code AND a.tenant = $1
 GROUP BY c.code ORDER BY c.code`;
  return { name: 'select_trial_balance', text, values: [tenant] };
}

/** The same over all tenants. */
export function selectWholeTrialBalance(): Statement {
  return { name: 'select_whole_trial_balance', text: 'SELECT * FROM ledger.trial_balance()', values: [] };
}

/** The end of the chain: what an auditor notes down elsewhere. */
export function selectHead(): Statement {
  const text = "SELECT n, position, (extract(epoch FROM at) * 1000000)::bigint AS at_us, totals, encode(hash, 'hex') AS hash FROM ledger.head";
  return { name: 'select_head', text, values: [] };
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

/** The next holds whose time has passed. */
export function selectDueHolds(limit: number): Statement {
  return { name: 'select_due_holds', text: 'SELECT tenant, position, at_us FROM ledger.due_holds($1)', values: [limit] };
}

/** Column `epoch`: null while another one has the lease. */
export function takeLease(name: string, holder: string, ttlMs: number): Statement {
  return { name: 'take_lease', text: 'SELECT ledger.take_lease($1, $2, $3) AS epoch, clock_timestamp() AS at', values: [name, holder, ttlMs] };
}

export function giveUpLease(name: string, holder: string): Statement {
  return { name: 'give_up_lease', text: 'SELECT ledger.give_up_lease($1, $2)', values: [name, holder] };
}
