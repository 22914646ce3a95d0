/** What is remembered of accounts and payments, and what a batch says it moved. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyTo, balancesAfter, balancesOf, Batch, Book } from './book.ts';
import type { Account, Payment } from './model.ts';

const account = (number: number, over: Partial<Account> = {}): Account => ({
  tenant: 'default', id: `a${number}`, owner: 'x', currency: 'USD', type: 'liability', minAvailableMinor: null, maxAvailableMinor: null, metadata: {},
  postedMinor: 0n, pendingOutMinor: 0n, pendingInMinor: 0n, version: 0, number: String(number), createdAtUs: 0n, ...over,
});
const payment = (position: bigint): Payment => ({ position, atUs: 0n, kind: 'hold', tenant: 'default', debit: '1', credit: '2', authorisedMinor: 5n, capturedMinor: 0n, releasedMinor: 0n, refundedMinor: 0n, expired: false, version: 0 });

test('one leg: posted on the normal side, a hold beside it, a capture out of the hold, a release back', () => {
  const type = fc.constantFrom<Account['type']>('asset', 'liability', 'equity', 'income', 'expense');
  fc.assert(fc.property(type, fc.constantFrom<'debit' | 'credit'>('debit', 'credit'), fc.bigInt({ min: 1n, max: 10n ** 6n }), (of, side, minor) => {
    const one = account(1, { type: of, postedMinor: 7n });
    const raises = (of === 'asset' || of === 'expense') === (side === 'debit');
    const [held, posted] = [balancesAfter(one, side, minor, 'hold'), balancesAfter(one, side, minor, 'post')];
    assert.deepEqual(held, { postedMinor: 7n, pendingOutMinor: raises ? 0n : minor, pendingInMinor: raises ? minor : 0n, version: 1 });
    assert.deepEqual(posted, { postedMinor: raises ? 7n + minor : 7n - minor, pendingOutMinor: 0n, pendingInMinor: 0n, version: 1 });
    const waiting = account(1, { type: of, ...held });
    assert.deepEqual(balancesAfter(waiting, side, minor, 'capture'), { ...posted, version: 2 });
    assert.deepEqual(balancesAfter(waiting, side, minor, 'release'), { ...balancesOf(one), version: 2 });
    assert.deepEqual(balancesOf(one), { postedMinor: 7n, pendingOutMinor: 0n, pendingInMinor: 0n, version: 0 }, 'it only tells');
  }));
});

test('a batch remembers what was before it, once, and leaves out what was put back', () => {
  const [batch, one, other] = [new Batch(), account(1), account(2)];
  applyTo(batch, one, balancesAfter(one, 'credit', 5n, 'post'));
  applyTo(batch, one, balancesAfter(one, 'credit', 5n, 'post'));
  const before = balancesOf(other);
  applyTo(batch, other, balancesAfter(other, 'credit', 5n, 'post'));
  Object.assign(other, before);
  assert.deepEqual(batch.moved(), [[one, { postedMinor: 0n, pendingOutMinor: 0n, pendingInMinor: 0n, version: 0 }]]);
  assert.equal(one.postedMinor, 10n);
  batch.decidedOn([one, other, account(3)]);
  assert.deepEqual(batch.seen().accounts.map(seen => seen.number), ['2', '3'], 'what moved is guarded by the write');
});

test('payments: one that was changed is said as it was before, one that was only looked at as it is', () => {
  const [batch, changed, looked] = [new Batch(), payment(1n), payment(2n)];
  batch.payments.set(changed, { ...changed });
  Object.assign(changed, { capturedMinor: 5n, version: 1 });
  batch.decidedOn([changed, looked]);
  assert.deepEqual(batch.seen(), { accounts: [], payments: [payment(1n), looked] });
});

test('a book keeps what it knows: it may be newer than what was read', () => {
  const [book, first] = [new Book(), account(1, { version: 5 })];
  book.addAccount(first);
  book.addAccount(account(1, { version: 4 }));
  assert.equal(book.account('default', 'a1'), first);
  assert.equal(book.accountByNumber('1'), first);
  assert.equal(book.account('other', 'a1'), undefined);
  book.addPayment(payment(9n));
  const kept = book.payment(9n);
  book.addPayment(payment(9n));
  assert.equal(book.payment(9n), kept);
  book.forgetPayments(one => one === kept);
  assert.equal(book.payment(9n), kept, 'its change is still being written');
  book.forgetPayments(() => false);
  assert.equal(book.payment(9n), undefined);
});

test('a book has a size: the oldest go first, never one that is being written', () => {
  const book = new Book();
  for (let number = 1; number <= 10; number++) book.addAccount(account(number));
  book.shrink(4, one => one.number === '2');
  assert.equal(book.size, 4);
  assert.deepEqual(Array.from({ length: 10 }, (_, index) => String(index + 1)).filter(number => book.accountByNumber(number)), ['2', '8', '9', '10']);
  assert.equal(book.account('default', 'a1'), undefined);
  book.clear();
  assert.deepEqual([book.size, book.accountByNumber('2')], [0, undefined]);
});
