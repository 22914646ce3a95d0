/** What the ledger is made of. Money is a bigint of minor units, times are bigints of microseconds since 1970 (`Us`). */
import type { ErrorCode } from './errors.ts';

export type AccountType = 'asset' | 'liability' | 'equity' | 'income' | 'expense';
export type Side = 'debit' | 'credit';

/** What is agreed when an account is opened, and never changes. */
export interface AccountTerms {
  tenant: string;
  id: string;
  owner: string;
  currency: string;
  type: AccountType;
  /** Lowest available balance; null: none. */
  minAvailableMinor: bigint | null;
  /** Highest balance with all incoming holds captured; null: none. */
  maxAvailableMinor: bigint | null;
  metadata: Record<string, string>;
}

export interface Balances {
  /** On the account's normal side: debits raise assets and expenses, credits raise the others. */
  postedMinor: bigint;
  /** Open holds that lower what is available. */
  pendingOutMinor: bigint;
  /** Open holds that will raise it once captured. */
  pendingInMinor: bigint;
  /** Number of legs in the journal so far. */
  version: number;
}

export interface Account extends AccountTerms, Balances {
  /** Position of its opening in the journal, as digits. */
  number: string;
  createdAtUs: bigint;
}

/** Which of an account's two sides raises it. */
export function isDebitNormal(type: AccountType): boolean {
  return type === 'asset' || type === 'expense';
}

export function availableMinor(balances: Balances): bigint {
  return balances.postedMinor - balances.pendingOutMinor;
}

export const postingKinds = ['transfer', 'conversion', 'fee', 'settlement', 'capture', 'refund', 'reversal'] as const;
export type PostingKind = (typeof postingKinds)[number];
/** Of a row of the journal. */
export type Kind = 'account' | 'decline' | 'hold' | 'void' | 'expiry' | PostingKind;

export function posts(kind: Kind): kind is PostingKind {
  return (postingKinds as readonly Kind[]).includes(kind);
}

/** One movement that a client asks for. */
export interface Posting {
  debitAccountId: string;
  creditAccountId: string;
  amountMinor: bigint;
  currency: string;
  description: string | null;
  metadata: Record<string, string>;
  effectiveAtUs: bigint | null;
}

/** Public id taken apart: where in the journal, and when, so that another history's row at that place is not taken for it. */
export interface RowRef {
  position: bigint;
  atUs: bigint;
}

interface Texts {
  description: string | null;
  metadata: Record<string, string>;
}

export type Command =
  | ({ kind: 'account' } & Omit<AccountTerms, 'tenant'>)
  /** One posting, or several linked ones: all or none. */
  | { kind: 'transfer'; postings: Posting[] }
  /** Four legs through the tenant's `fx:` accounts. `rate`: major units bought for one sold, a decimal number as text. */
  | ({ kind: 'conversion'; debitAccountId: string; creditAccountId: string; sellAmountMinor: bigint; sellCurrency: string; buyAmountMinor: bigint; buyCurrency: string; rate: string; effectiveAtUs: bigint | null } & Texts)
  | ({ kind: 'hold'; debitAccountId: string; creditAccountId: string; amountMinor: bigint; currency: string; expiresAtUs: bigint } & Texts)
  /** `amountMinor` null: all that is left. `final`: what is left afterwards is released. */
  | ({ kind: 'capture'; hold: RowRef; amountMinor: bigint | null; final: boolean; fee: { amountMinor: bigint; accountId: string | null } | null } & Texts)
  | { kind: 'void' | 'expiry'; hold: RowRef }
  /** Of a transfer, or of what a hold captured. `amountMinor` null: all that is left. `ofKind`: nothing else is found; left out: either. */
  | ({ kind: 'refund'; of: RowRef; ofKind?: 'transfer' | 'hold'; amountMinor: bigint | null } & Texts)
  | ({ kind: 'reversal'; of: RowRef; ofKind?: 'transfer' } & Texts)
  /** Moves all that is available. */
  | ({ kind: 'settlement'; accountId: string; payoutAccountId: string } & Texts);

/** Whose command it is, and under which key. `requestId` becomes the `instance` of a refusal. */
export interface CommandContext {
  tenant: string;
  /** Who: client of the API key, subject of the token, or `system`. */
  actor: string;
  key: string;
  /** SHA-256 of the canonical request, hex. */
  requestHash: string;
  requestId: string;
}

/** State of what can still change, as it was read. */
export interface Payment {
  position: bigint;
  atUs: bigint;
  kind: Kind;
  tenant: string;
  /** Account numbers. */
  debit: string;
  credit: string;
  authorisedMinor: bigint;
  capturedMinor: bigint;
  releasedMinor: bigint;
  refundedMinor: bigint;
  /** By the database's clock when it was read. */
  expired: boolean;
  /** -1: a transfer without a refund so far has no row of its own. */
  version: number;
}

/** A row of the journal as it is decided: without its position and time, which the database gives. */
export interface JournalRow {
  kind: Kind;
  tenant: string;
  actor: string;
  /** Null on later legs. */
  key: string | null;
  requestHash: string | null;
  leg: number;
  legs: number;
  /** Account numbers and what the answer says of them; null for openings and declines. */
  debit: string | null;
  credit: string | null;
  debitId: string | null;
  creditId: string | null;
  currency: string | null;
  amountMinor: bigint | null;
  debitVersion: number | null;
  creditVersion: number | null;
  debitBalanceMinor: bigint | null;
  creditBalanceMinor: bigint | null;
  payment: bigint | null;
  paymentAtUs: bigint | null;
  paymentKind: Kind | null;
  description: string | null;
  metadata: Record<string, string> | null;
  effectiveAtUs: bigint | null;
  expiresAtUs: bigint | null;
  requestId: string;
  status: number | null;
  answer: string | null;
}

/** A row with its place. */
export interface PlacedRow extends JournalRow {
  position: bigint;
  createdAtUs: bigint;
}

export interface Refusal {
  code: ErrorCode;
  detail: string;
}
