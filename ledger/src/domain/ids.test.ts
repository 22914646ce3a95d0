/** Ids carry time and place, both ways. That the database makes the same ones is in test/payments.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { idPattern, parsePublicId, publicId, type IdPrefix } from './ids.ts';

const prefix = fc.constantFrom<IdPrefix>('tr', 'ho', 'tx');
const position = fc.bigInt({ min: 1n, max: 2n ** 62n - 1n });
const atUs = fc.bigInt({ min: 0n, max: 253_402_300_799_999_999n });

test('an id is a UUID of version 8, and gives its time and place back', () => {
  assert.equal(publicId('tr', { position: 28n, atUs: 1_800_000_000_123_456n }), 'tr_01a3185c-507b-81c8-8000-00000000001c');
  fc.assert(fc.property(prefix, position, atUs, (kind, place, at) => {
    const id = publicId(kind, { position: place, atUs: at });
    assert.match(id, new RegExp(idPattern(kind)));
    assert.deepEqual(parsePublicId(id), { prefix: kind, position: place, atUs: at });
  }));
});

test('two rows never share an id; ids sort by time, then by place', () => {
  fc.assert(fc.property(position, atUs, position, atUs, (a, at, b, bt) => {
    const [one, other] = [publicId('tr', { position: a, atUs: at }), publicId('tr', { position: b, atUs: bt })];
    assert.equal(one < other, at < bt || (at === bt && a < b));
    assert.equal(one === other, at === bt && a === b);
  }));
});

test('what this ledger cannot have given out is none', () => {
  const id = publicId('tr', { position: 28n, atUs: 1_800_000_000_123_456n });
  for (const wrong of ['', '1', id.slice(3), id.toUpperCase(), `${id} `, id.replace('tr', 'xx'), id.replace('-8', '-7'), id.replace('-8000-', '-c000-'), id.replace('-81c8-', '-83e8-'), id.replace('-81c8-', '-8fff-'), `${id}0`, "' OR 1=1"]) assert.equal(parsePublicId(wrong), undefined, wrong);
  assert.ok(parsePublicId(id.replace('-81c8-', '-83e7-')), 'the last microsecond of a millisecond');
});
