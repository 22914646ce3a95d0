/**
 * Commands decided again by the evaluator, on the state that the rows before them made: what is in the journal must be, to the
 * last character, what the rules of this version lead to. Only declines are left out: their commands were not kept.
 */
import { Batch, Book } from './book.ts';
import { canonicalRow } from './chain.ts';
import { evaluate } from './evaluate.ts';
import { posts, type Account, type AccountTerms, type Command, type CommandContext, type PlacedRow } from './model.ts';

export class Reevaluation {
  readonly #book = new Book();

  opened(terms: AccountTerms, number: string, createdAtUs: bigint): void {
    this.#book.addAccount({ ...terms, number, createdAtUs, postedMinor: 0n, pendingOutMinor: 0n, pendingInMinor: 0n, version: 0 });
  }

  /** A hold, or a transfer that is given back later. */
  payable(row: PlacedRow): void {
    this.#book.addPayment({
      position: row.position, atUs: row.createdAtUs, kind: row.kind, tenant: row.tenant, debit: row.debit!, credit: row.credit!, authorisedMinor: row.amountMinor!,
      capturedMinor: posts(row.kind) ? row.amountMinor! : 0n, releasedMinor: 0n, refundedMinor: 0n, expired: false, version: 0,
    });
  }

  /** Undefined when it comes to the same rows; else what it comes to. @param rows all legs of one command */
  check(rows: readonly PlacedRow[]): string | undefined {
    const [first] = rows as [PlacedRow];
    if (first.kind === 'decline') return undefined;
    let found: string | undefined;
    try {
      found = this.#evaluate(rows, first);
    } catch (error) {
      found = `cannot be decided: ${(error as Error).message}`;
    }
    if (found !== undefined) this.#believe(rows);
    return found;
  }

  #evaluate(rows: readonly PlacedRow[], first: PlacedRow): string | undefined {
    const command = commandOf(rows, first, position => this.#book.payment(position)?.atUs ?? 0n);
    if (typeof command === 'string') return command;
    const payment = first.payment === null ? undefined : this.#book.payment(first.payment);
    if (payment) payment.expired = command.kind === 'expiry';
    const context: CommandContext = { tenant: first.tenant, actor: first.actor, key: first.key!, requestHash: first.requestHash!, requestId: first.requestId };
    const batch = new Batch();
    const refused = evaluate(this.#book, batch, command, context);
    if (refused !== undefined) return `would be declined: ${refused}`;
    const differs = batch.rows.length !== rows.length ? 0 : batch.rows.findIndex((row, index) => canonicalRow(row) !== canonicalRow(rows[index]!));
    return differs < 0 ? undefined : `leg ${differs} would be ${canonicalRow(batch.rows[differs]!)}`;
  }

  /** Goes on from what the rows say, so that one fault is not told of everything that follows. */
  #believe(rows: readonly PlacedRow[]): void {
    for (const { debit, credit, debitVersion, creditVersion, debitBalanceMinor, creditBalanceMinor } of rows) {
      for (const [number, version, postedMinor] of [[debit, debitVersion, debitBalanceMinor], [credit, creditVersion, creditBalanceMinor]] as const) {
        const account: Account | undefined = number === null ? undefined : this.#book.accountByNumber(number);
        if (account && version !== null && postedMinor !== null) Object.assign(account, { version, postedMinor });
      }
    }
  }
}

/** The command that leads to these rows, or why there is none. */
function commandOf(rows: readonly PlacedRow[], first: PlacedRow, atUsOf: (position: bigint) => bigint): Command | string {
  const { description, effectiveAtUs } = first;
  const texts = { description, metadata: first.metadata ?? {} };
  const ref = { position: first.payment ?? 0n, atUs: first.payment === null ? 0n : atUsOf(first.payment) };
  switch (first.kind) {
    case 'account': return accountCommand(first);
    case 'transfer':
      return { kind: 'transfer', postings: rows.map(row => ({ debitAccountId: row.debitId!, creditAccountId: row.creditId!, amountMinor: row.amountMinor!, currency: row.currency!, description: row.description, metadata: row.metadata ?? {}, effectiveAtUs: row.effectiveAtUs })) };
    case 'conversion': {
      const { 'fx.rate': rate, ...metadata } = texts.metadata;
      const bought = rows[1];
      if (rate === undefined || !bought) return 'is a conversion without its rate or its second leg';
      return { kind: 'conversion', debitAccountId: first.debitId!, creditAccountId: bought.creditId!, sellAmountMinor: first.amountMinor!, sellCurrency: first.currency!, buyAmountMinor: bought.amountMinor!, buyCurrency: bought.currency!, rate, effectiveAtUs, description, metadata };
    }
    case 'hold': return { kind: 'hold', debitAccountId: first.debitId!, creditAccountId: first.creditId!, amountMinor: first.amountMinor!, currency: first.currency!, expiresAtUs: first.expiresAtUs!, ...texts };
    case 'capture': {
      const fee = rows.find(row => row.kind === 'fee');
      return { kind: 'capture', hold: ref, amountMinor: first.amountMinor!, final: rows.some(row => row.kind === 'void'), fee: fee ? { amountMinor: fee.amountMinor!, accountId: fee.creditId! } : null, ...texts };
    }
    case 'void': case 'expiry': return { kind: first.kind, hold: ref };
    case 'refund': return { kind: 'refund', of: ref, amountMinor: first.amountMinor!, ...texts };
    case 'reversal': return { kind: 'reversal', of: ref, ...texts };
    case 'settlement': return { kind: 'settlement', accountId: first.debitId!, payoutAccountId: first.creditId!, ...texts };
    default: return `no command begins with a ${first.kind}`;
  }
}

/** What was asked for stands in the answer. */
function accountCommand({ answer }: PlacedRow): Command {
  const minor = (value: string | null) => (value === null ? null : BigInt(value));
  const { id, owner, currency, type, minAvailableMinor, maxAvailableMinor, metadata } = JSON.parse(answer!) as Record<'minAvailableMinor' | 'maxAvailableMinor', string | null> & Pick<AccountTerms, 'id' | 'owner' | 'currency' | 'type' | 'metadata'>;
  return { kind: 'account', id, owner, currency, type, minAvailableMinor: minor(minAvailableMinor), maxAvailableMinor: minor(maxAvailableMinor), metadata };
}
