import { mockServices, startTestBackend, mockCredentials } from '@backstage/backend-test-utils';
import { catalogServiceMock } from '@backstage/plugin-catalog-node/testUtils';
import { AuthorizeResult } from '@backstage/plugin-permission-common';
import {
  overviewSchema,
  ownershipResultSchema,
  rules,
  sloDetailSchema,
  sloListSchema,
  sloSeriesSchema,
} from '@airpay/plugin-airpay-platform-common';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { Answer, Asked, entities, listen, LocalServer, matrix, rule, sloFile, vector } from './__testUtils__/upstreams';
import plugin from './index';

const base = '/api/airpay-platform';
const slos = [
  { path: '/overview', permission: 'airpay.slo.read' },
  { path: '/slos', permission: 'airpay.slo.read' },
  { path: '/slos/ledger-availability', permission: 'airpay.slo.read' },
  { path: '/slos/ledger-availability/series?range=1h', permission: 'airpay.slo.read' },
  { path: '/ownership?q=ledger', permission: 'airpay.ownership.read' },
];

/** Availability has spent 40 % of its budget, latency has no data at all. */
function prometheusAnswer({ path, form }: Asked): Answer {
  if (path.startsWith('/api/v1/rules')) return { body: { status: 'success', data: { groups: [] } } };
  if (path === '/api/v1/query_range') {
    const end = Number(form.get('end'));
    const step = Number(form.get('step'));
    if (!form.get('query')?.includes(rules.eventsError)) return matrix([]);
    return matrix([[{ sloth_id: 'ledger-availability' }, [[end - step, 10], [end, 30]]]]);
  }
  if (!form.get('query')?.includes('__name__')) return vector([[{}, 6]]);
  return vector([
    rule('availability', rules.periodEventsTotal, 1_000_000),
    rule('availability', rules.periodEventsError, 40),
    rule('availability', rules.errorRatio('1h'), 0.0002, { sloth_window: '1h' }),
    rule('availability', rules.errorRatio('5m'), 0.002, { sloth_window: '5m' }),
  ]);
}

describe('airpay-platform backend', () => {
  const directory = mkdtempSync(join(tmpdir(), 'slo-files-'));
  let upstream: LocalServer;

  beforeAll(async () => {
    writeFileSync(join(directory, 'ledger.yaml'), sloFile('ledger', [{ name: 'availability', objective: 99.99 }, { name: 'latency', objective: 99.9 }]));
    upstream = await listen(asked => (asked.path.startsWith('/api/v2/alerts') ? { body: [] } : prometheusAnswer(asked)));
  });
  afterAll(async () => {
    rmSync(directory, { recursive: true });
    await upstream.close();
  });

  const start = async (options: { result?: AuthorizeResult.ALLOW | AuthorizeResult.DENY | AuthorizeResult.CONDITIONAL; prometheusUrl?: string } = {}) => {
    const asked: string[] = [];
    const { server } = await startTestBackend({
      features: [
        plugin,
        catalogServiceMock.factory({ entities }),
        mockServices.rootConfig.factory({
          data: {
            airpay: {
              prometheus: { baseUrl: options.prometheusUrl ?? upstream.url },
              alertmanager: { baseUrl: upstream.url },
              slo: { directory, sampleHistoryUntil: '2026-11-01T00:00:00Z' },
              ownership: { kubernetes: [{ region: 'region-a', url: 'http://127.0.0.1:9', token: 'secret' }] },
            },
          },
        }),
        mockServices.permissions.mock({
          authorize: async (requests: { permission: { name: string } }[]) =>
            requests.map(one => {
              asked.push(one.permission.name);
              return { result: options.result ?? AuthorizeResult.ALLOW } as { result: AuthorizeResult.ALLOW };
            }),
        }).factory,
      ],
    });
    return { get: (path: string) => request(server).get(`${base}${path}`), asked };
  };

  it.each(slos)('$path answers 401 without credentials and 403 without $permission', async ({ path, permission }) => {
    const allowed = await start();
    expect((await allowed.get(path).set('authorization', mockCredentials.none.header())).status).toBe(401);
    for (const result of [AuthorizeResult.DENY, AuthorizeResult.CONDITIONAL] as const) {
      const { get, asked } = await start({ result });
      const response = await get(path);
      expect(response.status).toBe(403);
      expect(response.body.error.message).toContain(permission);
      expect(asked).toEqual([permission]);
    }
  });

  it('lists objectives with least budget first, the one without data before all', async () => {
    const response = await (await start()).get('/slos');
    expect(response.status).toBe(200);
    const list = sloListSchema.parse(response.body);
    expect(list.slos.map(slo => slo.id)).toEqual(['ledger-latency', 'ledger-availability']);
    expect(list.slos[0]).toMatchObject({ status: 'unknown', budgetLeft: { value: null, at: null } });
    const [, availability] = list.slos;
    expect(availability.budgetLeft.value).toBeCloseTo(0.6, 9);
    expect(availability.availability.value).toBeCloseTo(0.99996, 9);
    expect(availability.burnNow.value).toBeCloseTo(2, 9);
    expect(availability.exhaustsInSeconds).toBeCloseTo(0.6 * 15 * 86_400, 3);
    expect(availability).toMatchObject({ entityRef: 'component:default/ledger', owner: 'group:default/payments-core', tier: '0', status: 'ok' });
    expect(availability.trend.at(-1)).toBeCloseTo(0.6, 9);
    expect(availability.trend.at(-2)).toBeCloseTo(0.9, 9);
    expect(list.sampleHistoryUntil).toBe('2026-11-01T00:00:00.000Z');
    expect(list.errors).toEqual([]);
  });

  it('filters by entity', async () => {
    const { get } = await start();
    expect(sloListSchema.parse((await get('/slos?entityRef=component:default/ledger')).body).slos).toHaveLength(2);
    expect(sloListSchema.parse((await get('/slos?entityRef=Component:Checkout')).body).slos).toHaveLength(0);
  });

  it('gives the detail with the four burn-rate pairs, and the series on one time axis', async () => {
    const { get } = await start();
    const detail = sloDetailSchema.parse((await get('/slos/ledger-availability')).body);
    expect(detail.windows.map(one => `${one.factor} ${one.longWindow}/${one.shortWindow}`)).toEqual(['14.4 1h/5m', '6 6h/30m', '3 1d/2h', '1 3d/6h']);
    expect(detail.windows[0]).toMatchObject({ firing: false, exhaustsInSeconds: 180_000 });
    expect(detail.windows[0].shortBurn).toBeCloseTo(20, 6);
    expect(detail.goodEvents).toBe(999_960);
    const series = sloSeriesSchema.parse((await get('/slos/ledger-availability/series?range=1h')).body);
    expect(series.times).toHaveLength(60);
    for (const one of series.series) expect(one.values).toHaveLength(60);
    const errors = series.series.find(one => one.name === 'errorsPerSecond')!.values;
    expect(errors.slice(-3)).toEqual([null, 10 / 60, 0.5]);
  });

  it('answers 400 to input that is no question and 404 to an objective nobody states', async () => {
    const { get } = await start();
    for (const path of ['/ownership', '/ownership?q=%20', `/ownership?q=${'x'.repeat(201)}`, '/slos/ledger-availability/series?range=2h', '/slos/Ledger%7D', '/slos?entityRef=%7B%7D']) {
      expect({ path, status: (await get(path)).status }).toEqual({ path, status: 400 });
    }
    expect((await get('/slos/ledger-none')).status).toBe(404);
    expect((await get('/slos/ledger-none/series')).status).toBe(404);
  });

  it('says who owns the ledger although one region cannot be read', async () => {
    const result = ownershipResultSchema.parse((await (await start()).get('/ownership?q=ledger')).body);
    expect(result.answers[0]).toMatchObject({ kind: 'component', name: 'ledger', match: 1, owner: { ref: 'group:default/payments-core' } });
    expect(result.errors).toEqual([{ source: 'Kubernetes API, region-a', message: expect.stringContaining('gave no answer') }]);
  });

  it('keeps objectives on the page when Prometheus is gone, as unknown and with one reason', async () => {
    const { get } = await start({ prometheusUrl: 'http://127.0.0.1:9' });
    const overview = overviewSchema.parse((await get('/overview')).body);
    expect(overview.slos.map(slo => slo.status)).toEqual(['unknown', 'unknown']);
    expect(overview.moneyIsMoving).toBe('unknown');
    expect(overview.paymentsPerMinute.value).toBeNull();
    expect(overview.errors).toHaveLength(1);
    expect(overview.errors[0].source).toBe('Prometheus');
  });
});
