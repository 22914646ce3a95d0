/** Lines of statements, holds as they stand, cursors. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeCursor, encodeCursor, entryJson, holdJson, totalsJson, type Entry } from './pages.ts';
import type { PlacedRow } from './model.ts';

const entry: Entry = { position: 28n, atUs: 1_800_000_000_123_456n, effectiveAtUs: null, kind: 'transfer', leg: 0, side: 'debit', amountMinor: 5n, balanceMinor: 95n, version: 2, otherAccountId: 'shop', description: null };

test('a cursor is what it was made of, and nothing else is one', () => {
  fc.assert(fc.property(fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }), place => decodeCursor(encodeCursor(place)) === place));
  fc.assert(fc.property(fc.string(), text => { const place = decodeCursor(text); return place === undefined || encodeCursor(place) === text.replaceAll('=', '') || place > 0n; }));
  for (const text of ['', 'abc', Buffer.from('v1:0').toString('base64url'), Buffer.from('v2:5').toString('base64url'), Buffer.from('v1:-5').toString('base64url'), Buffer.from('v1:5 ').toString('base64url')]) assert.equal(decodeCursor(text), undefined, text);
});

test('what an entry did to the posted balance: its sign by type and side, nothing for a hold and its release', () => {
  const change = (type: 'asset' | 'liability', over: Partial<Entry>) => entryJson({ ...entry, ...over }, { currency: 'USD', type }).changeMinor;
  assert.deepEqual([change('asset', {}), change('liability', {}), change('asset', { side: 'credit' }), change('liability', { side: 'credit' })], ['5', '-5', '-5', '5']);
  for (const kind of ['hold', 'void', 'expiry'] as const) assert.equal(change('asset', { kind }), '0');
  assert.equal(change('asset', { kind: 'capture' }), '5');
});

test('an entry names its row: a posted one or a hold', () => {
  assert.deepEqual(entryJson(entry, { currency: 'USD', type: 'liability' }), {
    transferId: 'tr_01a3185c-507b-81c8-8000-00000000001c', kind: 'transfer', direction: 'debit', amountMinor: '5', changeMinor: '-5', currency: 'USD', balanceMinor: '95', version: '2',
    counterpartyAccountId: 'shop', description: null, createdAt: '2027-01-15T08:00:00.123Z', effectiveAt: '2027-01-15T08:00:00.123Z',
  });
  assert.match(entryJson({ ...entry, kind: 'hold' }, { currency: 'USD', type: 'liability' }).transferId, /^ho_/);
  assert.equal(entryJson({ ...entry, effectiveAtUs: 1_000_000n }, { currency: 'USD', type: 'liability' }).effectiveAt, '1970-01-01T00:00:01.000Z');
});

test('the state of a hold', () => {
  const row = { position: 28n, createdAtUs: entry.atUs, debitId: 'a', creditId: 'b', amountMinor: 10n, currency: 'USD', description: null, metadata: null, expiresAtUs: entry.atUs } as PlacedRow;
  const state = (capturedMinor: bigint, releasedMinor: bigint, expired = false) => { const { status, remainingMinor } = holdJson({ row, capturedMinor, releasedMinor, refundedMinor: 0n, expired }); return `${status} ${remainingMinor}`; };
  assert.deepEqual([state(0n, 0n), state(4n, 0n), state(4n, 0n, true), state(10n, 0n), state(4n, 6n), state(0n, 10n), state(0n, 0n, true), state(0n, 10n, true)],
    ['authorised 10', 'partially-captured 6', 'expired 6', 'captured 0', 'captured 0', 'released 0', 'expired 10', 'released 0']);
});

test('a cursor of places that no version and no position can have is none of ours', () => {
  for (const place of [1n, 2n ** 53n + 1n, 2n ** 63n - 1n]) assert.equal(decodeCursor(encodeCursor(place)), place);
  for (const place of ['0', '-1', '01', String(2n ** 63n), '9999999999999999999', 'x', '']) assert.equal(decodeCursor(Buffer.from(`v1:${place}`).toString('base64url')), undefined, place);
});

test('totals', () => {
  assert.deepEqual(totalsJson({ currency: 'USD', debitMinor: 7n, creditMinor: 9n }), { currency: 'USD', debitMinor: '7', creditMinor: '9', differenceMinor: '-2' });
});
