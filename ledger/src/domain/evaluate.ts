/**
 * The decision whether money may move. Pure: what is known of accounts and payments is in the book, and commands are
 * decided one after the other in the order in which they arrived, each on the outcome of those before it. The service, the
 * tests' simulator and the auditor who replays a journal run this same code.
 */
import { applyTo, balancesAfter, balancesOf, Batch, type Book, type Move } from './book.ts';
import { errors, problemOf, type ErrorCode } from './errors.ts';
import { fitsRate } from './fx.ts';
import { availableMinor, posts, type Account, type AccountTerms, type Balances, type Command, type CommandContext, type JournalRow, type Kind, type Payment, type Refusal } from './model.ts';
import { exponentOf, fitsStorage, formatMinor } from './money.ts';
import { accountBody, openingBody } from './answers.ts';

/** A refusal on its way out of the nested decisions of one command; never leaves this file. */
class Refused extends Error {
  readonly refusal: Refusal;
  constructor(code: ErrorCode, detail: string) {
    super(detail);
    this.refusal = { code, detail };
  }
}

function refuse(code: ErrorCode, detail: string): never {
  throw new Refused(code, detail);
}

interface Leg {
  kind: Kind;
  move: Move;
  debit: Account;
  credit: Account;
  amountMinor: bigint;
  payment?: Payment;
  description?: string | null;
  metadata?: Record<string, string>;
  effectiveAtUs?: bigint | null;
  expiresAtUs?: bigint;
}

/** Appends the command's rows to the batch: its effect, or its decline. Returns the code of the refusal, if it was one. */
export function evaluate(book: Book, batch: Batch, command: Command, context: CommandContext): ErrorCode | undefined {
  const firstRow = batch.rows.length;
  const undo: [Account, Balances][] = [];
  const looked: (Account | Payment)[] = [];
  try {
    if (command.kind === 'account') return openAccount(book, batch, command, context, looked);
    decide({ book, batch, context, undo, looked }, command);
    const legs = batch.rows.length - firstRow;
    for (let leg = 0; leg < legs; leg++) Object.assign(batch.rows[firstRow + leg]!, { leg, legs });
    return undefined;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    for (const [account, before] of undo.reverse()) Object.assign(account, before);
    batch.rows.length = firstRow;
    batch.decidedOn(looked);
    batch.rows.push(declineRow(error.refusal, context));
    return error.refusal.code;
  }
}

interface Scope {
  book: Book;
  batch: Batch;
  context: CommandContext;
  undo: [Account, Balances][];
  /** What was asked of; a decline holds only while these are as they were. */
  looked: (Account | Payment)[];
}

function decide(scope: Scope, command: Exclude<Command, { kind: 'account' }>): void {
  switch (command.kind) {
    case 'transfer':
      for (const posting of command.postings) write(scope, { ...posting, kind: 'transfer', move: 'post', ...pair(scope, posting.debitAccountId, posting.creditAccountId, posting.currency) });
      return;
    case 'conversion': return convert(scope, command);
    case 'hold':
      return write(scope, { ...command, move: 'hold', ...pair(scope, command.debitAccountId, command.creditAccountId, command.currency) });
    case 'capture': return capture(scope, command);
    case 'void': case 'expiry': return release(scope, command);
    case 'refund': return giveBack(scope, command, command.amountMinor);
    case 'reversal': return giveBack(scope, command, null);
    case 'settlement': return settle(scope, command);
  }
}

/** Checks in one fixed order, so that the same request against the same state is always refused for the same reason. */
function pair({ book, context, looked }: Scope, debitId: string, creditId: string, currency: string): { debit: Account; credit: Account } {
  if (debitId === creditId) refuse('same-account', `Both legs name ${debitId}.`);
  const debit = book.account(context.tenant, debitId) ?? refuse('unknown-account', `There is no account ${debitId} to debit.`);
  const credit = book.account(context.tenant, creditId) ?? refuse('unknown-account', `There is no account ${creditId} to credit.`);
  looked.push(debit, credit);
  for (const account of [debit, credit]) {
    if (account.currency !== currency) refuse('currency-mismatch', `Account ${account.id} is kept in ${account.currency}, the transfer is in ${currency}.`);
  }
  return { debit, credit };
}

/** One row and its two legs, once limits and sizes allow it. */
function write({ batch, context, undo }: Scope, leg: Leg): void {
  const { debit, credit, amountMinor, move } = leg;
  const debited = balancesAfter(debit, 'debit', amountMinor, move);
  const credited = balancesAfter(credit, 'credit', amountMinor, move);
  for (const [account, after] of [[debit, debited], [credit, credited]] as const) {
    const fits = fitsStorage(after.postedMinor) && fitsStorage(availableMinor(after)) && fitsStorage(after.postedMinor + after.pendingInMinor) && fitsStorage(after.pendingOutMinor) && fitsStorage(after.pendingInMinor)
      && (undo.length === 0 || fitsBothWays(after.postedMinor - (undo.find(([one]) => one === account)?.[1] ?? account).postedMinor));
    if (!fits) refuse('balance-overflow', `The balance of ${account.id} would not fit 64 bits.`);
  }
  checkFloor(debit, debited, amountMinor);
  checkFloor(credit, credited, amountMinor);
  checkCeiling(debit, debited, amountMinor);
  checkCeiling(credit, credited, amountMinor);
  undo.push([debit, balancesOf(debit)], [credit, balancesOf(credit)]);
  applyTo(batch, debit, debited);
  applyTo(batch, credit, credited);
  batch.rows.push({
    kind: leg.kind, tenant: context.tenant, actor: context.actor,
    key: undo.length === 2 ? context.key : null, requestHash: undo.length === 2 ? context.requestHash : null, leg: 0, legs: 1,
    debit: debit.number, credit: credit.number, debitId: debit.id, creditId: credit.id, currency: debit.currency, amountMinor,
    debitVersion: debited.version, creditVersion: credited.version, debitBalanceMinor: debited.postedMinor, creditBalanceMinor: credited.postedMinor,
    payment: leg.payment?.position ?? null, paymentAtUs: leg.payment?.atUs ?? null, paymentKind: leg.payment?.kind ?? null,
    description: leg.description ?? null, metadata: leg.metadata && Object.keys(leg.metadata).length > 0 ? leg.metadata : null,
    effectiveAtUs: leg.effectiveAtUs ?? null, expiresAtUs: leg.expiresAtUs ?? null, requestId: context.requestId, status: null, answer: null,
  });
}

/** How far a command moves a balance is a number of the database too, on its way there, and with its sign turned. */
function fitsBothWays(movedMinor: bigint): boolean {
  return fitsStorage(movedMinor) && fitsStorage(-movedMinor);
}

function checkFloor(account: Account, after: Balances, amountMinor: bigint): void {
  if (account.minAvailableMinor === null || availableMinor(after) >= account.minAvailableMinor || availableMinor(after) >= availableMinor(account)) return;
  refuse('insufficient-funds', `Account ${account.id} has ${formatMinor(availableMinor(account), account.currency)} available, the transfer takes ${formatMinor(amountMinor, account.currency)}.`);
}

function checkCeiling(account: Account, after: Balances, amountMinor: bigint): void {
  const [was, is] = [account.postedMinor + account.pendingInMinor, after.postedMinor + after.pendingInMinor];
  if (account.maxAvailableMinor === null || is <= account.maxAvailableMinor || is <= was) return;
  refuse('limit-exceeded', `Account ${account.id} may hold ${formatMinor(account.maxAvailableMinor, account.currency)}, the transfer of ${formatMinor(amountMinor, account.currency)} would bring it above.`);
}

function convert(scope: Scope, command: Extract<Command, { kind: 'conversion' }>): void {
  const { debitAccountId, creditAccountId, sellAmountMinor, sellCurrency, buyAmountMinor, buyCurrency, rate, description, effectiveAtUs } = command;
  for (const currency of [sellCurrency, buyCurrency]) if (exponentOf(currency) === undefined) refuse('unsupported-currency', `The ledger keeps no accounts in ${currency}.`);
  if (sellCurrency === buyCurrency) refuse('same-currency', `Both sides are in ${sellCurrency}.`);
  if (!fitsRate(sellAmountMinor, sellCurrency, buyAmountMinor, buyCurrency, rate)) refuse('rate-mismatch', `${formatMinor(sellAmountMinor, sellCurrency)} at ${rate} is not ${formatMinor(buyAmountMinor, buyCurrency)}.`);
  const sell = pair(scope, debitAccountId, `fx:${sellCurrency.toLowerCase()}`, sellCurrency);
  const buy = pair(scope, `fx:${buyCurrency.toLowerCase()}`, creditAccountId, buyCurrency);
  const common = { kind: 'conversion', move: 'post', description, effectiveAtUs, metadata: { ...command.metadata, 'fx.rate': rate } } as const;
  write(scope, { ...common, ...sell, amountMinor: sellAmountMinor });
  write(scope, { ...common, ...buy, amountMinor: buyAmountMinor });
}

/** The hold, if it is the caller's and still open. */
function openHold({ book, context, looked }: Scope, ref: { position: bigint; atUs: bigint }): { hold: Payment; leftMinor: bigint } {
  const hold = book.payment(ref.position);
  if (!hold || hold.kind !== 'hold' || hold.tenant !== context.tenant || hold.atUs !== ref.atUs) refuse('unknown-hold', 'There is no hold with this id.');
  looked.push(hold);
  const leftMinor = hold.authorisedMinor - hold.capturedMinor - hold.releasedMinor;
  if (leftMinor === 0n) refuse('hold-closed', hold.capturedMinor === 0n ? 'The hold was released before.' : 'All of the hold was captured or released before.');
  return { hold, leftMinor };
}

function capture(scope: Scope, command: Extract<Command, { kind: 'capture' }>): void {
  const { hold, leftMinor } = openHold(scope, command.hold);
  if (hold.expired) refuse('hold-expired', 'The time of the hold has passed.');
  const { debit, credit } = accountsOf(scope, hold);
  const amountMinor = command.amountMinor ?? leftMinor;
  if (amountMinor > leftMinor) refuse('capture-exceeds-hold', `${formatMinor(leftMinor, debit.currency)} is left of the hold, the capture takes ${formatMinor(amountMinor, debit.currency)}.`);
  const { description, metadata, fee } = command;
  write(scope, { kind: 'capture', move: 'capture', debit, credit, amountMinor, payment: hold, description, metadata });
  if (command.final && leftMinor > amountMinor) write(scope, { kind: 'void', move: 'release', debit, credit, amountMinor: leftMinor - amountMinor, payment: hold });
  if (fee) {
    const accounts = pair(scope, credit.id, fee.accountId ?? `fees:${credit.currency.toLowerCase()}`, credit.currency);
    if (fee.amountMinor > amountMinor) refuse('fee-exceeds-capture', `The fee of ${formatMinor(fee.amountMinor, credit.currency)} is more than the capture.`);
    write(scope, { kind: 'fee', move: 'post', ...accounts, amountMinor: fee.amountMinor });
  }
  change(scope.batch, hold, { capturedMinor: hold.capturedMinor + amountMinor, releasedMinor: command.final ? hold.authorisedMinor - hold.capturedMinor - amountMinor : hold.releasedMinor });
}

function release(scope: Scope, command: Extract<Command, { kind: 'void' | 'expiry' }>): void {
  const { hold, leftMinor } = openHold(scope, command.hold);
  if (command.kind === 'expiry' && !hold.expired) refuse('hold-not-due', 'The time of the hold has not passed yet.');
  write(scope, { kind: command.kind, move: 'release', ...accountsOf(scope, hold), amountMinor: leftMinor, payment: hold });
  change(scope.batch, hold, { releasedMinor: hold.releasedMinor + leftMinor });
}

/** A refund, or a reversal: everything, once, and only while nothing was given back. */
function giveBack(scope: Scope, command: Extract<Command, { kind: 'refund' | 'reversal' }>, wantedMinor: bigint | null): void {
  const { book, context, batch, looked } = scope;
  const original = book.payment(command.of.position);
  // Transfers and holds are reached by different routes, with different scopes: one is not to be reached as the other.
  const isOther = command.ofKind !== undefined && (original?.kind === 'hold') !== (command.ofKind === 'hold');
  if (!original || isOther || original.tenant !== context.tenant || original.atUs !== command.of.atUs) refuse(command.ofKind === 'hold' ? 'unknown-hold' : 'unknown-transfer', `There is no ${command.ofKind ?? 'transfer'} with this id.`);
  looked.push(original);
  if (original.kind === 'capture') refuse('not-refundable', 'A capture is refunded through its hold.');
  if (original.kind !== 'hold' && (!posts(original.kind) || original.kind === 'refund' || original.kind === 'reversal')) refuse('not-refundable', `A ${original.kind} cannot be given back.`);
  if (command.kind === 'reversal' && original.kind === 'hold') refuse('not-refundable', 'A hold is voided or refunded, not reversed.');
  if (command.kind === 'reversal' && original.refundedMinor > 0n) refuse('already-reversed', 'The transfer was refunded or reversed before.');
  const { debit, credit } = accountsOf(scope, original);
  const leftMinor = original.capturedMinor - original.refundedMinor;
  const amountMinor = wantedMinor ?? leftMinor;
  if (leftMinor === 0n || amountMinor > leftMinor) refuse('refund-exceeds-captured', `${formatMinor(leftMinor, debit.currency)} is left to give back.`);
  const { description, metadata } = command;
  // The other way round: what was debited is credited.
  write(scope, { kind: command.kind, move: 'post', debit: credit, credit: debit, amountMinor, payment: original, description, metadata });
  change(batch, original, { refundedMinor: original.refundedMinor + amountMinor });
}

function settle(scope: Scope, command: Extract<Command, { kind: 'settlement' }>): void {
  const { book, context } = scope;
  const account = book.account(context.tenant, command.accountId) ?? refuse('unknown-account', `There is no account ${command.accountId} to settle.`);
  scope.looked.push(account);
  const accounts = pair(scope, command.accountId, command.payoutAccountId, account.currency);
  if (account.type === 'asset' || account.type === 'expense') refuse('not-settleable', `A settlement debits the account, which would raise ${account.id}.`);
  const amountMinor = availableMinor(account); // never out of an overdraft
  if (amountMinor <= 0n) refuse('nothing-to-settle', `Account ${account.id} has ${formatMinor(availableMinor(account), account.currency)} available.`);
  write(scope, { kind: 'settlement', move: 'post', ...accounts, amountMinor, description: command.description, metadata: command.metadata });
}

function accountsOf({ book, looked }: Scope, payment: Payment): { debit: Account; credit: Account } {
  const [debit, credit] = [book.accountByNumber(payment.debit), book.accountByNumber(payment.credit)];
  if (!debit || !credit) throw new Error(`the accounts of payment ${payment.position} were not read`);
  looked.push(debit, credit);
  return { debit, credit };
}

/** Last step of a command: nothing may refuse after it. */
function change(batch: Batch, payment: Payment, fields: Partial<Payment>): void {
  // The database counts a payment's changes by batch.
  if (!batch.payments.has(payment)) batch.payments.set(payment, { ...payment, version: payment.version++ });
  Object.assign(payment, fields);
}

function bareRow(kind: 'account' | 'decline', context: CommandContext, status: number, answer: string): JournalRow {
  return {
    kind, tenant: context.tenant, actor: context.actor, key: context.key, requestHash: context.requestHash, leg: 0, legs: 1, debit: null, credit: null, debitId: null, creditId: null,
    currency: null, amountMinor: null, debitVersion: null, creditVersion: null, debitBalanceMinor: null, creditBalanceMinor: null, payment: null, paymentAtUs: null, paymentKind: null,
    description: null, metadata: null, effectiveAtUs: null, expiresAtUs: null, requestId: context.requestId, status, answer,
  };
}

function declineRow({ code, detail }: Refusal, context: CommandContext): JournalRow {
  return bareRow('decline', context, errors[code].status, JSON.stringify(problemOf(code, detail, context.requestId)));
}

/** Does this batch open the account already? Then another opening has to wait for the next one: only there its answer is known. */
export function isBeingOpened(batch: Batch, tenant: string, id: string): boolean {
  return batch.openings.some(one => one.tenant === tenant && one.id === id);
}

/** 201 for a new account, 200 for one that exists on the same terms, a decline for other terms. */
function openAccount(book: Book, batch: Batch, command: Extract<Command, { kind: 'account' }>, context: CommandContext, looked: (Account | Payment)[]): ErrorCode | undefined {
  const { kind: _, ...fields } = command;
  const terms: AccountTerms = { tenant: context.tenant, ...fields };
  if (exponentOf(terms.currency) === undefined) refuse('unsupported-currency', `The ledger keeps no accounts in ${terms.currency}.`);
  const known = book.account(terms.tenant, terms.id);
  if (!known) {
    batch.openings.push({ ...terms, row: batch.rows.length });
    batch.rows.push(bareRow('account', context, 201, openingBody(terms)));
    return undefined;
  }
  looked.push(known);
  const different = (['owner', 'currency', 'type', 'minAvailableMinor', 'maxAvailableMinor'] as const).filter(field => known[field] !== terms[field]);
  if (!sameTexts(known.metadata, terms.metadata)) refuse('account-exists', `Account ${terms.id} exists with other metadata.`);
  if (different.length > 0) refuse('account-exists', `Account ${terms.id} exists with another ${different.join(', ')}.`);
  batch.decidedOn(looked);
  batch.rows.push(bareRow('account', context, 200, accountBody(known)));
  return undefined;
}

function sameTexts(a: Record<string, string>, b: Record<string, string>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every(name => a[name] === b[name]);
}
