import { mockServices, startTestBackend } from '@backstage/backend-test-utils';
import { Entity } from '@backstage/catalog-model';
import authPlugin from '@backstage/plugin-auth-backend';
import { catalogServiceMock } from '@backstage/plugin-catalog-node/testUtils';
import request from 'supertest';
import module from './index';

// Generous: several suites share two cores.
jest.setTimeout(60_000);
const PEOPLE = [
  { ref: 'user:default/lea', title: 'Lea Brandt', role: 'Payments engineer' },
  { ref: 'user:default/gone', title: 'Left Us', role: 'Former engineer' },
];
const user = (name: string, groups: string[]): Entity => ({
  apiVersion: 'backstage.io/v1alpha1',
  kind: 'User',
  metadata: { name, namespace: 'default' },
  spec: { memberOf: groups },
  relations: groups.map(group => ({ type: 'memberOf', targetRef: `group:default/${group}` })),
});
const ENTITIES = [user('lea', ['payments-core']), user('mira', ['sre'])];
const APP_URL = 'http://localhost:7007';

async function start(over: { environment?: string; airpayEnvironment?: string; people?: object[]; noProvider?: boolean } = {}) {
  const { environment = 'local', airpayEnvironment = 'local', people = PEOPLE, noProvider } = over;
  return startTestBackend({
    features: [
      authPlugin,
      module,
      catalogServiceMock.factory({ entities: ENTITIES }),
      mockServices.rootConfig.factory({
        data: {
          app: { baseUrl: APP_URL },
          backend: { baseUrl: APP_URL },
          auth: { environment, providers: noProvider ? {} : { localPeople: { people } } },
          airpay: { environment: airpayEnvironment },
        },
      }),
    ],
  });
}
type Backend = Awaited<ReturnType<typeof start>>;

function refresh(backend: Backend, headers: Record<string, string>) {
  return request(backend.server).get('/api/auth/localPeople/refresh').set(headers);
}
function claims(token: string): any {
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
}

describe('signing in', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await start();
  });
  afterAll(() => backend.stop());

  it('gives the listed person, with their groups', async () => {
    const answer = await refresh(backend, { 'x-airpay-person': 'user:default/lea' });
    expect(answer.status).toBe(200);
    expect(answer.body.profile).toEqual({ displayName: 'Lea Brandt' });
    expect(answer.body.backstageIdentity.identity).toMatchObject({
      userEntityRef: 'user:default/lea',
      ownershipEntityRefs: expect.arrayContaining(['user:default/lea', 'group:default/payments-core']),
    });
    expect(claims(answer.body.backstageIdentity.token).sub).toBe('user:default/lea');
  });

  it('reads a reference as the catalog does', async () => {
    const answer = await refresh(backend, { 'x-airpay-person': 'User:default/LEA' });
    expect(answer.body.backstageIdentity.identity.userEntityRef).toBe('user:default/lea');
  });

  it.each([
    ['nobody named', {}, 401],
    ['an empty name', { 'x-airpay-person': '' }, 401],
    ['a catalog user who is not listed', { 'x-airpay-person': 'user:default/mira' }, 403],
    ['a group', { 'x-airpay-person': 'group:default/payments-core' }, 403],
    ['something that is no reference', { 'x-airpay-person': ':::' }, 403],
    ['a very long name', { 'x-airpay-person': `user:default/${'a'.repeat(5000)}` }, 403],
    ['another origin', { 'x-airpay-person': 'user:default/lea', origin: 'https://evil.example' }, 403],
    ['another port of this machine', { 'x-airpay-person': 'user:default/lea', origin: 'http://localhost:9999' }, 403],
    ['an opaque origin', { 'x-airpay-person': 'user:default/lea', origin: 'null' }, 403],
    ['another site', { 'x-airpay-person': 'user:default/lea', 'sec-fetch-site': 'cross-site' }, 403],
    ['a name that was made to point here', { 'x-airpay-person': 'user:default/lea', host: 'evil.example:7007' }, 403],
  ])('refuses %s', async (_case, headers, status) => {
    const answer = await refresh(backend, headers as Record<string, string>);
    expect(answer.status).toBe(status);
    expect(answer.body.backstageIdentity).toBeUndefined();
    expect(answer.body.error.message).toMatch(/\w{4}/);
  });

  it('refuses a listed person whom the catalog does not know', async () => {
    const answer = await refresh(backend, { 'x-airpay-person': 'user:default/gone' });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.body.backstageIdentity).toBeUndefined();
  });

  it('lets the portal itself in', async () => {
    const headers = { 'x-airpay-person': 'user:default/lea', origin: APP_URL, 'sec-fetch-site': 'same-origin' };
    expect((await refresh(backend, headers)).status).toBe(200);
  });
});

describe('loading', () => {
  const nodeEnv = process.env.NODE_ENV;
  const setNodeEnv = (value: string | undefined) => Object.assign(process.env, { NODE_ENV: value });
  afterEach(() => setNodeEnv(nodeEnv));

  it.each([
    ['another environment', { environment: 'production' }],
    ['no configuration', { noProvider: true }],
  ])('has no route with %s', async (_case, over) => {
    const backend = await start(over);
    const answer = await refresh(backend, { 'x-airpay-person': 'user:default/lea' });
    await backend.stop();
    expect(answer.status).toBe(404);
  });

  it('refuses to start in production', async () => {
    setNodeEnv('production');
    await expect(start({ airpayEnvironment: 'production' })).rejects.toThrow('without a password');
  });

  it('refuses to start in production also where it would not be loaded', async () => {
    setNodeEnv('production');
    await expect(start({ airpayEnvironment: 'production', environment: 'production' })).rejects.toThrow('without a password');
  });

  it('starts as the production bundle of the local platform', async () => {
    setNodeEnv('production');
    const backend = await start();
    expect((await refresh(backend, { 'x-airpay-person': 'user:default/lea' })).status).toBe(200);
    await backend.stop();
  });

  it.each([
    ['nobody', [], 'must list 1 to 50 people'],
    ['somebody twice', [PEOPLE[0], { ...PEOPLE[0], ref: 'User:LEA' }], 'lists user:default/lea twice'],
    ['a group', [{ ...PEOPLE[0], ref: 'group:default/sre' }], 'which is not a user'],
    ['51 people', Array.from({ length: 51 }, (_, index) => ({ ...PEOPLE[0], ref: `user:default/u${index}` })), 'not 51'],
  ])('refuses a list of %s', async (_case, people, message) => {
    await expect(start({ people: people as object[] })).rejects.toThrow(message as string);
  });
});
