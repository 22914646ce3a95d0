/**
 * Opens accounts for a load test, with money in them: `node infra/load/accounts.ts --url http://127.0.0.1:14011 --count 200 > accounts.json`.
 * Safe to run again: ids and idempotency keys are the same. Use a key of a tenant of its own, so that no real account is ever near.
 */
import { parseArgs } from 'node:util';

const REQUEST_TIMEOUT_MS = 10_000;
const COUNT_MAX = 100_000;
const AT_ONCE = 16;

async function post(url: string, key: string, path: string, idempotencyKey: string, body: unknown): Promise<void> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, 'idempotency-key': idempotencyKey }, body: JSON.stringify(body), signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${path} answered ${response.status}: ${text.slice(0, 300)}`);
}

/** Opens and funds them, sixteen at once. Returns their ids. */
export async function openAccounts(url: string, key: string, count: number): Promise<string[]> {
  if (!Number.isInteger(count) || count < 2 || count > COUNT_MAX) throw new Error(`--count is a whole number from 2 to ${COUNT_MAX}`);
  const ids = Array.from({ length: count }, (_, index) => `load-test:${index + 1}`);
  let next = 0;
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, async () => {
    for (let index = next++; index < count; index = next++) {
      const id = ids[index]!;
      await post(url, key, '/v1/accounts', `${id}:open`, { id, owner: 'Load test', currency: 'USD', type: 'liability' });
      await post(url, key, '/v1/transfers', `${id}:fund`, { debitAccountId: 'cash-clearing:usd', creditAccountId: id, amountMinor: '100000000', currency: 'USD', description: 'load test' });
    }
  }));
  return ids;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { url: { type: 'string' }, count: { type: 'string', default: '200' } } });
  const key = process.env['LEDGER_API_KEY'];
  if (!values.url || !key) {
    console.error('--url and the environment variable LEDGER_API_KEY are needed');
    process.exitCode = 2;
  } else console.log(JSON.stringify(await openAccounts(values.url, key, Number(values.count))));
}
