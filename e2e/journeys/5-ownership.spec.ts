import { bearer, expect, portalUrl, signIn, test, tokenOf } from '../support.ts';

interface Answer { kind: string; name: string; owner: { ref: string } | null; onCall: { ref: string } | null; runbook: { url: string } | null; because: { text: string; source: string; at: string }[] }

test.describe('ownership', () => {
  test('finds the owner of a component, API, namespace, pod, alert and host name, and says why', async ({ request }) => {
    const headers = bearer(await tokenOf(request, 'mira'));
    const ask = async (q: string): Promise<Answer> => {
      const answer = await request.get(`${portalUrl}/api/airpay-platform/ownership?q=${encodeURIComponent(q)}`, { headers });
      expect(answer.status(), await answer.text()).toBe(200);
      const { answers } = await answer.json();
      expect(answers.length, q).toBeGreaterThan(0);
      return answers[0];
    };
    const { answers: called } = await (await request.get(`${portalUrl}/api/airpay-platform/ownership?q=payments`, { headers })).json() as { answers: Answer[] };
    const namespace = called.find(answer => answer.kind === 'namespace');
    expect(namespace?.owner?.ref).toBe('group:default/payments-core');
    const pod = await podName(request, headers);
    for (const [q, kind] of [['ledger', 'component'], ['Ledger API', 'api'], [pod, 'pod'], ['ledger.pay.airpay.example', 'host'], ['LedgerAvailability', 'alert']] as const) {
      const answer = await ask(q);
      expect(answer.kind, q).toBe(kind);
      expect(answer.owner, q).not.toBeNull();
      expect(answer.because.length, q).toBeGreaterThan(0);
      for (const reason of answer.because) expect(reason.source.length * reason.text.length, q).toBeGreaterThan(0);
    }
    expect((await ask(pod)).owner!.ref).toBe('group:default/payments-core');
    expect((await ask('ledger')).onCall!.ref).toMatch(/^user:default\//);
    expect((await ask('ledger')).runbook!.url.length).toBeGreaterThan(0);
  });

  test('an unknown name is answered with what to do, a name too long with a clear refusal', async ({ request }) => {
    const headers = bearer(await tokenOf(request, 'mira'));
    const nothing = await request.get(`${portalUrl}/api/airpay-platform/ownership?q=zzz-no-such-thing`, { headers });
    expect((await nothing.json()).answers).toEqual([]);
    expect((await request.get(`${portalUrl}/api/airpay-platform/ownership?q=${'x'.repeat(201)}`, { headers })).status()).toBe(400);
  });

  test('the search box answers from anywhere by keyboard', async ({ page }) => {
    await signIn(page, 'lea', '/catalog');
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').getByRole('combobox').fill('ledger.pay.airpay.example');
    await expect(page.getByRole('dialog').getByText(/payments.core/i).first()).toBeVisible();
  });

  test('the page keeps the question in its address', async ({ page }) => {
    await signIn(page, 'lea', '/ownership?q=ledger');
    await expect(page.getByText(/because/i).first()).toBeVisible();
    await expect(page.getByText(/payments.core/i).first()).toBeVisible();
  });
});

async function podName(request: Parameters<Parameters<typeof test>[2]>[0]['request'], headers: Record<string, string>): Promise<string> {
  const answer = await request.post(`${portalUrl}/api/kubernetes/services/ledger`, { headers, data: { entity: { apiVersion: 'backstage.io/v1alpha1', kind: 'Component', metadata: { name: 'ledger', namespace: 'default', annotations: { 'backstage.io/kubernetes-id': 'ledger' } } } } });
  expect(answer.status(), await answer.text()).toBe(200);
  const { items } = await answer.json();
  const pods = items.flatMap((item: { resources: { type: string; resources: { metadata: { name: string }; status: { phase: string } }[] }[] }) => item.resources.filter(one => one.type === 'pods').flatMap(one => one.resources));
  expect(pods.length).toBeGreaterThan(0);
  return pods.find((one: { status: { phase: string } }) => one.status.phase === 'Running').metadata.name;
}
