import { aPlan, aRun, aSystem } from '../../dev/fixtures';
import { HttpRecoveryApi, RefusedError } from './api';

const now = Date.parse('2026-11-21T03:00:00Z');

function answering(status: number, body: unknown) {
  const asked: Array<{ url: string; init?: RequestInit }> = [];
  const response = (): any => ({
    ok: status < 400,
    status,
    statusText: 'Status text',
    headers: new Map([['content-type', 'application/json']]),
    json: async () => body,
    text: async () => JSON.stringify(body),
    clone: response,
  });
  const api = new HttpRecoveryApi({
    fetch: async (url: any, init) => {
      asked.push({ url, init });
      return response();
    },
  });
  return { api, asked };
}

it('reads systems, a plan and a run with the wire schemas', async () => {
  const system = aSystem(now);
  await expect(answering(200, { systems: [system], at: system.at }).api.systems()).resolves.toEqual([system]);
  const plans = answering(200, aPlan(now));
  await expect(plans.api.plan({ plan: 'planned-region-switch', system: 'payments', to: 'region-b' })).resolves.toEqual(aPlan(now));
  expect(plans.asked[0]).toMatchObject({
    url: 'plugin://airpay-dr/plans',
    init: { method: 'POST', body: '{"plan":"planned-region-switch","system":"payments","to":"region-b"}' },
  });
  const runs = answering(200, aRun(now, 2));
  await runs.api.run('a/b');
  expect(runs.asked[0].url).toBe('plugin://airpay-dr/runs/a%2Fb');
});

it('names the place where an answer is odd', async () => {
  const system = { ...aSystem(now), rtoSeconds: 'soon' };
  await expect(answering(200, { systems: [system], at: system.at }).api.systems()).rejects.toThrow(
    /answer of \/systems has an unexpected form at "systems.0.rtoSeconds"/,
  );
});

it('gives a refusal in the words of the backend', async () => {
  const { api } = answering(409, { refusal: { code: 'state-changed', message: 'pg-b1 is on timeline 4 now' } });
  const failure = await api.steer('x', 'retry', { stepId: 'fence', reason: 'again' }).catch(error => error);
  expect(failure).toBeInstanceOf(RefusedError);
  expect(failure.refusal).toEqual({ code: 'state-changed', message: 'pg-b1 is on timeline 4 now' });
});

it('gives any other failure as it came', async () => {
  const { api } = answering(503, { error: { name: 'ServiceUnavailableError', message: 'starting' } });
  const failure = await api.runs({ system: 'payments', limit: 5 }).catch(error => error);
  expect(failure).not.toBeInstanceOf(RefusedError);
  expect(failure.message).toMatch(/503|starting/);
});
