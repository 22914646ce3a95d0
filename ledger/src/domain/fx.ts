/** Whether two amounts of different currencies fit a rate. Exact: ratios of bigints, no floating point. */
import { exponentOf } from './money.ts';

/** A positive decimal of at most 12 digits before and 12 after the point: `"1.0842"` is 10842 / 10^4. Undefined for anything else. */
export function parseRate(text: string): { digits: bigint; scale: number } | undefined {
  const match = /^(0|[1-9]\d{0,11})(?:\.(\d{1,12}))?$/.exec(text);
  if (!match) return undefined;
  const digits = BigInt(match[1]! + (match[2] ?? ''));
  return digits > 0n ? { digits, scale: (match[2] ?? '').length } : undefined;
}

/**
 * True when `buyMinor` is `sellMinor` times the rate, rounded either way: off by less than one minor unit.
 * The rate is per major unit, so currencies of different exponents are brought to one scale first.
 */
export function fitsRate(sellMinor: bigint, sellCurrency: string, buyMinor: bigint, buyCurrency: string, rate: string): boolean {
  const parsed = parseRate(rate);
  const [from, to] = [exponentOf(sellCurrency), exponentOf(buyCurrency)];
  if (!parsed || from === undefined || to === undefined) return false;
  // buy · 10^(from + scale) against sell · digits · 10^to
  const unit = 10n ** BigInt(from + parsed.scale);
  const difference = buyMinor * unit - sellMinor * parsed.digits * 10n ** BigInt(to);
  return difference < unit && difference > -unit;
}
