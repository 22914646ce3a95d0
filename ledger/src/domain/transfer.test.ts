import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { maxMinor } from './money.ts';
import { decideTransfer, deltaOf, isDebitNormal, type Account, type AccountType, type TransferCommand } from './transfer.ts';

const types: AccountType[] = ['asset', 'liability', 'equity', 'income', 'expense'];
const account = (id: string, over: Partial<Account> = {}): Account => ({
  id, owner: 'x', currency: 'USD', type: 'liability', minAvailableMinor: 0n, postedMinor: 0n, pendingMinor: 0n, version: 0n, createdAt: new Date(0), ...over,
});
const command = (over: Partial<TransferCommand> = {}): TransferCommand => ({
  debitAccountId: 'a', creditAccountId: 'b', amountMinor: 100n, currency: 'USD', description: null, metadata: {}, ...over,
});
const decide = (over: Partial<TransferCommand>, ...accounts: Account[]) => decideTransfer(command(over), new Map(accounts.map(one => [one.id, one])));
const codeOf = (decision: ReturnType<typeof decideTransfer>) => (decision.ok ? 'posted' : decision.refusal.code);

test('the checks come in one fixed order', () => {
  // Each line takes the cause of the line above away; what is left is refused for the next cause.
  assert.equal(codeOf(decide({ creditAccountId: 'a' })), 'same-account');
  assert.equal(codeOf(decide({})), 'unknown-account');
  assert.equal(codeOf(decide({}, account('a', { currency: 'EUR' }))), 'unknown-account');
  assert.equal(codeOf(decide({}, account('a', { currency: 'EUR' }), account('b', { postedMinor: maxMinor }))), 'currency-mismatch');
  assert.equal(codeOf(decide({}, account('a'), account('b', { currency: 'EUR', postedMinor: maxMinor }))), 'currency-mismatch');
  assert.equal(codeOf(decide({}, account('a'), account('b', { postedMinor: maxMinor }))), 'balance-overflow');
  assert.equal(codeOf(decide({}, account('a'), account('b'))), 'insufficient-funds');
  assert.equal(codeOf(decide({}, account('a', { postedMinor: 100n }), account('b'))), 'posted');
});

test('of two unknown accounts, the debited one is named', () => {
  const decision = decide({});
  assert.ok(!decision.ok && decision.refusal.detail.includes('account a to debit'));
});

test('the floor is exact, and pending amounts count', () => {
  const at = (postedMinor: bigint, pendingMinor = 0n) => codeOf(decide({}, account('a', { postedMinor, pendingMinor }), account('b')));
  assert.deepEqual([at(99n), at(100n), at(101n), at(150n, 50n), at(149n, 50n)], ['insufficient-funds', 'posted', 'posted', 'posted', 'insufficient-funds']);
});

test('an account may lack money on either side: crediting an asset takes from it', () => {
  const asset = account('b', { type: 'asset', postedMinor: 99n });
  assert.equal(codeOf(decide({}, account('a', { postedMinor: 500n }), asset)), 'insufficient-funds');
});

test('balances reach the bounds of 64 bits and not beyond', () => {
  const source = (postedMinor: bigint) => account('a', { type: 'asset', minAvailableMinor: null, postedMinor });
  assert.equal(codeOf(decide({ amountMinor: maxMinor }, source(0n), account('b'))), 'posted');
  assert.equal(codeOf(decide({ amountMinor: maxMinor }, source(1n), account('b'))), 'balance-overflow');
  const low = account('a', { minAvailableMinor: null, postedMinor: -maxMinor });
  assert.deepEqual([1n, 2n].map(amountMinor => codeOf(decide({ amountMinor }, low, account('b')))), ['posted', 'balance-overflow']);
});

test('whatever is posted keeps debits equal to credits, floors kept, versions up by one', () => {
  const anyAccount = (id: string) => fc.record({
    type: fc.constantFrom(...types), minAvailableMinor: fc.constantFrom(null, 0n), postedMinor: fc.bigInt({ min: 0n, max: 1000n }), version: fc.bigInt({ min: 0n, max: 99n }),
  }).map(fields => account(id, fields));
  let posted = 0;
  fc.assert(fc.property(anyAccount('a'), anyAccount('b'), fc.bigInt({ min: 1n, max: 1500n }), (a, b, amountMinor) => {
    const decision = decide({ amountMinor }, a, b);
    if (!decision.ok) return;
    posted++;
    // In the accounting equation, what is gained on the debit side equals what is gained on the credit side.
    const signed = (one: Account, after: bigint) => (isDebitNormal(one.type) ? 1n : -1n) * (after - one.postedMinor);
    assert.equal(signed(a, decision.debit.balanceMinor) + signed(b, decision.credit.balanceMinor), 0n);
    assert.equal(decision.debit.balanceMinor - a.postedMinor, deltaOf(a.type, 'debit', amountMinor));
    for (const [before, leg] of [[a, decision.debit], [b, decision.credit]] as const) {
      assert.equal(leg.version, before.version + 1n);
      if (before.minAvailableMinor !== null) assert.ok(leg.balanceMinor >= before.minAvailableMinor);
    }
  }), { numRuns: 500 });
  assert.ok(posted > 50, `only ${posted} were posted`);
});
