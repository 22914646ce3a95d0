/** The ledger after all that the journeys did to it: replaced under load without a failed payment, and every check of the audit holds. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { expect, test, type APIRequestContext } from '@playwright/test';
import { resolvedConfig, root, status } from '../platform.ts';

type Region = { id: string; kubernetesPort: number; haproxy: { readWritePort: number } };

/** The region that answers at the traffic front, and how to pay there. */
async function front(request: APIRequestContext) {
  const { ports, secrets, regions } = resolvedConfig();
  const base = `http://127.0.0.1:${ports['front']}`;
  const headers = () => ({ authorization: `Bearer ${secrets['ledgerApiKey']}`, 'idempotency-key': `rollout-${randomUUID()}` });
  const pay = () => request.post(`${base}/v1/transfers`, { headers: headers(), data: { debitAccountId: 'cash-clearing:usd', creditAccountId: 'customer:rollout', amountMinor: '1', currency: 'USD' } });
  const opened = await request.post(`${base}/v1/accounts`, { headers: headers(), data: { id: 'customer:rollout', owner: 'Rollout', currency: 'USD', type: 'liability' } });
  expect([200, 201], await opened.text()).toContain(opened.status());
  const region = (regions as Region[]).find(one => one.id === opened.headers()['airpay-region'])!;
  return { pay, region, secrets };
}

async function ledgerPids(region: string): Promise<Record<string, number | null>> {
  const { processes } = await status();
  const own = processes.filter(one => one.kind === 'ledger' && one.region === region);
  return Object.fromEntries(own.map(one => [one.name, one.state === 'healthy' ? one.pid : null]));
}

test('a rolling restart of the ledger fails no payment', async ({ request }) => {
  test.setTimeout(120_000);
  const { pay, region, secrets } = await front(request);
  const before = await ledgerPids(region.id);
  expect(Object.keys(before).length).toBeGreaterThan(1);
  const restartedAt = new Date().toISOString();
  const answer = await request.patch(`http://127.0.0.1:${region.kubernetesPort}/apis/apps/v1/namespaces/payments/deployments/ledger`, {
    headers: { authorization: `Bearer ${secrets['kubernetesToken']}`, 'content-type': 'application/strategic-merge-patch+json' },
    data: JSON.stringify({ spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': restartedAt } } } } }),
  });
  expect(answer.status(), await answer.text()).toBe(200);

  const answers: number[] = [];
  let done = false;
  const paying = (async () => {
    while (!done) answers.push((await pay()).status());
  })();
  const replaced = async () => Object.entries(await ledgerPids(region.id)).filter(([name, pid]) => pid !== null && pid !== before[name]).length;
  try {
    await expect.poll(replaced, { timeout: 90_000, intervals: [1_000] }).toBe(Object.keys(before).length);
  } finally {
    done = true;
    await paying;
  }
  expect(answers.filter(one => one !== 201)).toEqual([]);
  expect(answers.length).toBeGreaterThan(20);
  console.log(`${answers.length} payments while ${Object.keys(before).length} ledger processes were replaced, none failed`);
});

test('the audit of the ledger holds', async ({ request }) => {
  const { region, secrets } = await front(request);
  const env = {
    PATH: process.env['PATH'], LEDGER_ENVIRONMENT: 'local', LEDGER_DATABASE_TLS: 'disable',
    LEDGER_AUDIT_DATABASE_URL: `postgresql://ledger_readonly:${secrets['ledgerReadonlyPassword']}@127.0.0.1:${region.haproxy.readWritePort}/ledger`,
  };
  const { code, output } = await new Promise<{ code: number; output: string }>(settle => {
    execFile(process.execPath, [join(root, 'ledger/src/audit.ts')], { env, timeout: 60_000 }, (error, stdout, stderr) => settle({ code: Number(error?.code ?? (error ? 1 : 0)), output: stdout + stderr }));
  });
  expect(output).toMatch(/^ok +zero-sum/m);
  expect(code, output).toBe(0);
});
