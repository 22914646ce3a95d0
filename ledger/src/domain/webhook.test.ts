/** Webhooks, the pure part. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { Sealer } from './sealed.ts';
import { sign, verify } from './webhook-signature.ts';
import { isPublicAddress, whyUrlIsRefused } from './webhook-url.ts';
import { chooseDue, delayAfter, eventTypeNames, eventTypeOf, eventTypes, kindsOf, retryDelaysMs, typesOf, type Candidate } from './webhook.ts';

test('a signature holds for its body, secret and time, and for nothing else', () => {
  const [at, body, secret] = [1_800_000_000, '{"id":"ev_1","amount":"100"}', 'whsec_one'];
  const header = sign([secret], at, body);
  assert.match(header, /^t=1800000000,v1=[0-9a-f]{64}$/);
  // As another implementation of HMAC has it.
  assert.equal(sign(['k'], 1, 'x'), 't=1,v1=976cb87e4f568d1c0f03f32859e90af8597cf00b978ba37c229c97d3a15b8449');
  assert.equal(verify(header, body, [secret], at), 'valid');
  assert.equal(verify(header, Buffer.from(body), [secret], at), 'valid');
  assert.equal(verify(header, body.replace('100', '101'), [secret], at), 'wrong');
  assert.equal(verify(header, body, ['whsec_two'], at), 'wrong');
  assert.equal(verify(header, body, [], at), 'wrong');
  assert.equal(verify(header.replace('t=1800000000', 't=1800000001'), body, [secret], at), 'wrong', 'the time is signed too');
  assert.deepEqual([at + 300, at + 301, at - 300, at - 301].map(now => verify(header, body, [secret], now)), ['valid', 'too-old', 'valid', 'from-the-future']);
});

test('while a secret is replaced, consumers that know either accept', () => {
  const header = sign(['new', 'old'], 100, 'body');
  assert.equal(header.split('v1=').length, 3);
  for (const known of [['new'], ['old'], ['old', 'new']]) assert.equal(verify(header, 'body', known, 100), 'valid');
});

test('whatever the header holds, verify answers and never says valid by mistake', () => {
  const near = fc.constantFrom('', 't=1', 't=1,v1=', 'v1=00', 't=1,t=1,v1=' + '0'.repeat(64), 't=x,v1=' + '0'.repeat(64), 't=1,' + Array(9).fill('v1=' + '0'.repeat(64)).join(','));
  fc.assert(fc.property(fc.oneof(fc.string(), near), fc.string(), (header, body) => assert.notEqual(verify(header, body, ['s'], 1), 'valid')));
  assert.equal(verify(undefined, '', ['s'], 1), 'malformed');
});

test('what is sealed opens only in its place, with its key, unchanged', () => {
  const [first, second] = [randomBytes(32), randomBytes(32)];
  const old = new Sealer([first]);
  const sealed = old.seal('whsec_x', 'webhook/acme/we_1', randomBytes(12));
  assert.doesNotMatch(sealed, /whsec/);
  assert.equal(old.open(sealed, 'webhook/acme/we_1'), 'whsec_x');
  assert.equal(old.open(sealed, 'webhook/other/we_1'), undefined);
  assert.equal(new Sealer([second]).open(sealed, 'webhook/acme/we_1'), undefined);
  const both = new Sealer([second, first]);
  assert.equal(both.open(sealed, 'webhook/acme/we_1'), 'whsec_x', 'an old key still opens');
  assert.notEqual(both.seal('a', 'p', randomBytes(12)).split('.')[0], sealed.split('.')[0], 'and the first one seals');
  for (let index = 0; index < sealed.length; index += 5) {
    const changed = sealed.slice(0, index) + (sealed[index] === 'A' ? 'B' : 'A') + sealed.slice(index + 1);
    assert.equal(old.open(changed, 'webhook/acme/we_1'), undefined, changed);
  }
  for (const nonsense of ['', '.', 'x.y', sealed.slice(0, 20)]) assert.equal(old.open(nonsense, 'webhook/acme/we_1'), undefined);
  assert.throws(() => new Sealer([]), RangeError);
  assert.throws(() => new Sealer([randomBytes(16)]), RangeError);
});

test('webhooks go to public addresses only', () => {
  const inside = ['127.0.0.1', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '224.0.0.1', '255.255.255.255', '198.18.0.1', '192.0.2.1', '::1', '::', 'fe80::1', 'fc00::1', 'fd12::1', 'ff02::1', '::ffff:10.0.0.1', '::ffff:8.8.8.8', '64:ff9b::a00:1', '2002:a00:1::', '2001:db8::1', '2001::1', 'x', ''];
  for (const address of inside) assert.equal(isPublicAddress(address), false, address);
  for (const address of ['8.8.8.8', '1.1.1.1', '172.32.0.1', '172.15.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450::1']) assert.equal(isPublicAddress(address), true, address);
});

test('urls that lead inside are refused, however they are written', () => {
  const refused = [
    'http://hooks.acme.example/', 'ftp://acme.example', 'https://localhost/x', 'https://LOCALHOST', 'https://a.localhost', 'https://ledger', 'https://db.internal/', 'https://printer.local', 'https://127.0.0.1', 'https://127.1',
    'https://2130706433/', 'https://0x7f.0.0.1', 'https://0177.0.0.1', 'https://[::1]/', 'https://[::ffff:127.0.0.1]/', 'https://169.254.169.254/latest/meta-data', 'https://10.0.0.1:8443', `https://user:${'secret'}@acme.example`, 'https://acme.example/#x',
    'https://acme.example/ x', 'https://', 'acme.example', '', `https://acme.example/${'x'.repeat(500)}`, 'https://metadata.google.internal./',
  ];
  for (const url of refused) assert.equal(typeof whyUrlIsRefused(url, false), 'string', url);
  for (const url of ['https://hooks.acme.example/ledger?v=1', 'https://acme.example:8443/a', 'https://8.8.8.8/x']) assert.equal(whyUrlIsRefused(url, false), undefined, url);
  assert.equal(whyUrlIsRefused('http://127.0.0.1:9/x', true), undefined);
  assert.equal(typeof whyUrlIsRefused('file:///etc/passwd', true), 'string');
});

test('attempts at once, after 1 min, 5 min, 30 min and 2 h, then none', () => {
  assert.deepEqual([...retryDelaysMs], [0, 60_000, 300_000, 1_800_000, 7_200_000]);
  assert.deepEqual([1, 2, 3, 4, 5, 6].map(made => delayAfter(made, retryDelaysMs)), [60_000, 300_000, 1_800_000, 7_200_000, 'dead', 'dead']);
  // On a clock that starts at 0 and a consumer that never answers:
  let now = 0;
  const attempts: number[] = [];
  for (let delay: number | 'dead' = retryDelaysMs[0]!; delay !== 'dead'; delay = delayAfter(attempts.length, retryDelaysMs)) attempts.push((now += delay));
  assert.deepEqual(attempts, [0, 60_000, 360_000, 2_160_000, 9_360_000]);
});

test('types and kinds translate into each other and each has one name', () => {
  assert.equal(new Set(eventTypeNames).size, Object.keys(eventTypes).length);
  for (const [kind, type] of Object.entries(eventTypes)) assert.deepEqual([kindsOf([type]), typesOf([kind]), eventTypeOf(kind)], [[kind], [type], type]);
  assert.deepEqual(kindsOf(['hold.voided', 'hold.captured', 'hold.voided']), ['capture', 'void']);
  assert.deepEqual(kindsOf(['hold.voided', '*']), ['*']);
  assert.deepEqual(typesOf(['*']), ['*']);
  assert.equal(eventTypeOf('a-kind-of-next-year'), 'a-kind-of-next-year.posted');
});

test('no endpoint, tenant or crowd of failing consumers takes all places', () => {
  const candidate = fc.record({
    endpointId: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), position: fc.bigInt({ min: 1n, max: 40n }), maxInFlight: fc.integer({ min: 1, max: 4 }), failing: fc.boolean(),
  });
  const limits = { inFlight: 6, perTenant: 3, failing: 2 };
  const properties = new Map<string, Candidate>();
  fc.assert(fc.property(fc.array(candidate, { maxLength: 40 }), drawn => {
    properties.clear();
    // An endpoint's own properties are the same in all its candidates; two endpoints per tenant.
    const due = drawn.map(one => {
      const known = properties.get(one.endpointId) ?? { ...one, tenant: `t${one.endpointId.charCodeAt(0) >> 1}` };
      properties.set(one.endpointId, known);
      return { ...known, position: one.position };
    });
    const first = chooseDue(due, [], limits);
    const second = chooseDue(due, first, limits);
    const busy = [...first, ...second];
    assert.ok(busy.length <= limits.inFlight && busy.filter(one => one.failing).length <= limits.failing);
    for (const one of busy) {
      assert.ok(busy.filter(other => other.endpointId === one.endpointId).length <= (one.failing ? 1 : one.maxInFlight));
      assert.ok(busy.filter(other => other.tenant === one.tenant).length <= limits.perTenant);
    }
    assert.equal(new Set(busy.map(one => `${one.endpointId} ${one.position}`)).size, busy.length, 'none twice');
    assert.deepEqual(second, [], 'what could go has gone');
    const ofA = first.filter(one => one.endpointId === 'a').map(one => one.position);
    const dueOfA = [...new Set(due.filter(one => one.endpointId === 'a').map(one => one.position))];
    assert.deepEqual(ofA, dueOfA.slice(0, ofA.length), 'in their order');
  }));
});
