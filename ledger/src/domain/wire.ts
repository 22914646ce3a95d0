/** The JSON that goes over the wire. Stored answers are these very strings, so their field order is fixed here. */
import { availableMinor, type Account, type Direction } from './transfer.ts';

export interface Transfer {
  /** `tr_` and a UUIDv7. */
  id: string;
  debitAccountId: string;
  creditAccountId: string;
  amountMinor: bigint;
  currency: string;
  description: string | null;
  metadata: Record<string, string>;
  createdAt: Date;
  debitVersion: bigint;
  creditVersion: bigint;
  region: string;
}

export interface Entry {
  transferId: string;
  direction: Direction;
  amountMinor: bigint;
  currency: string;
  balanceMinor: bigint;
  version: bigint;
  createdAt: Date;
}

export interface CurrencyTotals {
  currency: string;
  debitMinor: bigint;
  creditMinor: bigint;
}

export function accountJson(account: Account) {
  return {
    id: account.id,
    owner: account.owner,
    currency: account.currency,
    type: account.type,
    minAvailableMinor: account.minAvailableMinor?.toString() ?? null,
    postedMinor: account.postedMinor.toString(),
    availableMinor: availableMinor(account).toString(),
    pendingMinor: account.pendingMinor.toString(),
    version: account.version.toString(),
    createdAt: account.createdAt.toISOString(),
  };
}

export function transferJson(transfer: Transfer) {
  return {
    id: transfer.id,
    debitAccountId: transfer.debitAccountId,
    creditAccountId: transfer.creditAccountId,
    amountMinor: transfer.amountMinor.toString(),
    currency: transfer.currency,
    description: transfer.description,
    metadata: transfer.metadata,
    status: 'posted',
    createdAt: transfer.createdAt.toISOString(),
    debitVersion: transfer.debitVersion.toString(),
    creditVersion: transfer.creditVersion.toString(),
    region: transfer.region,
  };
}

export function entryJson(entry: Entry) {
  return {
    transferId: entry.transferId,
    direction: entry.direction,
    amountMinor: entry.amountMinor.toString(),
    currency: entry.currency,
    balanceMinor: entry.balanceMinor.toString(),
    version: entry.version.toString(),
    createdAt: entry.createdAt.toISOString(),
  };
}

export function totalsJson(totals: CurrencyTotals) {
  return {
    currency: totals.currency,
    debitMinor: totals.debitMinor.toString(),
    creditMinor: totals.creditMinor.toString(),
    differenceMinor: (totals.debitMinor - totals.creditMinor).toString(),
  };
}

/** The same value whatever the order of keys it was sent in; what a request hash is made of. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`).join(',')}}`;
}

/** Opaque to clients: they hand back what they were given. */
export function encodeCursor(version: bigint): string {
  return Buffer.from(`v1:${version}`).toString('base64url');
}

/** Undefined when it is none of ours. */
export function decodeCursor(cursor: string): bigint | undefined {
  const match = /^v1:([1-9][0-9]{0,18})$/.exec(Buffer.from(cursor, 'base64url').toString());
  return match ? BigInt(match[1]!) : undefined;
}
