/** Many transfers in one request: each for itself, under its own key, in order. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { assertAudited, createDatabase, startLedger, type Api, type TestDatabase, type TestLedger } from './support/ledger.ts';

let database: TestDatabase;
let ledgers: TestLedger[];
let api: Api;
before(async () => {
  database = await createDatabase();
  ledgers = await Promise.all(['1', '2'].map(number => startLedger(database, { LEDGER_INSTANCE: `ledger-test-${number}`, LEDGER_BATCH_MAX: '100' })));
  api = ledgers[0]!.api;
  await api.account('a');
  await api.account('b');
  await api.fund('a', 1_000_000);
});
after(() => Promise.all(ledgers.map(ledger => ledger.close())));

interface Line {
  key: string;
  debitAccountId: string;
  creditAccountId: string;
  amountMinor: string;
  currency: string;
}
interface Result {
  key: string;
  status: number;
  replayed: boolean;
  body: { id: string; code: string };
}
const lines = (count: number, over: (index: number) => Partial<Line> = () => ({})): Line[] => Array.from({ length: count }, (_, index) => ({ key: randomUUID(), debitAccountId: 'a', creditAccountId: 'b', amountMinor: String(1 + (index % 7)), currency: 'USD', ...over(index) }));
const send = async (transfers: Line[], to = api): Promise<Result[]> => {
  const reply = await to.send('POST', '/v1/transfers/batch', { body: { transfers } });
  assert.equal(reply.status, 200, reply.text);
  return reply.json.results;
};

test('a thousand: each its own result, in order, and the money of exactly those that were posted', async () => {
  const transfers = lines(1_000, index => (index % 10 === 9 ? { creditAccountId: 'nobody' } : {}));
  const before = await api.posted('b');
  const results = await send(transfers);
  assert.deepEqual(results.map(one => one.key), transfers.map(one => one.key));
  assert.deepEqual(results.map(one => [one.status, one.replayed]), transfers.map(one => [one.creditAccountId === 'b' ? 201 : 404, false]));
  const moved = transfers.filter(one => one.creditAccountId === 'b').reduce((sum, one) => sum + BigInt(one.amountMinor), 0n);
  assert.equal(await api.posted('b'), before + moved);
  const { json } = await api.send('POST', '/v1/transfers/lookup', { body: { ids: results.filter(one => one.status === 201).slice(0, 500).map(one => one.body.id) } });
  assert.deepEqual(json.found, results.filter(one => one.status === 201).slice(0, 500).map(one => one.body));
});

test('sent again, at both processes at once, and one by one: the same bytes, no second effect', async () => {
  const transfers = lines(200);
  const [first, ...others] = await Promise.all([0, 1, 0, 1].map(index => send(transfers, ledgers[index]!.api)));
  const after_ = await api.posted('b');
  for (const other of others) assert.deepEqual(other.map(one => one.body), first!.map(one => one.body));
  for (let index = 0; index < transfers.length; index++) assert.equal([first!, ...others].filter(results => !results[index]!.replayed).length, 1, 'one of them was the first');
  const { key, ...body } = transfers[3]!;
  const single = await ledgers[1]!.api.post('/v1/transfers', body, key);
  assert.deepEqual([single.json, single.headers.get('idempotent-replayed')], [first![3]!.body, 'true']);
  assert.equal(await api.posted('b'), after_);
});

test('a used key with another body is that line\'s own refusal', async () => {
  const [used, ...rest] = lines(3);
  await send([used!]);
  const results = await send([{ ...used!, amountMinor: '999' }, ...rest]);
  assert.deepEqual(results.map(one => [one.status, one.body.code]), [[422, 'idempotency-key-reused'], [201, undefined], [201, undefined]]);
});

test('lines are decided in their order, each on the outcome of those before it', async () => {
  await api.account('chain');
  const step = (debitAccountId: string, creditAccountId: string, amountMinor: string) => ({ debitAccountId, creditAccountId, amountMinor });
  const order = [step('chain', 'b', '1'), step('a', 'chain', '10'), step('chain', 'b', '7'), step('chain', 'b', '4'), step('chain', 'b', '3')];
  assert.deepEqual((await send(lines(5, index => order[index]!))).map(one => one.status), [422, 201, 201, 422, 201]);
});

test('after all of them the whole journal passes the audit', () => assertAudited(database, 1_200));
