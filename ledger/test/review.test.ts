/** What a close reading of the ledger doubted: each doubt as a test. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { selectBalanceAtTime } from '../src/adapters/reads.ts';
import { account, openWriter, transfer, type OpenWriter } from './support/everyKind.ts';
import { createDatabase, type TestDatabase } from './support/ledger.ts';

let database: TestDatabase;
let writer: OpenWriter;
before(async () => {
  database = await createDatabase();
  writer = openWriter(database);
  await writer.send(account('cash', { type: 'asset', minAvailableMinor: null }));
});
after(() => writer?.close());

/** As the service reads, for one tenant. */
async function readingAs<T>(tenant: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: database.url('ledger_app') });
  await client.connect();
  try {
    await client.query("SELECT set_config('ledger.tenant', $1, false)", [tenant]);
    return await work(client);
  } finally {
    await client.end();
  }
}

test('a balance as of a time is that of the last leg until then, at every time, and costs a few looks only', async () => {
  await writer.send(account('both', { minAvailableMinor: null }));
  // Both sides, in batches of several.
  for (let batch = 0; batch < 12; batch++) {
    await Promise.all(Array.from({ length: 1 + ((batch * 7) % 5) }, (_, index) => writer.send((batch + index) % 3 === 0 ? transfer('both', 'cash', BigInt(index + 1)) : transfer('cash', 'both', BigInt(2 * index + 1)))));
  }
  const [of] = await database.as('postgres', "SELECT number::text, version::int FROM ledger.accounts WHERE id = 'both'");
  const legs = await database.as('postgres', `SELECT version::int, balance_minor::text AS balance, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at FROM ledger.entries WHERE number = ${of!['number']} ORDER BY version`);
  assert.ok(legs.length > 20 && legs.length === of!['version']);
  const times = [...new Set(legs.map(leg => String(leg['at'])))];
  assert.ok(times.length > 5 && times.length < legs.length, 'some batches hold several legs');
  await readingAs('default', async client => {
    const ask = async (at: string) => (await client.query(selectBalanceAtTime(String(of!['number']), at))).rows;
    for (const at of times) {
      const last = legs.filter(leg => String(leg['at']) <= at).at(-1)!;
      assert.deepEqual((await ask(at)).map(row => [Number(row.version), row.balance_minor]), [[last['version'], last['balance']]], at);
    }
    assert.deepEqual(await ask('1980-01-01T00:00:00Z'), [], 'before the ledger began');
    assert.equal((await ask('9999-01-01T00:00:00Z'))[0].version, String(legs.length));
  });
  await readingAs('other', async client => assert.deepEqual((await client.query(selectBalanceAtTime(String(of!['number']), times[0]!))).rows, []));
  // As of its beginning, after many entries more.
  for (let batch = 0; batch < 8; batch++) await Promise.all(Array.from({ length: 250 }, () => writer.send(transfer('cash', 'both', 1n))));
  await database.as('postgres', 'ANALYZE ledger.journal, ledger.accounts, ledger.chain');
  const read = await readingAs('default', async client => {
    await client.query('BEGIN');
    await client.query(selectBalanceAtTime(String(of!['number']), times[0]!));
    return (await client.query("SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::int AS n FROM pg_stat_xact_user_tables WHERE relname = 'journal'")).rows[0].n as number;
  });
  assert.ok(read > 0 && read <= 30, `${read} rows of the journal were read`);
});
