/**
 * Money is a bigint of minor units (cents); in JSON a string of digits. No floating point anywhere.
 */

/** Bounds of PostgreSQL's bigint, in which amounts and balances are stored. */
export const maxMinor = 2n ** 63n - 1n;
export const minMinor = -(2n ** 63n);

/** ISO 4217 code -> number of decimals. The same list stands in the table ledger.currencies; a test holds them equal. */
const exponents: ReadonlyMap<string, number> = new Map([
  ['USD', 2],
  ['JPY', 0],
  ['KWD', 3],
  ['EUR', 2],
  ['GBP', 2],
  ['MXN', 2],
]);

export const currencies: readonly string[] = [...exponents.keys()];

export function exponentOf(currency: string): number | undefined {
  return exponents.get(currency);
}

/** `"100"` -> 100n. Undefined for anything but a positive whole number in plain digits; may exceed `maxMinor`. */
export function parseAmountMinor(text: string): bigint | undefined {
  return /^[1-9][0-9]{0,18}$/.test(text) ? BigInt(text) : undefined;
}

export function fitsStorage(minor: bigint): boolean {
  return minor >= minMinor && minor <= maxMinor;
}

/** For people: 123456n USD -> `"1,234.56 USD"`. Throws a RangeError for a currency the ledger does not keep. */
export function formatMinor(minor: bigint, currency: string): string {
  const exponent = exponents.get(currency);
  if (exponent === undefined) throw new RangeError(`no exponent is known for ${currency}`);
  const digits = (minor < 0n ? -minor : minor).toString().padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent).replace(/\B(?=(\d{3})+$)/g, ',');
  const fraction = exponent > 0 ? `.${digits.slice(-exponent)}` : '';
  return `${minor < 0n ? '-' : ''}${whole}${fraction} ${currency}`;
}

/** For people's input: `"1,234.56"` USD -> 123456n. Undefined when it is not exact in the currency's decimals. */
export function parseDecimal(text: string, currency: string): bigint | undefined {
  const exponent = exponents.get(currency);
  const match = /^(-?)(\d{1,3}(?:,\d{3})*|\d+)(?:\.(\d+))?$/.exec(text);
  if (exponent === undefined || !match) return undefined;
  const fraction = match[3] ?? '';
  if (fraction.length > exponent) return undefined;
  const minor = BigInt(match[2]!.replaceAll(',', '') + fraction.padEnd(exponent, '0'));
  return match[1] ? -minor : minor;
}
