/** Twenty malformed requests through the traffic front: each is a 4xx problem document, and no money moves. */
import { expect, test } from '@playwright/test';
import { resolvedConfig } from '../platform.ts';

const good = { debitAccountId: 'cash-clearing:usd', creditAccountId: 'customer:bad-input', amountMinor: '100', currency: 'USD' };
const key = () => `bad-input-${crypto.randomUUID()}`;

interface Case {
  title: string;
  body?: unknown;
  raw?: string;
  headers?: Record<string, string>;
  path?: string;
  method?: string;
}

const cases: Case[] = [
  { title: 'no idempotency key', body: good, headers: { 'idempotency-key': '' } },
  { title: 'an idempotency key of 256 characters', body: good, headers: { 'idempotency-key': 'x'.repeat(256) } },
  { title: 'no authorization', body: good, headers: { authorization: '' } },
  { title: 'a wrong api key', body: good, headers: { authorization: 'Bearer wrong' } },
  { title: 'JSON cut off', raw: '{"debitAccountId":' },
  { title: 'not JSON', raw: 'hello', headers: { 'content-type': 'text/plain' } },
  { title: 'an empty body', raw: '' },
  { title: 'an array', body: [good] },
  { title: 'amount as a number', body: { ...good, amountMinor: 100 } },
  { title: 'amount with a fraction', body: { ...good, amountMinor: '1.5' } },
  { title: 'amount zero', body: { ...good, amountMinor: '0' } },
  { title: 'amount below zero', body: { ...good, amountMinor: '-100' } },
  { title: 'amount beyond 64 bits', body: { ...good, amountMinor: '9223372036854775808' } },
  { title: 'amount in letters', body: { ...good, amountMinor: 'ten' } },
  { title: 'an unknown currency', body: { ...good, currency: 'XXX' } },
  { title: 'another currency than the accounts have', body: { ...good, currency: 'EUR' } },
  { title: 'a transfer to the same account', body: { ...good, creditAccountId: good.debitAccountId } },
  { title: 'an account that does not exist', body: { ...good, creditAccountId: 'customer:nobody-here' } },
  { title: 'an unknown property', body: { ...good, discount: '5' } },
  { title: 'a card number in the metadata', body: { ...good, metadata: { note: '4111111111111111' } } },
  { title: 'a body of 1 MiB', raw: JSON.stringify({ ...good, description: 'x'.repeat(1 << 20) }) },
  { title: 'a method that is not there', path: '/v1/transfers', method: 'DELETE' },
  { title: 'a path that is not there', path: '/v1/payments', body: good },
];

test('malformed requests get a problem document and move nothing', async ({ request }) => {
  const { ports, secrets } = resolvedConfig();
  const base = `http://127.0.0.1:${ports['front']}`;
  const authorization = `Bearer ${secrets['ledgerApiKey']}`;
  const version = async () => {
    // The journal of the account: no cache answers for it.
    const answer = await request.get(`${base}/v1/accounts/${good.creditAccountId}/entries?limit=1`, { headers: { authorization } });
    expect(answer.status()).toBe(200);
    return (await answer.json()).entries[0]?.version;
  };
  const opened = await request.post(`${base}/v1/accounts`, { headers: { authorization, 'idempotency-key': key() }, data: { id: good.creditAccountId, owner: 'Bad Input', currency: good.currency, type: 'liability' } });
  expect(opened.status(), await opened.text()).toBe(201);
  const paid = await request.post(`${base}/v1/transfers`, { headers: { authorization, 'idempotency-key': key() }, data: good });
  expect(paid.status(), await paid.text()).toBe(201);
  const before = await version();
  expect(before).toBe('1');
  expect(cases.length).toBeGreaterThanOrEqual(20);
  for (const one of cases) {
    const answer = await request.fetch(`${base}${one.path ?? '/v1/transfers'}`, {
      method: one.method ?? 'POST',
      headers: Object.fromEntries(Object.entries({ authorization, 'content-type': 'application/json', 'idempotency-key': key(), ...one.headers }).filter(([, value]) => value !== '')),
      ...(one.method === 'DELETE' ? {} : { data: one.raw === undefined ? JSON.stringify(one.body) : Buffer.from(one.raw) }),
    });
    const text = await answer.text();
    expect.soft(answer.status(), `${one.title}: ${text}`).toBeGreaterThanOrEqual(400);
    expect.soft(answer.status(), `${one.title}: ${text}`).toBeLessThan(500);
    expect.soft(answer.headers()['content-type'], one.title).toContain('application/problem+json');
    expect.soft(JSON.parse(text), one.title).toMatchObject({ type: expect.any(String), title: expect.any(String), status: answer.status(), code: expect.any(String) });
  }
  expect(await version()).toBe(before);
});
