/** What reads answer with, beside accounts and transfers: entries, holds, totals; and the cursors between their pages. */
import { publicId } from './ids.ts';
import { isDebitNormal, posts, type AccountType, type Kind, type PlacedRow, type Side } from './model.ts';
import { toIso } from './time.ts';

export interface Entry {
  position: bigint;
  atUs: bigint;
  effectiveAtUs: bigint | null;
  kind: Kind;
  leg: number;
  side: Side;
  amountMinor: bigint;
  balanceMinor: bigint;
  version: number;
  otherAccountId: string;
  description: string | null;
}

/** A line of a statement. `changeMinor` is what it did to the posted balance: "0" for a hold and its release. */
export function entryJson(entry: Entry, account: { currency: string; type: AccountType }) {
  const sign = isDebitNormal(account.type) === (entry.side === 'debit') ? 1n : -1n;
  return {
    transferId: publicId(posts(entry.kind) ? 'tr' : 'ho', { position: entry.position, atUs: entry.atUs }),
    kind: entry.kind,
    direction: entry.side,
    amountMinor: entry.amountMinor.toString(),
    changeMinor: posts(entry.kind) ? (sign * entry.amountMinor).toString() : '0',
    currency: account.currency,
    balanceMinor: entry.balanceMinor.toString(),
    version: entry.version.toString(),
    counterpartyAccountId: entry.otherAccountId,
    description: entry.description,
    createdAt: toIso(entry.atUs),
    effectiveAt: toIso(entry.effectiveAtUs ?? entry.atUs),
  };
}

export interface HoldState {
  row: PlacedRow;
  capturedMinor: bigint;
  releasedMinor: bigint;
  refundedMinor: bigint;
  expired: boolean;
}

export function holdJson({ row, capturedMinor, releasedMinor, refundedMinor, expired }: HoldState) {
  const leftMinor = row.amountMinor! - capturedMinor - releasedMinor;
  const closed = capturedMinor > 0n ? 'captured' : 'released';
  return {
    id: publicId('ho', { position: row.position, atUs: row.createdAtUs }),
    debitAccountId: row.debitId!,
    creditAccountId: row.creditId!,
    amountMinor: row.amountMinor!.toString(),
    currency: row.currency!,
    description: row.description,
    metadata: row.metadata ?? {},
    status: leftMinor === 0n ? closed : expired ? 'expired' : capturedMinor > 0n ? 'partially-captured' : 'authorised',
    capturedMinor: capturedMinor.toString(),
    releasedMinor: releasedMinor.toString(),
    refundedMinor: refundedMinor.toString(),
    remainingMinor: leftMinor.toString(),
    createdAt: toIso(row.createdAtUs),
    expiresAt: toIso(row.expiresAtUs!),
  };
}

export interface CurrencyTotals {
  currency: string;
  debitMinor: bigint;
  creditMinor: bigint;
}

export function totalsJson(totals: CurrencyTotals) {
  return { currency: totals.currency, debitMinor: totals.debitMinor.toString(), creditMinor: totals.creditMinor.toString(), differenceMinor: (totals.debitMinor - totals.creditMinor).toString() };
}

/** What the database can compare a version or a position with. */
const placeMax = 2n ** 63n - 1n;

/** Opaque to clients: they hand back what they were given. */
export function encodeCursor(place: number | bigint): string {
  return Buffer.from(`v1:${place}`).toString('base64url');
}

/** Undefined when it is none of ours. */
export function decodeCursor(cursor: string): bigint | undefined {
  const match = /^v1:([1-9][0-9]{0,18})$/.exec(Buffer.from(cursor, 'base64url').toString());
  const place = match ? BigInt(match[1]!) : 0n;
  return place > 0n && place <= placeMax ? place : undefined;
}

