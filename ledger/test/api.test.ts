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

test('balances now, after a version, at a time of recording and at a time of the business', async () => {
  await api.account('wallet:bob', { minAvailableMinor: '-500', maxAvailableMinor: '100000', metadata: { tier: 'gold' } });
  const first = (await api.transfer('cash-clearing:usd', 'wallet:bob', 100, { effectiveAt: '2020-01-01T00:00:00Z' })).json;
  await api.transfer('cash-clearing:usd', 'wallet:bob', 20);
  const last = (await api.transfer('wallet:bob', 'merchant:books', 400)).json;
  const read = async (query: string) => (await api.get(`/v1/accounts/wallet:bob${query}`)).json;
  const now = await read('');
  assert.deepEqual([now.postedMinor, now.availableMinor, now.minAvailableMinor, now.maxAvailableMinor, now.metadata, now.version], ['-280', '-280', '-500', '100000', { tier: 'gold' }, '3']);
  assert.deepEqual([(await read('?asOfVersion=0')).postedMinor, (await read('?asOfVersion=1')).postedMinor, (await read('?asOfVersion=2')).postedMinor, (await read('?asOfVersion=3')).postedMinor], ['0', '100', '120', '-280']);
  assert.equal((await api.get('/v1/accounts/wallet:bob?asOfVersion=4')).status, 400);
  assert.equal((await read('?minVersion=3')).version, '3');
  assert.equal((await read('?asOf=2020-06-01T00:00:00Z')).postedMinor, '0', 'nothing had been recorded');
  assert.equal((await read('?asOf=2020-06-01T00:00:00Z&basis=effective')).postedMinor, '100', 'though it had happened');
  assert.equal((await read(`?asOf=${last.createdAt.replace('Z', '999Z')}`)).postedMinor, '-280');
  assert.equal((await api.transfer('wallet:bob', 'merchant:books', 221)).json.code, 'insufficient-funds');
  assert.equal((await api.transfer('cash-clearing:usd', 'wallet:bob', 100_281)).json.code, 'limit-exceeded');
  assert.equal((await api.transfer('cash-clearing:usd', 'wallet:bob', 1, {}, 'known-key')).json.id > first.id, true);
});

test('a statement shows every leg with its running balance, holds too, newest first', async () => {
  await api.account('wallet:cyd');
  await api.fund('wallet:cyd', 100);
  const hold = (await api.post('/v1/holds', { debitAccountId: 'wallet:cyd', creditAccountId: 'merchant:books', amountMinor: '60', currency: 'USD', description: 'Hotel' })).json;
  await api.post(`/v1/holds/${hold.id}/captures`, { amountMinor: '45', final: true });
  const { entries, nextCursor } = (await api.get('/v1/accounts/wallet:cyd/entries')).json;
  assert.deepEqual(entries.map((one: Record<string, string>) => [one['kind'], one['direction'], one['amountMinor'], one['changeMinor'], one['balanceMinor'], one['version']]), [
    ['void', 'debit', '15', '0', '55', '4'], ['capture', 'debit', '45', '-45', '55', '3'], ['hold', 'debit', '60', '0', '100', '2'], ['transfer', 'credit', '100', '100', '100', '1'],
  ]);
  assert.equal(nextCursor, null);
  assert.equal(entries[2].transferId, hold.id);
  const pages = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: { entries: { version: string }[]; nextCursor: string | null } = (await api.get(`/v1/accounts/wallet:cyd/entries?limit=1${cursor && `&cursor=${cursor}`}`)).json;
    pages.push(...page.entries.map(one => one.version));
    cursor = page.nextCursor;
  }
  assert.deepEqual(pages, ['4', '3', '2', '1']);
});

test('linked transfers are read as they were answered, and each of them by itself; many are looked up at once', async () => {
  const leg = (debitAccountId: string, creditAccountId: string, amountMinor: string) => ({ debitAccountId, creditAccountId, amountMinor, currency: 'USD' });
  const made = await api.post('/v1/transactions', { transfers: [leg('cash-clearing:usd', 'wallet:cyd', '30'), leg('wallet:cyd', 'merchant:books', '25'), leg('merchant:books', 'fees:usd', '2')] });
  assert.equal(made.status, 201, made.text);
  assert.equal((await api.get(`/v1/transactions/${made.json.id}`)).text, made.text);
  const ids = made.json.transfers.map((one: { id: string }) => one.id);
  const missing = 'tr_01a1fbfc-305c-8123-8000-f28c7745df04';
  assert.deepEqual((await api.send('POST', '/v1/transfers/lookup', { body: { ids: [ids[2], missing, ids[0], ids[2]] } })).json, { found: [made.json.transfers[2], made.json.transfers[0]], missing: [missing] });
  assert.equal((await api.get(`/v1/transactions/${ids[0].replace('tr_', 'tx_')}`)).text, made.text, 'its id is that of its first leg');
  assert.equal((await api.get(`/v1/transactions/${ids[1].replace('tr_', 'tx_')}`)).status, 404);
  const declined = await api.post('/v1/transactions', { transfers: [leg('wallet:cyd', 'merchant:books', '1'), leg('wallet:cyd', 'nobody', '1')] });
  assert.deepEqual([declined.status, declined.json.code], [404, 'unknown-account']);
  assert.equal(await api.posted('wallet:cyd'), 60n);
});

test('the head of the chain moves with each batch, and tells nothing of other tenants', async () => {
  const before = (await api.get('/v1/chain/head')).json;
  await api.fund('wallet:cyd', 7);
  const after_ = (await api.get('/v1/chain/head')).json;
  assert.deepEqual([BigInt(after_.n) - BigInt(before.n), BigInt(after_.position) - BigInt(before.position)], [1n, 1n]);
  assert.deepEqual(Object.keys(after_).sort(), ['at', 'hash', 'n', 'position']);
  assert.match(after_.hash, /^[0-9a-f]{64}$/);
  assert.notEqual(after_.hash, before.hash);
});

test('after all of this the whole journal passes the audit', () => assertAudited(database));
