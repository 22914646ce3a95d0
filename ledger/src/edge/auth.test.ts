import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Caller } from '../domain/scopes.ts';
import { Authenticator } from './auth.ts';

const key = { client: 'payer', tenant: 'shop', secret: 'first-secret-of-payer', scopes: ['transfers:write'] as const };
const caller: Caller = { tenant: 'shop', actor: 'jwt:x', scopes: new Set(), kind: 'token' };

/** Counts what it is asked, and vouches for everything. */
function verifierFor(expiresAtMs: number) {
  const verifier = { asked: 0, async verify() {
    verifier.asked++;
    return { caller, expiresAtMs };
  } };
  return verifier;
}

test('an API key is recognised at once, with its tenant, client and scopes', () => {
  const authenticator = new Authenticator([key, { ...key, secret: 'next-secret-of-payer' }], null);
  for (const secret of ['first-secret-of-payer', 'next-secret-of-payer']) {
    assert.deepEqual(authenticator.recognise(`Bearer ${secret}`), { tenant: 'shop', actor: 'payer', scopes: new Set(['transfers:write']), kind: 'key' });
  }
});

test('whatever is not exactly a known key is refused', () => {
  const authenticator = new Authenticator([key], null);
  for (const header of [undefined, '', 'Bearer', 'Bearer ', `Basic ${key.secret}`, key.secret, `Bearer ${key.secret}x`, `Bearer ${key.secret.slice(0, -1)}`, `Bearer ${key.secret.toUpperCase()}`, `Bearer ${key.secret} more`, 'Bearer a.b.c']) {
    assert.throws(() => authenticator.recognise(header), { name: 'LedgerError', code: 'unauthenticated' }, header);
  }
});

test('no keys at all: nobody is let in, also not with an empty secret', () => {
  for (const header of [undefined, 'Bearer ', 'Bearer x']) assert.throws(() => new Authenticator([], null).recognise(header), { code: 'unauthenticated' });
});

test('a token is verified once, then remembered', async () => {
  const verifier = verifierFor(Date.now() + 60_000);
  const authenticator = new Authenticator([], verifier);
  assert.equal(await authenticator.recognise('Bearer a.b.c'), caller);
  assert.equal(authenticator.recognise('Bearer a.b.c'), caller, 'at once');
  await authenticator.recognise('Bearer a.b.d');
  assert.equal(verifier.asked, 2);
});

test('an expired token is asked about again, and so is any after a minute', async t => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
  const soon = verifierFor(1_000_500);
  const authenticator = new Authenticator([], soon);
  await authenticator.recognise('Bearer a.b.c');
  t.mock.timers.tick(501);
  await authenticator.recognise('Bearer a.b.c');
  assert.equal(soon.asked, 2);
  const later = verifierFor(9_000_000);
  const other = new Authenticator([], later);
  await other.recognise('Bearer a.b.c');
  t.mock.timers.tick(59_000);
  await other.recognise('Bearer a.b.c');
  t.mock.timers.tick(2_000);
  await other.recognise('Bearer a.b.c');
  assert.equal(later.asked, 2);
});

test('what is remembered has a limit; the oldest goes first', async () => {
  const verifier = verifierFor(Date.now() + 60_000);
  const authenticator = new Authenticator([], verifier);
  for (let index = 0; index < 10_001; index++) await authenticator.recognise(`Bearer a.b.${index}`);
  assert.equal(authenticator.recognise('Bearer a.b.1'), caller);
  assert.ok(authenticator.recognise('Bearer a.b.0') instanceof Promise);
});

test('tokens in verification have a limit; API keys and remembered tokens pass it', async () => {
  let answer = () => undefined as void;
  const slow = { verify: () => new Promise<{ caller: Caller; expiresAtMs: number }>(settle => {
    const before = answer;
    answer = () => (before(), settle({ caller, expiresAtMs: Date.now() + 60_000 }));
  }) };
  const authenticator = new Authenticator([key], slow);
  const waiting = Array.from({ length: 256 }, (_, index) => authenticator.recognise(`Bearer a.b.${index}`));
  await assert.rejects(async () => authenticator.recognise('Bearer a.b.more'), { code: 'overloaded' });
  assert.equal((authenticator.recognise(`Bearer ${key.secret}`) as Caller).actor, 'payer');
  answer();
  await Promise.all(waiting);
  assert.equal(authenticator.recognise('Bearer a.b.1'), caller);
  assert.ok(authenticator.recognise('Bearer a.b.more') instanceof Promise, 'there is room again');
});
