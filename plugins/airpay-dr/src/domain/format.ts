// Numbers, times and money as a person reads them. A value of null is "unknown" and never becomes a number.

export const unknown = 'unknown';

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** `1,234`. */
export function countText(value: number): string {
  return grouped.format(value);
}

/** `3 payments`, `1 payment`. */
export function countOf(value: number, one: string, many: string): string {
  return `${countText(value)} ${value === 1 ? one : many}`;
}

/** Seconds as the two largest units: `38 ms`, `0.4 s`, `45 s`, `1 m 20 s`, `2 h 5 m`, `9 d 4 h`. */
export function durationText(seconds: number | null): string {
  if (seconds === null) return unknown;
  if (seconds <= 0) return '0 s';
  if (seconds < 0.0995) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  const pair = (big: number, bigName: string, small: number, smallName: string) => {
    const first = Math.floor(whole / big);
    const rest = Math.floor((whole - first * big) / small);
    return rest === 0 ? `${first} ${bigName}` : `${first} ${bigName} ${rest} ${smallName}`;
  };
  if (whole < minute) return `${whole} s`;
  if (whole < hour) return pair(minute, 'm', 1, 's');
  if (whole < day) return pair(hour, 'h', minute, 'm');
  return pair(day, 'd', hour, 'h');
}

/** Milliseconds in the same words. */
export function durationMsText(milliseconds: number | null): string {
  return durationText(milliseconds === null ? null : milliseconds / 1000);
}

/** A running clock: `00:00:41`; hours grow beyond two digits. */
export function clockText(milliseconds: number): string {
  const whole = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(whole / hour))}:${two(Math.floor((whole % hour) / minute))}:${two(whole % minute)}`;
}

/** One unit, for ages: `3 s`, `4 m`, `5 h`, `6 d`. */
export function ageText(seconds: number): string {
  const age = Math.max(0, seconds);
  if (age < minute) return `${Math.floor(age)} s`;
  if (age < hour) return `${Math.floor(age / minute)} m`;
  if (age < 2 * day) return `${Math.floor(age / hour)} h`;
  return `${Math.floor(age / day)} d`;
}

/** `3 s ago`; a clock a moment fast reads `0 s ago`. */
export function relativeText(iso: string, nowMs: number): string {
  const at = Date.parse(iso);
  return Number.isNaN(at) ? 'time unknown' : `${ageText((nowMs - at) / 1000)} ago`;
}

/** The reader's zone first, then UTC: what to show on hover. */
export function absoluteText(iso: string): string {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return 'time unknown';
  const local = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' }).format(at);
  return `${local} · ${new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')}`;
}

/** Time of day in UTC with milliseconds, for evidence: `02:14:07.318`. */
export function utcTimeText(iso: string): string {
  const at = Date.parse(iso);
  return Number.isNaN(at) ? 'time unknown' : new Date(at).toISOString().slice(11, 23);
}

/** `512 B`, `1.5 kB`, `12 MB`; binary steps, as PostgreSQL counts. */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return unknown;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 10 ? Math.round(value) : Number(value.toFixed(1))} ${units[unit]}`;
}

/**
 * Minor units as money with the currency's own number of decimals: 412000 EUR -> `€4,120.00`, 500 JPY -> `¥500`.
 * Exact at any size: the digits never pass through a float.
 * @param amountMinor digits with an optional minus sign
 */
export function moneyText(amountMinor: string, currency: string): string {
  if (!/^-?\d+$/.test(amountMinor)) return `${amountMinor} ${currency} (minor units)`;
  let formatter: Intl.NumberFormat;
  try {
    formatter = new Intl.NumberFormat('en-US', { style: 'currency', currency });
  } catch {
    return `${amountMinor} ${currency} (minor units)`;
  }
  const exponent = formatter.resolvedOptions().maximumFractionDigits ?? 2;
  const negative = amountMinor.startsWith('-');
  const digits = amountMinor.replace('-', '').padStart(exponent + 1, '0');
  const whole = BigInt(digits.slice(0, digits.length - exponent));
  const fraction = exponent === 0 ? '' : digits.slice(-exponent);
  // The integer part is grouped by the formatter, the fraction is put in as it is.
  const parts = formatter.formatToParts(whole);
  const text = parts.map(part => (part.type === 'fraction' ? fraction : part.value)).join('');
  return negative && Number(digits) !== 0 ? `−${text}` : text;
}

/** `user:default/mira` -> `mira`. */
export function refName(ref: string): string {
  return ref.replace(/^.*[:/]/, '');
}
