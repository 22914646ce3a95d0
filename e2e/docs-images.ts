/** Takes the pictures of docs/images from the running platform. Usage: node e2e/docs-images.ts [URL of the portal] */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser } from '@playwright/test';
import { root } from './platform.ts';
import { people } from './support.ts';

const url = process.argv[2] ?? 'http://localhost:7007';
const folder = join(root, 'docs/images');
const pictures = [
  ['home', '/'], ['slos', '/platform/slos'], ['slo', '/platform/slos/ledger-availability?range=30d'], ['recovery', '/recovery'],
  ['plan', '/recovery/payments/plan/planned-region-switch'], ['ownership', '/ownership?q=ledger'],
] as const;

async function take(browser: Browser, scheme: 'light' | 'dark', names: readonly string[]): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: scheme });
  await page.goto(url);
  await page.getByRole('button', { name: new RegExp(people.mira) }).click();
  await page.getByRole('heading', { level: 1 }).first().waitFor({ state: 'attached' });
  const runs: { runs: { id: string }[] } = await page.evaluate(async () => {
    const session = await fetch('/api/auth/localPeople/refresh', { headers: { 'x-airpay-person': 'user:default/mira', 'x-requested-with': 'XMLHttpRequest' } });
    const { backstageIdentity } = await session.json();
    return (await fetch('/api/airpay-dr/runs?limit=1', { headers: { Authorization: `Bearer ${backstageIdentity.token}` } })).json();
  });
  const all = [...pictures, ...runs.runs.slice(0, 1).map(run => ['run', `/recovery/runs/${run.id}`] as const)];
  for (const [name, path] of all.filter(([one]) => names.includes(one))) {
    await page.goto(url + path);
    // The pages poll, so the network never falls idle; charts are drawn well within this time.
    await page.waitForTimeout(6_000);
    await page.screenshot({ path: join(folder, `${name}-${scheme}.png`) });
    console.log(`docs/images/${name}-${scheme}.png`);
  }
  await page.close();
}

mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
try {
  await take(browser, 'light', [...pictures.map(([name]) => name), 'run']);
  await take(browser, 'dark', ['home', 'run']);
} finally {
  await browser.close();
}
