/** Arithmetic over measurements: pure. */

/** Middle of the values, mean of the two middle ones of an even count. Throws on none: there is no figure without a measurement. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error('no values, so no median');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export interface Spread {
  median: number;
  min: number;
  max: number;
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * Smallest value that at least `share` of the values do not exceed (nearest rank). `sorted` ascending, `share` in (0, 1].
 * Throws on none.
 */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) throw new Error('no values, so no percentile');
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

/**
 * Ratio of two variants, round by round: neighbours in time saw the same machine. Throws when a round lacks one of them, or
 * when a value is not above zero.
 */
export function ratioByRound(over: readonly number[], under: readonly number[]): Spread {
  if (over.length !== under.length) throw new Error(`${over.length} rounds cannot be set against ${under.length}`);
  for (const value of [...over, ...under]) if (!(value > 0) || !Number.isFinite(value)) throw new Error(`${value} is not a measurement`);
  return spread(over.map((value, round) => value / under[round]!));
}

export function round3(value: number): number {
  return Math.round(value * 1000) / 1000;
}
