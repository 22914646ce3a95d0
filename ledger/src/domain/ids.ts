/**
 * Public ids carry time and place: a prefix and a UUID of version 8 (RFC 9562) of 48 bits of milliseconds, 12 bits of
 * microseconds within them and 62 bits of journal position. They need no index, sort by time, and a position that was lost in
 * a failover and given again has another id. `ledger.public_id` in the database is the same function.
 */
import type { RowRef } from './model.ts';

/** `tr`: a posted transfer, `ho`: a hold, `tx`: linked transfers. */
export type IdPrefix = 'tr' | 'ho' | 'tx';

export const idPattern = (prefix: string) => `^${prefix}_[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`;

const variant = 1n << 63n;

export function publicId(prefix: IdPrefix, { position, atUs }: RowRef): string {
  const hex = `${(atUs / 1000n).toString(16).padStart(12, '0')}8${(atUs % 1000n).toString(16).padStart(3, '0')}${(variant | position).toString(16)}`;
  return `${prefix}_${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Undefined when it is none that this ledger could have given out. */
export function parsePublicId(id: string): (RowRef & { prefix: string }) | undefined {
  const match = /^(tr|ho|tx)_([0-9a-f]{8})-([0-9a-f]{4})-8([0-9a-f]{3})-([89ab][0-9a-f]{3})-([0-9a-f]{12})$/.exec(id);
  if (!match) return undefined;
  const withinMs = BigInt(`0x${match[4]}`);
  if (withinMs > 999n) return undefined;
  return { prefix: match[1]!, atUs: BigInt(`0x${match[2]}${match[3]}`) * 1000n + withinMs, position: BigInt(`0x${match[5]}${match[6]}`) & ((1n << 62n) - 1n) };
}
