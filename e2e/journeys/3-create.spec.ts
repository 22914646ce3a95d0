/** One form gives three repositories and a catalog entry. */
import { bearer, expect, portalUrl, signIn, test, tokenOf } from '../support.ts';
import { resolvedConfig } from '../platform.ts';

const name = `payouts-${Date.now().toString(36)}`;

test.describe('create', () => {
  test('a bad value is stopped before anything is published', async ({ request }) => {
    const headers = bearer(await tokenOf(request, 'lea'));
    const { ports } = resolvedConfig();
    for (const values of [{ name: 'Bad Name' }, { name: 'ledger' }, { name: `${name}-x`, owner: 'group:default/nobody' }]) {
      const started = await request.post(`${portalUrl}/api/scaffolder/v2/tasks`, { headers, data: { templateRef: 'template:default/payment-service', values: { description: 'A test', owner: 'group:default/payments-core', tier: '1', currency: 'EUR', regionSet: 'eu', ...values } } });
      if (started.status() === 201) {
        const { id } = await started.json();
        await expect.poll(async () => (await (await request.get(`${portalUrl}/api/scaffolder/v2/tasks/${id}`, { headers })).json()).status, { timeout: 60_000 }).toBe('failed');
      } else expect(started.status()).toBe(400);
      for (const suffix of ['', '-infra', '-gitops']) {
        const repository = await request.get(`http://127.0.0.1:${ports['gitHost']}/api/v1/repos/airpay/${encodeURIComponent(values.name)}${suffix}`);
        // 422: the git host does not even take such a name.
        expect([404, 422], values.name + suffix).toContain(repository.status());
      }
    }
  });

  test('the form creates three repositories, registers the component and links to all', async ({ page, request }) => {
    test.setTimeout(180_000);
    await signIn(page, 'lea', '/create/templates/default/payment-service');
    await page.getByLabel(/^name/i).first().fill(name);
    await page.getByLabel(/description/i).first().fill('Pays merchants out every night');
    await page.getByRole('textbox', { name: /^owner/i }).fill('Payments core');
    await page.getByRole('option', { name: /payments core/i }).first().click();
    for (let step = 0; step < 5; step += 1) {
      const next = page.getByRole('button', { name: /^(next|review)$/i });
      if (await next.count() === 0) break;
      await next.first().click();
    }
    await page.getByRole('button', { name: /^create$/i }).click();
    for (const link of ['Service repository', 'Infrastructure repository', 'Deployment repository', 'In the catalog']) {
      await expect(page.getByRole('link', { name: link })).toBeVisible({ timeout: 120_000 });
    }

    const headers = bearer(await tokenOf(request, 'lea'));
    await expect.poll(async () => (await request.get(`${portalUrl}/api/catalog/entities/by-name/component/default/${name}`, { headers })).status(), { timeout: 60_000 }).toBe(200);
    const { ports } = resolvedConfig();
    for (const suffix of ['', '-infra', '-gitops']) {
      const repository = await request.get(`http://127.0.0.1:${ports['gitHost']}/airpay/${name}${suffix}/src/branch/main`);
      expect(repository.status(), suffix).toBe(200);
    }
  });
});
