/** What the database refuses on its own, whoever writes: the service's role, the owner, a person with psql. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, test } from 'node:test';
import { createDatabase, type TestDatabase } from './support/ledger.ts';
import { currencies, exponentOf } from '../src/domain/money.ts';
import { uuidv7 } from '../src/domain/ids.ts';

let database: TestDatabase;
before(async () => {
  database = await createDatabase();
  await database.as('ledger_app', `INSERT INTO ledger.accounts (id, owner, currency, type, min_available_minor) VALUES ('a', 'x', 'USD', 'liability', 0), ('b', 'x', 'USD', 'liability', 0), ('e', 'x', 'EUR', 'liability', 0)`);
});

interface Legs {
  /** account, version, direction, amount, currency, balance after */
  entries: [string, number, string, number, string, number][];
  /** account, posted, version */
  accounts: [string, number, number][];
  header?: { debit?: string; credit?: string; amount?: number; currency?: string; debitVersion?: number };
}

/** A transfer written by hand in one transaction, as a person or another program would. */
function write({ entries, accounts, header }: Legs, role: 'ledger_app' | 'ledger_owner' = 'ledger_app'): Promise<unknown> {
  const id = `tr_${uuidv7(Date.now(), Buffer.from(randomUUID().replaceAll('-', ''), 'hex').subarray(0, 10))}`;
  const { debit = 'cash-clearing:usd', credit = 'a', amount = 100, currency = 'USD', debitVersion = 1 } = header ?? {};
  return database.as(role, [
    'BEGIN',
    `INSERT INTO ledger.transfers (id, debit_account_id, credit_account_id, debit_version, credit_version, amount_minor, currency, region, created_at) VALUES ('${id}', '${debit}', '${credit}', ${debitVersion}, 1, ${amount}, '${currency}', 'r', now())`,
    ...entries.map(([account, version, direction, minor, code, balance]) => `INSERT INTO ledger.entries (account_id, version, transfer_id, direction, amount_minor, currency, balance_minor, created_at) VALUES ('${account}', ${version}, '${id}', '${direction}', ${minor}, '${code}', ${balance}, now())`),
    ...accounts.map(([account, posted, version]) => `UPDATE ledger.accounts SET posted_minor = ${posted}, version = ${version} WHERE id = '${account}'`),
    'COMMIT',
  ].join(';\n'));
}

const cash = 'cash-clearing:usd';
const good: Legs = { entries: [[cash, 1, 'debit', 100, 'USD', 100], ['a', 1, 'credit', 100, 'USD', 100]], accounts: [[cash, 100, 1], ['a', 100, 1]] };

const refused: [string, Legs, string][] = [
  ['one leg', { ...good, entries: [good.entries[0]!], accounts: [[cash, 100, 1]] }, 'transfers_balanced'],
  ['no leg', { entries: [], accounts: [] }, 'transfers_balanced'],
  ['legs of different amounts', { ...good, entries: [good.entries[0]!, ['a', 1, 'credit', 99, 'USD', 99]], accounts: [[cash, 100, 1], ['a', 99, 1]] }, 'transfers_balanced'],
  ['two debits', { ...good, entries: [good.entries[0]!, ['a', 1, 'debit', 100, 'USD', -100]], accounts: [[cash, 100, 1], ['a', 0, 0]] }, 'transfers_balanced'],
  ['a third leg', { entries: [...good.entries, ['b', 1, 'credit', 100, 'USD', 100]], accounts: [...good.accounts, ['b', 100, 1]] }, 'transfers_balanced'],
  ['legs that differ from the header', { ...good, header: { amount: 1 } }, 'transfers_balanced'],
  ['a leg in another currency than its account', { entries: [good.entries[0]!, ['e', 1, 'credit', 100, 'USD', 100]], accounts: [[cash, 100, 1], ['e', 100, 1]], header: { credit: 'e' } }, 'entries_account_id_currency_fkey'],
  ['two currencies', { entries: [good.entries[0]!, ['e', 1, 'credit', 100, 'EUR', 100]], accounts: [[cash, 100, 1], ['e', 100, 1]], header: { credit: 'e' } }, 'transfers_balanced'],
  ['both legs on one account', { entries: [], accounts: [], header: { debit: 'a', credit: 'a' } }, 'transfers_two_accounts'],
  ['an amount of zero', { entries: [], accounts: [], header: { amount: 0 } }, 'transfers_amount_minor_check'],
  ['a negative amount', { entries: [], accounts: [], header: { amount: -5 } }, 'transfers_amount_minor_check'],
  ['an unknown account', { entries: [['nobody', 1, 'debit', 100, 'USD', 100]], accounts: [] }, 'entries_account_id_currency_fkey'],
  ['a wrong running balance', { entries: [[cash, 1, 'debit', 100, 'USD', 101], good.entries[1]!], accounts: [[cash, 101, 1], ['a', 100, 1]] }, 'entries_running_balance'],
  ['a gap in the versions', { entries: [[cash, 2, 'debit', 100, 'USD', 100], good.entries[1]!], accounts: [[cash, 100, 2], ['a', 100, 1]], header: { debitVersion: 2 } }, 'entries_gap_free'],
  ['entries without their balances', { ...good, accounts: [] }, 'entries_gap_free'],
  ['a balance without its entry', { ...good, accounts: [[cash, 100, 1], ['a', 5000, 1]] }, 'accounts_follow_entries'],
  ['a balance below the floor', { entries: [['a', 1, 'debit', 100, 'USD', -100], [cash, 1, 'credit', 100, 'USD', -100]], accounts: [['a', -100, 1], [cash, -100, 1]], header: { debit: 'a', credit: cash } }, 'accounts_floor'],
];

for (const [name, legs, constraint] of refused) {
  for (const role of ['ledger_app', 'ledger_owner'] as const) {
    test(`an unbalanced or wrong direct INSERT is refused by the database: ${name} (${role})`, async () => {
      await assert.rejects(write(legs, role), (error: { constraint?: string }) => error.constraint === constraint || assert.fail(`${constraint} expected, got ${String(error.constraint)}: ${String(error)}`));
      assert.deepEqual(await database.as('postgres', 'SELECT (SELECT count(*) FROM ledger.transfers) t, (SELECT count(*) FROM ledger.entries) e, (SELECT sum(abs(posted_minor)) FROM ledger.accounts) p'), [{ t: '0', e: '0', p: '0' }]);
    });
  }
}

test('money does not appear in an account that moves alone', async () => {
  await assert.rejects(database.as('ledger_app', "UPDATE ledger.accounts SET posted_minor = 100 WHERE id = 'b'"), { constraint: 'accounts_follow_entries' });
});

test('the same rows, balanced, are accepted: the refusals above are not of something else', async () => {
  await write(good);
  assert.deepEqual(await database.as('postgres', 'SELECT count(*) FROM ledger.entries'), [{ count: '2' }]);
});

const forbidden = [
  'UPDATE ledger.entries SET amount_minor = 1', 'DELETE FROM ledger.entries', 'TRUNCATE ledger.entries',
  'UPDATE ledger.transfers SET amount_minor = 1', 'DELETE FROM ledger.transfers', 'TRUNCATE ledger.transfers CASCADE',
  "UPDATE ledger.idempotency_keys SET body = ''", 'DELETE FROM ledger.idempotency_keys', 'TRUNCATE ledger.idempotency_keys',
  'DELETE FROM ledger.accounts', 'TRUNCATE ledger.accounts CASCADE', "UPDATE ledger.accounts SET currency = 'EUR'",
];

test('the journal is append-only: neither the service nor the owner can change it', async () => {
  for (const role of ['ledger_app', 'ledger_owner', 'ledger_readonly', 'airpay_recovery'] as const) {
    for (const sql of forbidden) await assert.rejects(database.as(role, sql), { code: '42501' }, `${role}: ${sql}`);
  }
});

test('the service can change no balance rule and no schema, and the readers can write nothing', async () => {
  const ddl = ['DROP TABLE ledger.entries', 'CREATE TABLE ledger.mine (id int)', 'CREATE TABLE public.mine (id int)', 'ALTER TABLE ledger.accounts DISABLE TRIGGER ALL', 'DROP TRIGGER entries_append_only ON ledger.entries', 'CREATE OR REPLACE FUNCTION ledger.entry_committed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$'];
  const rules = ['UPDATE ledger.accounts SET min_available_minor = NULL', "INSERT INTO ledger.accounts (id, owner, currency, type, posted_minor) VALUES ('z', 'x', 'USD', 'liability', 5)", "INSERT INTO ledger.currencies VALUES ('XXX', 2)", 'DELETE FROM ledger.schema_migrations', 'SET session_replication_role = replica'];
  for (const sql of [...ddl, ...rules]) await assert.rejects(database.as('ledger_app', sql), { code: '42501' }, sql);
  for (const role of ['ledger_readonly', 'airpay_recovery'] as const) {
    assert.equal((await database.as(role, 'SELECT count(*)::int AS n FROM ledger.currencies'))[0]?.['n'], 4);
    for (const sql of [...ddl, ...rules, "INSERT INTO ledger.accounts (id, owner, currency, type) VALUES ('z', 'x', 'USD', 'liability')"]) await assert.rejects(database.as(role, sql), { code: '42501' }, `${role}: ${sql}`);
  }
});

test('the currencies in the database are those of the code', async () => {
  const rows = await database.as('ledger_readonly', 'SELECT code, exponent FROM ledger.currencies ORDER BY code');
  assert.deepEqual(rows, [...currencies].sort().map(code => ({ code, exponent: exponentOf(code) })));
});

test('every currency has its system accounts', async () => {
  const rows = await database.as('ledger_readonly', "SELECT id, type FROM ledger.accounts WHERE owner = 'system' ORDER BY id");
  const expected = currencies.flatMap(code => [{ id: `cash-clearing:${code.toLowerCase()}`, type: 'asset' }, { id: `equity:${code.toLowerCase()}`, type: 'equity' }]);
  assert.deepEqual(rows, expected.sort((a, b) => (a.id < b.id ? -1 : 1)));
});
