/** The decision whether money may move. Pure: the accounts are handed in as they are while locked. */
import type { ErrorCode } from './errors.ts';
import { fitsStorage, formatMinor } from './money.ts';

export type AccountType = 'asset' | 'liability' | 'equity' | 'income' | 'expense';
export type Direction = 'debit' | 'credit';

export interface Account {
  id: string;
  owner: string;
  currency: string;
  type: AccountType;
  /** Lowest available balance; null: none. */
  minAvailableMinor: bigint | null;
  /** On the account's normal side: debits raise assets and expenses, credits raise the others. */
  postedMinor: bigint;
  pendingMinor: bigint;
  /** Number of entries so far. */
  version: bigint;
  createdAt: Date;
}

export interface TransferCommand {
  debitAccountId: string;
  creditAccountId: string;
  amountMinor: bigint;
  currency: string;
  description: string | null;
  metadata: Record<string, string>;
}

/** One entry to write: the account after it. */
export interface Leg {
  accountId: string;
  direction: Direction;
  balanceMinor: bigint;
  version: bigint;
}

export interface Refusal {
  code: ErrorCode;
  detail: string;
}

export type Decision = { ok: true; debit: Leg; credit: Leg } | { ok: false; refusal: Refusal };

export function isDebitNormal(type: AccountType): boolean {
  return type === 'asset' || type === 'expense';
}

/** What an entry does to the account's balance. */
export function deltaOf(type: AccountType, direction: Direction, amountMinor: bigint): bigint {
  return isDebitNormal(type) === (direction === 'debit') ? amountMinor : -amountMinor;
}

export function availableMinor(account: Account): bigint {
  return account.postedMinor - account.pendingMinor;
}

/**
 * Checks in one fixed order, so that the same request against the same state is always refused for the same
 * reason: same account, unknown account, currency, overflow, funds; debit before credit each time.
 */
export function decideTransfer(command: TransferCommand, accounts: ReadonlyMap<string, Account>): Decision {
  const { debitAccountId, creditAccountId, amountMinor, currency } = command;
  if (amountMinor <= 0n) throw new RangeError('a transfer of nothing must not get this far');
  if (debitAccountId === creditAccountId) return refuse('same-account', `Both legs name ${debitAccountId}.`);

  const debited = accounts.get(debitAccountId);
  const credited = accounts.get(creditAccountId);
  if (!debited) return refuse('unknown-account', `There is no account ${debitAccountId} to debit.`);
  if (!credited) return refuse('unknown-account', `There is no account ${creditAccountId} to credit.`);

  for (const account of [debited, credited]) {
    if (account.currency !== currency) return refuse('currency-mismatch', `Account ${account.id} is kept in ${account.currency}, the transfer is in ${currency}.`);
  }
  const debit = legOf(debited, 'debit', amountMinor);
  const credit = legOf(credited, 'credit', amountMinor);
  for (const leg of [debit, credit]) {
    if (!fitsStorage(leg.balanceMinor)) return refuse('balance-overflow', `The balance of ${leg.accountId} would not fit 64 bits.`);
  }
  const short = shortOf(debited, debit, amountMinor) ?? shortOf(credited, credit, amountMinor);
  return short ? { ok: false, refusal: short } : { ok: true, debit, credit };
}

function legOf(account: Account, direction: Direction, amountMinor: bigint): Leg {
  return {
    accountId: account.id,
    direction,
    balanceMinor: account.postedMinor + deltaOf(account.type, direction, amountMinor),
    version: account.version + 1n,
  };
}

function shortOf(account: Account, leg: Leg, amountMinor: bigint): Refusal | undefined {
  const floor = account.minAvailableMinor;
  if (floor === null || leg.balanceMinor - account.pendingMinor >= floor) return undefined;
  const has = formatMinor(availableMinor(account), account.currency);
  return { code: 'insufficient-funds', detail: `Account ${account.id} has ${has} available, the transfer takes ${formatMinor(amountMinor, account.currency)}.` };
}

function refuse(code: ErrorCode, detail: string): Decision {
  return { ok: false, refusal: { code, detail } };
}
