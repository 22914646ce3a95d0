/** Exact decimals: a price or a quantity is a whole number of billionths, an amount is rounded to the cent once and only then added. */

const places = 9;
const scale = 10n ** BigInt(places);

export type Exact = bigint;

/** '0.053417' -> 53417000n. @throws Error for anything but a plain decimal of at most nine places */
export function exact(text: string | number): Exact {
  const match = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(String(text));
  if (!match) throw new Error(`"${text}" is no decimal of at most ${places} places`);
  return BigInt(match[1]!) * scale + BigInt((match[2] ?? '').padEnd(places, '0'));
}

/** quantity × price in cents, half a cent up. */
export function cents(quantity: Exact, price: Exact): bigint {
  const divisor = scale * scale / 100n;
  return (quantity * price + divisor / 2n) / divisor;
}

/** 2 × 3 of the same scale; the product of two quantities has at most nine places. @throws Error when it has more */
export function times(one: Exact, other: Exact): Exact {
  const product = one * other;
  if (product % scale !== 0n) throw new Error('the product has more than nine places');
  return product / scale;
}

/** 123456n -> "1,234.56"; negative ones with their sign. */
export function dollars(amount: bigint): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(3, '0');
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${amount < 0n ? '-' : ''}${whole}.${digits.slice(-2)}`;
}

/** 730000000000n -> "730", with the places it needs. */
export function plain(value: Exact): string {
  const fraction = (value % scale).toString().padStart(places, '0').replace(/0+$/, '');
  return `${value / scale}${fraction ? `.${fraction}` : ''}`;
}
