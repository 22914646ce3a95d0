/** Every status that the API's description promises is given once by a real service, and the answer is as described. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { scopes } from '../src/domain/scopes.ts';
import { Contract, type DescribedOperation } from './support/contract.ts';
import { apiKey, createDatabase, startLedger, type Api, type Reply, type TestDatabase, type TestLedger } from './support/ledger.ts';
import { eventually } from './support/process.ts';

const [auditorKey, clerkKey] = ['may-read-the-journal', 'may-read-the-accounts'];
const keys = JSON.stringify([
  { client: 'default', tenant: 'default', secret: apiKey, scopes },
  { client: 'auditor', tenant: 'default', secret: auditorKey, scopes: ['journal:read'] },
  { client: 'clerk', tenant: 'default', secret: clerkKey, scopes: ['accounts:read'] },
]);
const settings = { LEDGER_ENVIRONMENT: 'local', LEDGER_API_KEYS: keys, LEDGER_WEBHOOK_KEY: randomBytes(32).toString('base64'), LEDGER_WEBHOOK_ALLOW_HTTP: 'true', LEDGER_EXPIRY_INTERVAL_MS: '3600000' };

const issuer = { LEDGER_JWT_ISSUER: 'https://issuer.example', LEDGER_JWT_AUDIENCE: 'ledger', LEDGER_JWT_JWKS_URL: 'http://127.0.0.1:1/keys' };
/** Has the looks of one. */
const token = [{ alg: 'RS256', kid: 'k' }, { iss: issuer.LEDGER_JWT_ISSUER, aud: 'ledger', sub: 's', tenant: 'default', exp: 4e9 }, {}].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');

let database: TestDatabase;
let ledger: TestLedger;
/** Lets one request through per minute. */
let narrow: TestLedger;
/** Neither its database nor the issuer of tokens is there. */
let cutOff: TestLedger;
/** Waits a moment only for the first request with a key. */
let impatient: TestLedger;
let api: Api;
let contract: Contract;
let operations: DescribedOperation[];
let consumerUrl: string;
const consumer = createServer((_request, response) => void response.writeHead(200).end());
before(async () => {
  database = await createDatabase();
  await new Promise<void>(settle => consumer.listen(0, '127.0.0.1', settle));
  consumerUrl = `http://127.0.0.1:${(consumer.address() as { port: number }).port}/hook`;
  ledger = await startLedger(database, settings);
  narrow = await startLedger(database, { ...settings, LEDGER_RATE_LIMIT_PER_S: '1', LEDGER_RATE_LIMIT_BURST: '1' });
  cutOff = await startLedger(database, { ...settings, LEDGER_DATABASE_URL: 'postgresql://ledger_app@127.0.0.1:1/none', LEDGER_ACQUIRE_TIMEOUT_MS: '300', ...issuer });
  impatient = await startLedger(database, { ...settings, LEDGER_ACQUIRE_TIMEOUT_MS: '300' });
  api = ledger.api;
  contract = new Contract((await api.get('/openapi.json')).json);
  operations = contract.operations();
  await api.account('payer');
  await api.account('payer:eur', { currency: 'EUR' });
  await api.account('payee');
  await api.fund('payer', 1_000_000);
});
after(async () => {
  await Promise.all([ledger, narrow, cutOff, impatient].map(one => one?.close()));
  consumer.closeAllConnections();
  consumer.close();
});

/** A request: what stands in the path in place of `{id}`, what comes after it, and the body. */
interface Ask {
  params?: Record<string, string>;
  query?: string;
  body?: unknown;
  raw?: string;
  headers?: Record<string, string>;
  key?: string;
}

function send(operation: DescribedOperation, ask: Ask, to: Api = api): Promise<Reply> {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(ask.params?.[name] ?? '')) + (ask.query ?? '');
  const key = operation.method === 'GET' ? undefined : (ask.key ?? randomUUID());
  return to.send(operation.method, path, { ...(ask.body !== undefined && { body: ask.body }), ...(ask.raw !== undefined && { raw: ask.raw }), ...(key !== undefined && { key }), headers: ask.headers ?? {} });
}

const payment = { debitAccountId: 'payer', creditAccountId: 'payee', amountMinor: '10', currency: 'USD' };
const conversion = { debitAccountId: 'payer', creditAccountId: 'payer:eur', sellAmountMinor: '100', sellCurrency: 'USD', buyAmountMinor: '92', buyCurrency: 'EUR', rate: '0.92' };
const nowhere = '019aa5b0-1c00-8000-8000-000000ffffff';

async function made(path: string, body: unknown): Promise<string> {
  const reply = await api.post(path, body);
  assert.equal(reply.status, 201, reply.text);
  return reply.json.id;
}
const transfer = () => made('/v1/transfers', payment);
const hold = () => made('/v1/holds', payment);
const newEndpoint = () => made('/v1/webhook-endpoints', { url: consumerUrl, events: ['*'] });
let shared: Promise<string> | undefined;
/** A tenant may have a few only. */
const endpoint = () => (shared ??= newEndpoint());
const account = (over = {}) => ({ id: `a-${randomBytes(4).toString('hex')}`, owner: 'x', currency: 'USD', type: 'liability', ...over });
const ofId = async (id: Promise<string> | string, body?: unknown): Promise<Ask> => ({ params: { id: await id }, ...(body !== undefined && { body }) });

/** An account with something to pay out. */
async function shop(): Promise<string> {
  const { id } = account();
  await api.account(id);
  await api.fund(id, 100);
  return id;
}

async function delivered(): Promise<Ask> {
  const id = await endpoint();
  await transfer();
  const deliveries = await eventually(async () => (await api.get(`/v1/webhook-endpoints/${id}/deliveries`)).json.deliveries as { position: string; state: string }[], found => found[0]?.state === 'delivered');
  return { params: { id, position: deliveries[0]!.position } };
}

const unknownEndpoint = { id: `we_${'0'.repeat(32)}` };
const missing = (prefix: string, body?: unknown) => () => ofId(`${prefix}_${nowhere}`, body);
const closedHold = async () => {
  const id = await hold();
  await api.post(`/v1/holds/${id}/void`, {});
  return id;
};
const reversed = async () => {
  const id = await transfer();
  await api.post(`/v1/transfers/${id}/reversal`, {});
  return id;
};

type Cases = Record<number, () => Promise<Ask> | Ask>;
/** Operation -> status -> what to ask for it. The lowest 2xx is also what every common refusal begins with. */
const cases: Record<string, Cases> = {
  'POST /v1/accounts': {
    201: () => ({ body: account() }),
    200: async () => ({ body: { id: await api.account(account().id), owner: 'test', currency: 'USD', type: 'liability' } }),
    409: () => ({ body: account({ id: 'payer', owner: 'somebody else' }) }),
    422: () => ({ body: account({ currency: 'ZZZ' }) }),
  },
  'GET /v1/accounts/{id}': { 200: () => ofId('payer'), 404: () => ofId('nobody') },
  'GET /v1/accounts/{id}/entries': { 200: () => ofId('payer'), 404: () => ofId('nobody') },
  'GET /v1/trial-balance': { 200: () => ({}) },
  'POST /v1/transfers': { 201: () => ({ body: payment }), 404: () => ({ body: { ...payment, debitAccountId: 'nobody' } }), 422: () => ({ body: { ...payment, amountMinor: '99999999999' } }) },
  'POST /v1/transactions': {
    201: () => ({ body: { transfers: [payment, payment] } }), 404: () => ({ body: { transfers: [payment, { ...payment, creditAccountId: 'nobody' }] } }), 422: () => ({ body: { transfers: [payment, { ...payment, currency: 'EUR' }] } }),
  },
  'POST /v1/conversions': { 201: () => ({ body: conversion }), 404: () => ({ body: { ...conversion, debitAccountId: 'nobody' } }), 422: () => ({ body: { ...conversion, rate: '0.5' } }) },
  'POST /v1/transfers/batch': {
    200: () => ({ body: { transfers: [{ key: randomUUID(), ...payment }, { key: randomUUID(), ...payment, creditAccountId: 'nobody' }] } }),
    422: () => ({ body: { transfers: [{ key: randomUUID(), ...payment, description: '4111 1111 1111 1111' }] } }),
  },
  'POST /v1/transfers/lookup': { 200: async () => ({ body: { ids: [await transfer(), `tr_${nowhere}`] } }) },
  'GET /v1/transfers/{id}': { 200: () => ofId(transfer()), 404: missing('tr') },
  'GET /v1/transactions/{id}': { 200: () => ofId(made('/v1/transactions', { transfers: [payment, payment] })), 404: missing('tx') },
  'POST /v1/transfers/{id}/refunds': { 201: () => ofId(transfer(), { amountMinor: '4' }), 404: missing('tr', {}), 422: () => ofId(transfer(), { amountMinor: '11' }) },
  'POST /v1/transfers/{id}/reversal': { 201: () => ofId(transfer(), {}), 404: missing('tr', {}), 409: () => ofId(reversed(), {}), 422: async () => ofId((await api.post(`/v1/transfers/${await transfer()}/reversal`, {})).json.id, {}) },
  'POST /v1/holds': { 201: () => ({ body: payment }), 404: () => ({ body: { ...payment, debitAccountId: 'nobody' } }), 422: () => ({ body: { ...payment, creditAccountId: 'payer' } }) },
  'GET /v1/holds/{id}': { 200: () => ofId(hold()), 404: missing('ho') },
  'GET /v1/holds': { 200: () => ({ query: '?accountId=payer' }), 404: () => ({ query: '?accountId=nobody' }) },
  'POST /v1/holds/{id}/captures': { 201: () => ofId(hold(), { amountMinor: '6', final: true, fee: { amountMinor: '1' } }), 404: missing('ho', {}), 409: () => ofId(closedHold(), {}), 422: () => ofId(hold(), { amountMinor: '11' }) },
  'POST /v1/holds/{id}/void': { 200: () => ofId(hold(), {}), 404: missing('ho', {}), 409: () => ofId(closedHold(), {}) },
  'POST /v1/holds/{id}/refunds': {
    201: async () => {
      const id = await hold();
      await api.post(`/v1/holds/${id}/captures`, {});
      return ofId(id, {});
    },
    404: missing('ho', {}), 422: () => ofId(hold(), {}),
  },
  'POST /v1/settlements': {
    201: async () => ({ body: { accountId: await shop(), payoutAccountId: 'cash-clearing:usd' } }), 404: () => ({ body: { accountId: 'nobody', payoutAccountId: 'cash-clearing:usd' } }), 422: () => ({ body: { accountId: 'cash-clearing:usd', payoutAccountId: 'payer' } }),
  },
  'POST /v1/webhook-endpoints': { 201: () => ({ body: { url: consumerUrl, events: ['transfer.posted'] } }), 422: () => ({ body: { url: 'ftp://127.0.0.1/', events: ['*'] } }) },
  'GET /v1/webhook-endpoints': { 200: () => ({}) },
  'GET /v1/webhook-endpoints/{id}': { 200: () => ofId(endpoint()), 404: () => ({ params: unknownEndpoint }) },
  'DELETE /v1/webhook-endpoints/{id}': { 200: () => ofId(newEndpoint()), 404: () => ({ params: unknownEndpoint }) },
  'POST /v1/webhook-endpoints/{id}/rotate-secret': { 200: () => ofId(endpoint(), { graceSeconds: 60 }), 404: () => ({ params: unknownEndpoint, body: {} }) },
  'GET /v1/webhook-endpoints/{id}/deliveries': { 200: async () => ofId((await delivered()).params!['id']!), 404: () => ({ params: unknownEndpoint }) },
  'POST /v1/webhook-endpoints/{id}/deliveries/{position}/retry': { 202: async () => ({ ...(await delivered()), body: {} }), 404: () => ({ params: { ...unknownEndpoint, position: '1' }, body: {} }) },
  'POST /v1/webhook-endpoints/{id}/replay': { 202: () => ofId(endpoint(), { fromPosition: '1' }), 404: () => ({ params: unknownEndpoint, body: { fromPosition: '1' } }) },
  'GET /v1/journal': { 200: () => ({ query: '?limit=1000' }) },
  'GET /v1/chain/head': { 200: () => ({}) },
  'GET /livez': { 200: () => ({}) },
  'GET /readyz': { 200: () => ({}) },
  'GET /metrics': { 200: () => ({}) },
  'GET /openapi.json': { 200: () => ({}) },
};

/** How any operation comes to its common refusals. Undefined: not by these means. */
function common(operation: DescribedOperation, status: number): (() => Promise<Reply>) | undefined {
  const good = async (over: Ask = {}) => ({ ...(await cases[operation.name]![Object.keys(cases[operation.name]!).map(Number)[0]!]!()), ...over });
  switch (status) {
    case 400: return async () => send(operation, await good({ query: '?nonsense=1' }));
    case 401: return async () => send(operation, await good({ headers: { authorization: 'Bearer nobody-has-this-key' } }));
    case 403: return async () => send(operation, await good({ headers: { authorization: `Bearer ${/journal|chain/.test(operation.path) ? clerkKey : auditorKey}` } }));
    case 409: return async () => whileRunning(operation, await good());
    case 413: return async () => send(operation, { ...(await good()), body: undefined, raw: `{${' '.repeat(1_100_000)}}` });
    case 414: return async () => send(operation, { ...(await good()), params: { id: 'x'.repeat(101), position: '1' } });
    case 415: return async () => send(operation, { ...(await good()), body: undefined, raw: 'hello', headers: { 'content-type': 'text/html' } });
    // A card number where a key should be.
    case 422: return async () => send(operation, await good({ key: '4111111111111111' }));
    case 429: return async () => tired(operation, await good());
    case 503: return async () => send(operation, await good(operation.path === '/v1/transfers/batch' ? { headers: { authorization: `Bearer ${token}` } } : {}), cutOff.api);
    default: return undefined;
  }
}

/** The second request with a key while the first waits for the end of the journal, which somebody holds. */
async function whileRunning(operation: DescribedOperation, ask: Ask): Promise<Reply> {
  const person = new pg.Client({ connectionString: database.url('postgres') });
  await person.connect();
  try {
    await person.query('BEGIN; SELECT FROM ledger.head FOR UPDATE');
    const same = { ...ask, key: randomUUID() };
    const first = send(operation, same, impatient.api);
    await eventually(async () => (await database.as('postgres', "SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"))[0]?.['n'], waiting => waiting === 1);
    const second = await send(operation, same, impatient.api);
    await person.query('COMMIT');
    assert.ok((await first).status < 300, 'the first was answered after all');
    return second;
  } finally {
    await person.end();
  }
}

/** Until the tenant has sent more than it may. */
async function tired(operation: DescribedOperation, ask: Ask): Promise<Reply> {
  for (let tries = 0; tries < 5; tries++) {
    const reply = await send(operation, { ...ask, key: randomUUID() }, narrow.api);
    if (reply.status === 429) return reply;
  }
  throw new Error(`${operation.name} is not limited`);
}

test('every operation has its cases, and every case an operation', () => {
  assert.deepEqual(Object.keys(cases).sort(), operations.map(one => one.name).sort());
  const unused = operations.flatMap(one => Object.keys(cases[one.name]!).map(Number).filter(status => !one.statuses.includes(status)).map(status => `${one.name} ${status}`));
  assert.deepEqual(unused, [], 'cases of statuses that are not described');
});

const given = new Set<string>();
const givenCodes = new Set<string>();

async function give(operation: DescribedOperation, status: number): Promise<void> {
  const own = cases[operation.name]![status];
  const ask = own ? async () => send(operation, await own()) : common(operation, status);
  assert.ok(ask, `${operation.name} ${status} has no case`);
  const reply = await ask();
  assert.equal(reply.status, status, `${operation.name}: ${status} was asked for, the answer was ${reply.status} ${reply.text.slice(0, 500)}`);
  assert.deepEqual(contract.faults(operation, reply), []);
  given.add(`${operation.name} ${status}`);
  if (reply.json?.code) givenCodes.add(reply.json.code);
}

for (const [what, ofClass] of [['answer', (status: number) => status < 400], ['refusal', (status: number) => status >= 400 && status < 500]] as const) {
  test(`every described ${what} of every operation is given, with a body and headers as described`, async t => {
    for (const operation of operations) {
      await t.test(operation.name, async () => {
        for (const status of operation.statuses.filter(ofClass)) await give(operation, status);
      });
    }
  });
}

test('with database and issuer away, every operation says so as described', async () => {
  await Promise.all(operations.filter(one => one.statuses.includes(503)).map(one => give(one, 503)));
});

test('nothing that is described was left out', () => {
  const described = operations.flatMap(one => one.statuses.map(status => `${one.name} ${status}`));
  assert.deepEqual(described.filter(one => !given.has(one)), []);
  assert.ok(described.length > 250, `${described.length} statuses`);
});

/** Reasons that the cases above do not come to. */
const reasons: Record<string, [operation: string, ask: () => Promise<Ask> | Ask]> = {
  'malformed-json': ['POST /v1/transfers', () => ({ raw: '{' })],
  'idempotency-key-missing': ['POST /v1/transfers', () => ({ body: payment, key: '' })],
  'idempotency-key-invalid': ['POST /v1/transfers', () => ({ body: payment, key: 'system/mine' })],
  'idempotency-key-reused': ['POST /v1/transfers', async () => ({ body: { ...payment, amountMinor: '11' }, key: (await api.post('/v1/transfers', payment, 'taken')) && 'taken' })],
  'amount-too-large': ['POST /v1/transfers', () => ({ body: { ...payment, amountMinor: '9223372036854775808' } })],
  'balance-overflow': ['POST /v1/transfers', async () => {
    const [from, to] = [await api.account(account().id, { minAvailableMinor: null }), await api.account(account().id, { minAvailableMinor: null })];
    await api.transfer(from, to, '9223372036854775807');
    return { body: { ...payment, debitAccountId: from, creditAccountId: to } };
  }],
  'limit-exceeded': ['POST /v1/transfers', async () => ({ body: { ...payment, creditAccountId: await api.account(account().id, { maxAvailableMinor: '9' }) } })],
  'currency-mismatch': ['POST /v1/transfers', () => ({ body: { ...payment, currency: 'EUR' } })],
  'same-account': ['POST /v1/transfers', () => ({ body: { ...payment, creditAccountId: 'payer' } })],
  'same-currency': ['POST /v1/conversions', () => ({ body: { ...conversion, buyCurrency: 'USD' } })],
  'hold-expired': ['POST /v1/holds/{id}/captures', async () => ofId(await made('/v1/holds', { ...payment, expiresAt: '2026-01-01T00:00:00Z' }), {})],
  'fee-exceeds-capture': ['POST /v1/holds/{id}/captures', () => ofId(hold(), { fee: { amountMinor: '11' } })],
  'not-refundable': ['POST /v1/transfers/{id}/refunds', async () => ofId((await api.post(`/v1/holds/${await hold()}/captures`, {})).json.id, {})],
  'nothing-to-settle': ['POST /v1/settlements', async () => ({ body: { accountId: await api.account(account().id), payoutAccountId: 'payee' } })],
  'endpoint-limit': ['POST /v1/webhook-endpoints', async () => {
    for (let status = 201; status === 201;) status = (await api.post('/v1/webhook-endpoints', { url: consumerUrl, events: ['fee.posted'] })).status;
    return { body: { url: consumerUrl, events: ['fee.posted'] } };
  }],
};
/** The database has to break in a certain way: outage.test.ts, concurrency.test.ts; or what came is not HTTP: malformed.test.ts. */
const elsewhere = ['account-busy', 'database-read-only', 'deadline-exceeded', 'malformed-request', 'outcome-unknown', 'overloaded'];

test('every described reason is given', async t => {
  for (const [code, [name, ask]] of Object.entries(reasons)) {
    await t.test(code, async () => {
      const operation = operations.find(one => one.name === name)!;
      const reply = await send(operation, await ask());
      assert.equal(reply.json.code, code, reply.text);
      assert.deepEqual(contract.faults(operation, reply), []);
      givenCodes.add(code);
    });
  }
  const operation = operations.find(one => one.name === 'POST /v1/webhook-endpoints')!;
  const off = await startLedger(database);
  const reply = await send(operation, { body: { url: 'https://shop.example/', events: ['*'] } }, off.api).finally(() => off.close());
  assert.deepEqual([reply.json.code, contract.faults(operation, reply)], ['webhooks-off', []]);
  givenCodes.add('webhooks-off');
  const described = new Set(operations.flatMap(one => contract.codes(one)));
  assert.deepEqual([...described].filter(code => !givenCodes.has(code)).sort(), elsewhere);
});

test('reads as of a version and a time, and linked transfers of every kind, are as described', async () => {
  const read = operations.find(one => one.name === 'GET /v1/accounts/{id}')!;
  for (const query of ['?asOfVersion=1', '?asOfVersion=0', `?asOf=${new Date().toISOString()}`, `?asOf=${new Date().toISOString()}&basis=effective`, '?minVersion=1']) {
    const reply = await send(read, { params: { id: 'payer' }, query });
    assert.deepEqual([reply.status, contract.faults(read, reply)], [200, []], query);
  }
  const linked = operations.find(one => one.name === 'GET /v1/transactions/{id}')!;
  const capture = (await api.post(`/v1/holds/${await hold()}/captures`, { fee: { amountMinor: '1' } })).json;
  for (const id of [await made('/v1/conversions', conversion), capture.transactionId]) {
    const reply = await send(linked, { params: { id } });
    assert.deepEqual([reply.status, contract.faults(linked, reply)], [200, []]);
  }
});

test('the journal says of each row who did it, under which key and in which request', async () => {
  const { position } = (await api.get('/v1/chain/head')).json;
  const [made, refused] = [await api.post('/v1/transfers', payment, 'who-did-this'), await api.post('/v1/transfers', { ...payment, amountMinor: '99999999999' }, 'who-tried-this')];
  const { events } = (await api.get(`/v1/journal?after=${position}&limit=1000`)).json as { events: { actor: string; tenant: string; idempotencyKey: string; requestId: string; data: { id?: string } }[] };
  const of = (key: string) => events.find(event => event.idempotencyKey === key)!;
  assert.deepEqual([of('who-did-this').actor, of('who-did-this').tenant, of('who-did-this').data.id], ['default', 'default', made.json.id]);
  assert.equal(`urn:uuid:${of('who-tried-this').requestId}`, refused.json.instance);
  assert.equal(ledger.logs.map(line => JSON.parse(line)).filter(line => line.reqId === of('who-did-this').requestId && line.client === 'default').length, 1, 'and the log has the same request');
});

test('a hold is not reached by the id of a transfer, nor a transfer by that of a hold: their scopes differ', async () => {
  const [held, sent] = [await hold(), await transfer()];
  await api.post(`/v1/holds/${held}/captures`, {});
  for (const [path, code] of [
    [`/v1/transfers/${held.replace('ho_', 'tr_')}/refunds`, 'unknown-transfer'], [`/v1/transfers/${held.replace('ho_', 'tr_')}/reversal`, 'unknown-transfer'], [`/v1/holds/${sent.replace('tr_', 'ho_')}/refunds`, 'unknown-hold'],
  ] as const) {
    const reply = await api.post(path, {});
    assert.deepEqual([reply.status, reply.json.code], [404, code], path);
  }
});

test('an answer that is not as described is found: another status, a field too many, one too few, another code, no header', () => {
  const operation = operations.find(one => one.name === 'POST /v1/transfers')!;
  const headers = { 'content-type': 'application/json', 'airpay-region': 'a', 'airpay-instance': 'b', ratelimit: 'x', 'ratelimit-policy': 'y' };
  const faults = (status: number, json: object, over: Record<string, string> = {}) => contract.faults(operation, { status, json, text: JSON.stringify(json), headers: new Headers({ ...headers, ...over }) });
  const whole = {
    id: `tr_${nowhere}`, kind: 'transfer', ...payment, description: null, metadata: {}, status: 'posted', createdAt: '2026-11-21T12:00:00.000Z', effectiveAt: '2026-11-21T12:00:00.000Z', debitVersion: '1', creditVersion: '1', region: 'a',
  };
  assert.deepEqual(faults(201, whole), []);
  assert.match(faults(202, whole)[0]!, /which is not described/);
  assert.match(faults(201, { ...whole, colour: 'red' })[0]!, /additional properties \(colour\)/);
  assert.match(faults(201, { ...whole, currency: undefined })[0]!, /required property 'currency'/);
  assert.match(faults(201, { ...whole, amountMinor: 10 })[0]!, /amountMinor must be string/);
  assert.match(faults(201, whole, { 'content-type': 'text/html' })[0]!, /text\/html instead of application\/json/);
  const problem = { type: 'https://docs.airpay.example/errors/rate-mismatch', title: 't', status: 422, detail: 'd', code: 'rate-mismatch', retryable: false, instance: 'urn:uuid:00000000-0000-0000-0000-000000000000' };
  assert.match(faults(422, problem, { 'content-type': 'application/problem+json' }).join(), /code must be equal to one of the allowed values/);
  assert.match(faults(503, { ...problem, code: 'overloaded' }, { 'content-type': 'application/problem+json' }).join(), /header Retry-After is missing/);
});
