import type { SloSeries } from '@airpay/plugin-airpay-platform-common';

// From the series of the wire to what a chart draws. A gap stays a gap.

export type SeriesName = SloSeries['series'][number]['name'];

/** One value per time; a series the answer lacks, or one of another length, is all gaps. */
export function aligned(series: SloSeries, name: SeriesName): (number | null)[] {
  const found = series.series.find(one => one.name === name)?.values ?? [];
  return series.times.map((_, index) => {
    const value = found[index];
    return typeof value === 'number' && Number.isFinite(value) ? value : null;
  });
}

export function hasData(values: readonly (number | null)[]): boolean {
  return values.some(value => value !== null);
}

/** Runs of missing points as index pairs, both ends included. */
export function gaps(values: readonly (number | null)[]): [number, number][] {
  const found: [number, number][] = [];
  values.forEach((value, index) => {
    if (value !== null) return;
    const last = found[found.length - 1];
    if (last && last[1] === index - 1) last[1] = index;
    else found.push([index, index]);
  });
  return found;
}

/**
 * Share of the time axis, 0..1, that is generated history; 0 without any.
 * @param sampleUntil ISO time before which samples are generated
 */
export function sampleShare(times: readonly number[], sampleUntil: string | null): number {
  const until = sampleUntil === null ? NaN : Date.parse(sampleUntil);
  if (Number.isNaN(until) || times.length < 2) return 0;
  const first = times[0];
  const span = times[times.length - 1] - first;
  return span <= 0 ? 0 : Math.min(1, Math.max(0, (until - first) / span));
}

/** Domain of a budget chart: always holds 0..1, and below when overspent. */
export function budgetDomain(values: readonly (number | null)[]): [number, number] {
  const numbers = values.filter((value): value is number => value !== null);
  const least = Math.min(0, ...numbers);
  return [least < 0 ? Math.floor(least * 10) / 10 : 0, 1];
}

/** Upper end of an axis that starts at zero: 1, 2 or 5 times a power of ten, at least `floor`. */
export function niceMax(values: readonly (number | null)[], floor = 0): number {
  const most = Math.max(floor, ...values.map(value => value ?? 0));
  if (most <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  const factor = [1, 2, 2.5, 5, 10].find(one => one * power >= most * (1 - 1e-9)) ?? 10;
  return factor * power;
}

const minuteMs = 60_000;
const tickSteps = [5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440, 2880, 4320, 7200, 10080].map(
  minutes => minutes * minuteMs,
);

/** Round times for an axis, at most `most` of them, in the reader's zone. */
export function timeTicks(times: readonly number[], most: number): number[] {
  if (times.length < 2 || most < 1) return [];
  const first = times[0];
  const last = times[times.length - 1];
  const step = tickSteps.find(one => (last - first) / one <= most) ?? tickSteps[tickSteps.length - 1];
  // Ticks fall on round local times: a day starts at the reader's midnight.
  const offset = new Date(last).getTimezoneOffset() * minuteMs;
  const ticks: number[] = [];
  for (let at = Math.ceil((first - offset) / step) * step + offset; at <= last; at += step) ticks.push(at);
  return ticks;
}

/** `14:30` for ranges up to a day, `21 Nov` beyond. */
export function tickText(atMs: number, spanMs: number): string {
  const date = new Date(atMs);
  return spanMs <= 36 * 60 * minuteMs
    ? date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
    : date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
}

/**
 * SVG path of a small line without axes: `M` starts again after each gap, a lone point becomes a dot.
 * @returns empty when nothing is to be drawn
 */
export function sparkPath(values: readonly (number | null)[], width: number, height: number): string {
  const numbers = values.filter((value): value is number => value !== null);
  if (numbers.length === 0) return '';
  const least = Math.min(0, ...numbers);
  const most = Math.max(1, ...numbers);
  const x = (index: number) => (values.length < 2 ? width : (index / (values.length - 1)) * width);
  const y = (value: number) => height - ((value - least) / (most - least)) * height;
  let path = '';
  values.forEach((value, index) => {
    if (value === null) return;
    const point = `${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
    const starts = index === 0 || values[index - 1] === null;
    path += starts ? `M${point}` : `L${point}`;
    const alone = starts && (index === values.length - 1 || values[index + 1] === null);
    if (alone) path += 'h0.1';
  });
  return path;
}
