/** One key, one effect, one answer. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { assertAudited, createDatabase, startLedger, type Api, type TestDatabase, type TestLedger } from './support/ledger.ts';
import { eventually } from './support/process.ts';

let database: TestDatabase;
let ledger: TestLedger;
let other: TestLedger;
let api: Api;
before(async () => {
  database = await createDatabase();
  ledger = await startLedger(database);
  other = await startLedger(database, { LEDGER_INSTANCE: 'ledger-test-2' });
  api = ledger.api;
  await api.account('a');
  await api.account('b');
  await api.fund('a', 1_000_000);
});
after(() => Promise.all([ledger.close(), other.close()]));

const transfersBetween = async () => (await database.as('ledger_readonly', "SELECT count(*)::int AS n FROM ledger.transfers WHERE debit_account_id = 'a'"))[0]?.['n'] as number;

test('100 parallel identical POSTs at two processes make one transfer and get 100 identical bodies', async () => {
  const [before, key] = [await transfersBetween(), randomUUID()];
  const replies = await Promise.all(Array.from({ length: 100 }, (_, index) => (index % 2 ? other.api : api).transfer('a', 'b', 7, {}, key)));
  assert.deepEqual(new Set(replies.map(reply => reply.status)), new Set([201]));
  assert.equal(new Set(replies.map(reply => reply.text)).size, 1);
  assert.equal(replies.filter(reply => reply.headers.get('idempotent-replayed') === 'true').length, 99);
  assert.equal(await transfersBetween(), before + 1);
});

test('the order of keys and white space do not make another request', async () => {
  const key = randomUUID();
  const first = await api.transfer('a', 'b', 7, { metadata: { x: '1', y: '2' } }, key);
  const again = await api.send('POST', '/v1/transfers', { key, raw: '{ "metadata": {"y":"2", "x":"1"}, "currency":"USD",\n"amountMinor":"7","creditAccountId":"b","debitAccountId":"a","description":null }' });
  assert.deepEqual([again.status, again.text, again.headers.get('idempotent-replayed')], [201, first.text, 'true']);
});

test('the same key with another body or path is refused and changes nothing', async () => {
  const key = randomUUID();
  const first = await api.transfer('a', 'b', 7, {}, key);
  const before = await transfersBetween();
  for (const reply of [await api.transfer('a', 'b', 8, {}, key), await api.transfer('a', 'b', 7, { description: 'x' }, key), await api.post('/v1/accounts', { id: 'c', owner: 'x', currency: 'USD', type: 'asset' }, key)]) {
    assert.deepEqual([reply.status, reply.json.code], [422, 'idempotency-key-reused']);
  }
  assert.equal((await api.transfer('a', 'b', 7, {}, key)).text, first.text);
  assert.equal(await transfersBetween(), before);
  assert.equal((await api.get('/v1/accounts/c')).status, 404);
});

test('two different requests with one key at once: one wins, the other is refused', async () => {
  const before = await transfersBetween();
  for (let round = 0; round < 10; round++) {
    const key = randomUUID();
    const replies = await Promise.all([api.transfer('a', 'b', 1, {}, key), other.api.transfer('a', 'b', 2, {}, key)]);
    assert.deepEqual(replies.map(reply => reply.status).sort(), [201, 422]);
  }
  assert.equal(await transfersBetween(), before + 10);
});

test('what was declined stays declined under its key, also when the reason is gone', async () => {
  await api.account('poor');
  const cases: [string, string, Record<string, unknown>, number, string][] = [
    ['poor', 'b', {}, 422, 'insufficient-funds'], ['poor', 'later', {}, 404, 'unknown-account'],
    ['a', 'a', {}, 422, 'same-account'], ['a', 'b', { currency: 'EUR' }, 422, 'currency-mismatch'],
  ];
  const keys = cases.map(() => randomUUID());
  const first = await Promise.all(cases.map(([debit, credit, over], index) => api.transfer(debit, credit, 5, over, keys[index])));
  assert.deepEqual(first.map(reply => [reply.status, reply.json.code]), cases.map(([, , , status, code]) => [status, code]));
  await api.account('later');
  await api.fund('poor', 100);
  const again = await Promise.all(cases.map(([debit, credit, over], index) => api.transfer(debit, credit, 5, over, keys[index])));
  assert.deepEqual(again.map(reply => reply.text), first.map(reply => reply.text));
  assert.ok(again.every(reply => reply.headers.get('idempotent-replayed') === 'true' && reply.headers.get('content-type')?.startsWith('application/problem+json')));
  assert.equal(await api.posted('poor'), 100n);
  assert.equal((await api.transfer('poor', 'later', 5)).status, 201, 'a new key may');
});

test('while the first request is still running, the second is told so', async () => {
  const key = randomUUID();
  const impatient = await startLedger(database, { LEDGER_ACQUIRE_TIMEOUT_MS: '300', LEDGER_LOCK_TIMEOUT_MS: '10000' });
  const person = new pg.Client({ connectionString: database.url('postgres') });
  await person.connect();
  try {
    await impatient.api.get('/v1/trial-balance');
    assert.equal((await impatient.api.transfer('a', 'b', 7)).status, 201);
    await person.query('BEGIN; SELECT 1 FROM ledger.head FOR UPDATE');
    const first = impatient.api.transfer('a', 'b', 7, {}, key);
    await eventually(async () => (await database.as('postgres', "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))[0]?.['n'], waiting => waiting === 1);
    const second = await impatient.api.transfer('a', 'b', 7, {}, key);
    assert.deepEqual([second.status, second.json.code, second.json.retryable], [409, 'idempotency-key-in-flight', true]);
    assert.equal((await impatient.api.transfer('a', 'b', 8, {}, key)).json.code, 'idempotency-key-reused');
    await person.query('COMMIT');
    const { status, text } = await first;
    assert.equal(status, 201);
    assert.deepEqual([(await impatient.api.transfer('a', 'b', 7, {}, key)).text, (await api.transfer('a', 'b', 7, {}, key)).text], [text, text], 'the refusal for now was not stored');
  } finally {
    await person.end();
    await impatient.close();
  }
});

test('keys belong to the tenant: rotating a secret keeps them, another tenant has its own', async () => {
  const [oldSecret, newSecret, stranger] = ['old-secret-0123456789', 'new-secret-0123456789', 'another-secret-012345'];
  const scopes = ['accounts:read', 'accounts:write', 'transfers:write'];
  const keys = [['payer', 'default', oldSecret], ['payer', 'default', newSecret], ['portal', 'other', stranger]].map(([client, tenant, secret]) => ({ client, tenant, secret, scopes }));
  const rotating = await startLedger(database, { LEDGER_API_KEYS: JSON.stringify(keys) });
  try {
    const key = randomUUID();
    const send = (secret: string, path: string, body: unknown, own: string = key) => rotating.api.send('POST', path, { key: own, headers: { authorization: `Bearer ${secret}` }, body });
    const body = { debitAccountId: 'a', creditAccountId: 'b', amountMinor: '3', currency: 'USD' };
    const [first, same] = [await send(oldSecret, '/v1/transfers', body), await send(newSecret, '/v1/transfers', body)];
    assert.equal(same.text, first.text);
    // The same ids and the same key, and nothing in common.
    for (const id of ['a', 'b']) assert.equal((await send(stranger, '/v1/accounts', { id, owner: 'x', currency: 'USD', type: 'liability', minAvailableMinor: null }, id)).status, 201);
    const strangers = await send(stranger, '/v1/transfers', body);
    assert.deepEqual([strangers.status, strangers.json.debitVersion, strangers.headers.get('idempotent-replayed')], [201, '1', null]);
    assert.notEqual(strangers.json.id, first.json.id);
  } finally {
    await rotating.close();
  }
});

test('every kind of command is answered again byte for byte, by another process too, whatever its metadata', async () => {
  const metadata = { zebra: '1', a: '2', '10': '3', '9': '4', 'b.c': 'ü "\\' };
  const texts = { description: 'x "y" \\ {},NULL', metadata };
  const sent: [string, unknown, string, string][] = [];
  const send = async (path: string, body: unknown) => {
    const key = randomUUID();
    const reply = await api.post(path, body, key);
    assert.ok(reply.status < 300, reply.text);
    sent.push([path, body, key, reply.text]);
    return reply.json;
  };
  const transfer = { debitAccountId: 'a', creditAccountId: 'b', amountMinor: '10', currency: 'USD', ...texts };
  await send('/v1/accounts', { id: 'meta', owner: 'x', currency: 'EUR', type: 'asset', minAvailableMinor: null, metadata });
  await send('/v1/accounts', { id: 'meta', owner: 'x', currency: 'EUR', type: 'asset', minAvailableMinor: null, metadata });
  const { id } = await send('/v1/transfers', { ...transfer, effectiveAt: '2020-02-29T12:00:00.123456+01:00' });
  await send(`/v1/transfers/${id}/refunds`, { amountMinor: '4', ...texts });
  await send('/v1/transactions', { transfers: [transfer, { ...transfer, amountMinor: '1' }] });
  const undone = await send('/v1/transfers', transfer);
  await send(`/v1/transfers/${undone.id}/reversal`, texts);
  await send('/v1/accounts', { id: 'meta-eur', owner: 'x', currency: 'EUR', type: 'liability' });
  await send('/v1/conversions', { debitAccountId: 'a', creditAccountId: 'meta-eur', sellAmountMinor: '100', sellCurrency: 'USD', buyAmountMinor: '90', buyCurrency: 'EUR', rate: '0.9', ...texts });
  const hold = await send('/v1/holds', { ...transfer, amountMinor: '50' });
  await send(`/v1/holds/${hold.id}/captures`, { amountMinor: '20', ...texts });
  await send(`/v1/holds/${hold.id}/captures`, { amountMinor: '20', final: true, fee: { amountMinor: '2' }, ...texts });
  await send(`/v1/holds/${hold.id}/refunds`, { amountMinor: '5', ...texts });
  const open = await send('/v1/holds', { ...transfer, expiresAt: new Date(Date.now() + 86_400_000).toISOString() });
  await send(`/v1/holds/${open.id}/void`, {});
  await send('/v1/settlements', { accountId: 'b', payoutAccountId: 'cash-clearing:usd', ...texts });
  for (const [path, body, key, text] of sent) {
    for (const where of [api, other.api]) {
      const again = await where.post(path, body, key);
      assert.deepEqual([again.text, again.headers.get('idempotent-replayed')], [text, 'true'], path);
    }
  }
});

test('an account: 201, the same again 200, other fields 409, each replayed under its key', async () => {
  const body = { id: 'shop:1', owner: 'Shop', currency: 'MXN', type: 'liability' };
  const [one, two, three] = [randomUUID(), randomUUID(), randomUUID()];
  const made = await api.post('/v1/accounts', body, one);
  assert.deepEqual({ ...made.json, createdAt: '' }, { ...body, minAvailableMinor: '0', maxAvailableMinor: null, metadata: {}, postedMinor: '0', availableMinor: '0', pendingMinor: '0', incomingMinor: '0', version: '0', createdAt: '' });
  const same = await api.post('/v1/accounts', { ...body, minAvailableMinor: '0' }, two);
  const different = await api.post('/v1/accounts', { ...body, owner: 'Another' }, three);
  assert.deepEqual([made.status, same.status, different.status, different.json.code], [201, 200, 409, 'account-exists']);
  assert.deepEqual(same.json, made.json);
  assert.deepEqual([(await api.post('/v1/accounts', body, one)).text, (await api.post('/v1/accounts', { ...body, owner: 'Another' }, three)).text], [made.text, different.text]);
});

test('20 parallel creations of one account under different keys: one 201, the rest 200', async () => {
  const body = { id: 'crowd', owner: 'x', currency: 'USD', type: 'asset', minAvailableMinor: null };
  const replies = await Promise.all(Array.from({ length: 20 }, () => api.post('/v1/accounts', body)));
  assert.deepEqual(replies.map(reply => reply.status).sort(), [...Array(19).fill(200), 201]);
  assert.equal(new Set(replies.map(reply => reply.json.createdAt)).size, 1);
});

test('after all of this the whole journal passes the audit', () => assertAudited(database, 50));
