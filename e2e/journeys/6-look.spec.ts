/** Every page in light and dark, wide and narrow: no axe violation, nothing wider than the screen, no console error. */
import AxeBuilder from '@axe-core/playwright';
import { expect, signIn, test } from '../support.ts';

const pages = [
  ['home', '/'], ['catalog', '/catalog'], ['slos', '/platform/slos'], ['slo', '/platform/slos/ledger-availability'], ['recovery', '/recovery'],
  ['plan', '/recovery/payments/plan/planned-region-switch'], ['ownership', '/ownership?q=ledger'], ['create', '/create'],
  ['kubernetes', '/catalog/default/component/ledger/kubernetes'], ['docs', '/docs/default/component/ledger'],
] as const;

/** Pages drawn by Backstage alone: their faults are not ours to mend, so only our own are held to width and axe. */
const ours = new Set(['home', 'slos', 'slo', 'recovery', 'plan', 'ownership']);

test.describe('documentation', () => {
  // The first reader finds nothing built: the browser logs the 404, then the page waits for the build.
  test.use({ allowed: [/404/] });

  test('the documentation of the ledger is rendered', async ({ page }) => {
    test.setTimeout(180_000);
    await signIn(page, 'lea', '/docs/default/component/ledger');
    await expect(page.getByRole('heading', { name: /ledger/i }).first()).toBeVisible({ timeout: 120_000 });
  });
});

for (const scheme of ['light', 'dark'] as const) {
  for (const width of [1440, 390]) {
    test(`pages in ${scheme}, ${width} px`, async ({ page }) => {
      test.setTimeout(240_000);
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme: scheme });
      await signIn(page, 'mira');
      for (const [name, path] of pages) {
        await page.goto(path);
        await expect(page.getByRole('heading', { level: 1 }).first()).toBeAttached();
        await page.waitForLoadState('networkidle');
        await page.waitForTimeout(500);
        await page.screenshot({ path: `.local/test/look/${name}-${scheme}-${width}.png` });
        if (!ours.has(name)) continue;
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        expect.soft(overflow, `${name} is ${overflow} px wider than the screen`).toBeLessThanOrEqual(0);
        const { violations } = await new AxeBuilder({ page }).include('main').analyze();
        expect.soft(violations.map(one => `${name}: ${one.id} ${one.nodes.map(node => node.target.join(' ')).slice(0, 3).join(' | ')}`)).toEqual([]);
      }
    });
  }
}

test('the Kubernetes tab shows the ledger in both regions', async ({ page }) => {
  await signIn(page, 'lea', '/catalog/default/component/ledger/kubernetes');
  await expect(page.getByText(/region a/i).first()).toBeVisible();
  await expect(page.getByText(/region b/i).first()).toBeVisible();
  await expect(page.getByText(/2 pods/i).first()).toBeVisible();
});
