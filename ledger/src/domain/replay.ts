/**
 * The journal added up anew, row by row, by nothing but arithmetic. It shares no code with the evaluator that decided the rows: a
 * fault in that one must not hide itself. What a row says is believed after it was found wrong, so that one fault is told once.
 */
import { canonicalJson, openingBody } from './answers.ts';
import type { AccountLine, PaymentLine } from './journalFile.ts';
import { isDebitNormal, posts, type AccountTerms, type AccountType, type Kind, type PlacedRow } from './model.ts';

export type Report = (row: PlacedRow | null, what: string) => void;

interface AccountState {
  line: AccountLine;
  debitNormal: boolean;
  floor: bigint | null;
  ceiling: bigint | null;
  opened: boolean;
  posted: bigint;
  pendingOut: bigint;
  pendingIn: bigint;
  version: number;
}

interface PaymentState {
  line: PaymentLine;
  row: PlacedRow | null;
  captured: bigint;
  released: bigint;
  refunded: bigint;
  version: bigint;
  /** The link that changed it last: its version counts batches. */
  changedIn: bigint;
}

export function termsOf(line: AccountLine): AccountTerms {
  const minor = (value: string | null) => (value === null ? null : BigInt(value));
  return {
    tenant: line.tenant, id: line.id, owner: line.owner, currency: line.currency, type: line.accountType as AccountType,
    minAvailableMinor: minor(line.minAvailableMinor), maxAvailableMinor: minor(line.maxAvailableMinor), metadata: line.metadata,
  };
}

const releases: readonly Kind[] = ['void', 'expiry'];
const refunds: readonly Kind[] = ['refund', 'reversal'];
const neverGivenBack: readonly Kind[] = ['capture', 'refund', 'reversal', 'void', 'expiry'];

export class Replay {
  readonly #accounts = new Map<string, AccountState>();
  readonly #payments = new Map<string, PaymentState>();
  readonly #report: Report;

  constructor(report: Report) {
    this.#report = report;
  }

  addAccount(line: AccountLine): void {
    const { minAvailableMinor: floor, maxAvailableMinor: ceiling } = termsOf(line);
    this.#accounts.set(line.number, { line, debitNormal: isDebitNormal(line.accountType as AccountType), floor, ceiling, opened: false, posted: 0n, pendingOut: 0n, pendingIn: 0n, version: 0 });
  }

  addPayment(line: PaymentLine): void {
    this.#payments.set(line.position, { line, row: null, captured: 0n, released: 0n, refunded: 0n, version: 0n, changedIn: 0n });
  }

  account(number: string | null): AccountLine | undefined {
    return number === null ? undefined : this.#accounts.get(number)?.line;
  }

  /** The row of a hold or of a transfer that is given back later. */
  payment(position: bigint): PlacedRow | undefined {
    return this.#payments.get(position.toString())?.row ?? undefined;
  }

  isPayment(position: bigint): boolean {
    return this.#payments.has(position.toString());
  }

  /** @param link number of the link it is in. Returns what the row adds to the totals. */
  row(row: PlacedRow, link: bigint): bigint {
    if (row.kind === 'account') this.#open(row);
    else if (row.kind === 'decline') this.#decline(row);
    else this.#move(row, link);
    return posts(row.kind) ? (row.amountMinor ?? 0n) : 0n;
  }

  #open(row: PlacedRow): void {
    this.#movesNothing(row);
    if (row.status !== 201) {
      if (row.status !== 200) this.#report(row, `an opening answered ${row.status}`);
      return;
    }
    const state = this.#accounts.get(row.position.toString());
    if (!state) return this.#report(row, 'opens an account that is not among the accounts');
    state.opened = true;
    const { line } = state;
    if (line.tenant !== row.tenant || line.createdAtUs !== row.createdAtUs.toString() || !sameJson(row.answer, openingBody(termsOf(line)))) this.#report(row, `opened another account than ${line.tenant}/${line.id} is now`);
  }

  #decline(row: PlacedRow): void {
    this.#movesNothing(row);
    if (row.legs !== 1 || row.status === null || row.status < 400 || row.status > 499 || !row.answer?.includes(`"status":${row.status},`)) this.#report(row, 'is a decline without the answer of one');
  }

  #movesNothing(row: PlacedRow): void {
    const { debit, credit, debitId, creditId, currency, amountMinor, debitVersion, creditVersion, debitBalanceMinor, creditBalanceMinor, payment } = row;
    if ([debit, credit, debitId, creditId, currency, amountMinor, debitVersion, creditVersion, debitBalanceMinor, creditBalanceMinor, payment].some(value => value !== null)) this.#report(row, `is a ${row.kind} and moves something`);
    if (row.answer === null) this.#report(row, `is a ${row.kind} without its answer`);
  }

  #move(row: PlacedRow, link: bigint): void {
    const [debit, credit] = [this.#accounts.get(row.debit ?? ''), this.#accounts.get(row.credit ?? '')];
    if (!debit?.opened || !credit?.opened) return this.#report(row, `touches account ${(debit?.opened ? row.credit : row.debit) ?? 'nobody'}, which was not opened before`);
    if (row.amountMinor === null || row.amountMinor <= 0n || debit === credit) return this.#report(row, 'moves nothing between two accounts');
    if (row.answer !== null || row.status !== null) this.#report(row, 'has an answer of its own, which only openings and declines have');
    if (debit.line.tenant !== row.tenant || credit.line.tenant !== row.tenant) this.#report(row, `of ${row.tenant} touches ${debit.line.tenant} and ${credit.line.tenant}`);
    if (debit.line.currency !== credit.line.currency) this.#report(row, `debits ${debit.line.currency} and credits ${credit.line.currency}`);
    if (row.debitId !== debit.line.id || row.creditId !== credit.line.id || row.currency !== debit.line.currency) this.#report(row, `names ${row.debitId}, ${row.creditId}, ${row.currency}; its accounts are ${debit.line.id}, ${credit.line.id}, ${debit.line.currency}`);
    this.#leg(row, debit, true);
    this.#leg(row, credit, false);
    if ((row.kind === 'hold') !== (row.expiresAtUs !== null)) this.#report(row, row.kind === 'hold' ? 'is a hold without end' : `is a ${row.kind} and expires`);
    const payable = this.#payments.get(row.position.toString());
    if (payable) payable.row = row;
    if (payable && row.kind !== 'hold') Object.assign(payable, { captured: row.amountMinor, version: -1n });
    if (row.kind === 'hold' && !payable) this.#report(row, 'is a hold that is not among the payments');
    if (row.payment !== null) this.#follow(row, row.payment, row.amountMinor, link);
    else if (row.kind === 'capture' || releases.includes(row.kind) || refunds.includes(row.kind)) this.#report(row, `is a ${row.kind} of nothing`);
  }

  #leg(row: PlacedRow, account: AccountState, debits: boolean): void {
    const amount = row.amountMinor!;
    const raises = account.debitNormal === debits;
    const pending = row.kind === 'hold' ? amount : row.kind === 'capture' || releases.includes(row.kind) ? -amount : 0n;
    if (raises) account.pendingIn += pending;
    else account.pendingOut += pending;
    const balance = account.posted + (posts(row.kind) ? (raises ? amount : -amount) : 0n);
    const [said, version] = debits ? [row.debitBalanceMinor, row.debitVersion] : [row.creditBalanceMinor, row.creditVersion];
    const name = `${account.line.tenant}/${account.line.id}`;
    if (version !== account.version + 1) this.#report(row, `${name} comes to version ${version} after ${account.version}`);
    if (said !== balance) this.#report(row, `${name} comes to ${said}, it should be ${balance}`);
    account.posted = said ?? balance;
    account.version = version ?? account.version + 1;
    if (account.floor !== null && account.posted - account.pendingOut < account.floor) this.#report(row, `${name} has ${account.posted - account.pendingOut} available, its floor is ${account.floor}`);
    if (account.ceiling !== null && account.posted + account.pendingIn > account.ceiling) this.#report(row, `${name} is promised ${account.posted + account.pendingIn}, its ceiling is ${account.ceiling}`);
  }

  #follow(row: PlacedRow, position: bigint, amount: bigint, link: bigint): void {
    const payment = this.#payments.get(position.toString());
    if (!payment?.row) return this.#report(row, `follows position ${position}, which is no earlier hold or transfer among the payments`);
    const { row: origin } = payment;
    const back = refunds.includes(row.kind);
    const fits = back ? !neverGivenBack.includes(origin.kind) && !(row.kind === 'reversal' && origin.kind === 'hold') : (row.kind === 'capture' || releases.includes(row.kind)) && origin.kind === 'hold';
    if (!fits || origin.tenant !== row.tenant || (back ? origin.debit !== row.credit || origin.credit !== row.debit : origin.debit !== row.debit || origin.credit !== row.credit)) this.#report(row, `is a ${row.kind} that does not fit the ${origin.kind} at position ${position}`);
    if (row.kind === 'capture' && payment.released > 0n) this.#report(row, `captures hold ${position}, which was released before`);
    if (back) payment.refunded += amount;
    else if (row.kind === 'capture') payment.captured += amount;
    else payment.released += amount;
    if (payment.changedIn !== link) payment.version++;
    payment.changedIn = link;
    if (origin.kind === 'hold' && payment.captured + payment.released > origin.amountMinor!) this.#report(row, `${payment.captured} captured and ${payment.released} released of a hold of ${origin.amountMinor}`);
    if (releases.includes(row.kind) && payment.captured + payment.released !== origin.amountMinor!) this.#report(row, `does not release exactly what is left of hold ${position}`);
    if (row.kind === 'expiry' && row.createdAtUs < origin.expiresAtUs!) this.#report(row, `expires hold ${position} before its time`);
    if (payment.refunded > payment.captured) this.#report(row, `${payment.refunded} given back of ${payment.captured}`);
    if (row.kind === 'reversal' && (amount !== origin.amountMinor || payment.refunded !== amount)) this.#report(row, `does not reverse all of position ${position}`);
  }

  /** What the history led to against what is said to be now. */
  finish(): void {
    for (const { line, opened, posted, pendingOut, pendingIn, version } of this.#accounts.values()) {
      const name = `account ${line.number} (${line.tenant}/${line.id})`;
      if (!opened) this.#report(null, `${name} was never opened`);
      const is = [posted, pendingOut, pendingIn, version].join(', ');
      const said = [line.postedMinor, line.pendingOutMinor, line.pendingInMinor, line.version].join(', ');
      if (is !== said) this.#report(null, `${name} is said to have posted, going out, coming in and version ${said}; its rows make ${is}`);
    }
    for (const { line, row, captured, released, refunded, version } of this.#payments.values()) {
      const is = row && [row.tenant, row.debit, row.credit, row.amountMinor, captured, released, refunded, row.expiresAtUs, version].join(', ');
      const said = [line.tenant, line.debit, line.credit, line.authorisedMinor, line.capturedMinor, line.releasedMinor, line.refundedMinor, line.expiresAtUs, line.version].join(', ');
      if (is !== said) this.#report(null, `payment ${line.position} is said to be ${said}; its rows make ${is ?? 'nothing'}`);
    }
  }
}

function sameJson(a: string | null, b: string): boolean {
  try {
    return canonicalJson(JSON.parse(a ?? '')) === canonicalJson(JSON.parse(b));
  } catch {
    return false;
  }
}
