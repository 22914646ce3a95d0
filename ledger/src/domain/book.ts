/**
 * The accounts and payments that a batch of commands is decided on, and what it changes. A book lives longer than a batch: the
 * next one is decided on the outcome of the one before, also while that one is still being written.
 */
import type { Account, AccountTerms, Balances, JournalRow, Payment, Side } from './model.ts';
import { isDebitNormal } from './model.ts';

/** What a leg does to an account. */
export type Move = 'post' | 'hold' | 'capture' | 'release';

export interface Opening extends AccountTerms {
  /** Index of its row in the batch. */
  row: number;
}

/** Everything one write consists of. */
export class Batch {
  readonly rows: JournalRow[] = [];
  readonly openings: Opening[] = [];
  /** Account -> its balances before the batch. */
  readonly accounts = new Map<Account, Balances>();
  /** Payment -> as it was before the batch. */
  readonly payments = new Map<Payment, Payment>();

  readonly #seen = new Set<Account | Payment>();

  /** A decline moves nothing, so no compare-and-swap guards it: what it was decided on is compared too when the batch is written. */
  decidedOn(looked: readonly (Account | Payment)[]): void {
    for (const one of looked) this.#seen.add(one);
  }

  /** What was looked at and not moved, as it is; and payments as they were before they changed, of which the write itself compares the version only. */
  seen(): { accounts: Account[]; payments: Payment[] } {
    const accounts: Account[] = [];
    const payments: Payment[] = [...this.payments.values()];
    for (const one of this.#seen) {
      if ('authorisedMinor' in one) {
        if (!this.payments.has(one)) payments.push(one);
      } else if ((this.accounts.get(one)?.version ?? one.version) === one.version) accounts.push(one);
    }
    return { accounts, payments };
  }

  /** Only what really moved: a linked command that was refused half way has put its accounts back. */
  moved(): [Account, Balances][] {
    return [...this.accounts].filter(([account, before]) => account.version !== before.version);
  }
}

export class Book {
  /** Tenant -> id -> account: two look-ups cost less than making one key of both. */
  readonly #byId = new Map<string, Map<string, Account>>();
  readonly #byNumber = new Map<string, Account>();
  readonly #payments = new Map<bigint, Payment>();

  get size(): number {
    return this.#byNumber.size;
  }

  account(tenant: string, id: string): Account | undefined {
    return this.#byId.get(tenant)?.get(id);
  }

  accountByNumber(number: string): Account | undefined {
    return this.#byNumber.get(number);
  }

  payment(position: bigint): Payment | undefined {
    return this.#payments.get(position);
  }

  /** Keeps what is known already: it may be newer than what was read. */
  addAccount(account: Account): void {
    if (this.#byNumber.has(account.number)) return;
    this.#byNumber.set(account.number, account);
    const accounts = this.#byId.get(account.tenant);
    if (accounts) accounts.set(account.id, account);
    else this.#byId.set(account.tenant, new Map([[account.id, account]]));
  }

  addPayment(payment: Payment): void {
    const known = this.#payments.get(payment.position);
    if (!known) this.#payments.set(payment.position, payment);
    // Its time goes on also while a change of it is being written.
    else if (payment.expired) known.expired = true;
  }

  /** Payments are read anew for each batch, but for those whose change is still being written. */
  forgetPayments(beingWritten: (payment: Payment) => boolean): void {
    for (const [position, payment] of this.#payments) if (!beingWritten(payment)) this.#payments.delete(position);
  }

  /** The oldest accounts go, until `max` are left; never one whose change is still being written. */
  shrink(max: number, beingWritten: (account: Account) => boolean): void {
    for (const [number, account] of this.#byNumber) {
      if (this.#byNumber.size <= max) return;
      if (beingWritten(account)) continue;
      this.#byNumber.delete(number);
      const accounts = this.#byId.get(account.tenant)!;
      accounts.delete(account.id);
      if (accounts.size === 0) this.#byId.delete(account.tenant);
    }
  }

  clear(): void {
    this.#byId.clear();
    this.#byNumber.clear();
    this.#payments.clear();
  }
}

export function balancesOf(account: Account): Balances {
  return { postedMinor: account.postedMinor, pendingOutMinor: account.pendingOutMinor, pendingInMinor: account.pendingInMinor, version: account.version };
}

/** The account's balances after one leg of `amountMinor` on `side`. */
export function balancesAfter(account: Account, side: Side, amountMinor: bigint, move: Move): Balances {
  const raises = isDebitNormal(account.type) === (side === 'debit');
  const after = balancesOf(account);
  after.version++;
  if (move === 'post' || move === 'capture') after.postedMinor += raises ? amountMinor : -amountMinor;
  if (move !== 'post') {
    const pending = move === 'hold' ? amountMinor : -amountMinor;
    if (raises) after.pendingInMinor += pending;
    else after.pendingOutMinor += pending;
  }
  return after;
}

/** Writes new balances down, remembering what was before the batch. */
export function applyTo(batch: Batch, account: Account, after: Balances): void {
  if (!batch.accounts.has(account)) batch.accounts.set(account, balancesOf(account));
  Object.assign(account, after);
}
