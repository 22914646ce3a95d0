/** The hot path reads what it is asked for, however long the journal is: no plan may walk over it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import * as reads from '../src/adapters/reads.ts';
import { createDatabase, startLedger, type TestDatabase, type TestLedger } from './support/ledger.ts';

let database: TestDatabase;
let ledger: TestLedger;
const transfers = 3_000;
before(async () => {
  database = await createDatabase();
  ledger = await startLedger(database);
  const { api } = ledger;
  for (let index = 0; index < 40; index++) await api.account(`a${index}`, { minAvailableMinor: null });
  for (let from = 0; from < transfers; from += 500) {
    const batch = Array.from({ length: 500 }, (_, index) => ({ key: `t${from + index}`, debitAccountId: `a${index % 20}`, creditAccountId: `a${20 + (index % 20)}`, amountMinor: '1', currency: 'USD' }));
    const reply = await api.post('/v1/transfers/batch', { transfers: batch });
    assert.equal(reply.status, 200, reply.text);
  }
  // As autovacuum does it sooner or later: from then on the planner knows how large the tables are.
  await database.as('postgres', 'ANALYZE ledger.journal, ledger.accounts, ledger.chain, ledger.payments, ledger.head');
}, { timeout: 60_000 });
after(() => ledger.close());

/** Rows of each table that the statement read, with or without an index, by the database's own count. */
async function rowsRead(sql: string, values: unknown[], times = 8): Promise<Record<string, number>> {
  const client = new pg.Client({ connectionString: database.url('ledger_app') });
  await client.connect();
  try {
    // The first few calls are planned for their values, later ones for any: both must do.
    for (let call = 1; call < times; call++) await client.query({ name: 'probed', text: sql, values });
    await client.query('BEGIN');
    await client.query("SELECT set_config('ledger.tenant', 'default', true)");
    const counted = async () => {
      const { rows } = await client.query("SELECT relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS n FROM pg_stat_xact_user_tables WHERE schemaname = 'ledger'");
      return new Map(rows.map(row => [row.relname as string, Number(row.n)]));
    };
    const before_ = await counted();
    await client.query({ name: 'probed', text: sql, values });
    const now = await counted();
    await client.query('ROLLBACK');
    return Object.fromEntries([...now].map(([table, rows]) => [table, rows - before_.get(table)!]));
  } finally {
    await client.end();
  }
}

const load = 'SELECT * FROM ledger.load($1, $2, $3, $4, $5, false)';
const hundred = (text: (index: number) => string) => Array.from({ length: 100 }, (_, index) => text(index));

test('keys that are new cost nothing of the journal, keys that are known cost their rows', async () => {
  const fresh = await rowsRead(load, [hundred(() => 'default'), hundred(index => `new${index}`), [], [], []]);
  assert.equal(fresh['journal'], 0, JSON.stringify(fresh));
  const known = await rowsRead(load, [hundred(() => 'default'), hundred(index => `t${index}`), [], [], []]);
  assert.ok(known['journal']! <= 400, JSON.stringify(known));
});

test('accounts and payments are read one by one', async () => {
  const accounts = await rowsRead(load, [[], [], Array(30).fill('default'), Array.from({ length: 30 }, (_, index) => `a${index}`), []]);
  assert.ok(accounts['accounts']! <= 30, JSON.stringify(accounts));
  const [row] = await database.as('postgres', "SELECT array_agg(position) AS positions FROM (SELECT position FROM ledger.journal WHERE kind = 'transfer' LIMIT 20) s");
  const payments = await rowsRead(load, [[], [], [], [], row!['positions']]);
  assert.ok(payments['journal']! <= 60 && payments['accounts']! <= 60, JSON.stringify(payments));
});

test('a page of an account, a transfer and a balance of earlier cost what they show', async () => {
  const [account] = await database.as('postgres', "SELECT number FROM ledger.accounts WHERE tenant = 'default' AND id = 'a0'");
  const number = String(account!['number']);
  const [row] = await database.as('postgres', "SELECT position, created_at FROM ledger.journal WHERE kind = 'transfer' ORDER BY position OFFSET 700 LIMIT 1");
  const cost = async ({ text, values }: reads.Statement) => (await rowsRead(text, values))['journal']!;
  const costs = {
    page: await cost(reads.selectEntries(number, null, 11)),
    transfer: await cost(reads.selectRows('default', [{ position: BigInt(row!['position'] as string), atUs: 0n }])),
    version: await cost(reads.selectBalanceAtVersion(number, 7)),
    time: await cost(reads.selectBalanceAtTime(number, (row!['created_at'] as Date).toISOString())),
  };
  assert.ok(costs.page <= 44 && costs.transfer <= 4 && costs.version <= 4 && costs.time <= 100, JSON.stringify(costs));
});
