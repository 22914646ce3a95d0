/** No card number comes in: random ones, in every text of every request, in every usual grouping. And none gets into a log. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { holdsCardNumber, passesLuhn } from '../src/domain/text.ts';
import { apiKey, createDatabase, startLedger, type TestDatabase, type TestLedger } from './support/ledger.ts';
import { routesOf } from './support/routes.ts';

let database: TestDatabase;
let ledger: TestLedger;
before(async () => {
  database = await createDatabase();
  ledger = await startLedger(database, { LEDGER_RATE_LIMIT_PER_S: '1000000', LEDGER_WEBHOOK_KEY: Buffer.alloc(32, 1).toString('base64') });
  const { api } = ledger;
  for (const id of ['wallet:ada', 'shop:books', 'bank:books']) await api.account(id);
  await api.fund('wallet:ada', 1_000_000);
  params['transfers'] = (await api.transfer('wallet:ada', 'shop:books', 1_000)).json.id;
  params['holds'] = (await api.post('/v1/holds', { debitAccountId: 'wallet:ada', creditAccountId: 'shop:books', amountMinor: '1000', currency: 'USD' })).json.id;
});
after(() => ledger.close());

const texts = { description: 'Order 7', metadata: { order: '7' } };
const legs = { debitAccountId: 'wallet:ada', creditAccountId: 'shop:books', amountMinor: '100', currency: 'USD', ...texts };
const effectiveAt = '2026-01-31T12:00:00Z';
const endpoint = 'we_0123456789abcdef0123456789abcdef';

/** A body with every field that there is, for each route that takes one. */
const bodies: Record<string, object | null> = {
  '/v1/accounts': { id: 'wallet:new', owner: 'Ada', currency: 'USD', type: 'liability', metadata: { tier: 'gold' } },
  '/v1/transfers': { ...legs, effectiveAt },
  '/v1/transactions': { transfers: [{ ...legs, effectiveAt }, legs] },
  '/v1/transfers/batch': { transfers: [{ key: 'first', ...legs, effectiveAt }, { key: 'second', ...legs }] },
  '/v1/conversions': { debitAccountId: 'wallet:ada', creditAccountId: 'wallet:eva', sellAmountMinor: '100', sellCurrency: 'USD', buyAmountMinor: '90', buyCurrency: 'EUR', rate: '0.9', ...texts, effectiveAt },
  '/v1/transfers/lookup': { ids: ['tr_01935790-1234-8567-8000-000000000123'] },
  '/v1/transfers/:id/refunds': { amountMinor: '50', ...texts },
  '/v1/transfers/:id/reversal': texts,
  '/v1/holds': { ...legs, expiresAt: new Date(Date.now() + 86_400_000).toISOString() },
  '/v1/holds/:id/captures': { amountMinor: '50', final: true, fee: { amountMinor: '1', accountId: 'fees:usd' }, ...texts },
  '/v1/holds/:id/void': null,
  '/v1/holds/:id/refunds': { amountMinor: '50', ...texts },
  '/v1/settlements': { accountId: 'shop:books', payoutAccountId: 'bank:books', ...texts },
  '/v1/webhook-endpoints': { url: 'https://hooks.example/airpay', events: ['*'] },
  '/v1/webhook-endpoints/:id/rotate-secret': null,
  '/v1/webhook-endpoints/:id/replay': { fromPosition: '1' },
  '/v1/webhook-endpoints/:id/deliveries/:position/retry': null,
};
/** Neither looks at the header: one reads, the other has its keys in the body. */
const withoutKey = new Set(['/v1/transfers/lookup', '/v1/transfers/batch']);
/** Numbers: any digits may stand there, and they mean an amount, a rate or a place. */
const numbers = /^(\w*amountMinor|\w+AmountMinor|rate|fromPosition)$/;
/** Of what is there, as far as it is needed to get to the texts. */
const params: Record<string, string> = { 'webhook-endpoints': endpoint, deliveries: '1' };
const pathOf = (url: string) => url.replaceAll(/\/([\w-]+)\/:\w+/g, (_all, name: string) => `/${name}/${params[name] ?? 'x'}`);

interface Place {
  url: string;
  /** Where in the body; empty for the idempotency key. */
  path: string[];
  /** Replace the member's name instead of its value. */
  asKey: boolean;
}

function placesIn(url: string, value: unknown, path: string[] = []): Place[] {
  if (typeof value === 'string') return numbers.test(path.at(-1)!) ? [] : [{ url, path, asKey: false }];
  if (typeof value !== 'object' || value === null) return [];
  const names = path.at(-1) === 'metadata' ? Object.keys(value).map(name => ({ url, path: [...path, name], asKey: true })) : [];
  return [...names, ...Object.entries(value).flatMap(([name, one]) => placesIn(url, one, [...path, name]))];
}

function withText(value: unknown, [name, ...rest]: string[], asKey: boolean, text: string): unknown {
  if (name === undefined) return text;
  const copy = structuredClone(value) as Record<string, unknown>;
  if (rest.length === 0 && asKey) {
    copy[text] = copy[name];
    delete copy[name];
  } else copy[name] = withText(copy[name], rest, asKey, text);
  return copy;
}

const cardNumbers = fc.tuple(fc.constantFrom('2221', '34', '36', '4', '51', '62'), fc.constantFrom(13, 15, 16, 19), fc.stringMatching(/^\d{18}$/)).map(([prefix, length, digits]) => {
  const body = (prefix + digits).slice(0, length - 1);
  return body + [...'0123456789'].find(digit => passesLuhn(body + digit))!;
});
const groupings: Record<number, RegExp> = { 13: /^(\d{4})(\d{4})(\d{5})$/, 15: /^(\d{4})(\d{6})(\d{5})$/, 16: /^(\d{4})(\d{4})(\d{4})(\d{4})$/, 19: /^(\d{4})(\d{4})(\d{4})(\d{4})(\d{3})$/ };
const spellings = fc.tuple(cardNumbers, fc.constantFrom('', '', ' ', '-', '_', '.', ':'), fc.constantFrom('', 'card ', 'a')).map(([number, separator, before]) => ({
  number,
  text: before + (separator ? groupings[number.length]!.exec(number)!.slice(1).join(separator) : number),
}));

const written = () => database.as('postgres', 'SELECT count(*) AS rows, max(position) AS last FROM ledger.journal');
const postRoutes = () => routesOf(ledger.service.app).filter(({ method, url }) => method === 'POST' && url.startsWith('/v1'));
/** POST is answered with 405 where there is none. */
const isRefused = async (url: string) => (await ledger.service.app.inject({ method: 'POST', url: pathOf(url), headers: { authorization: `Bearer ${apiKey}` } })).statusCode === 405;

/** Those of `bodies` that this service has: webhooks may be off. */
async function triedUrls(): Promise<string[]> {
  const present = new Set(postRoutes().map(one => one.url));
  const urls = [];
  for (const url of Object.keys(bodies)) if (present.has(url) && !(await isRefused(url))) urls.push(url);
  return urls;
}

test('every route that takes a body is tried', async () => {
  for (const { url } of postRoutes()) if (!(await isRefused(url))) assert.ok(url in bodies, `${url} has no body here`);
});

test('a card number in any text is refused, not repeated, not stored and not logged', async () => {
  const places: Place[] = (await triedUrls()).flatMap(url => [{ url, path: [], asKey: false }, ...placesIn(url, bodies[url])]).filter(place => place.path.length > 0 || !withoutKey.has(place.url));
  assert.ok(places.length > 20, String(places.length));
  const earlier = await written();
  let refusedAsCard = 0;
  const sent: string[] = [];
  await fc.assert(fc.asyncProperty(fc.constantFrom(...places), spellings, async ({ url, path, asKey }, { number, text }) => {
    const key = path.length === 0 ? text.replaceAll(' ', '-') : 'some-key';
    const body = path.length === 0 ? bodies[url] : withText(bodies[url], path, asKey, text);
    const reply = await ledger.service.app.inject({ method: 'POST', url: pathOf(url), headers: { authorization: `Bearer ${apiKey}`, 'idempotency-key': key, 'content-type': 'application/json' }, payload: JSON.stringify(body) });
    const code = reply.json().code;
    const what = `${url} ${path.join('/') || 'Idempotency-Key'}${asKey ? ' (its name)' : ''}: ${JSON.stringify(text)} -> ${reply.statusCode} ${reply.body}`;
    assert.ok(['card-data-refused', 'invalid-request', 'idempotency-key-invalid'].includes(code), what);
    if (code === 'card-data-refused') refusedAsCard++;
    assert.ok(!reply.body.includes(text) && !reply.body.includes(number), what);
    sent.push(text, number);
  }), { numRuns: 1_500 });
  assert.ok(refusedAsCard > 500, `${refusedAsCard}: the rest did not fit the schema of an id, a time or a currency`);
  assert.ok(ledger.logs.length > 1_000);
  const logs = ledger.logs.join('');
  for (const text of sent) assert.ok(!logs.includes(text), text);
  assert.deepEqual(await written(), earlier, 'nothing was written');
});

test('the same requests with tokens in the same places are not refused for what they say', async () => {
  for (const url of await triedUrls()) {
    const body = bodies[url];
    for (const { path, asKey } of placesIn(url, body).filter(one => /^(metadata|description|owner)$/.test(one.path.at(-1)!) || one.path.includes('metadata'))) {
      const reply = await ledger.service.app.inject({ method: 'POST', url: pathOf(url), headers: { authorization: `Bearer ${apiKey}`, 'idempotency-key': randomUUID() }, payload: withText(body, path, asKey, 'tok_1234.5678-9012') as object });
      assert.ok(!['card-data-refused', 'invalid-request'].includes(reply.json().code), `${url} ${path.join('/')}: ${reply.body}`);
    }
  }
});

test('a card number in a path, a query, a header or a faulty body is not repeated either', async () => {
  const number = '4111111111111111';
  const headers = { authorization: `Bearer ${apiKey}`, 'idempotency-key': 'k' };
  const requests = [
    { url: `/v1/accounts/${number}` },
    { url: `/v1/accounts/a/entries?cursor=${number}&limit=${number}` },
    { url: `/v1/accounts/a?${number}=1` },
    { url: `/${number}` },
    { url: '/v1/accounts/a', headers: { authorization: `Bearer ${number}` } },
    { url: '/v1/accounts/a', headers: { ...headers, 'x-request-id': number, 'user-agent': number, traceparent: `00-${number}${number}-${number}-01`, tracestate: `a=${number}`, baggage: `a=${number}` } },
    { method: 'POST' as const, url: '/v1/transfers', payload: { ...legs, metadata: { [number]: 1 } } },
    { method: 'POST' as const, url: '/v1/transfers', payload: { ...legs, [number]: 'x' } },
    { method: 'POST' as const, url: '/v1/transfers', payload: `{"description": "${number}` , headers: { ...headers, 'content-type': 'application/json' } },
    { method: 'POST' as const, url: '/v1/transfers', payload: number, headers: { ...headers, 'content-type': `text/${number}` } },
  ];
  for (const request of requests) {
    const reply = await ledger.service.app.inject({ headers, ...request });
    assert.ok(reply.statusCode >= 400 && reply.statusCode < 500, JSON.stringify(request));
    assert.ok(!JSON.stringify([reply.headers, reply.body]).includes(number), `${JSON.stringify(request)}: ${reply.body}`);
  }
  assert.ok(!ledger.logs.join('').includes(number));
  assert.ok(holdsCardNumber(number));
});
