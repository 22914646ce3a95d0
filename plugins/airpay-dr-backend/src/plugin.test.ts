import { mockCredentials, mockServices, startTestBackend } from '@backstage/backend-test-utils';
import { AuthorizeResult } from '@backstage/plugin-permission-common';
import request from 'supertest';
import { HttpTestServer } from './__testUtils__/httpServer';
import { sampleStart } from './__testUtils__/samples';
import { airpayDrPlugin } from './plugin';

jest.setTimeout(20_000);

const runId = sampleStart('').id;
const steer = { stepId: 'observe', reason: 'Looked at it' };
const base = '/api/airpay-dr';
const routes: ['get' | 'post', string, object | null][] = [
  ['get', '/systems', null],
  ['get', '/systems/payments', null],
  ['post', '/plans', { plan: 'planned-region-switch', system: 'payments', to: 'region-b' }],
  ['post', '/runs', sampleStart('f'.repeat(64))],
  ['get', '/runs', null],
  ['get', `/runs/${runId}`, null],
  ['get', `/runs/${runId}/events`, null],
  ['post', `/runs/${runId}/retry`, steer],
  ['post', `/runs/${runId}/skip`, steer],
  ['post', `/runs/${runId}/abort`, steer],
];

/** Everything outside is one address where nobody speaks the right protocol: every reading fails, and the plugin still answers. */
function config(outside: string) {
  const { host } = new URL(outside);
  const region = (id: string) => ({
    id, title: id, trafficTarget: `${id}.`,
    patroni: { members: [outside], username: 'patroni', password: 'p' },
    replication: { host: 'link', port: 5432, slot: 'dr_link' },
    databaseUrls: [`postgresql://airpay_recovery@${host}/ledger`],
    gke: { project: 'p', location: 'l', cluster: id, nodePool: 'application', apiEndpoint: host, activeNodes: 1, standbyNodes: 0 },
    kubernetes: { url: outside, token: 't', namespace: 'payments', deployment: 'ledger' },
  });
  return {
    airpay: {
      recovery: {
        systems: [
          {
            name: 'payments', title: 'Payments', entityRef: 'system:default/payments', rtoSeconds: 3600, rpoSeconds: 900,
            ledger: { baseUrl: outside, apiKey: 'k' },
            payerLog: { baseUrl: outside },
            traffic: { project: 'p', managedZone: 'z', record: 'r.', apiEndpoint: outside, token: 't' },
            regions: [region('region-a'), region('region-b')],
          },
        ],
      },
    },
  };
}

describe('airpay-dr over HTTP', () => {
  let outside: HttpTestServer;
  let stop: () => Promise<void>;
  let server: Parameters<typeof request>[0];
  const authorize = jest.fn();

  beforeAll(async () => {
    outside = await HttpTestServer.start(() => ({ status: 500, body: 'nobody here' }));
    const backend = await startTestBackend({
      features: [
        airpayDrPlugin,
        mockServices.rootConfig.factory({ data: { ...config(outside.url), backend: { database: { client: 'better-sqlite3', connection: ':memory:' } } } }),
        mockServices.database.factory(),
        mockServices.permissions.mock({ authorize: authorize as any }).factory,
      ],
    });
    server = backend.server;
    stop = () => backend.stop();
  });
  afterAll(async () => {
    await stop();
    await outside.stop();
  });
  beforeEach(() => {
    authorize.mockReset();
    authorize.mockImplementation(async (requests: unknown[]) => requests.map(() => ({ result: AuthorizeResult.ALLOW })));
  });

  const call = (method: 'get' | 'post', path: string, body?: object | null) => {
    const made = request(server)[method](base + path);
    return body ? made.send(body) : made;
  };

  it.each(routes)('%s %s answers 401 to nobody', async (method, path, body) => {
    const answer = await call(method, path, body).set('Authorization', mockCredentials.none.header());
    expect(answer.status).toBe(401);
    expect(authorize).not.toHaveBeenCalled();
  });

  it.each(routes)('%s %s answers 403 unless the permission is a clear ALLOW', async (method, path, body) => {
    for (const result of [AuthorizeResult.DENY, AuthorizeResult.CONDITIONAL]) {
      authorize.mockImplementation(async () => [{ result }]);
      expect((await call(method, path, body)).status).toBe(403);
    }
  });

  it.each([
    ['get', '/systems', 'airpay.dr.read'],
    ['post', '/plans', 'airpay.dr.read'],
    ['get', '/runs', 'airpay.dr.read'],
    ['post', '/runs', 'airpay.dr.execute'],
    ['post', `/runs/${runId}/abort`, 'airpay.dr.execute'],
    ['get', `/runs/${runId}/events`, 'airpay.dr.audit'],
  ] as const)('%s %s asks for %s', async (method, path, permission) => {
    await call(method, path, routes.find(route => route[0] === method && route[1] === path)?.[2]);
    expect(authorize.mock.calls[0][0][0].permission.name).toBe(permission);
  });

  it('shows a system of which nothing can be read: unknown, with every reason, and not ready', async () => {
    const answer = await call('get', '/systems/payments');
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ name: 'payments', activeRegion: null, atRisk: null });
    expect(answer.body.readiness).not.toBe('ready');
    expect(answer.body.regions[0].errors.length).toBe(5);
    expect(JSON.stringify(answer.body)).not.toContain('"p"');
  });

  it('answers 404 with a refusal for what does not exist', async () => {
    expect((await call('get', '/systems/nothing')).body.refusal.code).toBe('unknown-system');
    const missing = await call('get', `/runs/${runId}`);
    expect([missing.status, missing.body.refusal.code]).toEqual([404, 'run-not-found']);
    for (const action of ['retry', 'skip', 'abort']) {
      expect((await call('post', `/runs/${runId}/${action}`, steer)).body.refusal.code).toBe('run-not-found');
    }
    expect((await call('post', '/plans', { plan: 'planned-region-switch', system: 'payments', to: 'region-z' })).status).toBe(404);
  });

  it('answers 409 with a refusal for a start that does not fit the state', async () => {
    const answer = await call('post', '/runs', sampleStart('f'.repeat(64)));
    expect([answer.status, answer.body.refusal.code]).toEqual([409, 'state-changed']);
  });

  it('refuses with preconditions when the hash is right but nothing can be read', async () => {
    const plan = await call('post', '/plans', { plan: 'planned-region-switch', system: 'payments', to: 'region-b' });
    expect(plan.status).toBe(200);
    expect(plan.body.startable).toBe(false);
    const answer = await call('post', '/runs', sampleStart(plan.body.hash));
    expect([answer.status, answer.body.refusal.code]).toEqual([409, 'preconditions-failed']);
    expect((await call('get', '/runs')).body.runs).toEqual([]);
  });

  it.each([
    ['/plans', { plan: 'other', system: 'payments', to: 'region-b' }, /plan/],
    ['/runs', { ...sampleStart('short') }, /planHash/],
    ['/runs', { ...sampleStart('f'.repeat(64)), reason: '  ' }, /reason/],
    ['/runs', { ...sampleStart('f'.repeat(64)), id: 'run-1' }, /id/],
    [`/runs/${runId}/retry`, { stepId: '', reason: 'because' }, /stepId/],
    ['/runs/run-1/retry', steer, /request/],
  ])('answers 400 with the field for a bad body on %s', async (path, body, field) => {
    const answer = await call('post', path, body);
    expect(answer.status).toBe(400);
    expect(answer.body.error.message).toMatch(field);
  });

  it('answers 400 for a bad query', async () => {
    expect((await call('get', '/runs?limit=0')).status).toBe(400);
    expect((await call('get', '/runs?limit=201')).status).toBe(400);
  });
});
