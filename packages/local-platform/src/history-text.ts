/** A made-up past as OpenMetrics text, with the names and labels the live processes use. */
import { bucketBounds, type History } from './history-model.ts';
import type { RecordedSeries } from './history-rules.ts';

/** One series; the value after each minute. */
interface Series {
  name: string;
  labels: Record<string, string>;
  /** Counter value at minute `index`, or undefined for no sample. */
  at: (index: number) => number | undefined;
  stepSeconds: number;
  /** Left out while nothing happens: rare answers are most of the series and none of the information. */
  rare?: boolean;
}

/** A rare series is shown this many minutes before and after each change, so that increase() sees both sides. */
const rareMinutes = 6;

/** Where the samples stand in labels: no live process is called so. */
export const historyInstance = 'history';

function counter(values: ArrayLike<number>): (index: number) => number {
  const total = new Float64Array(values.length);
  let sum = 0;
  for (let index = 0; index < values.length; index++) total[index] = sum += values[index]!;
  return index => total[index]!;
}

/** Series as the ledger of region A and the payer would have shown them. */
export function liveSeries(history: History): Series[] {
  const ledger = { job: 'ledger', service: 'ledger', region: 'region-a', instance: historyInstance };
  const series: Series[] = [];
  const add = (name: string, labels: Record<string, string>, values: ArrayLike<number>) =>
    series.push({ name, labels, at: counter(values), stepSeconds: 60, rare: labels.code?.startsWith('5') ?? false });
  for (const { method, route, code, count, above, seconds } of history.requests) {
    const labels = { ...ledger, method, route, code };
    add('http_requests_total', labels, count);
    bucketBounds.forEach((bound, bucket) => {
      const within = count.map((all, index) => all - above[bucket]![index]!);
      add('http_request_duration_seconds_bucket', { ...labels, le: String(bound) }, within);
    });
    add('http_request_duration_seconds_bucket', { ...labels, le: '+Inf' }, count);
    add('http_request_duration_seconds_count', labels, count);
    add('http_request_duration_seconds_sum', labels, seconds);
  }
  for (const { currency, posted, declined, postedMinor } of history.payments) {
    add('ledger_transfers_total', { ...ledger, currency, result: 'posted' }, posted);
    add('ledger_transfers_total', { ...ledger, currency, result: 'insufficient_funds' }, declined);
    add('ledger_transferred_minor_total', { ...ledger, currency }, postedMinor);
  }
  const payer = { job: 'payer', instance: historyInstance };
  add('synthetic_payments_total', { ...payer, result: 'ok' }, history.syntheticOk);
  add('synthetic_payments_total', { ...payer, result: 'failed' }, history.syntheticFailed);
  return series;
}

/**
 * OpenMetrics text of the minutes in (from, to], unix seconds; one piece per series, made when it is
 * asked for, since a whole block is tens of megabytes.
 */
export function* openMetrics(history: History, all: readonly (Series | RecordedSeries)[], from: number, to: number): Generator<{ text: string; samples: number }> {
  const first = history.minutes[0]!;
  const last = history.minutes.length - 1;
  const start = Math.max(0, Math.floor((from - first) / 60) + 1);
  const end = Math.min(last, Math.floor((to - first) / 60));
  for (const one of all) {
    const { name, labels, at, stepSeconds } = one;
    const rare = 'rare' in one && one.rare;
    const head = `${name}{${Object.entries(labels).map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}}`;
    let text = '';
    let samples = 0;
    for (let index = start; index <= end; index++) {
      const minute = history.minutes[index]!;
      // The newest moment is always there, so that what is recorded reaches up to what is measured.
      if (minute % stepSeconds !== 0 && index !== last) continue;
      const value = at(index);
      if (value === undefined) continue;
      if (rare && at(Math.max(0, index - rareMinutes)) === at(Math.min(last, index + rareMinutes))) continue;
      text += `${head} ${value} ${minute}\n`;
      samples += 1;
    }
    yield { text, samples };
  }
  yield { text: '# EOF\n', samples: 0 };
}
