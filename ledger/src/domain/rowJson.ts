/** A row of the journal as the database's function row_json gives it: digits as text, hashes in hex, absent as null. */
import type { Kind, PlacedRow } from './model.ts';

export type RowJson = Record<string, unknown>;

export function toPlacedRow(json: RowJson): PlacedRow {
  const text = (name: string) => (json[name] ?? null) as string | null;
  const digits = (name: string) => (text(name) === null ? null : BigInt(text(name)!));
  const whole = (name: string) => (json[name] === null || json[name] === undefined ? null : Number(json[name]));
  return {
    position: digits('position')!,
    createdAtUs: digits('atUs')!,
    kind: text('kind') as Kind,
    tenant: text('tenant')!,
    actor: text('actor')!,
    key: text('key'),
    requestHash: text('requestHash'),
    leg: whole('leg')!,
    legs: whole('legs')!,
    debit: text('debit'),
    credit: text('credit'),
    debitId: text('debitId'),
    creditId: text('creditId'),
    currency: text('currency'),
    amountMinor: digits('amount'),
    debitVersion: whole('debitVersion'),
    creditVersion: whole('creditVersion'),
    debitBalanceMinor: digits('debitBalance'),
    creditBalanceMinor: digits('creditBalance'),
    payment: digits('payment'),
    paymentAtUs: digits('paymentAtUs'),
    paymentKind: text('paymentKind') as Kind | null,
    description: text('description'),
    metadata: (json['metadata'] ?? null) as Record<string, string> | null,
    effectiveAtUs: digits('effectiveAtUs'),
    expiresAtUs: digits('expiresAtUs'),
    requestId: text('requestId')!,
    status: whole('status'),
    answer: text('answer'),
  };
}
