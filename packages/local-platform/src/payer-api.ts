/** What the payer answers: its record of acknowledgements and the gap in them. Reads only. */
import { HttpError, sendJson, sendText, type Route } from './http-kit.ts';
import { firstNotBefore, longestGap } from './payer-gap.ts';
import type { Acknowledged, AcknowledgedLog } from './payer-log.ts';
import type { PayerMetrics } from './payer-metrics.ts';

const LIMIT_MAX = 10_000;
const LIMIT_DEFAULT = 1_000;
const WINDOW_DEFAULT_MS = 10 * 60_000;

/** `acknowledged` and `gap` take `from` and `to` as ISO times; without them the last ten minutes. */
export function payerRoutes(log: AcknowledgedLog, metrics: PayerMetrics, nowMs: () => number): Route[] {
  return [
    { method: 'GET', pattern: '/livez', handle: call => sendText(call.response, 200, 'text/plain', 'ok\n') },
    {
      method: 'GET',
      pattern: '/metrics',
      handle: async call => sendText(call.response, 200, metrics.registry.contentType, await metrics.registry.metrics()),
    },
    {
      method: 'GET',
      pattern: '/v1/acknowledged',
      handle: call => {
        const { fromMs, toMs } = readWindow(call.url, nowMs());
        const limit = readLimit(call.url);
        const inWindow = between(log.recent(), fromMs, toMs);
        const acknowledged = inWindow.slice(0, limit);
        const truncated = inWindow.length > limit || fromMs < log.coversSinceMs();
        sendJson(call.response, 200, { acknowledged, truncated });
      },
    },
    {
      method: 'GET',
      pattern: '/v1/gap',
      handle: call => {
        const { fromMs, toMs } = readWindow(call.url, nowMs());
        const times = between(log.recent(), fromMs, toMs).map(atMs);
        const gap = longestGap(times, fromMs, toMs);
        sendJson(call.response, 200, {
          longestGapMs: gap.longestGapMs,
          gapStartedAt: new Date(gap.gapStartedAtMs).toISOString(),
          gapEndedAt: new Date(gap.gapEndedAtMs).toISOString(),
          acknowledgedCount: gap.acknowledgedCount,
          truncated: fromMs < log.coversSinceMs(),
        });
      },
    },
  ];
}

const atMs = (entry: Acknowledged) => Date.parse(entry.at);

function between(entries: Acknowledged[], fromMs: number, toMs: number): Acknowledged[] {
  return entries.slice(firstNotBefore(entries, fromMs, atMs), firstNotBefore(entries, toMs + 1, atMs));
}

/** The future is no gap: a window that reaches beyond now ends now. */
function readWindow(url: URL, nowMs: number): { fromMs: number; toMs: number } {
  const toMs = Math.min(readTime(url, 'to') ?? nowMs, nowMs);
  const fromMs = readTime(url, 'from') ?? toMs - WINDOW_DEFAULT_MS;
  if (fromMs > toMs) throw new HttpError(400, 'bad-window', 'from must not be after to or now');
  return { fromMs, toMs };
}

function readTime(url: URL, name: string): number | undefined {
  const text = url.searchParams.get(name);
  if (text === null) return undefined;
  const time = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new HttpError(400, 'bad-time', `${name} must be an ISO time such as 2026-01-31T10:00:00Z`);
  return time;
}

function readLimit(url: URL): number {
  const limit = Number(url.searchParams.get('limit') ?? LIMIT_DEFAULT);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
    throw new HttpError(400, 'bad-limit', `limit must be a whole number from 1 to ${LIMIT_MAX}`);
  }
  return limit;
}
