/** Times keep their microseconds, and what is no time is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseTimeUs, toIso, toIsoUs } from './time.ts';

const atUs = fc.bigInt({ min: 0n, max: 253_402_300_799_999_999n });

test('microseconds out and in again', () => {
  fc.assert(fc.property(atUs, at => parseTimeUs(toIsoUs(at)) === at && parseTimeUs(toIso(at)) === (at / 1000n) * 1000n));
  assert.equal(toIsoUs(1_800_000_000_000_007n), '2027-01-15T08:00:00.000007Z');
  assert.equal(toIso(1_800_000_000_999_999n), '2027-01-15T08:00:00.999Z');
});

test('an offset moves the time, decimals may be left out', () => {
  const noon = 1_800_014_400_000_000n;
  for (const text of ['2027-01-15T12:00:00Z', '2027-01-15t12:00:00z', '2027-01-15T13:30:00+01:30', '2027-01-15T04:00:00.0-08:00', '2027-01-15T12:00:00.000000Z']) assert.equal(parseTimeUs(text), noon, text);
  assert.equal(parseTimeUs('2027-01-15T12:00:00.5Z'), noon + 500_000n);
  assert.equal(parseTimeUs('2027-01-15T12:00:00.000001Z'), noon + 1n);
  assert.equal(parseTimeUs('2028-02-29T00:00:00Z'), 1_835_395_200_000_000n);
});

test('no time, no offset, no such day, out of range', () => {
  for (const text of ['', 'now', '2027-01-15', '2027-01-15T12:00:00', '2027-01-15 12:00:00Z', '2027-02-30T00:00:00Z', '2027-02-29T00:00:00Z', '2027-13-01T00:00:00Z', '2027-01-15T24:00:01Z', '2027-01-15T12:60:00Z', '1969-12-31T23:59:59Z', '10000-01-01T00:00:00Z', '2027-01-15T12:00:00.1234567Z', '2027-01-15T12:00:00.Z', '2027-01-15T12:00:00+0100', '-000001-01-01T00:00:00Z']) assert.equal(parseTimeUs(text), undefined, text);
});
