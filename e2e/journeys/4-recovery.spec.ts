/** The planned region switch, there in the browser and back through the API, against the running regions. */
import { bearer, expect, portalUrl, signIn, test, tokenOf } from '../support.ts';
import type { APIRequestContext } from '@playwright/test';

interface Run {
  id: string;
  state: string;
  nextForYou: string | null;
  result: { writeGapMs: number | null; acknowledgedChecked: number; acknowledgedLost: number; verificationTransferId: string | null } | null;
}

async function activeRegion(request: APIRequestContext, headers: Record<string, string>): Promise<string> {
  const answer = await request.get(`${portalUrl}/api/airpay-dr/systems/payments`, { headers });
  expect(answer.status(), await answer.text()).toBe(200);
  return (await answer.json()).activeRegion;
}

async function ended(request: APIRequestContext, headers: Record<string, string>, id: string): Promise<Run> {
  await expect
    .poll(async () => (await (await request.get(`${portalUrl}/api/airpay-dr/runs/${id}`, { headers })).json()).state, { timeout: 90_000, intervals: [1_000] })
    .not.toBe('running');
  return (await request.get(`${portalUrl}/api/airpay-dr/runs/${id}`, { headers })).json();
}

function expectNothingLost(run: Run): void {
  expect(run.state, run.nextForYou ?? '').toBe('succeeded');
  expect(run.result!.acknowledgedChecked).toBeGreaterThan(0);
  expect(run.result!.acknowledgedLost).toBe(0);
  expect(run.result!.writeGapMs).not.toBeNull();
  expect(run.result!.verificationTransferId).toMatch(/^tr_[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  console.log(`write gap ${run.result!.writeGapMs} ms, ${run.result!.acknowledgedChecked} acknowledged payments checked, ${run.result!.acknowledgedLost} lost`);
}

test.describe('recovery', () => {
  test.setTimeout(240_000);

  test('an engineer sees the plan but cannot start it', async ({ page }) => {
    await signIn(page, 'lea', '/recovery');
    await page.getByRole('link', { name: /plan a switch/i }).first().click();
    await expect(page.getByRole('button', { name: /^start/i })).toBeDisabled();
  });

  test('planned region switch there, by click, loses nothing', async ({ page, request }) => {
    const headers = bearer(await tokenOf(request, 'mira'));
    const from = await activeRegion(request, headers);
    await signIn(page, 'mira', '/recovery');
    await page.getByRole('link', { name: /plan a switch/i }).first().click();
    const start = page.getByRole('button', { name: /^start/i });
    await expect(start).toBeDisabled();
    await page.getByLabel(/reason/i).fill('Quarterly exercise of the region switch');
    await page.getByLabel(/type/i).fill('SWITCH payment');
    await expect(start).toBeDisabled();
    await page.getByLabel(/type/i).fill('SWITCH payments');
    await expect(start).toBeEnabled();
    await start.click();
    await page.waitForURL(/\/recovery\/runs\/[0-9a-f-]{36}/);
    await expect(page.getByText(/write gap/i).first()).toBeVisible({ timeout: 120_000 });
    const run = await ended(request, headers, page.url().match(/[0-9a-f-]{36}/)![0]);
    expectNothingLost(run);
    expect(await activeRegion(request, headers)).not.toBe(from);
  });

  test('and back again, started through the API', async ({ request }) => {
    const headers = bearer(await tokenOf(request, 'jonas'));
    const from = await activeRegion(request, headers);
    const to = from === 'region-a' ? 'region-b' : 'region-a';
    const plan = async () => (await request.post(`${portalUrl}/api/airpay-dr/plans`, { headers, data: { plan: 'planned-region-switch', system: 'payments', to } })).json();
    await expect.poll(async () => (await plan()).startable, { timeout: 60_000 }).toBe(true);
    const { hash } = await plan();
    const data = { id: crypto.randomUUID(), plan: 'planned-region-switch', system: 'payments', to, planHash: hash, confirmation: 'SWITCH payments', reason: 'The way back' };
    const started = await request.post(`${portalUrl}/api/airpay-dr/runs`, { headers, data });
    expect(started.status(), await started.text()).toBe(202);
    // A second click is the same run, another request under the same id is refused.
    expect((await request.post(`${portalUrl}/api/airpay-dr/runs`, { headers, data })).status()).toBe(202);
    expect((await request.post(`${portalUrl}/api/airpay-dr/runs`, { headers, data: { ...data, reason: 'Another reason' } })).status()).toBe(409);
    expectNothingLost(await ended(request, headers, data.id));
    expect(await activeRegion(request, headers)).toBe(to);

    const audit = bearer(await tokenOf(request, 'omar'));
    const events = await (await request.get(`${portalUrl}/api/airpay-dr/runs/${data.id}/events`, { headers: audit })).json();
    expect(events.events.length).toBeGreaterThan(10);
    expect(JSON.stringify(events.events)).toContain('user:default/jonas');
  });
});
