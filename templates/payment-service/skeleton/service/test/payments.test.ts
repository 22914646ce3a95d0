import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { HttpLedger } from '../src/ledger.ts';
import { createMetrics } from '../src/metrics.ts';
import { CURRENCY, MAX_AMOUNT_MINOR } from '../src/payment.ts';
import { createServer } from '../src/server.ts';
import { startLedger } from './support.ts';

const PAYMENT = {
  payerAccountId: 'payer:1',
  merchantAccountId: 'merchant:1',
  amountMinor: '1250',
  currency: CURRENCY,
  reference: 'Order 1',
};
const stops: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function start(answer: Parameters<typeof startLedger>[0], timeoutMs = 1000) {
  const ledger = await startLedger(answer);
  const server = createServer({
    ledger: new HttpLedger({ url: ledger.url, apiKey: 'test-key', timeoutMs }),
    metrics: createMetrics('region-a'),
    logLevel: 'silent',
  });
  stops.push(ledger.stop, () => server.close());
  const pay = (body: object, headers: Record<string, string> = { 'idempotency-key': 'k1' }) =>
    server.inject({ method: 'POST', url: '/v1/payments', headers, payload: body });
  return { ledger, server, pay };
}
const posted = () => ({ status: 201, body: { id: 'tr_1' } });

test('a payment is one transfer in the ledger, under the same key', async () => {
  const { ledger, pay } = await start(posted);
  const answer = await pay(PAYMENT);
  assert.equal(answer.statusCode, 201);
  assert.deepEqual(answer.json(), { id: 'tr_1', status: 'posted' });
  assert.equal(ledger.seen.length, 1);
  assert.equal(ledger.seen[0]?.key, 'k1');
  assert.equal(ledger.seen[0]?.authorization, 'Bearer test-key');
  assert.equal(ledger.seen[0]?.body.amountMinor, '1250');
  assert.equal(ledger.seen[0]?.body.debitAccountId, 'payer:1');
  assert.equal(ledger.seen[0]?.body.creditAccountId, 'merchant:1');
});

test('a replayed answer of the ledger is marked as such', async () => {
  const { pay } = await start(() => ({ ...posted(), headers: { 'Idempotent-Replayed': 'true' } }));
  assert.equal((await pay(PAYMENT)).headers['idempotent-replayed'], 'true');
});

test('without a key nothing is sent to the ledger', async () => {
  const { ledger, pay } = await start(posted);
  assert.equal((await pay(PAYMENT, {})).statusCode, 400);
  assert.equal(ledger.seen.length, 0);
});

const MALFORMED: Array<[string, object]> = [
  ['amount as a number', { ...PAYMENT, amountMinor: 1250 }],
  ['fractions of a minor unit', { ...PAYMENT, amountMinor: '12.5' }],
  ['a field nobody knows', { ...PAYMENT, tip: '1' }],
  ['no reference', { ...PAYMENT, reference: undefined }],
  ['an account id in capitals', { ...PAYMENT, payerAccountId: 'PAYER' }],
];
for (const [name, body] of MALFORMED) {
  test(`malformed: ${name} is 400 and reaches no ledger`, async () => {
    const { ledger, pay } = await start(posted);
    const answer = await pay(body);
    assert.equal(answer.statusCode, 400);
    assert.match(String(answer.headers['content-type']), /^application\/problem\+json/);
    assert.equal(ledger.seen.length, 0);
  });
}

const REFUSED: Array<[string, object]> = [
  ['same-account', { ...PAYMENT, merchantAccountId: PAYMENT.payerAccountId }],
  ['amount-not-positive', { ...PAYMENT, amountMinor: '0' }],
  ['amount-too-large', { ...PAYMENT, amountMinor: String(MAX_AMOUNT_MINOR + 1n) }],
  ['currency-not-taken', { ...PAYMENT, currency: 'XXX' }],
];
for (const [code, body] of REFUSED) {
  test(`refused: ${code}`, async () => {
    const { ledger, pay } = await start(posted);
    const answer = await pay(body);
    assert.equal(answer.statusCode, 422);
    assert.equal(answer.json().code, code);
    assert.equal(ledger.seen.length, 0);
  });
}

test('the ledger declines: 422 with its reason, not to be repeated', async () => {
  const { pay } = await start(() => ({ status: 422, body: { code: 'insufficient-funds', detail: 'Too little money.' } }));
  const answer = await pay(PAYMENT);
  assert.equal(answer.statusCode, 422);
  assert.deepEqual([answer.json().code, answer.json().retryable], ['insufficient-funds', false]);
});

test('a key of another payment, and a key that the ledger keeps for itself, are refused for good', async () => {
  const refused = ['idempotency-key-reused', 'idempotency-key-invalid'];
  for (const [index, status] of [422, 400].entries()) {
    const { pay } = await start(() => ({ status, body: { code: refused[index], detail: 'No.', retryable: false } }));
    const answer = await pay(PAYMENT);
    assert.equal(answer.statusCode, 422);
    assert.deepEqual([answer.json().code, answer.json().retryable], [refused[index], false]);
  }
});

const UNKNOWN: Array<[string, Parameters<typeof startLedger>[0]]> = [
  ['a failure of the ledger', () => ({ status: 500, body: {} })],
  ['a payment that still runs under the key', () => ({ status: 409, body: { code: 'idempotency-key-in-flight', retryable: true } })],
  ['too many requests', () => ({ status: 429, body: { code: 'rate-limited', retryable: true } })],
  ['an unreadable answer', () => ({ status: 201, body: '<html>' })],
  ['no answer in time', () => ({ ...posted(), delayMs: 1000 })],
];
for (const [name, answerOf] of UNKNOWN) {
  test(`${name} is 503, to be repeated with the same key`, async () => {
    const { pay } = await start(answerOf, 100);
    const answer = await pay(PAYMENT);
    assert.equal(answer.statusCode, 503);
    assert.deepEqual([answer.json().code, answer.json().retryable], ['outcome-unknown', true]);
  });
}

test('livez asks nobody; readyz asks the ledger', async () => {
  let status = 200;
  const { ledger, server } = await start(() => ({ status, body: {} }));
  assert.equal((await server.inject('/livez')).statusCode, 200);
  assert.equal(ledger.seen.length, 0);
  assert.equal((await server.inject('/readyz')).statusCode, 200);
  status = 503;
  assert.equal((await server.inject('/readyz')).statusCode, 503);
});

test('metrics count payments and requests by route, with service and region', async () => {
  const { server, pay } = await start(posted);
  await pay(PAYMENT);
  const text = (await server.inject('/metrics')).body;
  assert.match(text, /^payments_total\{result="posted",currency="[A-Z]{3}",service="[^"]+",region="region-a"\} 1$/m);
  assert.match(text, /^http_requests_total\{method="POST",route="\/v1\/payments",code="201",.*\} 1$/m);
});
