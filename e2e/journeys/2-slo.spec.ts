/** SLOs: the list, the detail, the component's tab; and that real failures move the figures. */
import { bearer, expect, portalUrl, signIn, test, tokenOf } from '../support.ts';
import { resolvedConfig, status } from '../platform.ts';

interface Slo { id: string; budgetLeft: { value: number | null; at: string | null; source: string } }

test.describe('SLOs', () => {
  test('the list shows every objective, least budget first, and leads to the detail', async ({ page, request }) => {
    const headers = bearer(await tokenOf(request, 'lea'));
    const { slos, errors } = await (await request.get(`${portalUrl}/api/airpay-platform/slos`, { headers })).json() as { slos: Slo[]; errors: unknown[] };
    expect(errors).toEqual([]);
    expect(slos.map(slo => slo.id).sort()).toEqual(['ledger-availability', 'ledger-latency', 'ledger-synthetic']);
    const left = slos.map(slo => slo.budgetLeft.value!);
    expect([...left].sort((a, b) => a - b)).toEqual(left);
    for (const slo of slos) {
      expect(slo.budgetLeft.source.length).toBeGreaterThan(10);
      expect(Date.now() - Date.parse(slo.budgetLeft.at!)).toBeLessThan(120_000);
    }

    await signIn(page, 'lea', '/platform/slos');
    await page.getByRole('link', { name: /availability/i }).first().click();
    await page.waitForURL(/\/platform\/slos\/ledger-availability/);
    await expect(page.getByText('99.99 %').first()).toBeVisible();
    await expect(page.getByText(/14\.4/).first()).toBeVisible();
    for (const range of ['1h', '6h', '1d', '7d', '30d']) {
      const series = await request.get(`${portalUrl}/api/airpay-platform/slos/ledger-availability/series?range=${range}`, { headers });
      const { times, series: lines } = await series.json();
      expect(times.length, range).toBeGreaterThan(10);
      expect(times.length, range).toBeLessThanOrEqual(300);
      const requests = lines.find((line: { name: string }) => line.name === 'requestsPerSecond');
      expect(requests.values.filter((value: number | null) => value !== null && value > 0).length, range).toBeGreaterThan(5);
    }
  });

  test('the ledger shows the same objectives as a tab', async ({ page }) => {
    await signIn(page, 'lea', '/catalog/default/component/ledger');
    await page.locator('main').getByText('SLOs', { exact: true }).first().click();
    await expect(page.getByRole('link', { name: /availability/i }).first()).toBeVisible();
  });

  test('injected 5xx move the budget', async ({ request }) => {
    test.setTimeout(240_000);
    const headers = bearer(await tokenOf(request, 'lea'));
    const budget = async () => {
      const { slos } = await (await request.get(`${portalUrl}/api/airpay-platform/slos`, { headers })).json() as { slos: Slo[] };
      return slos.find(slo => slo.id === 'ledger-availability')!.budgetLeft.value!;
    };
    const before = await budget();
    // The writer dies and stays dead: until Patroni has promoted the other member, the ledger answers 503.
    const { ports, secrets } = resolvedConfig();
    const control = `http://127.0.0.1:${ports['control']}/v1/processes`;
    const authorization = `Bearer ${secrets['controlToken']}`;
    const { processes } = await (await request.get(control, { headers: { authorization } })).json() as { processes: { name: string; role: string }[] };
    const writer = processes.find(one => one.role === 'primary')!;
    const stopped = await request.post(`${control}/${writer.name}/stop`, { headers: { authorization }, data: { signal: 'SIGKILL' } });
    expect(stopped.ok(), await stopped.text()).toBe(true);
    try {
      await expect.poll(budget, { timeout: 120_000, intervals: [3_000] }).toBeLessThan(before);
      console.log(`budget left ${before} -> ${await budget()} after losing ${writer.name}`);
    } finally {
      expect((await request.post(`${control}/${writer.name}/start`, { headers: { authorization } })).ok()).toBe(true);
    }
    const healthy = async () => (await status()).processes.filter(one => one.kind === 'patroni').map(one => one.state);
    await expect.poll(healthy, { timeout: 60_000 }).toEqual(['healthy', 'healthy', 'healthy']);
  });
});
