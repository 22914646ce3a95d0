/** Bad input: each a 4xx problem document of its own kind, and nothing written. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { apiKey, assertAudited, createDatabase, startLedger, type TestDatabase, type TestLedger } from './support/ledger.ts';

let database: TestDatabase;
let ledger: TestLedger;
before(async () => {
  database = await createDatabase();
  ledger = await startLedger(database);
  await ledger.api.account('a', { minAvailableMinor: null });
  await ledger.api.account('b');
});
after(() => ledger.close());

const card = '4111111111111111';
const transfer = { debitAccountId: 'a', creditAccountId: 'b', amountMinor: '100', currency: 'USD' };
const account = { id: 'new', owner: 'x', currency: 'USD', type: 'asset' };
const conversion = { debitAccountId: 'a', creditAccountId: 'b', sellAmountMinor: '100', sellCurrency: 'USD', buyAmountMinor: '150', buyCurrency: 'EUR', rate: '1.5' };
const unknown = { transfer: 'tr_01a1fbfc-305c-8123-8000-f28c7745df04', hold: 'ho_01a1fbfc-305c-8123-8000-f28c7745df04', transaction: 'tx_01a1fbfc-305c-8123-8000-f28c7745df04' };

interface Case {
  name: string;
  /** POST when left out. */
  method?: string;
  path?: string;
  body?: unknown;
  raw?: string;
  headers?: Record<string, string>;
  /** null: none is sent. */
  key?: string | null;
  expect: [status: number, code: string];
}

const body = (name: string, over: Record<string, unknown>, expect: Case['expect'] = [400, 'invalid-request']): Case => ({ name, body: { ...transfer, ...over }, expect });
const cases: Case[] = [
  body('an amount as a JSON number', { amountMinor: 100 }),
  body('a fraction of a minor unit', { amountMinor: '1.5' }),
  body('a fraction as a number', { amountMinor: 1.5 }),
  body('an amount of zero', { amountMinor: '0' }),
  body('a negative amount', { amountMinor: '-100' }),
  body('an amount with a leading zero', { amountMinor: '0100' }),
  body('an amount in exponent form', { amountMinor: '1e3' }),
  body('an amount with white space', { amountMinor: ' 100' }),
  body('an amount of thousands of digits', { amountMinor: '9'.repeat(5000) }),
  body('an amount over 64 bits', { amountMinor: '9223372036854775808' }, [422, 'amount-too-large']),
  body('a missing field', { currency: undefined }),
  body('an unknown field', { amount: '100' }),
  body('a currency in lower case', { currency: 'usd' }),
  body('a currency that is no string', { currency: ['USD'] }),
  body('an account id with capital letters', { debitAccountId: 'A' }),
  body('an account id with a path in it', { debitAccountId: '../a' }),
  body('an account id of 64 characters', { debitAccountId: 'a'.repeat(64) }),
  body('an account id that is null', { debitAccountId: null }),
  body('a description of 501 characters', { description: 'x'.repeat(501) }),
  body('a description with a control character', { description: 'a\nb' }),
  body('a description with NUL', { description: 'a\u0000b' }),
  { name: 'half a surrogate pair', raw: JSON.stringify({ ...transfer, description: 'X' }).replace('X', '\\ud800'), expect: [400, 'invalid-request'] },
  body('metadata with a number', { metadata: { a: 1 } }),
  body('metadata with an object', { metadata: { a: {} } }),
  body('21 pieces of metadata', { metadata: Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`k${index}`, 'v'])) }),
  body('a metadata key with a space', { metadata: { 'a b': 'v' } }),
  body('metadata that is a list', { metadata: ['a'] }),
  body('a card number in the description', { description: `card ${card}` }, [422, 'card-data-refused']),
  body('a grouped card number in the metadata', { metadata: { note: '4111 1111 1111 1111' } }, [422, 'card-data-refused']),
  body('a card number as a metadata key', { metadata: { [card]: 'x' } }, [422, 'card-data-refused']),
  body('a card number as an account', { creditAccountId: card }, [422, 'card-data-refused']),
  { name: 'a card number as the idempotency key', body: transfer, key: card, expect: [422, 'card-data-refused'] },
  { name: 'a card number as an owner', path: '/v1/accounts', body: { ...account, owner: card }, expect: [422, 'card-data-refused'] },
  { name: 'no idempotency key', body: transfer, key: null, expect: [400, 'idempotency-key-missing'] },
  { name: 'an idempotency key of 256 characters', body: transfer, key: 'k'.repeat(256), expect: [400, 'idempotency-key-invalid'] },
  { name: 'an idempotency key with a space', body: transfer, key: 'a b', expect: [400, 'idempotency-key-invalid'] },
  { name: 'no idempotency key for an account', path: '/v1/accounts', body: account, key: null, expect: [400, 'idempotency-key-missing'] },
  { name: 'an account of an unknown type', path: '/v1/accounts', body: { ...account, type: 'wallet' }, expect: [400, 'invalid-request'] },
  { name: 'an account with a floor above zero', path: '/v1/accounts', body: { ...account, minAvailableMinor: '1' }, expect: [400, 'invalid-request'] },
  { name: 'an account with a ceiling below zero', path: '/v1/accounts', body: { ...account, minAvailableMinor: null, maxAvailableMinor: '-1' }, expect: [400, 'invalid-request'] },
  { name: 'an account with a floor as a number', path: '/v1/accounts', body: { ...account, minAvailableMinor: -500 }, expect: [400, 'invalid-request'] },
  { name: 'an account with a floor beyond 64 bits', path: '/v1/accounts', body: { ...account, minAvailableMinor: '-9223372036854775809' }, expect: [422, 'amount-too-large'] },
  { name: 'an account with a balance at birth', path: '/v1/accounts', body: { ...account, postedMinor: '1000' }, expect: [400, 'invalid-request'] },
  { name: 'an account without an owner', path: '/v1/accounts', body: { ...account, owner: '' }, expect: [400, 'invalid-request'] },
  { name: 'broken JSON', raw: '{"debitAccountId": ', expect: [400, 'malformed-json'] },
  { name: 'an empty body', raw: '', headers: { 'content-type': 'application/json' }, expect: [400, 'malformed-json'] },
  { name: 'a body that is a list', raw: '[]', expect: [400, 'invalid-request'] },
  { name: 'a body that is null', raw: 'null', expect: [400, 'invalid-request'] },
  { name: 'a prototype in the body', raw: `{"__proto__": {"a": 1}, ${JSON.stringify(transfer).slice(1)}`, expect: [400, 'malformed-json'] },
  { name: 'a form', raw: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' }, expect: [415, 'unsupported-media-type'] },
  { name: 'plain text', raw: JSON.stringify(transfer), headers: { 'content-type': 'text/plain' }, expect: [415, 'unsupported-media-type'] },
  { name: 'a body over 64 KiB', body: { ...transfer, description: 'x'.repeat(70_000) }, expect: [413, 'body-too-large'] },
  { name: 'an unknown query parameter', path: '/v1/transfers?dry=1', body: transfer, expect: [400, 'invalid-request'] },
  { name: 'no API key', headers: { authorization: '' }, body: transfer, expect: [401, 'unauthenticated'] },
  { name: 'a wrong API key', headers: { authorization: 'Bearer wrong-wrong-wrong-wrong' }, body: transfer, expect: [401, 'unauthenticated'] },
  { name: 'the API key as Basic', headers: { authorization: `Basic ${apiKey}` }, body: transfer, expect: [401, 'unauthenticated'] },
  { name: 'an unknown path', path: '/v1/payments', body: transfer, expect: [404, 'not-found'] },
  { name: 'DELETE of an account', method: 'DELETE', path: '/v1/accounts/a', expect: [405, 'method-not-allowed'] },
  { name: 'PUT of a transfer', method: 'PUT', path: '/v1/transfers', body: transfer, expect: [405, 'method-not-allowed'] },
  { name: 'GET of the transfers', method: 'GET', path: '/v1/transfers', expect: [405, 'method-not-allowed'] },
  { name: 'a broken percent escape', method: 'GET', path: '/v1/accounts/%zz', expect: [400, 'malformed-request'] },
  { name: 'an unknown account', method: 'GET', path: '/v1/accounts/nobody', expect: [404, 'unknown-account'] },
  { name: 'entries of an unknown account', method: 'GET', path: '/v1/accounts/nobody/entries', expect: [404, 'unknown-account'] },
  { name: 'an unknown transfer', method: 'GET', path: '/v1/transfers/tr_01a1fbfc-305c-8123-8000-f28c7745df04', expect: [404, 'unknown-transfer'] },
  { name: 'a transfer id that is none', method: 'GET', path: '/v1/transfers/1', expect: [400, 'invalid-request'] },
  { name: 'an unknown hold', method: 'GET', path: `/v1/holds/${unknown.hold}`, expect: [404, 'unknown-hold'] },
  { name: 'a transfer as a hold', method: 'GET', path: `/v1/holds/${unknown.transfer}`, expect: [400, 'invalid-request'] },
  { name: 'an unknown transaction', method: 'GET', path: `/v1/transactions/${unknown.transaction}`, expect: [404, 'unknown-transfer'] },
  { name: 'a list of holds without an account', method: 'GET', path: '/v1/holds', expect: [400, 'invalid-request'] },
  { name: 'two ways to look at a balance', method: 'GET', path: '/v1/accounts/a?asOfVersion=1&asOf=2027-01-15T12:00:00Z', expect: [400, 'invalid-request'] },
  { name: 'a time that is none', method: 'GET', path: '/v1/accounts/a?asOf=2027-02-30T12:00:00Z', expect: [400, 'invalid-request'] },
  { name: 'a version that is none', method: 'GET', path: '/v1/accounts/a?asOfVersion=-1', expect: [400, 'invalid-request'] },
  { name: 'a version to come', method: 'GET', path: '/v1/accounts/a?asOfVersion=99', expect: [400, 'invalid-request'] },
  body('a time of business that is none', { effectiveAt: '2027-02-30T00:00:00Z' }),
  body('a time of business without an offset', { effectiveAt: '2027-02-28T00:00:00' }),
  { name: 'a transaction of one', path: '/v1/transactions', body: { transfers: [transfer] }, expect: [400, 'invalid-request'] },
  { name: 'a transaction of 21', path: '/v1/transactions', body: { transfers: Array(21).fill(transfer) }, expect: [400, 'invalid-request'] },
  { name: 'a fault in one of two linked transfers', path: '/v1/transactions', body: { transfers: [transfer, { ...transfer, amountMinor: '0' }] }, expect: [400, 'invalid-request'] },
  { name: 'a card number in the second of two', path: '/v1/transactions', body: { transfers: [transfer, { ...transfer, description: card }] }, expect: [422, 'card-data-refused'] },
  { name: 'a batch of nothing', path: '/v1/transfers/batch', body: { transfers: [] }, key: null, expect: [400, 'invalid-request'] },
  { name: 'a batch of 1001', path: '/v1/transfers/batch', body: { transfers: Array.from({ length: 1_001 }, (_, index) => ({ key: `k${index}`, ...transfer })) }, key: null, expect: [400, 'invalid-request'] },
  { name: 'a key twice in a batch', path: '/v1/transfers/batch', body: { transfers: [{ key: 'k', ...transfer }, { key: 'k', ...transfer }] }, key: null, expect: [400, 'invalid-request'] },
  { name: 'a batch without a key', path: '/v1/transfers/batch', body: { transfers: [{ key: 'k', ...transfer }, transfer] }, key: null, expect: [400, 'invalid-request'] },
  { name: 'a system key in a batch', path: '/v1/transfers/batch', body: { transfers: [{ key: 'k', ...transfer }, { key: 'system/open/a', ...transfer }] }, key: null, expect: [400, 'idempotency-key-invalid'] },
  { name: 'a card number in a batch', path: '/v1/transfers/batch', body: { transfers: [{ key: 'k', ...transfer }, { key: 'l', ...transfer, metadata: { a: card } }] }, key: null, expect: [422, 'card-data-refused'] },
  { name: 'the key of the ledger itself', body: transfer, key: 'system/x', expect: [400, 'idempotency-key-invalid'] },
  { name: 'a rate that is no decimal', path: '/v1/conversions', body: { ...conversion, rate: '1e3' }, expect: [400, 'invalid-request'] },
  { name: 'a rate as a number', path: '/v1/conversions', body: { ...conversion, rate: 1.5 }, expect: [400, 'invalid-request'] },
  { name: 'a conversion that writes its own rate', path: '/v1/conversions', body: { ...conversion, metadata: { 'fx.rate': '2' } }, expect: [400, 'invalid-request'] },
  { name: 'an amount over 64 bits in a conversion', path: '/v1/conversions', body: { ...conversion, buyAmountMinor: '9223372036854775808' }, expect: [422, 'amount-too-large'] },
  { name: 'a hold for 401 days', path: '/v1/holds', body: { ...transfer, expiresAt: new Date(Date.now() + 401 * 86_400_000).toISOString() }, expect: [400, 'invalid-request'] },
  { name: 'a hold that ends at no time', path: '/v1/holds', body: { ...transfer, expiresAt: 'tomorrow' }, expect: [400, 'invalid-request'] },
  { name: 'a capture of zero', path: `/v1/holds/${unknown.hold}/captures`, body: { amountMinor: '0' }, expect: [400, 'invalid-request'] },
  { name: 'a capture with a fee of nothing', path: `/v1/holds/${unknown.hold}/captures`, body: { fee: {} }, expect: [400, 'invalid-request'] },
  { name: 'a void that says something', path: `/v1/holds/${unknown.hold}/void`, body: { amountMinor: '1' }, expect: [400, 'invalid-request'] },
  { name: 'a refund of a negative amount', path: `/v1/transfers/${unknown.transfer}/refunds`, body: { amountMinor: '-1' }, expect: [400, 'invalid-request'] },
  { name: 'a reversal with an amount', path: `/v1/transfers/${unknown.transfer}/reversal`, body: { amountMinor: '1' }, expect: [400, 'invalid-request'] },
  { name: 'a settlement without a payout account', path: '/v1/settlements', body: { accountId: 'a' }, expect: [400, 'invalid-request'] },
  { name: 'a path part that is too long', method: 'GET', path: `/v1/accounts/${'a'.repeat(500)}`, expect: [414, 'uri-too-long'] },
  { name: 'a cursor of another making', method: 'GET', path: '/v1/accounts/a/entries?cursor=abc', expect: [400, 'invalid-request'] },
  { name: 'a cursor beyond 64 bits', method: 'GET', path: `/v1/accounts/a/entries?cursor=${Buffer.from('v1:9999999999999999999').toString('base64url')}`, expect: [400, 'invalid-request'] },
  { name: 'a page of 201', method: 'GET', path: '/v1/accounts/a/entries?limit=201', expect: [400, 'invalid-request'] },
  { name: 'a limit given twice', method: 'GET', path: '/v1/accounts/a/entries?limit=1&limit=2', expect: [400, 'invalid-request'] },
  { name: 'a lookup of 501', path: '/v1/transfers/lookup', body: { ids: Array(501).fill('tr_01a1fbfc-305c-8123-8000-f28c7745df04') }, expect: [400, 'invalid-request'] },
  { name: 'a lookup of nothing', path: '/v1/transfers/lookup', body: { ids: [] }, expect: [400, 'invalid-request'] },
  { name: 'a lookup of what is no id', path: '/v1/transfers/lookup', body: { ids: ["' OR 1=1"] }, expect: [400, 'invalid-request'] },
];

const written = () => database.as('ledger_readonly', 'SELECT (SELECT n FROM ledger.head) n, (SELECT position FROM ledger.head) p, (SELECT count(*) FROM ledger.journal) j, (SELECT count(*) FROM ledger.accounts) a, (SELECT sum(version) FROM ledger.accounts) v');

/** RFC 9457 with our members; never a word of what was sent that must not be repeated. */
function assertProblem(problem: Record<string, unknown>, status: number, code: string): void {
  assert.deepEqual(Object.keys(problem).sort(), ['code', 'detail', 'instance', 'retryable', 'status', 'title', 'type']);
  assert.deepEqual([problem['status'], problem['code'], problem['type'], problem['retryable']], [status, code, `https://docs.airpay.example/errors/${code}`, false]);
  assert.match(String(problem['instance']), /^urn:uuid:[0-9a-f-]{36}$/);
  assert.ok(!JSON.stringify(problem).includes(card));
}

for (const { name, method = 'POST', path = '/v1/transfers', expect: [status, code], key, ...rest } of cases) {
  test(`malformed: ${name}`, async () => {
    const before = await written();
    const reply = await ledger.api.send(method, path, { ...rest, ...(key !== null && method === 'POST' && { key: key ?? 'some-key' }) });
    assert.deepEqual([reply.status, reply.json?.code], [status, code], reply.text);
    assert.match(reply.headers.get('content-type')!, /^application\/problem\+json/);
    assertProblem(reply.json, status, code);
    assert.deepEqual([reply.headers.get('airpay-region'), reply.headers.get('airpay-instance')], ['region-a', 'ledger-test-1']);
    if (status === 405) assert.ok(reply.headers.get('allow'));
    if (status === 401) assert.match(reply.headers.get('www-authenticate')!, /^Bearer/);
    assert.deepEqual(await written(), before);
  });
}

/** What no HTTP client would send. Returns status and body. */
function sendBytes(bytes: string): Promise<{ status: number; head: string; body: string }> {
  return new Promise((settle, fail) => {
    let text = '';
    const { hostname, port } = new URL(ledger.url);
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')));
    socket.on('data', chunk => (text += chunk)).on('error', fail).on('close', () => {
      const [head = '', body = ''] = text.split('\r\n\r\n');
      settle({ status: Number(head.split(' ')[1]), head, body });
    });
  });
}

test('malformed: what is not HTTP, and headers beyond all measure', async () => {
  const junk = await sendBytes('NONSENSE\r\n\r\n');
  assertProblem(JSON.parse(junk.body), junk.status, 'malformed-request');
  assert.match(junk.head, /^airpay-region: region-a$/m);
  const huge = await sendBytes(`GET /livez HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(40_000)}\r\n\r\n`);
  assertProblem(JSON.parse(huge.body), 431, 'headers-too-large');
});

test('the table above is not of requests that would fail anyway', async () => {
  assert.equal((await ledger.api.post('/v1/transfers', transfer)).status, 201);
  assert.equal((await ledger.api.post('/v1/accounts', account)).status, 201);
});

test('nothing of a card number is in the logs', () => {
  assert.ok(ledger.logs.length > cases.length, 'there are log lines to look at');
  const text = ledger.logs.join('');
  for (const secret of [card, '4111 1111', apiKey, 'wrong-wrong', 'authorization']) assert.ok(!text.includes(secret), secret);
});

test('after all of this the whole journal passes the audit', () => assertAudited(database));
