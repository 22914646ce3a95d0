/** The audit: every check passes on a journal with every kind of row, and each is red on a forgery of its own. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { checks, digestCheck, runChecks } from '../src/adapters/checks.ts';
import { openWriter, writeEveryKind } from './support/everyKind.ts';
import { createDatabase, type TestDatabase } from './support/ledger.ts';

let database: TestDatabase;
let client: pg.Client;
before(async () => {
  database = await createDatabase();
  const writer = openWriter(database);
  await writeEveryKind(writer).finally(() => writer.close());
  client = new pg.Client({ connectionString: database.url('postgres') });
  await client.connect();
});
after(() => client?.end());

test('all hold on a journal with every kind of row, and each has looked at something', async () => {
  const reader = new pg.Client({ connectionString: database.url('ledger_readonly') });
  await reader.connect();
  await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const results = await runChecks(reader).finally(() => reader.end());
  assert.deepEqual(results.filter(result => result.faults > 0), []);
  assert.deepEqual(results.filter(result => result.checked === 0).map(result => result.name), []);
  assert.deepEqual(results.map(result => result.name), [...checks.map(check => check.name), digestCheck.name]);
});
