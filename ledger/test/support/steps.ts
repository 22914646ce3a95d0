/** Random commands over a few accounts of two tenants, with the amounts at which arithmetic breaks. */
import fc from 'fast-check';
import type { Account, Command, RowRef } from '../../src/domain/model.ts';
import { posting } from './world.ts';

export const max = 2n ** 63n - 1n;
export const tenants = ['alpha', 'beta'] as const;

type Terms = Pick<Account, 'id' | 'type' | 'currency' | 'minAvailableMinor' | 'maxAvailableMinor'>;
const terms = (id: string, type: Account['type'], minAvailableMinor: bigint | null = 0n, maxAvailableMinor: bigint | null = null, currency = 'USD'): Terms => ({ id, type, currency, minAvailableMinor, maxAvailableMinor });

/** The same ids in both tenants. What the ledger itself opens is here too, for those who run without it. */
export const opened: readonly Terms[] = [
  terms('purse', 'liability'), terms('shop', 'liability'), terms('credit', 'liability', -100n), terms('capped', 'liability', 0n, 120n), terms('bank', 'asset', null), terms('loan', 'asset', 0n, 500n),
  terms('costs', 'expense'), terms('open', 'equity', null), terms('euros', 'liability', 0n, null, 'EUR'), terms('yen', 'liability', 0n, null, 'JPY'),
];
export const system: readonly Terms[] = ['USD', 'EUR', 'JPY'].flatMap(currency => [terms(`fx:${currency.toLowerCase()}`, 'asset', null, null, currency), terms(`fees:${currency.toLowerCase()}`, 'income', null, null, currency)]);

export function opening({ id, type, currency, minAvailableMinor, maxAvailableMinor }: Terms, owner = 'test'): Command {
  return { kind: 'account', id, owner, currency, type, minAvailableMinor, maxAvailableMinor, metadata: {} };
}

/** A command whose references are not known yet: `pick` chooses among what was answered so far. */
export interface Step {
  tenant: (typeof tenants)[number];
  /** Few, so that they repeat; the larger ones are used once. */
  key: number;
  make(known: readonly RowRef[]): Command;
}

const usd = fc.constantFrom('purse', 'purse', 'shop', 'shop', 'credit', 'capped', 'bank', 'bank', 'loan', 'costs', 'open', 'nobody');
const small = fc.bigInt({ min: 1n, max: 60n });
const edge = fc.constantFrom(1n, 99n, 100n, 101n, 119n, 120n, 121n, 500n, 501n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 62n, max - 1n, max);
const amount = fc.oneof({ weight: 9, arbitrary: small }, { weight: 2, arbitrary: edge });
const texts = { description: null, metadata: {} };

const money = fc.tuple(usd, usd, amount).map(([debit, credit, minor]) => ({ debit, credit, minor }));
const posted = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom('purse', 'shop', 'capped'), amount).map(([credit, minor]) => posting('bank', credit, minor)) },
  { weight: 6, arbitrary: money.map(({ debit, credit, minor }) => posting(debit, credit, minor)) },
  { weight: 1, arbitrary: small.map(minor => posting('euros', 'purse', minor, { currency: 'EUR' })) },
);
const rate = fc.constantFrom(['10', '11', '1.1'], ['10', '1', '1.1'], ['1', '1', '1.0842'], ['100', '108', '1.0842'], ['100', '110', '1.0842'], ['7', '10', '1.5']);

/** What a step is, without its key and tenant. */
const makers: fc.Arbitrary<Step['make']> = fc.oneof(
  { weight: 8, arbitrary: posted.map(one => () => ({ kind: 'transfer', postings: [one] }) satisfies Command) },
  { weight: 3, arbitrary: fc.array(posted, { minLength: 2, maxLength: 4 }).map(postings => () => ({ kind: 'transfer', postings }) satisfies Command) },
  { weight: 1, arbitrary: fc.tuple(rate, fc.constantFrom('USD', 'EUR', 'XXX')).map(([[sell, buy, text], from]) => () => ({ kind: 'conversion', debitAccountId: 'open', creditAccountId: 'euros', sellAmountMinor: BigInt(sell!), sellCurrency: from, buyAmountMinor: BigInt(buy!), buyCurrency: 'EUR', rate: text!, effectiveAtUs: null, ...texts }) satisfies Command) },
  { weight: 6, arbitrary: fc.tuple(money, fc.nat(9)).map(([{ debit, credit, minor }, late]) => () => ({ kind: 'hold', debitAccountId: debit, creditAccountId: credit, amountMinor: minor, currency: 'USD', expiresAtUs: late === 0 ? 1_000_000n : 4_000_000_000_000_000n, ...texts }) satisfies Command) },
  { weight: 6, arbitrary: fc.tuple(fc.nat(), fc.option(amount), fc.boolean(), fc.option(fc.tuple(fc.bigInt({ min: 1n, max: 9n }), fc.constantFrom(null, 'open', 'shop', 'euros', 'nobody')))).map(([pick, minor, final, fee]) => (known: readonly RowRef[]) => ({ kind: 'capture', hold: choose(known, pick), amountMinor: minor, final, fee: fee && { amountMinor: fee[0], accountId: fee[1] }, ...texts }) satisfies Command) },
  { weight: 2, arbitrary: fc.nat().map(pick => (known: readonly RowRef[]) => ({ kind: 'void', hold: choose(known, pick) }) satisfies Command) },
  { weight: 1, arbitrary: fc.nat().map(pick => (known: readonly RowRef[]) => ({ kind: 'expiry', hold: choose(known, pick) }) satisfies Command) },
  { weight: 5, arbitrary: fc.tuple(fc.nat(), fc.option(amount), fc.constantFrom(undefined, 'hold', 'transfer')).map(([pick, minor, ofKind]) => (known: readonly RowRef[]) => ({ kind: 'refund', of: choose(known, pick), amountMinor: minor, ...(ofKind && { ofKind }), ...texts }) satisfies Command) },
  { weight: 2, arbitrary: fc.nat().map(pick => (known: readonly RowRef[]) => ({ kind: 'reversal', of: choose(known, pick), ...texts }) satisfies Command) },
  { weight: 1, arbitrary: fc.tuple(usd, usd).map(([accountId, payoutAccountId]) => () => ({ kind: 'settlement', accountId, payoutAccountId, ...texts }) satisfies Command) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...opened, terms('late', 'asset')), fc.constantFrom('test', 'test', 'another')).map(([one, owner]) => () => opening(one, owner)) },
);

function choose(known: readonly RowRef[], pick: number): RowRef {
  // Now and then one that is not there, or that is there at another time.
  if (known.length === 0 || pick % 17 === 0) return { position: 2n ** 40n, atUs: 1_700_000_000_000_000n };
  return known[pick % known.length]!;
}

export const step: fc.Arbitrary<Step> = fc.record({ tenant: fc.constantFrom(...tenants), key: fc.nat(400), make: makers });

/** One tenant, three accounts, each key once: what two writers collide over. */
export const hotStep: fc.Arbitrary<Step> = fc.record({
  tenant: fc.constant(tenants[0]),
  key: fc.nat(9_999),
  make: fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constantFrom(['bank', 'purse'], ['purse', 'shop'], ['shop', 'purse']), small).map(([[debit, credit], minor]) => () => ({ kind: 'transfer', postings: [posting(debit!, credit!, minor)] }) satisfies Command) },
    { weight: 2, arbitrary: small.map(minor => () => ({ kind: 'hold', debitAccountId: 'purse', creditAccountId: 'shop', amountMinor: minor, currency: 'USD', expiresAtUs: 4_000_000_000_000_000n, ...texts }) satisfies Command) },
    { weight: 1, arbitrary: fc.tuple(fc.nat(), fc.option(small), fc.boolean()).map(([pick, minor, final]) => (known: readonly RowRef[]) => ({ kind: 'capture', hold: choose(known, pick), amountMinor: minor, final, fee: null, ...texts }) satisfies Command) },
    { weight: 1, arbitrary: fc.tuple(fc.nat(), fc.option(small)).map(([pick, minor]) => (known: readonly RowRef[]) => ({ kind: 'refund', of: choose(known, pick), amountMinor: minor, ...texts }) satisfies Command) },
  ),
});
