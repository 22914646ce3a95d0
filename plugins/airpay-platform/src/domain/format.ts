// Numbers and times as a person reads them. A value of null is "no data" and never becomes a number.

export const noData = 'no data';

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const second = 1;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** `1,234`; below ten one decimal, so that a slow trickle is not shown as zero. */
export function countText(value: number | null): string {
  if (value === null) return noData;
  if (value > 0 && value < 0.05) return '< 0.1';
  if (value !== 0 && Math.abs(value) < 10 && !Number.isInteger(value)) return value.toFixed(1);
  return grouped.format(value);
}

/**
 * A ratio as percent with as many digits as its distance to 100 % needs: 0.99993 -> `99.993 %`,
 * 0.82 -> `82 %`. Cut, not rounded: what is short of 100 % is never shown as 100 %.
 */
export function percentText(ratio: number | null): string {
  if (ratio === null) return noData;
  const percent = ratio * 100;
  const gap = Math.abs(100 - percent);
  if (gap < 1e-9) return '100 %';
  const digits = Math.min(6, Math.max(gap >= 5 ? 0 : 1, Math.ceil(-Math.log10(gap / 3))));
  const scale = 10 ** digits;
  return `${String(Math.floor(percent * scale + 1e-6) / scale)} %`;
}

/** An objective given in percent: 99.99 -> `99.99 %`. */
export function objectiveText(percent: number): string {
  return `${String(Number(percent.toFixed(6)))} %`;
}

/** Share of a budget: `82 %`, `3.4 %`, `0 %`, overspent `−12 %`. Cut towards zero left. */
export function budgetText(left: number | null): string {
  if (left === null) return noData;
  const percent = left * 100;
  const small = Math.abs(percent) < 10;
  const cut = small ? Math.floor(percent * 10 + 1e-9) / 10 : Math.floor(percent + 1e-9);
  return `${cut < 0 ? '−' : ''}${Math.abs(cut)} %`;
}

/** The same with a word: `82 % left`, `12 % overspent`. */
export function budgetLeftText(left: number | null): string {
  if (left === null) return noData;
  return left < 0 ? `${budgetText(-left)} overspent` : `${budgetText(left)} left`;
}

/** A burn rate: `0.3 ×`, `14.4 ×`, `120 ×`. */
export function burnText(burn: number | null): string {
  if (burn === null) return noData;
  if (burn > 0 && burn < 0.05) return '< 0.1 ×';
  return `${burn >= 100 ? grouped.format(burn) : String(Number(burn.toFixed(1)))} ×`;
}

/** Seconds as the two largest units: `38 ms`, `1.2 s`, `45 s`, `1 m 20 s`, `2 h 5 m`, `9 d 4 h`. */
export function durationText(seconds: number | null): string {
  if (seconds === null) return noData;
  if (seconds < 0) return `−${durationText(-seconds)}`;
  if (seconds === 0) return '0 s';
  if (seconds < 0.9995) return `${String(Number((seconds * 1000).toPrecision(seconds < 0.01 ? 2 : 3)))} ms`;
  if (seconds < 9.95) return `${String(Number(seconds.toFixed(1)))} s`;
  const whole = Math.round(seconds);
  const pair = (big: number, bigName: string, small: number, smallName: string) => {
    const first = Math.floor(whole / big);
    const rest = Math.floor((whole - first * big) / small);
    return rest === 0 ? `${first} ${bigName}` : `${first} ${bigName} ${rest} ${smallName}`;
  };
  if (whole < minute) return `${whole} s`;
  if (whole < hour) return pair(minute, 'm', second, 's');
  if (whole < day) return pair(hour, 'h', minute, 'm');
  return pair(day, 'd', hour, 'h');
}

/** One unit, for ages: `3 s`, `4 m`, `5 h`, `6 d`. */
export function ageText(seconds: number): string {
  const age = Math.max(0, seconds);
  if (age < minute) return `${Math.floor(age)} s`;
  if (age < hour) return `${Math.floor(age / minute)} m`;
  if (age < 2 * day) return `${Math.floor(age / hour)} h`;
  return `${Math.floor(age / day)} d`;
}

/** `3 s ago`, or `in 9 d` for what lies ahead. A clock a moment fast reads `0 s ago`. */
export function relativeText(iso: string | null, nowMs: number): string {
  const at = iso === null ? NaN : Date.parse(iso);
  if (Number.isNaN(at)) return 'time unknown';
  const seconds = (nowMs - at) / 1000;
  return seconds < -5 ? `in ${ageText(-seconds)}` : `${ageText(seconds)} ago`;
}

/** The reader's zone first, then UTC: what to show on hover. */
export function absoluteText(iso: string | null): string {
  const at = iso === null ? NaN : Date.parse(iso);
  if (Number.isNaN(at)) return 'time unknown';
  const local = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' }).format(at);
  return `${local} · ${new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')}`;
}

/** `group:default/payments-core` -> `payments-core`. */
export function refName(ref: string | null): string {
  if (ref === null) return 'nobody';
  return ref.replace(/^.*[:/]/, '');
}

/** Path of an entity's page in the catalog; null when the text is not a full reference. */
export function entityPath(ref: string | null): string | null {
  const parts = /^([^:/]+):([^:/]+)\/([^:/]+)$/.exec(ref ?? '');
  return parts ? `/catalog/${parts[2]}/${parts[1].toLocaleLowerCase('en-US')}/${parts[3]}` : null;
}

/** A link that is safe to render: http(s) or a path of this site; otherwise null. */
export function safeHref(url: string | null): string | null {
  if (url === null) return null;
  return /^https?:\/\//i.test(url) || /^\/(?!\/)/.test(url) ? url : null;
}
