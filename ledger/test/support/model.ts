/**
 * What the ledger should do, said a second time in other words: one signed number per account (debits positive), holds as a
 * list that is added up anew for each question, a whole copy of everything to go back to. Slow, short, and sharing no code with
 * the evaluator.
 */
import type { Command, Posting } from '../../src/domain/model.ts';

interface Terms {
  owner: string;
  currency: string;
  type: string;
  min: bigint | null;
  max: bigint | null;
  metadata: string;
}

/** A row that moved or held something, by its position: what can be captured, released or given back. */
interface Thing {
  kind: string;
  tenant: string;
  debit: string;
  credit: string;
  amount: bigint;
  captured: bigint;
  released: bigint;
  refunded: bigint;
}

interface State {
  terms: Record<string, Terms>;
  signed: Record<string, bigint>;
  legs: Record<string, bigint>;
  things: Map<bigint, Thing>;
}

const [low, high] = [-(2n ** 63n), 2n ** 63n - 1n];
const decimals: Record<string, number> = { USD: 2, EUR: 2, GBP: 2, MXN: 2, JPY: 0, KWD: 3 };

class No extends Error {}

export class Model {
  state: State = { terms: {}, signed: {}, legs: {}, things: new Map() };

  /** `posted`, `opened`, `exists`, or the code of the refusal. @param position that its first row has, or would have @param expired is the hold's time over? */
  run(tenant: string, command: Command, position: bigint, expired = false): string {
    const { terms, signed, legs, things } = this.state;
    const before = { terms: { ...terms }, signed: { ...signed }, legs: { ...legs }, things: new Map([...things].map(([place, thing]) => [place, { ...thing }])) };
    try {
      return this.#run(tenant, command, position, expired);
    } catch (error) {
      if (!(error instanceof No)) throw error;
      this.state = before;
      return error.message;
    }
  }

  /** posted, available, pending out, pending in, version; each on the account's normal side. */
  balances(tenant: string, id: string): [bigint, bigint, bigint, bigint, bigint] {
    const name = `${tenant}/${id}`;
    const posted = this.#sign(name) * this.state.signed[name]!;
    let [out, incoming] = [0n, 0n];
    for (const thing of this.state.things.values()) {
      if (thing.kind !== 'hold') continue;
      const left = thing.amount - thing.captured - thing.released;
      // A debit raises accounts whose normal side is debit, a credit the others; what does not raise, lowers.
      if (thing.debit === name) this.#sign(name) === 1n ? (incoming += left) : (out += left);
      if (thing.credit === name) this.#sign(name) === -1n ? (incoming += left) : (out += left);
    }
    return [posted, posted - out, out, incoming, this.state.legs[name]!];
  }

  get names(): string[] {
    return Object.keys(this.state.terms);
  }

  #run(tenant: string, command: Command, position: bigint, expired: boolean): string {
    const at = (id: string) => `${tenant}/${id}`;
    switch (command.kind) {
      case 'account': return this.#open(at(command.id), command);
      case 'transfer':
        this.#one('transfer', tenant, command.postings, position);
        return 'posted';
      case 'conversion': {
        const { sellCurrency: from, buyCurrency: to } = command;
        if (!(from in decimals) || !(to in decimals)) throw new No('unsupported-currency');
        if (from === to) throw new No('same-currency');
        // |buy - sell · rate| < 1 minor unit, everything brought to 30 decimals.
        const [whole, fraction = ''] = command.rate.split('.');
        const rate = BigInt(whole! + fraction.padEnd(12, '0'));
        const exact = command.sellAmountMinor * rate * 10n ** BigInt(30 + decimals[to]! - decimals[from]! - 12);
        const difference = command.buyAmountMinor * 10n ** 30n - exact;
        if (rate === 0n || difference >= 10n ** 30n || difference <= -(10n ** 30n)) throw new No('rate-mismatch');
        const first = { debitAccountId: command.debitAccountId, creditAccountId: `fx:${from.toLowerCase()}`, amountMinor: command.sellAmountMinor, currency: from };
        const second = { debitAccountId: `fx:${to.toLowerCase()}`, creditAccountId: command.creditAccountId, amountMinor: command.buyAmountMinor, currency: to };
        this.#exist(tenant, first);
        this.#exist(tenant, second);
        this.#one('conversion', tenant, [first, second], position);
        return 'posted';
      }
      case 'hold':
        this.#exist(tenant, command);
        this.#note('hold', tenant, at(command.debitAccountId), at(command.creditAccountId), command.amountMinor, position);
        this.#leg(at(command.debitAccountId), at(command.creditAccountId));
        return 'posted';
      case 'capture': return this.#capture(tenant, command, position, expired);
      case 'void': case 'expiry': {
        const hold = this.#openHold(tenant, command.hold.position);
        if (command.kind === 'expiry' && !expired) throw new No('hold-not-due');
        this.#note(command.kind, tenant, hold.debit, hold.credit, left(hold), position);
        hold.released += left(hold);
        this.#leg(hold.debit, hold.credit);
        return 'posted';
      }
      case 'refund': case 'reversal': return this.#giveBack(tenant, command, position);
      case 'settlement': {
        if (!(at(command.accountId) in this.state.terms)) throw new No('unknown-account');
        const { type, currency } = this.state.terms[at(command.accountId)]!;
        const posting = { debitAccountId: command.accountId, creditAccountId: command.payoutAccountId, amountMinor: this.balances(tenant, command.accountId)[1], currency };
        this.#exist(tenant, posting);
        if (type === 'asset' || type === 'expense') throw new No('not-settleable');
        if (posting.amountMinor <= 0n) throw new No('nothing-to-settle');
        this.#one('settlement', tenant, [posting], position);
        return 'posted';
      }
    }
  }

  #open(name: string, { owner, currency, type, minAvailableMinor: min, maxAvailableMinor: max, metadata }: Extract<Command, { kind: 'account' }>): string {
    if (!(currency in decimals)) throw new No('unsupported-currency');
    const terms = { owner, currency, type, min, max, metadata: JSON.stringify(Object.entries(metadata).sort()) };
    const known = this.state.terms[name];
    if (!known) {
      this.state.terms[name] = terms;
      this.state.signed[name] = this.state.legs[name] = 0n;
      return 'opened';
    }
    for (const field of Object.keys(terms) as (keyof Terms)[]) if (known[field] !== terms[field]) throw new No('account-exists');
    return 'exists';
  }

  #exist(tenant: string, { debitAccountId, creditAccountId, currency }: Pick<Posting, 'debitAccountId' | 'creditAccountId' | 'currency'>): void {
    if (debitAccountId === creditAccountId) throw new No('same-account');
    const found = [debitAccountId, creditAccountId].map(id => this.state.terms[`${tenant}/${id}`]);
    if (found.includes(undefined)) throw new No('unknown-account');
    if (found.some(terms => terms!.currency !== currency)) throw new No('currency-mismatch');
  }

  #one(kind: string, tenant: string, postings: Pick<Posting, 'debitAccountId' | 'creditAccountId' | 'amountMinor' | 'currency'>[], position: bigint): void {
    const before = { ...this.state.signed };
    postings.forEach((posting, leg) => {
      this.#exist(tenant, posting);
      this.#post(kind, tenant, `${tenant}/${posting.debitAccountId}`, `${tenant}/${posting.creditAccountId}`, posting.amountMinor, position + BigInt(leg), before);
    });
  }

  #post(kind: string, tenant: string, debit: string, credit: string, amount: bigint, position: bigint, before = this.state.signed): void {
    this.state.signed = { ...this.state.signed, [debit]: this.state.signed[debit]! + amount, [credit]: this.state.signed[credit]! - amount };
    this.#note(kind, tenant, debit, credit, amount, position);
    this.#leg(debit, credit, before);
  }

  #note(kind: string, tenant: string, debit: string, credit: string, amount: bigint, position: bigint): void {
    this.state.things.set(position, { kind, tenant, debit, credit, amount, captured: kind === 'hold' ? 0n : amount, released: 0n, refunded: 0n });
  }

  /** Counts a leg in both accounts and looks whether they may be as they are now. */
  #leg(debit: string, credit: string, before: Record<string, bigint> = this.state.signed): void {
    const both = [debit, credit].map(name => {
      this.state.legs[name] = this.state.legs[name]! + 1n;
      const [tenant, id] = name.split('/') as [string, string];
      const [posted, available, out, incoming] = this.balances(tenant, id);
      return { numbers: [posted, available, out, incoming, posted + incoming, this.state.signed[name]! - before[name]!, before[name]! - this.state.signed[name]!], available, full: posted + incoming, ...this.state.terms[name]! };
    });
    if (both.some(one => one.numbers.some(number => number < low || number > high))) throw new No('balance-overflow');
    if (both.some(one => one.min !== null && one.available < one.min)) throw new No('insufficient-funds');
    if (both.some(one => one.max !== null && one.full > one.max)) throw new No('limit-exceeded');
  }

  #sign(name: string): 1n | -1n {
    return ['asset', 'expense'].includes(this.state.terms[name]!.type) ? 1n : -1n;
  }

  #openHold(tenant: string, position: bigint): Thing {
    const hold = this.state.things.get(position);
    if (hold?.kind !== 'hold' || hold.tenant !== tenant) throw new No('unknown-hold');
    if (left(hold) === 0n) throw new No('hold-closed');
    return hold;
  }

  #capture(tenant: string, { hold: { position: place }, amountMinor, final, fee }: Extract<Command, { kind: 'capture' }>, position: bigint, expired: boolean): string {
    const hold = this.#openHold(tenant, place);
    if (expired) throw new No('hold-expired');
    const amount = amountMinor ?? left(hold);
    if (amount > left(hold)) throw new No('capture-exceeds-hold');
    const before = this.state.signed;
    hold.captured += amount;
    this.#post('capture', tenant, hold.debit, hold.credit, amount, position++, before);
    if (final && left(hold) > 0n) {
      this.#note('void', tenant, hold.debit, hold.credit, left(hold), position++);
      hold.released += left(hold);
      this.#leg(hold.debit, hold.credit, before);
    }
    if (fee) {
      const { currency } = this.state.terms[hold.credit]!;
      const payer = hold.credit.slice(tenant.length + 1);
      const posting = { debitAccountId: payer, creditAccountId: fee.accountId ?? `fees:${currency.toLowerCase()}`, currency };
      this.#exist(tenant, posting);
      if (fee.amountMinor > amount) throw new No('fee-exceeds-capture');
      this.#post('fee', tenant, hold.credit, `${tenant}/${posting.creditAccountId}`, fee.amountMinor, position, before);
    }
    return 'posted';
  }

  #giveBack(tenant: string, command: Extract<Command, { kind: 'refund' | 'reversal' }>, position: bigint): string {
    const original = this.state.things.get(command.of.position);
    const asked = command.ofKind ?? original?.kind;
    if (!original || original.tenant !== tenant || (asked === 'hold') !== (original.kind === 'hold')) throw new No(command.ofKind === 'hold' ? 'unknown-hold' : 'unknown-transfer');
    if (!['transfer', 'conversion', 'fee', 'settlement', 'hold'].includes(original.kind) || (command.kind === 'reversal' && original.kind === 'hold')) throw new No('not-refundable');
    if (command.kind === 'reversal' && original.refunded > 0n) throw new No('already-reversed');
    const rest = original.captured - original.refunded;
    const amount = command.kind === 'refund' ? (command.amountMinor ?? rest) : rest;
    if (amount > rest || rest === 0n) throw new No('refund-exceeds-captured');
    original.refunded += amount;
    this.#post(command.kind, tenant, original.credit, original.debit, amount, position);
    return 'posted';
  }
}

function left(hold: Thing): bigint {
  return hold.amount - hold.captured - hold.released;
}
