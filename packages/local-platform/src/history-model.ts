/**
 * The made-up past of the ledger: events per minute over 30 days, the same for the same seed and
 * end. Rates are those of the live load, so that a window half sample and half measured says
 * something. Pure; times are arguments.
 */

/** Upper bounds of the latency histogram, seconds; the ledger's own. */
export const bucketBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5];

export interface Route {
  method: string;
  route: string;
  code: string;
}

/** One kind of request; arrays hold one value per minute. */
export interface RequestStream extends Route {
  count: Uint32Array;
  /** Requests slower than each bound, per minute. */
  above: Uint32Array[];
  seconds: Float64Array;
}

export interface PaymentStream {
  currency: string;
  posted: Uint32Array;
  declined: Uint32Array;
  postedMinor: Float64Array;
}

export interface History {
  /** Unix seconds of the END of each minute. */
  minutes: Uint32Array;
  requests: RequestStream[];
  payments: PaymentStream[];
  syntheticOk: Uint32Array;
  syntheticFailed: Uint32Array;
}

/** Something that went wrong: when it began (days before the end), how long, and what it did. */
interface Incident {
  daysBefore: number;
  minutes: number;
  /** Share of requests that fail with 503. */
  failing?: number;
  /** Share of requests that take about 0.7 s. */
  slow?: number;
  /** Share of synthetic payments that fail although the ledger is well (the front, the network). */
  syntheticFailing?: number;
}

/** None in the last four days, so that no alert fires over something that never was. */
const incidents: Incident[] = [
  { daysBefore: 25.3, minutes: 40, slow: 0.06 },
  { daysBefore: 22.8, minutes: 18, failing: 0.03 },
  { daysBefore: 18.6, minutes: 11, syntheticFailing: 1 },
  { daysBefore: 16.9, minutes: 95, slow: 0.07 },
  { daysBefore: 11.4, minutes: 5, failing: 0.22, slow: 0.3 },
  { daysBefore: 8.2, minutes: 14, syntheticFailing: 1 },
  { daysBefore: 5.1, minutes: 25, slow: 0.05 },
];

const everyMinute = { failing: 4e-6, slow: 9e-5, syntheticFailing: 2e-5 };
const declinedShare = 1 / 200;
/** A synthetic payment every 5 s: two transfers and four balance reads each. */
const syntheticPerMinute = 12;
const currencies = [
  { currency: 'USD', share: 0.5, meanMinor: 8_000 },
  { currency: 'EUR', share: 0.3, meanMinor: 8_000 },
  { currency: 'MXN', share: 0.2, meanMinor: 8_000 },
];

/** mulberry32: small, quick, and the same everywhere. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Logistic in log time: one line, and close enough to what the ledger shows. */
function tail(bound: number, median: number, steepness: number): number {
  return 1 / (1 + (bound / median) ** steepness);
}

/** Share of requests slower than `bound` seconds: mostly around 15 ms, `slow` of them above 250 ms, around 0.7 s. */
export function shareAbove(bound: number, slow: number): number {
  // Without trouble the quick ones end well below 250 ms; what lies above is `slow` alone.
  if (bound >= 0.25) return slow * (tail(bound, 0.7, 4) / tail(0.25, 0.7, 4));
  return (1 - slow) * tail(bound, 0.015, 3.5) + slow;
}

/** Half as much again at the top of the day as at its bottom; the mean over a day is 1. */
export function wave(unixSeconds: number): number {
  // Busiest at 14:00 UTC.
  return 1 + 0.2 * Math.cos(((unixSeconds / 3600 - 14) / 24) * 2 * Math.PI);
}

function shareAt(minute: number, end: number, what: 'failing' | 'slow' | 'syntheticFailing'): number {
  let share = everyMinute[what];
  for (const incident of incidents) {
    const from = end - incident.daysBefore * 86_400;
    if (minute > from && minute <= from + incident.minutes * 60) share = Math.max(share, incident[what] ?? 0);
  }
  return share;
}

/**
 * @param end unix seconds, a whole minute: the last one that is made up
 * @param paymentsPerSecond of the live load
 */
export function makeHistory(options: { end: number; days: number; paymentsPerSecond: number; seed: number }): History {
  const { end, days, paymentsPerSecond, seed } = options;
  if (end % 60 !== 0) throw new Error('history ends at a whole minute');
  const count = days * 1440;
  const random = randomFrom(seed);
  const stream = (method: string, route: string, code: string): RequestStream => ({
    method,
    route,
    code,
    count: new Uint32Array(count),
    above: bucketBounds.map(() => new Uint32Array(count)),
    seconds: new Float64Array(count),
  });
  const posted = stream('POST', '/v1/transfers', '201');
  const declined = stream('POST', '/v1/transfers', '422');
  const postFailed = stream('POST', '/v1/transfers', '503');
  const read = stream('GET', '/v1/accounts/:id', '200');
  const readFailed = stream('GET', '/v1/accounts/:id', '503');
  const payments = currencies.map(({ currency }) => ({
    currency,
    posted: new Uint32Array(count),
    declined: new Uint32Array(count),
    postedMinor: new Float64Array(count),
  }));
  const history: History = {
    minutes: new Uint32Array(count),
    requests: [posted, declined, postFailed, read, readFailed],
    payments,
    syntheticOk: new Uint32Array(count),
    syntheticFailed: new Uint32Array(count),
  };
  // Whole numbers whose mean is exactly what was asked, also below one.
  const whole = (mean: number) => Math.floor(mean + random());
  for (let index = 0; index < count; index++) {
    const minute = end - (count - 1 - index) * 60;
    history.minutes[index] = minute;
    const failing = shareAt(minute, end, 'failing');
    const slow = shareAt(minute, end, 'slow');
    const transfers = whole(paymentsPerSecond * 60 * wave(minute) * (0.96 + 0.08 * random()) + syntheticPerMinute * 2);
    const reads = syntheticPerMinute * 4;
    postFailed.count[index] = whole(transfers * failing);
    declined.count[index] = Math.min(transfers - postFailed.count[index]!, whole(transfers * declinedShare));
    posted.count[index] = transfers - postFailed.count[index]! - declined.count[index]!;
    readFailed.count[index] = whole(reads * failing);
    read.count[index] = reads - readFailed.count[index]!;
    for (const one of history.requests) spreadLatency(one, index, slow, random());
    sharePayments(payments, index, posted.count[index]!, declined.count[index]!);
    const syntheticFailing = Math.max(failing, shareAt(minute, end, 'syntheticFailing'));
    history.syntheticFailed[index] = Math.min(syntheticPerMinute, whole(syntheticPerMinute * syntheticFailing));
    history.syntheticOk[index] = syntheticPerMinute - history.syntheticFailed[index]!;
  }
  return history;
}

function spreadLatency(stream: RequestStream, index: number, slow: number, luck: number): void {
  const count = stream.count[index]!;
  let seconds = 0;
  let before = count;
  bucketBounds.forEach((bound, bucket) => {
    // The same luck for every bound keeps the counts falling from bound to bound.
    const above = Math.min(before, Math.floor(count * shareAbove(bound, slow) + luck));
    stream.above[bucket]![index] = above;
    seconds += (before - above) * bound * 0.75;
    before = above;
  });
  stream.seconds[index] = seconds + before * 6;
}

function sharePayments(payments: PaymentStream[], index: number, posted: number, declined: number): void {
  let left = posted;
  currencies.forEach(({ share, meanMinor }, position) => {
    const stream = payments[position]!;
    const own = position === currencies.length - 1 ? left : Math.round(posted * share);
    left -= own;
    stream.posted[index] = own;
    stream.declined[index] = position === 0 ? declined : 0;
    stream.postedMinor[index] = own * meanMinor;
  });
}
