/**
 * The audit: what must be true of the whole journal, asked of the journal itself. The database refuses each of
 * these faults when it is written; the audit trusts nothing and reads everything.
 */

export interface Check {
  name: string;
  /** What holds when it passes. */
  claim: string;
  /** Counts what it looked at: a check that saw nothing has proven nothing. */
  countSql: string;
  /** One row per fault, told in column `fault`; `total` is their number. */
  faultSql: string;
}

export interface CheckResult {
  name: string;
  claim: string;
  checked: number;
  faults: number;
  /** The first few, in words. */
  examples: string[];
}

/** The part of a connection that is needed; the caller holds one snapshot for all checks. */
export interface Reader {
  query(sql: string): Promise<{ rows: Record<string, unknown>[] }>;
}

const examplesMax = 10;
const delta = "CASE WHEN (e.direction = 'debit') = a.debit_normal THEN e.amount_minor ELSE -e.amount_minor END::numeric";
const allEntries = 'SELECT count(*) FROM ledger.entries';
const allTransfers = 'SELECT count(*) FROM ledger.transfers';
const allAccounts = 'SELECT count(*) FROM ledger.accounts';

export const checks: readonly Check[] = [
  {
    name: 'zero-sum',
    claim: 'debits equal credits in every currency',
    countSql: allEntries,
    faultSql: `SELECT format('%s: debits minus credits is %s', currency, difference) AS fault
      FROM (SELECT currency, sum(CASE direction WHEN 'debit' THEN amount_minor ELSE -amount_minor END::numeric) AS difference FROM ledger.entries GROUP BY currency) s
     WHERE difference <> 0`,
  },
  {
    name: 'two-legs',
    claim: 'every transfer has exactly the two legs that its header names',
    countSql: allTransfers,
    faultSql: `SELECT format('%s has %s legs, %s of them right', t.id, count(e.transfer_id), count(*) FILTER (WHERE e.amount_minor = t.amount_minor AND e.currency = t.currency AND (
               (e.direction = 'debit' AND e.account_id = t.debit_account_id AND e.version = t.debit_version) OR
               (e.direction = 'credit' AND e.account_id = t.credit_account_id AND e.version = t.credit_version)))) AS fault
      FROM ledger.transfers t LEFT JOIN ledger.entries e ON e.transfer_id = t.id
     GROUP BY t.id
    HAVING count(e.transfer_id) <> 2 OR count(*) FILTER (WHERE e.amount_minor = t.amount_minor AND e.currency = t.currency AND (
               (e.direction = 'debit' AND e.account_id = t.debit_account_id AND e.version = t.debit_version) OR
               (e.direction = 'credit' AND e.account_id = t.credit_account_id AND e.version = t.credit_version))) <> 2`,
  },
  {
    name: 'balance-is-sum',
    claim: 'every balance is the sum of its entries, every version their number',
    countSql: allAccounts,
    faultSql: `SELECT format('%s holds %s at version %s, its entries make %s at %s', a.id, a.posted_minor, a.version, coalesce(s.total, 0), coalesce(s.entries, 0)) AS fault
      FROM ledger.accounts a LEFT JOIN (
        SELECT e.account_id, sum(${delta}) AS total, count(*) AS entries FROM ledger.entries e JOIN ledger.accounts a ON a.id = e.account_id GROUP BY e.account_id
      ) s ON s.account_id = a.id
     WHERE a.posted_minor <> coalesce(s.total, 0) OR a.version <> coalesce(s.entries, 0)`,
  },
  {
    name: 'gap-free',
    claim: "every account's versions run from 1 without a gap",
    countSql: allAccounts,
    faultSql: `SELECT format('%s has %s entries from version %s to %s', account_id, count(*), min(version), max(version)) AS fault
      FROM ledger.entries GROUP BY account_id HAVING min(version) <> 1 OR max(version) <> count(*)`,
  },
  {
    name: 'running-balance',
    claim: 'every entry continues the balance of the one before',
    countSql: allEntries,
    faultSql: `SELECT format('%s version %s: %s does not follow from %s', account_id, version, balance_minor, previous) AS fault
      FROM (SELECT e.account_id, e.version, e.balance_minor, ${delta} AS delta,
                   coalesce(lag(e.balance_minor) OVER (PARTITION BY e.account_id ORDER BY e.version), 0)::numeric AS previous
              FROM ledger.entries e JOIN ledger.accounts a ON a.id = e.account_id) w
     WHERE balance_minor <> previous + delta`,
  },
  {
    name: 'floor',
    claim: 'no account was ever below its floor, after any entry',
    countSql: allEntries,
    faultSql: `SELECT format('%s was at %s after version %s, its floor is %s', a.id, e.balance_minor, e.version, a.min_available_minor) AS fault
      FROM ledger.entries e JOIN ledger.accounts a ON a.id = e.account_id WHERE e.balance_minor < a.min_available_minor`,
  },
  {
    name: 'one-currency',
    claim: "every entry is in its account's and its transfer's currency",
    countSql: allEntries,
    faultSql: `SELECT format('%s version %s is in %s', e.account_id, e.version, e.currency) AS fault
      FROM ledger.entries e LEFT JOIN ledger.accounts a ON a.id = e.account_id LEFT JOIN ledger.transfers t ON t.id = e.transfer_id
     WHERE e.currency IS DISTINCT FROM a.currency OR e.currency IS DISTINCT FROM t.currency`,
  },
  {
    name: 'one-key',
    claim: 'every transfer was made under exactly one idempotency key, and every stored success has its transfer',
    countSql: allTransfers,
    faultSql: `SELECT format('%s: %s keys, %s', coalesce(t.id, k.resource_id), count(k.key), CASE WHEN t.id IS NULL THEN 'no transfer' ELSE 'one transfer' END) AS fault
      FROM ledger.transfers t FULL JOIN (SELECT * FROM ledger.idempotency_keys WHERE resource_id LIKE 'tr\\_%') k ON k.resource_id = t.id
     GROUP BY t.id, k.resource_id HAVING t.id IS NULL OR count(k.key) <> 1`,
  },
];

/** Runs all checks one after another. Throws what the database throws. */
export async function runChecks(reader: Reader): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const { name, claim, countSql, faultSql } of checks) {
    const counted = await reader.query(countSql);
    const found = await reader.query(`SELECT fault, count(*) OVER () AS total FROM (${faultSql}) faults LIMIT ${examplesMax}`);
    results.push({
      name,
      claim,
      checked: Number(counted.rows[0]?.['count']),
      faults: Number(found.rows[0]?.['total'] ?? 0),
      examples: found.rows.map(row => String(row['fault'])),
    });
  }
  return results;
}
