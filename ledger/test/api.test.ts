/** The API as a client meets it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAudited, createDatabase, startLedger, type Api, type TestDatabase, type TestLedger } from './support/ledger.ts';

let database: TestDatabase;
let ledger: TestLedger;
let api: Api;
before(async () => {
  database = await createDatabase();
  ledger = await startLedger(database);
  api = ledger.api;
});
after(() => ledger.close());

test('a fresh ledger can fund an account and spend it end to end', async () => {
  await api.account('wallet:ada');
  await api.account('merchant:books');
  await api.fund('wallet:ada', 10_000);
  const reply = await api.transfer('wallet:ada', 'merchant:books', 2_500, { description: 'Order 7', metadata: { order: '7' } });
  assert.equal(reply.status, 201, reply.text);
  assert.match(reply.json.id, /^tr_[0-9a-f]{8}-[0-9a-f]{4}-8/);
  assert.deepEqual(
    { ...reply.json, id: '', createdAt: '', effectiveAt: '' },
    { id: '', kind: 'transfer', debitAccountId: 'wallet:ada', creditAccountId: 'merchant:books', amountMinor: '2500', currency: 'USD', description: 'Order 7', metadata: { order: '7' }, status: 'posted', createdAt: '', effectiveAt: '', debitVersion: '2', creditVersion: '1', region: 'region-a' },
  );
  const read = await api.get(`/v1/transfers/${reply.json.id}`);
  assert.deepEqual([read.status, read.json], [200, reply.json]);
  assert.equal(await api.posted('wallet:ada'), 7_500n);
  assert.equal(await api.posted('merchant:books'), 2_500n);
  assert.equal(await api.posted('cash-clearing:usd'), 10_000n);
});

test('after all of this the whole journal passes the audit', () => assertAudited(database));
