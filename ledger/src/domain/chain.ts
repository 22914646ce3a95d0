/**
 * The hash chain. Each batch of journal rows has a digest, made here from the rows; the database seals it together with the link
 * before, the place, the time and the running totals (`ledger.append`). Who edits, removes, adds, reorders or cuts rows
 * later has to make every later hash anew, and cannot make the head that somebody else has noted.
 */
import { createHash, hash } from 'node:crypto';
import type { JournalRow } from './model.ts';
import { canonicalJson } from './answers.ts';

/** Format 1. Everything that was decided; position and time are the link's own. Amounts as digits, times in microseconds. */
export function canonicalRow(row: JournalRow): string {
  const text = (value: bigint | number | null) => (value === null ? null : value.toString());
  return JSON.stringify([
    row.kind, row.tenant, row.actor, row.key, row.requestHash, row.leg, row.legs, row.debit, row.credit, text(row.amountMinor), text(row.debitVersion), text(row.creditVersion),
    text(row.debitBalanceMinor), text(row.creditBalanceMinor), text(row.payment), row.description, row.metadata && canonicalJson(row.metadata), text(row.effectiveAtUs), text(row.expiresAtUs),
    row.requestId, row.status, row.answer,
  ]);
}

/** Who wrote a batch, and how its rows are read: the answers that are rendered from it depend on both. */
export interface Written {
  format: number;
  region: string;
  instance: string;
}

/** SHA-256 over a line that tells who wrote, and the rows in order, a line each. */
export function batchDigest(rows: readonly JournalRow[], { format, region, instance }: Written): Buffer {
  const lines = new Array<string>(rows.length + 1);
  lines[0] = JSON.stringify([format, region, instance]);
  for (let index = 0; index < rows.length; index++) lines[index + 1] = canonicalRow(rows[index]!);
  return hash('sha256', lines.join('\n'), 'buffer');
}

export interface Link {
  n: bigint;
  firstPosition: bigint;
  count: number;
  atUs: bigint;
  digest: Buffer;
  /** Currency -> posted since the beginning, in minor units. */
  totals: Record<string, string>;
  prevHash: Buffer;
}

/** What the database computes in ledger.append(): SHA-256 over the link, numbers as big-endian two's complement, totals as jsonb prints them. */
export function linkHash(link: Link): Buffer {
  const numbers = Buffer.alloc(28);
  numbers.writeBigInt64BE(link.n, 0);
  numbers.writeBigInt64BE(link.firstPosition, 8);
  numbers.writeInt32BE(link.count, 16);
  numbers.writeBigInt64BE(link.atUs, 20);
  return createHash('sha256').update(link.prevHash).update(link.digest).update(numbers).update(totalsText(link.totals)).digest();
}

/** jsonb's own text: keys by length, then bytes; all currencies have three letters. */
function totalsText(totals: Record<string, string>): string {
  return `{${Object.keys(totals).sort().map(currency => `"${currency}": "${totals[currency]}"`).join(', ')}}`;
}
