import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { uuidv7 } from './ids.ts';
import { canonicalJson, decodeCursor, encodeCursor } from './wire.ts';

test('the canonical form does not depend on the order of keys, and tells different values apart', () => {
  assert.equal(canonicalJson({ b: 1, a: { d: [1, { y: 1, x: 2 }], c: null } }), canonicalJson({ a: { c: null, d: [1, { x: 2, y: 1 }] }, b: 1 }));
  fc.assert(fc.property(fc.jsonValue(), value => assert.deepEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)))));
  assert.notEqual(canonicalJson({ a: '1' }), canonicalJson({ a: 1 }));
  assert.notEqual(canonicalJson([1, 2]), canonicalJson([2, 1]));
});

test('a cursor comes back as the version it was made of, and a foreign one does not', () => {
  fc.assert(fc.property(fc.bigInt({ min: 1n, max: 2n ** 62n }), version => decodeCursor(encodeCursor(version)) === version));
  fc.assert(fc.property(fc.string(), text => decodeCursor(text) === undefined));
  assert.equal(decodeCursor(Buffer.from('v1:0').toString('base64url')), undefined);
});

test('ids sort by time and carry version and variant of UUIDv7', () => {
  const random = fc.uint8Array({ minLength: 10, maxLength: 10 });
  fc.assert(fc.property(fc.nat(), fc.nat(), random, random, (a, b, randomA, randomB) => {
    const [first, second] = [uuidv7(a, randomA), uuidv7(b, randomB)];
    assert.match(first, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    if (a < b) assert.ok(first < second);
    assert.equal(parseInt(first.replace('-', '').slice(0, 12), 16), a);
  }));
});
