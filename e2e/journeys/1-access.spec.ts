import { bearer, expect, people, portalUrl, signIn, test, tokenOf, type Person } from '../support.ts';

const reads = [
  '/api/catalog/entities', '/api/airpay-platform/overview', '/api/airpay-platform/slos', '/api/airpay-platform/ownership?q=ledger',
  '/api/airpay-dr/systems', '/api/airpay-dr/runs', '/api/scaffolder/v2/tasks', '/api/scaffolder/v2/actions', '/api/kubernetes/clusters',
  '/api/search/query?term=ledger', '/api/techdocs/static/docs/default/component/ledger/index.html', '/api/user-settings',
];

test.describe('access', () => {
  test('nobody gets an answer without signing in', async ({ request }) => {
    for (const path of reads) expect((await request.get(portalUrl + path)).status(), path).toBe(401);
    for (const path of ['/api/airpay-dr/plans', '/api/airpay-dr/runs', '/api/scaffolder/v2/tasks', '/api/catalog/locations', '/api/catalog/refresh']) {
      expect((await request.post(portalUrl + path, { data: {} })).status(), path).toBe(401);
    }
  });

  test('a person who is not on the list is refused', async ({ request }) => {
    const answer = await request.get(`${portalUrl}/api/auth/localPeople/refresh`, { headers: { 'x-airpay-person': 'user:default/nobody', 'x-requested-with': 'XMLHttpRequest' } });
    expect([401, 403]).toContain(answer.status());
  });

  for (const person of Object.keys(people) as Person[]) {
    test(`${person} reads everything; only recovery people may start a run, only audit reads the journal`, async ({ request }) => {
      const headers = bearer(await tokenOf(request, person));
      for (const path of ['/api/airpay-platform/slos', '/api/airpay-dr/systems', '/api/catalog/entities?limit=1', '/api/airpay-platform/ownership?q=ledger']) {
        expect((await request.get(portalUrl + path, { headers })).status(), `${person} ${path}`).toBe(200);
      }
      const start = await request.post(`${portalUrl}/api/airpay-dr/runs`, {
        headers,
        data: { id: crypto.randomUUID(), plan: 'planned-region-switch', system: 'payments', to: 'region-b', planHash: '0'.repeat(64), confirmation: 'no', reason: 'access test' },
      });
      // A recovery person passes the door and is refused for the wrong words; anybody else does not pass it.
      expect(start.status(), await start.text()).toBe(['mira', 'jonas'].includes(person) ? 409 : 403);
      const events = await request.get(`${portalUrl}/api/airpay-dr/runs/${crypto.randomUUID()}/events`, { headers });
      expect(events.status(), await events.text()).toBe(['omar', 'jonas'].includes(person) ? 404 : 403);
    });
  }

  test('sign in on the page, reload, sign out', async ({ page }) => {
    await signIn(page, 'lea');
    await expect(page.getByText(/money is (not )?moving/i).first()).toBeVisible();
    await page.reload();
    await expect(page.getByText(/money is (not )?moving/i).first()).toBeVisible();
  });
});
