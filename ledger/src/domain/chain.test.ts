/** The links of the chain. That the database computes the same is in test/payments.test.ts and in the audit. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { batchDigest, canonicalRow, linkHash, type Link } from './chain.ts';
import type { JournalRow } from './model.ts';

const row: JournalRow = {
  kind: 'capture', tenant: 'default', actor: 'payer', key: 'k', requestHash: 'ab', leg: 0, legs: 2, debit: '3', credit: '4', debitId: 'a', creditId: 'b', currency: 'USD', amountMinor: 2500n, debitVersion: 2, creditVersion: 1,
  debitBalanceMinor: 7500n, creditBalanceMinor: 2500n, payment: 20n, paymentAtUs: 5n, paymentKind: 'hold', description: 'x', metadata: { b: '1', a: '2' }, effectiveAtUs: 1n, expiresAtUs: 2n, requestId: 'r', status: 201, answer: '{}',
};
const written = { format: 1, region: 'region-a', instance: 'ledger-1' };

test('the canonical form of a row, frozen: an old journal must verify', () => {
  assert.equal(canonicalRow(row), '["capture","default","payer","k","ab",0,2,"3","4","2500","2","1","7500","2500","20","x","{\\"a\\":\\"2\\",\\"b\\":\\"1\\"}","1","2","r",201,"{}"]');
  assert.equal(batchDigest([row], written).toString('hex'), createHash('sha256').update(`[1,"region-a","ledger-1"]\n${canonicalRow(row)}`).digest('hex'));
});

test('a change of anything that was decided changes the digest', () => {
  // Names and the currency belong to the accounts, which never change and are sealed by their own openings; the payment's time and kind to its row.
  const derived = new Set(['debitId', 'creditId', 'currency', 'paymentAtUs', 'paymentKind']);
  const digest = batchDigest([row], written).toString('hex');
  for (const [name, value] of Object.entries(row)) {
    const other = typeof value === 'bigint' ? value + 1n : typeof value === 'number' ? value + 1 : typeof value === 'string' ? `${value}x` : { a: '2' };
    for (const changed of [other, null]) assert.equal(batchDigest([{ ...row, [name]: changed }], written).toString('hex') === digest, derived.has(name), name);
  }
  for (const over of [{ format: 2 }, { region: 'b' }, { instance: 'b' }]) assert.notEqual(batchDigest([row], { ...written, ...over }).toString('hex'), digest);
});

test('order, number and borders of rows are sealed', () => {
  const other = { ...row, key: 'other' };
  const digests = [[row, other], [other, row], [row], [row, row], [row, other, row], []].map(rows => batchDigest(rows, written).toString('hex'));
  assert.equal(new Set(digests).size, digests.length);
  assert.equal(batchDigest([{ ...row, metadata: { a: '2', b: '1' } }], written).toString('hex'), batchDigest([row], written).toString('hex'), 'metadata has no order');
});

test('a link is sealed with its number, place, size, time, totals and the link before', () => {
  const link: Link = { n: 2n, firstPosition: 3n, count: 4, atUs: 5n, digest: batchDigest([row], written), totals: { USD: '7', EUR: '8' }, prevHash: Buffer.alloc(32, 1) };
  const hashes = [link, { ...link, n: 3n }, { ...link, firstPosition: 4n }, { ...link, count: 5 }, { ...link, atUs: 6n }, { ...link, totals: { USD: '8', EUR: '7' } }, { ...link, totals: {} }, { ...link, prevHash: Buffer.alloc(32) }, { ...link, digest: Buffer.alloc(32) }].map(one => linkHash(one).toString('hex'));
  assert.equal(new Set(hashes).size, hashes.length);
  assert.equal(linkHash({ ...link, totals: { EUR: '8', USD: '7' } }).toString('hex'), hashes[0]);
});
