/** PostgreSQL's log positions (`16/B374D848`) as numbers. */

/** @throws RangeError when the text is no log position */
export function parseLsn(text: string): bigint {
  const match = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text);
  if (!match) throw new RangeError(`Not a log position: ${text}`);
  return BigInt(`0x${match[1]}`) * 0x1_0000_0000n + BigInt(`0x${match[2]}`);
}

/** Bytes from `behind` to `ahead`; never negative. */
export function lsnDistance(ahead: string, behind: string): number {
  const distance = parseLsn(ahead) - parseLsn(behind);
  return distance > 0n ? Number(distance) : 0;
}

/** Whether `reached` is at or after `goal`. */
export function lsnReached(reached: string, goal: string): boolean {
  return parseLsn(reached) >= parseLsn(goal);
}
