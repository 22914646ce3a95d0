/** The decision whether money may move, rule by rule, and against a model that was written apart from it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Model } from '../../test/support/model.ts';
import { max, opened, opening, step, system, tenants } from '../../test/support/steps.ts';
import { plain, posting, refOf, World } from '../../test/support/world.ts';
import { LedgerError } from './errors.ts';
import type { Account, Command, Posting, RowRef } from './model.ts';

function world(...accounts: [string, Partial<Account>?][]): { world: World; accounts: Account[] } {
  const made = new World();
  return { world: made, accounts: accounts.map(([id, over]) => made.open(id, over)) };
}

const transfer = (...postings: Posting[]): Command => ({ kind: 'transfer', postings });
const capture = (hold: RowRef, amountMinor: bigint | null = null, over: Partial<Extract<Command, { kind: 'capture' }>> = {}): Command => ({ kind: 'capture', hold, amountMinor, final: false, fee: null, ...plain, ...over });
const refund = (of: RowRef, amountMinor: bigint | null = null): Command => ({ kind: 'refund', of, amountMinor, ...plain });
const reversal = (of: RowRef): Command => ({ kind: 'reversal', of, ...plain });
const balances = ({ postedMinor, pendingOutMinor, pendingInMinor, version }: Account) => [postedMinor, pendingOutMinor, pendingInMinor, version].map(Number);
const bank: [string, Partial<Account>] = ['bank', { type: 'asset', minAvailableMinor: null }];

test('a debit raises assets and expenses, a credit the others; both legs are in one row', () => {
  for (const [type, raisedBy] of [['asset', 'debit'], ['expense', 'debit'], ['liability', 'credit'], ['equity', 'credit'], ['income', 'credit']] as const) {
    const { world: ledger, accounts: [one, other] } = world(['one', { type, minAvailableMinor: null }], ['other', { type, minAvailableMinor: null }]);
    const { rows: [row] } = ledger.transfer('one', 'other', 7n);
    assert.deepEqual([balances(one!), balances(other!)], raisedBy === 'debit' ? [[7, 0, 0, 1], [-7, 0, 0, 1]] : [[-7, 0, 0, 1], [7, 0, 0, 1]], type);
    assert.deepEqual([row!.debitBalanceMinor, row!.creditBalanceMinor, row!.debitVersion, row!.creditVersion], [one!.postedMinor, other!.postedMinor, 1, 1]);
  }
});

test('reasons to refuse are looked at in one order', () => {
  const { world: ledger } = world(['a', {}], ['b', {}], ['e', { currency: 'EUR' }]);
  for (const [debit, credit, currency, code] of [['a', 'a', 'EUR', 'same-account'], ['x', 'x', 'USD', 'same-account'], ['x', 'b', 'USD', 'unknown-account'], ['a', 'x', 'EUR', 'unknown-account'], ['a', 'e', 'USD', 'currency-mismatch'], ['a', 'b', 'EUR', 'currency-mismatch'], ['a', 'b', 'USD', 'insufficient-funds']] as const) {
    assert.equal(ledger.verdict(transfer(posting(debit, credit, 5n, { currency }))), code, `${debit} ${credit} ${currency}`);
  }
  const declined = ledger.transfer('x', 'b', 1n);
  assert.equal(JSON.parse(declined.body).detail, 'There is no account x to debit.');
  assert.equal(declined.rows.length, 1);
});

test('an account is spent to its floor and not one minor unit below; one without a floor goes on', () => {
  for (const floor of [0n, -50n]) {
    const { world: ledger, accounts: [, purse] } = world(bank, ['purse', { minAvailableMinor: floor }]);
    ledger.transfer('bank', 'purse', 100n);
    assert.equal(ledger.verdict(transfer(posting('purse', 'bank', 101n - floor))), 'insufficient-funds');
    assert.equal(purse!.postedMinor, 100n);
    assert.equal(ledger.verdict(transfer(posting('purse', 'bank', 100n - floor))), 'posted');
    assert.equal(purse!.postedMinor, floor);
    assert.equal(ledger.verdict(transfer(posting('purse', 'bank', 1n))), 'insufficient-funds');
  }
});

test('a ceiling counts what is on its way in, and lets out what is above it', () => {
  const { world: ledger, accounts: [, capped] } = world(bank, ['capped', { maxAvailableMinor: 100n }]);
  assert.equal(ledger.verdict(transfer(posting('bank', 'capped', 101n))), 'limit-exceeded');
  const hold = ledger.hold('bank', 'capped', 60n);
  assert.equal(ledger.verdict(transfer(posting('bank', 'capped', 41n))), 'limit-exceeded');
  assert.equal(ledger.verdict(transfer(posting('bank', 'capped', 40n))), 'posted');
  assert.equal(ledger.verdict(capture(hold)), 'posted', 'what was held is not counted twice');
  assert.deepEqual(balances(capped!), [100, 0, 0, 3]);
});

test('no number of an account leaves 64 bits, nor does one command move it further than that', () => {
  const { world: ledger, accounts: [, full] } = world(bank, ['full', { minAvailableMinor: null }], ['other', { minAvailableMinor: null }]);
  assert.equal(ledger.verdict(transfer(posting('bank', 'full', max))), 'posted');
  assert.equal(ledger.verdict(transfer(posting('bank', 'full', 1n))), 'balance-overflow');
  assert.equal(full!.postedMinor, max);
  assert.equal(ledger.verdict({ kind: 'hold', debitAccountId: 'full', creditAccountId: 'bank', amountMinor: max, currency: 'USD', expiresAtUs: 9n, ...plain }), 'posted');
  assert.equal(ledger.verdict({ kind: 'hold', debitAccountId: 'full', creditAccountId: 'other', amountMinor: 1n, currency: 'USD', expiresAtUs: 9n, ...plain }), 'balance-overflow', 'pending out');
  const again = world(bank, ['a', { minAvailableMinor: null }], ['b', { minAvailableMinor: null }]).world;
  assert.equal(again.verdict(transfer(posting('a', 'b', max))), 'posted');
  assert.equal(again.verdict(transfer(posting('bank', 'a', max), posting('bank', 'a', max))), 'balance-overflow', 'from -max to max in one step');
  const down = world(bank, ['a', { minAvailableMinor: null }]).world;
  assert.equal(down.verdict(transfer(posting('a', 'bank', max), posting('a', 'bank', 1n))), 'balance-overflow', 'by -max - 1, which turned round is no number of 64 bits');
  assert.equal(down.verdict(transfer(posting('a', 'bank', max))), 'posted');
  assert.equal(down.verdict(transfer(posting('a', 'bank', 1n))), 'posted', 'in two commands it may');
});

test('linked transfers: all, each on the outcome of those before it, or none', () => {
  const { world: ledger, accounts: [a, b, purse] } = world(['a', {}], ['b', {}], ['purse', {}], bank);
  const chain = [posting('bank', 'purse', 10n), posting('purse', 'a', 10n), posting('a', 'b', 4n)];
  const { rows } = ledger.send(transfer(...chain));
  assert.deepEqual(rows.map(row => [row.leg, row.legs, row.key === null, row.requestHash === null]), [[0, 3, false, false], [1, 3, true, true], [2, 3, true, true]]);
  assert.deepEqual([a, b, purse].map(one => Number(one!.postedMinor)), [6, 4, 0]);
  const before = [a, b, purse].map(one => balances(one!));
  assert.equal(ledger.verdict(transfer(...chain, posting('b', 'a', 9n))), 'insufficient-funds');
  assert.deepEqual([a, b, purse].map(one => balances(one!)), before);
  assert.deepEqual([ledger.rows.at(-1)!.kind, ledger.rows.at(-1)!.legs], ['decline', 1]);
  assert.deepEqual(ledger.last!.batch.moved(), []);
});

test('a hold lowers what is available, not what is posted; captures in parts, the last releases the rest', () => {
  const { world: ledger, accounts: [, purse, shop, fees] } = world(bank, ['purse'], ['shop'], ['fees:usd', { type: 'income', minAvailableMinor: null }]);
  ledger.transfer('bank', 'purse', 100n);
  const hold = ledger.hold('purse', 'shop', 80n);
  assert.deepEqual([balances(purse!), balances(shop!)], [[100, 80, 0, 2], [0, 0, 80, 1]]);
  assert.equal(ledger.verdict(transfer(posting('purse', 'bank', 21n))), 'insufficient-funds');
  assert.equal(ledger.verdict(capture(hold, 81n)), 'capture-exceeds-hold');
  assert.equal(ledger.verdict(capture(hold, 30n)), 'posted');
  assert.equal(ledger.verdict(capture(hold, 51n)), 'capture-exceeds-hold');
  assert.equal(ledger.verdict(capture(hold, 20n, { final: true, fee: { amountMinor: 21n, accountId: null } })), 'fee-exceeds-capture');
  assert.deepEqual(balances(purse!), [70, 50, 0, 3], 'the refused capture left nothing behind');
  const last = ledger.send(capture(hold, 20n, { final: true, fee: { amountMinor: 3n, accountId: null } }));
  assert.deepEqual(last.rows.map(row => [row.kind, Number(row.amountMinor), row.leg, row.legs]), [['capture', 20, 0, 3], ['void', 30, 1, 3], ['fee', 3, 2, 3]]);
  assert.deepEqual([balances(purse!), balances(shop!), balances(fees!)], [[50, 0, 0, 5], [47, 0, 0, 5], [3, 0, 0, 1]]);
  assert.equal(ledger.verdict(capture(hold)), 'hold-closed');
  assert.equal(ledger.verdict({ kind: 'void', hold }), 'hold-closed');
});

test('a hold is released once, by its owner at any time, by the clock only when it is due', () => {
  const { world: ledger, accounts: [, purse] } = world(bank, ['purse'], ['shop']);
  ledger.transfer('bank', 'purse', 100n);
  const [first, second] = [ledger.hold('purse', 'shop', 10n), ledger.hold('purse', 'shop', 20n)];
  assert.equal(ledger.verdict({ kind: 'expiry', hold: first }), 'hold-not-due');
  ledger.nowUs += 10n ** 12n;
  assert.equal(ledger.verdict(capture(first)), 'hold-expired');
  assert.equal(ledger.verdict({ kind: 'expiry', hold: first }), 'posted');
  assert.equal(ledger.verdict({ kind: 'expiry', hold: first }), 'hold-closed');
  assert.equal(ledger.verdict({ kind: 'void', hold: second }), 'posted');
  assert.deepEqual(balances(purse!), [100, 0, 0, 5]);
});

test('a hold, a transfer: by place and time and tenant, not by place alone', () => {
  const { world: ledger } = world(bank, ['purse'], ['shop']);
  ledger.transfer('bank', 'purse', 100n);
  const [hold, sent] = [ledger.hold('purse', 'shop', 10n), refOf(ledger.transfer('purse', 'shop', 5n).rows[0]!)];
  for (const command of [capture({ ...hold, atUs: hold.atUs + 1n }), capture(sent), capture({ position: 99n, atUs: 1n })]) assert.equal(ledger.verdict(command), 'unknown-hold');
  assert.equal(ledger.verdict(capture(hold), { tenant: 'other' }), 'unknown-hold');
  for (const command of [refund({ ...sent, atUs: sent.atUs - 1n }), refund({ position: 1n, atUs: 1n })]) assert.equal(ledger.verdict(command), 'unknown-transfer');
  assert.equal(ledger.verdict(refund(sent), { tenant: 'other' }), 'unknown-transfer');
});

test('refunds never exceed what was taken, a reversal gives all back once, and neither is given back itself', () => {
  const { world: ledger, accounts: [, purse, shop] } = world(bank, ['purse'], ['shop']);
  ledger.transfer('bank', 'purse', 100n);
  const sent = refOf(ledger.transfer('purse', 'shop', 50n).rows[0]!);
  const back = ledger.send(refund(sent, 20n));
  assert.deepEqual([back.rows[0]!.debitId, back.rows[0]!.creditId, back.rows[0]!.payment], ['shop', 'purse', sent.position]);
  assert.equal(ledger.verdict(refund(sent, 31n)), 'refund-exceeds-captured');
  assert.equal(ledger.verdict(reversal(sent)), 'already-reversed');
  assert.equal(ledger.verdict(refund(refOf(back.rows[0]!))), 'not-refundable');
  assert.equal(ledger.verdict(refund(sent)), 'posted');
  assert.equal(ledger.verdict(refund(sent)), 'refund-exceeds-captured');
  assert.deepEqual([balances(purse!), balances(shop!)], [[100, 0, 0, 4], [0, 0, 0, 3]]);
  const hold = ledger.hold('purse', 'shop', 40n);
  assert.equal(ledger.verdict(refund(hold)), 'refund-exceeds-captured', 'nothing was captured yet');
  const captured = refOf(ledger.send(capture(hold, 30n)).rows[0]!);
  assert.equal(ledger.verdict(refund(captured)), 'not-refundable');
  assert.equal(ledger.verdict(reversal(hold)), 'not-refundable');
  assert.equal(ledger.verdict(refund(hold, 31n)), 'refund-exceeds-captured');
  assert.equal(ledger.verdict(refund(hold, 30n)), 'posted');
  const other = refOf(ledger.transfer('purse', 'shop', 5n).rows[0]!);
  const mirrored = refOf(ledger.send(reversal(other)).rows[0]!);
  assert.equal(ledger.verdict(reversal(other)), 'already-reversed');
  assert.equal(ledger.verdict(reversal(mirrored)), 'not-refundable');
});

test('a refund needs the money to be there still', () => {
  const { world: ledger } = world(bank, ['purse'], ['shop']);
  ledger.transfer('bank', 'purse', 100n);
  const sent = refOf(ledger.transfer('purse', 'shop', 50n).rows[0]!);
  ledger.transfer('shop', 'bank', 1n);
  assert.equal(ledger.verdict(refund(sent)), 'insufficient-funds');
  assert.equal(ledger.verdict(refund(sent, 49n)), 'posted');
  assert.equal(ledger.verdict(refund(sent, 2n)), 'refund-exceeds-captured', 'the refused one did not count');
});

test('a conversion is two rows through the fx accounts, at the rate that was said', () => {
  const { world: ledger, accounts: [dollars, euros, fxUsd, fxEur] } = world(['dollars', { minAvailableMinor: null }], ['euros', { currency: 'EUR' }], ['fx:usd', { type: 'asset', minAvailableMinor: null }], ['fx:eur', { type: 'asset', minAvailableMinor: null, currency: 'EUR' }]);
  const convert = (sell: bigint, buy: bigint, over: object = {}): Command => ({ kind: 'conversion', debitAccountId: 'dollars', creditAccountId: 'euros', sellAmountMinor: sell, sellCurrency: 'USD', buyAmountMinor: buy, buyCurrency: 'EUR', rate: '0.9', effectiveAtUs: null, ...plain, ...over });
  assert.equal(ledger.verdict(convert(100n, 91n)), 'rate-mismatch');
  assert.equal(ledger.verdict(convert(100n, 90n, { buyCurrency: 'XXX' })), 'unsupported-currency');
  assert.equal(ledger.verdict(convert(100n, 90n, { buyCurrency: 'USD' })), 'same-currency');
  const { rows } = ledger.send(convert(100n, 90n));
  assert.deepEqual(rows.map(row => [row.debitId, row.creditId, row.currency, Number(row.amountMinor), row.metadata]), [['dollars', 'fx:usd', 'USD', 100, { 'fx.rate': '0.9' }], ['fx:eur', 'euros', 'EUR', 90, { 'fx.rate': '0.9' }]]);
  assert.deepEqual([dollars, euros, fxUsd, fxEur].map(one => Number(one!.postedMinor)), [-100, 90, -100, 90]);
});

test('a settlement moves what is available, no more: not what is held, not an overdraft', () => {
  const { world: ledger, accounts: [, shop] } = world(bank, ['shop', { minAvailableMinor: -30n }], ['other'], ['costs', { type: 'expense' }]);
  const settle = (accountId: string): Command => ({ kind: 'settlement', accountId, payoutAccountId: 'bank', ...plain });
  assert.equal(ledger.verdict(settle('shop')), 'nothing-to-settle');
  ledger.transfer('bank', 'shop', 100n);
  ledger.hold('shop', 'other', 40n);
  const { rows: [row] } = ledger.send(settle('shop'));
  assert.deepEqual([Number(row!.amountMinor), ...balances(shop!)], [60, 40, 40, 0, 3]);
  assert.deepEqual([ledger.verdict(settle('shop')), ledger.verdict(settle('costs')), ledger.verdict(settle('nobody')), ledger.verdict(settle('bank'))], ['nothing-to-settle', 'not-settleable', 'unknown-account', 'same-account']);
});

test('an opening: new, the same again, other terms', () => {
  const ledger = new World();
  const open = (over: object = {}): Command => ({ ...opening({ id: 'a', type: 'asset', currency: 'USD', minAvailableMinor: 0n, maxAvailableMinor: 9n }), ...over } as Command);
  assert.deepEqual([ledger.send(open()).status, ledger.send(open()).status, ledger.rows.map(row => row.kind)], [201, 200, ['account', 'account']]);
  for (const over of [{ owner: 'x' }, { currency: 'EUR' }, { type: 'expense' }, { minAvailableMinor: null }, { maxAvailableMinor: 8n }, { metadata: { a: '1' } }]) assert.equal(ledger.verdict(open(over)), 'account-exists', JSON.stringify(over, (_, value) => (typeof value === 'bigint' ? `${value}` : value)));
  assert.equal(ledger.verdict(open({ id: 'b', currency: 'XXX' })), 'unsupported-currency');
  assert.equal(ledger.send(open(), { tenant: 'other' }).status, 201);
});

test('a decline says what it was decided on, unless it moved in the same batch', () => {
  const { world: ledger, accounts: [, purse, shop] } = world(bank, ['purse'], ['shop']);
  const hold = (() => { ledger.transfer('bank', 'purse', 10n); return ledger.hold('purse', 'shop', 10n); })();
  const seen = () => { const { accounts, payments } = ledger.last!.batch.seen(); return [accounts.map(one => one.id).sort(), payments.map(one => one.position)]; };
  assert.equal(ledger.verdict(transfer(posting('purse', 'shop', 1n))), 'insufficient-funds');
  assert.deepEqual(seen(), [['purse', 'shop'], []]);
  assert.equal(ledger.verdict(capture(hold, 11n)), 'capture-exceeds-hold');
  assert.deepEqual(seen(), [['purse', 'shop'], [hold.position]]);
  ledger.batch([ledger.request(transfer(posting('shop', 'purse', 1n))), ledger.request(transfer(posting('bank', 'shop', 1n)))]);
  assert.deepEqual(seen(), [['purse'], []], 'the write itself guards shop');
  assert.equal(ledger.verdict({ kind: 'settlement', accountId: 'purse', payoutAccountId: 'nobody', ...plain }), 'unknown-account');
  assert.deepEqual(seen(), [['purse'], []]);
  assert.equal(ledger.verdict(capture(hold)), 'posted');
  assert.equal(ledger.verdict(refund(hold, 11n)), 'refund-exceeds-captured');
  assert.deepEqual(seen(), [['purse', 'shop'], [hold.position]]);
  assert.ok(purse && shop);
});

test('random histories of two tenants with the same ids and keys: every verdict and every balance is the model\'s', () => {
  const met: Record<string, number> = {};
  fc.assert(fc.property(fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 25 }), batches => {
    const [ledger, model] = [new World(), new Model()];
    for (const tenant of tenants) {
      for (const terms of [...opened, ...system]) {
        ledger.open(terms.id, { tenant, ...terms });
        model.run(tenant, opening(terms), 0n);
      }
    }
    const known: RowRef[] = [];
    const answers = new Map<string, string>();
    for (const steps of batches) {
      const requests = steps.map(({ tenant, key, make }) => ledger.request(make(known), { tenant, key: `k${key}` }));
      const keysOfBatch = new Set<string>();
      const apart = requests.filter(({ context: { tenant, key } }) => !keysOfBatch.has(`${tenant}/${key}`) && keysOfBatch.add(`${tenant}/${key}`)); // the writer never puts a key into a batch twice
      let position = BigInt(ledger.rows.length + 1);
      const outcomes = ledger.batch(apart);
      apart.forEach(({ command, context: { tenant, key, requestHash } }, index) => {
        const outcome = outcomes[index];
        if (outcome === undefined) return;
        const id = `${tenant}/${key}`;
        if (outcome instanceof LedgerError || outcome.replayed) {
          assert.equal(outcome instanceof LedgerError ? outcome.code : outcome.body, answers.get(`${id} ${requestHash}`) ?? 'idempotency-key-reused');
          met['replayed'] = (met['replayed'] ?? 0) + 1;
          return;
        }
        answers.set(`${id} ${requestHash}`, outcome.body);
        const verdict = outcome.refused ?? (command.kind === 'account' ? (outcome.status === 201 ? 'opened' : 'exists') : 'posted');
        const place = 'hold' in command ? command.hold : undefined;
        const expired = place !== undefined && (ledger.rows[Number(place.position) - 1]?.expiresAtUs ?? ledger.nowUs + 1n) <= ledger.nowUs;
        assert.equal(verdict, model.run(tenant, command, position, expired), JSON.stringify(command, (_, value) => (typeof value === 'bigint' ? `${value}` : value)));
        if (outcome.rows[0]!.position !== position) assert.fail('a gap in the journal');
        position += BigInt(outcome.rows.length);
        // Holds more often: what can become of them has most branches, and most picks are of something else.
        for (const row of outcome.rows) if (row.debit) known.push(...Array<RowRef>(row.kind === 'hold' ? 8 : 1).fill(refOf(row)));
        met[verdict] = (met[verdict] ?? 0) + 1;
      });
    }
    for (const name of model.names) {
      const [tenant, id] = name.split('/') as [string, string];
      const account = ledger.book.account(tenant, id)!;
      assert.deepEqual([account.postedMinor, account.postedMinor - account.pendingOutMinor, account.pendingOutMinor, account.pendingInMinor, BigInt(account.version)], model.balances(tenant, id), name);
    }
  }), { numRuns: Number(process.env['LEDGER_TEST_RUNS'] ?? 500) });
  // The histories must have gone everywhere, or they prove nothing.
  const wanted = ['posted', 'opened', 'exists', 'replayed', 'same-account', 'unknown-account', 'currency-mismatch', 'balance-overflow', 'insufficient-funds', 'limit-exceeded', 'unknown-hold', 'hold-closed', 'hold-expired', 'hold-not-due', 'capture-exceeds-hold', 'fee-exceeds-capture', 'unknown-transfer', 'not-refundable', 'already-reversed', 'refund-exceeds-captured', 'rate-mismatch', 'same-currency', 'unsupported-currency', 'not-settleable', 'nothing-to-settle', 'account-exists'];
  assert.deepEqual(wanted.filter(one => !met[one]), [], JSON.stringify(met));
});
