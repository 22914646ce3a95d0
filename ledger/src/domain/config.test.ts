import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { ConfigError, readConfig, readDatabase } from './config.ts';
import { scopes } from './scopes.ts';

type Env = Record<string, string | undefined>;
const good: Env = {
  LEDGER_PORT: '14011', LEDGER_REGION: 'region-a', LEDGER_INSTANCE: 'ledger-1',
  LEDGER_DATABASE_URL: `postgresql://ledger_app:${'secret-of-db'}@db.internal:5432/ledger`, LEDGER_API_KEYS: 'payer:0123456789abcdef,fedcba9876543210',
};
const faultsOf = (over: Env, base: Env = good) => {
  try {
    readConfig({ ...base, ...over });
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.faults;
  }
};
/** Exactly one fault, which begins with the variable's name. */
const assertFault = (name: string, over: Env) => {
  const faults = faultsOf(over);
  assert.equal(faults.length, 1, `${name}: ${faults.join('\n')}`);
  assert.ok(faults[0]!.startsWith(name), faults[0]);
};

test('a good environment becomes settings', () => {
  const config = readConfig(good);
  assert.deepEqual(config.apiKeys, [
    { client: 'payer', tenant: 'default', secret: '0123456789abcdef', scopes },
    { client: 'default', tenant: 'default', secret: 'fedcba9876543210', scopes },
  ]);
  assert.deepEqual([config.environment, config.host, config.port, config.poolMax], ['prod', '127.0.0.1', 14011, 10]);
  assert.deepEqual(config.databaseTls, { verify: true, caFile: null }, 'encrypted and verified unless said otherwise');
  assert.deepEqual(config.rateLimits, { standard: { ratePerS: 5_000, burst: 10_000 }, byTenant: new Map() });
  assert.deepEqual([config.redisUrl, config.jwt, config.webhookKeys, config.webhookAllowHttp, config.otlpEndpoint, config.settlements], [null, null, [], false, null, []]);
  assert.deepEqual([config.batchMax, config.lanes, config.accountCacheMax, config.expiryIntervalMs, config.traceRatio, config.replicas], [1_000, 2, 500_000, 1_000, 0.01, 1]);
});

test('all faults are told together, and no secret with them', () => {
  const env = { LEDGER_PORT: '70000', LEDGER_REGION: 'a b', LEDGER_DATABASE_URL: `mysql://root:${'hunter2'}@x`, LEDGER_API_KEYS: 'payer:0123456789abcdef,short', LEDGER_LOG_LEVEL: 'loud', LEDGER_POOL_MAX: '1.5', LEDGER_WEBHOOK_KEY: 'hunter3' };
  const faults = faultsOf(env, {});
  assert.equal(faults.length, 8, faults.join('\n'));
  for (const name of ['LEDGER_PORT', 'LEDGER_REGION', 'LEDGER_INSTANCE', 'LEDGER_DATABASE_URL', 'LEDGER_API_KEYS, key 2', 'LEDGER_LOG_LEVEL', 'LEDGER_POOL_MAX', 'LEDGER_WEBHOOK_KEY']) assert.ok(faults.some(fault => fault.startsWith(name)), name);
  assert.doesNotMatch(faults.join(), /hunter|short/);
});

test('an empty variable is a missing one', () => {
  assert.equal(readConfig({ ...good, LEDGER_POOL_MAX: '', LEDGER_REDIS_URL: '' }).poolMax, 10);
});

test('a lock timeout that the statement timeout would hide is refused', () => {
  assertFault('LEDGER_LOCK_TIMEOUT_MS', { LEDGER_LOCK_TIMEOUT_MS: '5000' });
});

test('API keys in JSON carry their tenant and scopes', () => {
  const keys = [
    { client: 'payer', tenant: 'shop', secret: 'first-secret-of-payer', scopes: ['transfers:write', 'transfers:read'] },
    { client: 'payer', tenant: 'shop', secret: 'next-secret-of-payer', scopes: ['transfers:write', 'transfers:read'] },
  ];
  assert.deepEqual(readConfig({ ...good, LEDGER_API_KEYS: ` ${JSON.stringify(keys)}` }).apiKeys, keys);
});

test('API keys in JSON that are not right are refused, and never quoted', () => {
  const key = { client: 'payer', tenant: 'shop', secret: 'top-secret-of-payer', scopes: ['transfers:write'] };
  const wrong: [string, unknown][] = [
    ['an unknown scope', [{ ...key, scopes: ['everything'] }]],
    ['no scope', [{ ...key, scopes: [] }]],
    ['scopes that are text', [{ ...key, scopes: 'transfers:write' }]],
    ['a short secret', [{ ...key, secret: 'top-secret' }]],
    ['a tenant in capitals', [{ ...key, tenant: 'Shop' }]],
    ['a client with a colon', [{ ...key, client: 'jwt:payer' }]],
    ['a misspelt member', [{ ...key, scope: ['transfers:write'] }]],
    ['a missing member', [{ ...key, tenant: undefined }]],
    ['null', [null]],
    ['the ledger\'s own name', [{ ...key, client: 'system' }]],
    ['one secret for two callers', [key, { ...key, client: 'other' }]],
  ];
  for (const [name, value] of wrong) {
    const faults = faultsOf({ LEDGER_API_KEYS: JSON.stringify(value) });
    assert.ok(faults.length > 0, name);
    assert.doesNotMatch(faults.join(), /top-secret/);
  }
  assert.doesNotMatch(faultsOf({ LEDGER_API_KEYS: '[{"secret":"top-secret-of-payer"' }).join(), /top-secret/);
  assertFault('LEDGER_API_KEYS', { LEDGER_API_KEYS: 'payer:0123456789abcdef,0123456789abcdef' });
  assertFault('LEDGER_API_KEYS', { LEDGER_API_KEYS: 'system:0123456789abcdef' });
});

test('tokens need issuer, audience and a trustworthy place of keys; then API keys are optional', () => {
  const jwt = { LEDGER_JWT_ISSUER: 'https://id.example', LEDGER_JWT_AUDIENCE: 'ledger', LEDGER_JWT_JWKS_URL: 'https://id.example/jwks' };
  assert.deepEqual(readConfig({ ...good, ...jwt, LEDGER_API_KEYS: undefined }).jwt, { issuer: 'https://id.example', audience: 'ledger', jwksUrl: 'https://id.example/jwks', tenantClaim: 'tenant' });
  assert.equal(faultsOf({ ...jwt, LEDGER_JWT_JWKS_URL: 'http://127.0.0.1:8080/jwks' }).length, 0);
  for (const name of Object.keys(jwt)) assertFault(name, { ...jwt, [name]: undefined });
  for (const url of ['http://id.example/jwks', 'http://127.0.0.1.example/jwks', 'file:///etc/jwks', 'jwks']) assertFault('LEDGER_JWT_JWKS_URL', { ...jwt, LEDGER_JWT_JWKS_URL: url });
});

test('the database is reached in the clear only on this machine, or on the local platform', () => {
  const disable = { LEDGER_DATABASE_TLS: 'disable' };
  for (const host of ['127.0.0.1', 'localhost', '[::1]', '%2Fvar%2Frun%2Fpostgresql']) assert.deepEqual(readConfig({ ...good, ...disable, LEDGER_DATABASE_URL: `postgresql://a@${host}/l` }).databaseTls, { verify: false }, host);
  assert.deepEqual(readConfig({ ...good, ...disable, LEDGER_DATABASE_URL: 'postgresql://a@x/l?host=/var/run/postgresql' }).databaseTls, { verify: false });
  assert.deepEqual(readConfig({ ...good, ...disable, LEDGER_ENVIRONMENT: 'local' }).databaseTls, { verify: false });
  for (const host of ['db.internal', '127.0.0.1.example', '10.0.0.7']) assertFault('LEDGER_DATABASE_TLS', { ...disable, LEDGER_DATABASE_URL: `postgresql://a@${host}/l` });
  assertFault('LEDGER_DATABASE_TLS', { LEDGER_DATABASE_TLS: 'require' });
  for (const parameter of ['sslmode=disable', 'ssl=0', 'host=db.example', 'sslrootcert=/x']) assertFault('LEDGER_DATABASE_URL', { LEDGER_DATABASE_URL: `postgresql://a@localhost/l?${parameter}` });
  assert.deepEqual(readDatabase('X_URL', { X_URL: 'postgresql://a@db/l', LEDGER_DATABASE_CA_FILE: '/ca.pem' }), { url: 'postgresql://a@db/l', tls: { verify: true, caFile: '/ca.pem' } });
  assert.throws(() => readDatabase('X_URL', {}), /X_URL is missing/);
});

test('limits per tenant', () => {
  const { rateLimits } = readConfig({ ...good, LEDGER_RATE_LIMIT_PER_S: '100', LEDGER_RATE_LIMITS: 'shop=5/10, other=1000/1000' });
  assert.deepEqual(rateLimits, { standard: { ratePerS: 100, burst: 200 }, byTenant: new Map([['shop', { ratePerS: 5, burst: 10 }], ['other', { ratePerS: 1_000, burst: 1_000 }]]) });
  for (const value of ['shop', 'shop=5', 'shop=0/10', 'shop=5/10,shop=6/10', 'Shop=5/10', 'shop=5/9999999', 'shop=5.5/10']) assertFault('LEDGER_RATE_LIMITS', { LEDGER_RATE_LIMITS: value });
  assertFault('LEDGER_RATE_LIMIT_PER_S', { LEDGER_RATE_LIMIT_PER_S: '0' });
});

test('settlements are a daily schedule', () => {
  const one = { tenant: 'default', accountId: 'shop:books', payoutAccountId: 'bank:books', at: '23:30' };
  assert.deepEqual(readConfig({ ...good, LEDGER_SETTLEMENTS: JSON.stringify([one]) }).settlements, [one]);
  assert.equal(readConfig({ ...good, LEDGER_SETTLEMENTS: JSON.stringify([one, { ...one, tenant: 'other' }, { ...one, accountId: 'shop:wine' }]) }).settlements.length, 3);
  for (const wrong of ['{}', 'x', [{ ...one, at: '24:00' }], [{ ...one, payoutAccountId: 'shop:books' }], [{ ...one, accountId: 'A' }], [{ ...one, every: 'day' }], [one, { ...one, at: '06:00' }]]) {
    assertFault('LEDGER_SETTLEMENTS', { LEDGER_SETTLEMENTS: typeof wrong === 'string' ? wrong : JSON.stringify(wrong) });
  }
});

test('webhooks: a key of 32 bytes, and http only on the local platform', () => {
  const key = Buffer.alloc(32, 7).toString('base64');
  assert.deepEqual(readConfig({ ...good, LEDGER_WEBHOOK_KEY: key }).webhookKeys.map(one => one.length), [32]);
  assert.deepEqual(readConfig({ ...good, LEDGER_WEBHOOK_KEY: `${Buffer.alloc(32, 9).toString('base64')},${key}` }).webhookKeys.map(one => one.length), [32, 32], 'the first seals');
  for (const wrong of ['short', Buffer.alloc(31).toString('base64'), `${key}!`, `${key},`, `${key},short`]) assertFault('LEDGER_WEBHOOK_KEY', { LEDGER_WEBHOOK_KEY: wrong });
  assertFault('LEDGER_WEBHOOK_ALLOW_HTTP', { LEDGER_WEBHOOK_ALLOW_HTTP: 'true' });
  assert.equal(readConfig({ ...good, LEDGER_WEBHOOK_ALLOW_HTTP: 'true', LEDGER_ENVIRONMENT: 'local' }).webhookAllowHttp, true);
});

test('numbers, ratios and addresses out of range are refused', () => {
  const wrong = { LEDGER_BATCH_MAX: '0', LEDGER_LANES: '9', LEDGER_ACCOUNT_CACHE_MAX: '1', LEDGER_EXPIRY_INTERVAL_MS: '1', LEDGER_TRACE_RATIO: '1.5', LEDGER_REDIS_URL: 'http://x', OTEL_EXPORTER_OTLP_ENDPOINT: 'x', LEDGER_ENVIRONMENT: 'test', LEDGER_REPLICAS: '0' };
  for (const [name, value] of Object.entries(wrong)) assertFault(name, { [name]: value });
  assert.equal(readConfig({ ...good, LEDGER_TRACE_RATIO: '1', LEDGER_REDIS_URL: 'rediss://cache.internal:6380' }).traceRatio, 1);
});

test('docs/ledger.md lists exactly the variables that are read', () => {
  const asked = new Set<string>();
  const jwt = 'https://id.example/';
  const env: Env = { ...good, LEDGER_JWT_ISSUER: jwt, LEDGER_JWT_AUDIENCE: jwt, LEDGER_JWT_JWKS_URL: jwt };
  readConfig(new Proxy(env, { get: (target, name: string) => (asked.add(name), target[name]) }));
  const docs = readFileSync(resolve(import.meta.dirname, '../../../docs/ledger.md'), 'utf8');
  const table = docs.split('| variable | default | |')[1]!.split('\n\n')[0]!;
  const listed = [...table.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell]) => [...cell!.matchAll(/`([A-Z_]+)`/g)].map(match => match[1]!));
  assert.deepEqual(listed.sort(), [...asked].sort());
});
