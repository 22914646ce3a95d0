/** Who is let in, and to what: against a ledger on a real database and an issuer that answers over HTTP. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { TokenVerifier } from '../src/adapters/tokens.ts';
import { readConfig } from '../src/domain/config.ts';
import { scopes, type Scope } from '../src/domain/scopes.ts';
import { buildService } from '../src/service.ts';
import { Api, apiKey, createDatabase, environment, startLedger, type TestDatabase, type TestLedger } from './support/ledger.ts';
import { routesOf } from './support/routes.ts';
import { audience, Issuer } from './support/issuer.ts';

let database: TestDatabase;
let issuer: Issuer;
let ledger: TestLedger;
before(async () => {
  database = await createDatabase();
  issuer = await new Issuer().start();
  await issuer.addKey('rsa', 'RS256');
  await issuer.addKey('ec', 'ES256');
  await issuer.addKey('ed', 'EdDSA');
  await issuer.addKey('rsa384', 'RS384');
  const keys = scopes.map(scope => ({ client: scope.replace(':', '-'), tenant: 'shop', secret: secretOf(scope), scopes: [scope] }));
  ledger = await startLedger(database, { ...issuer.environment, LEDGER_API_KEYS: JSON.stringify([...keys, { client: 'all', tenant: 'default', secret: apiKey, scopes }]) });
});
after(async () => {
  await ledger.close();
  await issuer.stop();
});

const secretOf = (scope: Scope) => `only-for-${scope}-0123456789`;
const path = '/v1/transfers/tr_01a1fbfc-305c-8e6a-a409-f28c7745df04';
const show = (token: string, url = ledger.url, method = 'GET', where = path) => new Api(url, token).send(method, where);
const lastLine = () => JSON.parse(ledger.logs.findLast(line => line.includes('"msg":"request"'))!);

test('every route but health and metrics refuses who does not say who they are', async () => {
  const open = new Set(['/livez', '/readyz', '/metrics', '/openapi.json']);
  const routes = routesOf(ledger.service.app);
  const guarded = routes.filter(({ url }) => url.startsWith('/v1'));
  assert.ok(guarded.length > 50 && new Set(guarded.map(({ url }) => url)).size >= 6, `found ${guarded.length} routes`);
  for (const { url } of routes.filter(one => !one.url.startsWith('/v1'))) assert.ok(open.has(url), `${url} is neither guarded nor known to be open`);
  for (const { method, url } of guarded) {
    if (method === 'TRACE') continue; // fetch does not send it, and what inject sends is the same
    const { statusCode } = await ledger.service.app.inject({ method: method as 'GET', url: url.replaceAll(/:\w+/g, 'x') });
    assert.equal(statusCode, 401, `${method} ${url}`);
  }
});

test('a path under /v1 that exists, with a method that does not: 405 for callers', async () => {
  assert.equal((await show(apiKey, ledger.url, 'DELETE')).status, 405);
});

test('each route asks for a scope, and one scope opens no other route', async () => {
  const routes = routesOf(ledger.service.app).filter(({ url, method }) => url.startsWith('/v1') && (method === 'GET' || method === 'POST'));
  let reached = 0;
  for (const { method, url } of routes) {
    const answers = new Map<Scope, number>();
    for (const scope of scopes) {
      const reply = await ledger.service.app.inject({ method: method as 'GET', url: url.replaceAll(/:\w+/g, 'x'), headers: { authorization: `Bearer ${secretOf(scope)}` } });
      answers.set(scope, reply.statusCode);
      if (reply.statusCode !== 403) continue;
      const [, needed] = /^The scope (\S+) is needed/.exec(reply.json().detail)!;
      assert.ok((scopes as readonly string[]).includes(needed!) && needed !== scope);
      assert.equal(reply.headers['www-authenticate'], `Bearer realm="ledger", error="insufficient_scope", scope="${needed}"`);
    }
    const statuses = [...answers.values()];
    if (statuses.every(status => status === 405)) continue;
    reached++;
    assert.equal(statuses.filter(status => status === 403).length, scopes.length - 1, `${method} ${url}: ${JSON.stringify([...answers])}`);
    const [opened] = [...answers].find(([, status]) => status !== 403)!;
    if (method === 'GET') assert.match(opened, /:read$/, url);
  }
  assert.ok(reached >= 7);
});

test('a route under /v1 without a scope does not start', async () => {
  for (const config of [undefined, {}, { scope: 'everything' }]) {
    const service = buildService(readConfig(environment(database)), { write: () => undefined });
    service.app.register(async app => void app.get('/v1/hole', { config: config as never }, () => 'open'));
    await assert.rejects(async () => service.app.ready(), /GET \/v1\/hole declares no scope/);
    await service.close();
  }
});

test('tokens of each allowed algorithm are let in as their subject, for their tenant', async () => {
  for (const kid of ['rsa', 'ec', 'ed']) {
    const reply = await show(await issuer.token(kid, { sub: `service-${kid}` }));
    assert.equal(reply.status, 404, reply.text);
    assert.deepEqual([lastLine().tenant, lastLine().client], ['shop', `jwt:service-${kid}`]);
  }
});

test('scopes come from scope or scp; those of other services are none', async () => {
  assert.equal((await show(await issuer.token('ec', { scope: undefined, scp: ['transfers:read'] }))).status, 404);
  assert.equal((await show(await issuer.token('ec', { scope: undefined, scp: 'transfers:read' }))).status, 404);
  for (const claims of [{ scope: 'accounts:read' }, { scope: '' }, { scope: undefined }, { scope: 'transfers:read2 TRANSFERS:READ *' }, { scope: 7 }, { scope: undefined, scp: { a: 1 } }]) {
    const reply = await show(await issuer.token('ec', claims));
    assert.deepEqual([reply.status, reply.json.code, reply.json.detail], [403, 'forbidden', 'The scope transfers:read is needed.'], JSON.stringify(claims));
  }
});

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

test('a token that is wrong in any way is refused, without a word of it', async () => {
  const nowS = Math.floor(Date.now() / 1000);
  const good = await issuer.token('ec');
  const [head, , signature] = good.split('.');
  const stranger = await new Issuer().start();
  await stranger.addKey('ec', 'ES256');
  const claims = part(issuer.claims);
  const hmacOf = (text: string) => createHmac('sha256', JSON.stringify(issuer.publicJwk('rsa'))).update(text).digest('base64url');
  const hs = `${part({ alg: 'HS256', kid: 'rsa' })}.${claims}`;
  const wrong: Record<string, string> = {
    'no expiry': await issuer.token('ec', { exp: undefined }),
    expired: await issuer.token('ec', { exp: nowS - 10 }),
    'not valid yet': await issuer.token('ec', { nbf: nowS + 60 }),
    'another issuer': await issuer.token('ec', { iss: 'https://id.evil' }),
    'no issuer': await issuer.token('ec', { iss: undefined }),
    'another audience': await issuer.token('ec', { aud: 'reports' }),
    'no audience': await issuer.token('ec', { aud: undefined }),
    'no subject': await issuer.token('ec', { sub: undefined }),
    'a subject with a space': await issuer.token('ec', { sub: 'a b' }),
    'a subject that is a card number': await issuer.token('ec', { sub: '4111111111111111' }),
    'a subject of 121 characters': await issuer.token('ec', { sub: 'x'.repeat(121) }),
    'no tenant': await issuer.token('ec', { tenant: undefined }),
    'a tenant with a quote': await issuer.token('ec', { tenant: "shop'" }),
    'two tenants': await issuer.token('ec', { tenant: ['shop', 'default'] }),
    'an algorithm that is not on the list': await issuer.token('rsa384'),
    'an unknown key id': await issuer.token('ec', {}, { kid: 'other' }),
    'the key of another issuer under a known id': await stranger.token('ec'),
    'its own key in the header': await stranger.token('ec', {}, { jwk: stranger.publicJwk('ec') }),
    'a header that must be understood': `${part({ alg: 'ES256', kid: 'ec', crit: ['x'], x: 1 })}.${claims}.${signature}`,
    'no signature': `${part({ alg: 'none' })}.${claims}.`,
    'no signature, algorithm none, and something there': `${part({ alg: 'none' })}.${claims}.AAAA`,
    'the public key taken for an HMAC secret': `${hs}.${hmacOf(hs)}`,
    'changed claims': `${head}.${part({ ...issuer.claims, tenant: 'default' })}.${signature}`,
    'a changed signature': `${good.slice(0, -6)}AAAAAA`,
    'no JSON in it': 'aaaa.bbbb.cccc',
    'too long': await issuer.token('ec', { padding: 'x'.repeat(9_000) }),
  };
  await stranger.stop();
  for (const [name, token] of Object.entries(wrong)) {
    const reply = await show(token);
    assert.deepEqual([reply.status, reply.json.code], [401, 'unauthenticated'], `${name}: ${reply.text}`);
    assert.match(reply.headers.get('www-authenticate')!, /^Bearer/);
    assert.doesNotMatch(reply.text, /evil|reports|4111|quote'/);
  }
  assert.equal((await show(good)).status, 404, 'and the one they were made from is right');
  assert.ok(!ledger.logs.join('').includes(head!));
});

test('a clock that is a little off does no harm', async () => {
  const nowS = Math.floor(Date.now() / 1000);
  assert.equal((await show(await issuer.token('ec', { exp: nowS - 2 }))).status, 404);
  assert.equal((await show(await issuer.token('ec', { nbf: nowS + 3 }))).status, 404);
});

test('the tenant may stand in another claim', async () => {
  const other = await startLedger(database, { ...issuer.environment, LEDGER_JWT_TENANT_CLAIM: 'https://airpay.example/tenant' });
  try {
    assert.equal((await show(await issuer.token('ec', { 'https://airpay.example/tenant': 'shop' }), other.url)).status, 404);
    assert.equal((await show(await issuer.token('ec'), other.url)).status, 401);
  } finally {
    await other.close();
  }
});

/** A verifier with short times, at an issuer of its own. */
async function shortLived(times: ConstructorParameters<typeof TokenVerifier>[1] = {}) {
  const own = await new Issuer().start();
  await own.addKey('one');
  const verifier = new TokenVerifier({ issuer: own.environment['LEDGER_JWT_ISSUER']!, audience, jwksUrl: own.url, tenantClaim: 'tenant' }, { fetchTimeoutMs: 300, failureCooldownMs: 100, ...times });
  return { own, verifier };
}

test('an issuer that does not answer as it must: 503 to be retried, soon, without a crowd at its door', async () => {
  for (const mode of ['broken', 'silent', 'nonsense', 'huge'] as const) {
    const { own, verifier } = await shortLived();
    own.mode = mode;
    const token = await own.token('one');
    const startedAt = performance.now();
    for (let round = 0; round < 20; round++) {
      const answers = await Promise.allSettled(Array.from({ length: 5 }, () => verifier.verify(token)));
      for (const answer of answers) assert.equal((answer as PromiseRejectedResult).reason.code, 'token-keys-unavailable', mode);
    }
    assert.ok(performance.now() - startedAt < 2_000, mode);
    assert.ok(own.asked <= 3, `${mode}: asked ${own.asked} times`);
    own.mode = 'right';
    await new Promise(settle => setTimeout(settle, 150));
    assert.equal((await verifier.verify(token)).caller.tenant, 'shop');
    await own.stop();
  }
});

test('made-up key ids do not send the ledger to the issuer each time; a new key is found after the cooldown', async () => {
  const { own, verifier } = await shortLived({ cooldownMs: 400 });
  await verifier.verify(await own.token('one'));
  for (let index = 0; index < 50; index++) await assert.rejects(verifier.verify(await own.token('one', {}, { kid: `made-up-${index}` })), { code: 'unauthenticated' });
  assert.ok(own.asked <= 3, `asked ${own.asked} times`);
  await own.addKey('two');
  await new Promise(settle => setTimeout(settle, 450));
  assert.equal((await verifier.verify(await own.token('two'))).caller.actor, 'jwt:checkout');
  await own.stop();
});

test('known keys count while the issuer is away, but not for ever', async () => {
  const { own, verifier } = await shortLived({ refreshAfterMs: 50, keysAgeMaxMs: 700 });
  const token = await own.token('one');
  await verifier.verify(token);
  own.mode = 'broken';
  await new Promise(settle => setTimeout(settle, 100));
  assert.equal((await verifier.verify(token)).caller.tenant, 'shop');
  await new Promise(settle => setTimeout(settle, 700));
  await assert.rejects(verifier.verify(token), { code: 'token-keys-unavailable' });
  await own.stop();
});

test('a withdrawn key stops counting when the keys were fetched anew', async () => {
  const { own, verifier } = await shortLived({ refreshAfterMs: 50, cooldownMs: 0 });
  const token = await own.token('one');
  await verifier.verify(token);
  await own.addKey('two');
  own.removeKey('one');
  await new Promise(settle => setTimeout(settle, 100));
  await verifier.verify(token).catch(() => undefined); // has the keys fetched beside it
  await new Promise(settle => setTimeout(settle, 200));
  await assert.rejects(verifier.verify(token), { code: 'unauthenticated' });
  await own.stop();
});

test('an issuer that is down: tokens get 503, API keys go on', async () => {
  const down = await startLedger(database, { ...issuer.environment, LEDGER_JWT_JWKS_URL: 'http://127.0.0.1:9/jwks' });
  try {
    const reply = await show(await issuer.token('ec'), down.url);
    assert.deepEqual([reply.status, reply.json.code, reply.json.retryable], [503, 'token-keys-unavailable', true]);
    assert.equal(reply.headers.get('retry-after'), '1');
    assert.equal((await down.api.get(path)).status, 404);
  } finally {
    await down.close();
  }
});
