/** Times are microseconds since 1970, as PostgreSQL keeps them; in JSON RFC 3339, UTC, milliseconds. */

export function toIso(us: bigint): string {
  return new Date(Number(us / 1000n)).toISOString();
}

/** With all six decimals, for the database. */
export function toIsoUs(us: bigint): string {
  return `${new Date(Number(us / 1000n)).toISOString().slice(0, -1)}${(us % 1000n).toString().padStart(3, '0')}Z`;
}

/** Undefined when it is no RFC 3339 time with an offset, or out of the range 1970 to 9999. */
export function parseTimeUs(text: string): bigint | undefined {
  const match = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)$/.exec(text);
  if (!match) return undefined;
  const ms = Date.parse(text.replace(match[1] ?? '', ''));
  if (Number.isNaN(ms) || ms < 0 || ms > 253_402_300_799_000) return undefined;
  // Date.parse takes the 30th of February for the 2nd of March.
  if (new Date(Date.parse(`${text.slice(0, 10)}T00:00:00Z`)).toISOString().slice(0, 10) !== text.slice(0, 10)) return undefined;
  return BigInt(ms) * 1000n + BigInt((match[1] ?? '.').slice(1).padEnd(6, '0'));
}
