/** From commands to one batch and back: keys, openings, sums. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { opening } from '../../test/support/steps.ts';
import { plain, posting, refOf, region, World } from '../../test/support/world.ts';
import { answerFormat } from './answers.ts';
import { accountsNamed, needsFeeAccounts, outcomesOf, paymentOf, replayOf, rowsOf, totalsOf, type Outcome, type Stored } from './batching.ts';
import { LedgerError } from './errors.ts';
import type { Command } from './model.ts';

function bankAndShop(): World {
  const world = new World();
  world.open('bank', { type: 'asset', minAvailableMinor: null });
  world.open('shop');
  return world;
}
const pay = (minor: bigint, over: object = {}): Command => ({ kind: 'transfer', postings: [posting('bank', 'shop', minor, over)] });
const ref = { position: 3n, atUs: 1n };
const samples: [Command, string[], bigint | undefined, number][] = [
  [opening({ id: 'a', type: 'asset', currency: 'USD', minAvailableMinor: null, maxAvailableMinor: null }), ['a'], undefined, 1],
  [{ kind: 'transfer', postings: [posting('a', 'b', 1n), posting('b', 'c', 1n)] }, ['a', 'b', 'b', 'c'], undefined, 2],
  [{ kind: 'conversion', debitAccountId: 'a', creditAccountId: 'b', sellAmountMinor: 1n, sellCurrency: 'USD', buyAmountMinor: 1n, buyCurrency: 'JPY', rate: '1', effectiveAtUs: null, ...plain }, ['a', 'b', 'fx:usd', 'fx:jpy'], undefined, 2],
  [{ kind: 'hold', debitAccountId: 'a', creditAccountId: 'b', amountMinor: 1n, currency: 'USD', expiresAtUs: 1n, ...plain }, ['a', 'b'], undefined, 1],
  [{ kind: 'capture', hold: ref, amountMinor: null, final: true, fee: { amountMinor: 1n, accountId: 'f' }, ...plain }, ['f'], 3n, 3],
  [{ kind: 'void', hold: ref }, [], 3n, 1],
  [{ kind: 'expiry', hold: ref }, [], 3n, 1],
  [{ kind: 'refund', of: ref, amountMinor: null, ...plain }, [], 3n, 1],
  [{ kind: 'reversal', of: ref, ...plain }, [], 3n, 1],
  [{ kind: 'settlement', accountId: 'a', payoutAccountId: 'b', ...plain }, ['a', 'b'], undefined, 1],
];

test('what a command needs to be read, and how many rows it may become', () => {
  for (const [command, accounts, payment, rows] of samples) assert.deepEqual([accountsNamed(command), paymentOf(command), rowsOf(command)], [accounts, payment, rows], command.kind);
  const capture = samples[4]![0] as Extract<Command, { kind: 'capture' }>;
  assert.deepEqual([capture, { ...capture, fee: { amountMinor: 1n, accountId: null } }, { ...capture, fee: null }].map(needsFeeAccounts), [false, true, false]);
});

test('commands of a batch are decided in order, each on the outcome of those before it; each has its own rows', () => {
  const world = bankAndShop();
  const outcomes = world.batch([
    world.request({ kind: 'transfer', postings: [posting('shop', 'bank', 1n)] }), world.request(pay(5n)), world.request({ kind: 'transfer', postings: [posting('shop', 'bank', 3n), posting('shop', 'bank', 2n)] }), world.request({ kind: 'transfer', postings: [posting('shop', 'bank', 1n)] }),
  ]) as Outcome[];
  assert.deepEqual(outcomes.map(one => [one.refused ?? 'posted', one.rows.map(row => Number(row.position))]), [['insufficient-funds', [3]], ['posted', [4]], ['posted', [5, 6]], ['insufficient-funds', [7]]]);
  assert.ok(outcomes.every(one => one.rows.every(row => row.createdAtUs === world.nowUs)));
  assert.deepEqual(totalsOf(world.last!.batch), new Map([['USD', 10n]]));
});

test('only what posts counts into the totals, each currency for itself', () => {
  const world = bankAndShop();
  world.open('euros', { currency: 'EUR' });
  world.open('from', { currency: 'EUR', type: 'asset', minAvailableMinor: null });
  const hold = world.hold('bank', 'shop', 30n);
  const totals = (...commands: Command[]) => { world.batch(commands.map(command => world.request(command))); return Object.fromEntries(totalsOf(world.last!.batch)); };
  assert.deepEqual(totals(pay(2n ** 63n)), {}, 'a decline moves nothing');
  assert.deepEqual(totals(pay(4n), { kind: 'transfer', postings: [posting('from', 'euros', 7n, { currency: 'EUR' })] }, { kind: 'hold', debitAccountId: 'bank', creditAccountId: 'shop', amountMinor: 9n, currency: 'USD', expiresAtUs: 1n, ...plain }), { USD: 4n, EUR: 7n });
  assert.deepEqual(totals({ kind: 'capture', hold, amountMinor: 10n, final: true, fee: { amountMinor: 1n, accountId: 'bank' }, ...plain }), { USD: 11n }, 'capture and fee, not what was released');
});

test('a second opening of the same account waits for the next batch, of another tenant it does not', () => {
  const world = new World();
  const open = (tenant: string) => world.request(opening({ id: 'a', type: 'asset', currency: 'USD', minAvailableMinor: null, maxAvailableMinor: null }), { tenant });
  const [first, second, other] = [open('alpha'), open('alpha'), open('beta')];
  const outcomes = world.batch([first, second, other]);
  assert.deepEqual(outcomes.map(one => (one as Outcome | undefined)?.status), [201, undefined, 201]);
  assert.deepEqual(world.last!.later, [second]);
  assert.equal((world.batch([second])[0] as Outcome).status, 200);
});

test('a used key: the first answer byte for byte, or the error that tells so; nothing is decided', () => {
  const world = bankAndShop();
  const request = world.request(pay(5n, { metadata: { z: '1', a: '2' } }));
  const [first] = world.batch([request]) as Outcome[];
  const [replay, reused, elsewhere] = world.batch([
    { ...request, context: { ...request.context, requestId: 'another' } }, { ...request, context: { ...request.context, requestHash: 'other', requestId: 'another' } }, { ...request, context: { ...request.context, tenant: 'other' } },
  ]);
  assert.deepEqual([(replay as Outcome).body, (replay as Outcome).status, (replay as Outcome).replayed], [first!.body, first!.status, true]);
  assert.equal((reused as LedgerError).code, 'idempotency-key-reused');
  assert.equal((elsewhere as Outcome).refused, 'unknown-account', 'keys are a tenant\'s own');
  assert.deepEqual(world.last!.fresh.length, 1);
  assert.equal(world.book.account('default', 'shop')!.postedMinor, 5n);
});

test('our own answer that was lost on the way is found again, and is not a replay', () => {
  const world = bankAndShop();
  const request = world.request(pay(5n));
  const [first] = world.batch([request]) as Outcome[];
  const stored: Stored = world.stored.get(`default/${request.context.key}`)!;
  const found = replayOf(stored, request.context) as Outcome;
  assert.deepEqual([found.replayed, found.body], [false, first!.body]);
  assert.equal((replayOf(stored, { ...request.context, requestId: 'another' }) as Outcome).replayed, true);
  assert.equal((replayOf({ ...stored, region: 'region-b' }, request.context) as Outcome).body, first!.body.replace(region, 'region-b'), 'the region that wrote it, not the one that answers');
});

test('a payment that two commands of a batch change is written once, at the version it had before', () => {
  const world = bankAndShop();
  const hold = world.hold('bank', 'shop', 30n);
  const capture = (minor: bigint): Command => ({ kind: 'capture', hold, amountMinor: minor, final: false, fee: null, ...plain });
  world.batch([world.request(capture(10n)), world.request(capture(5n)), world.request(capture(16n))]);
  const { payments } = world.last!.batch;
  assert.deepEqual([...payments].map(([payment, before]) => [payment.position, payment.capturedMinor, payment.version, before.version, before.capturedMinor]), [[hold.position, 15n, 1, 0, 0n]]);
  assert.equal(answerFormat, 1);
  const sent = refOf(world.transfer('bank', 'shop', 9n).rows[0]!);
  world.send({ kind: 'refund', of: sent, amountMinor: 1n, ...plain });
  assert.deepEqual([...world.last!.batch.payments.values()].map(before => before.version), [-1], 'its first: it has no row of its own so far');
  assert.deepEqual(outcomesOf({ ...world.last!, fresh: [] }, 1n, 1n, region), []);
});
