import { z } from 'zod';
import { callHttp, Fetch, parseJson } from '../httpCall';
import { OutsideError } from '../outside';

/** What the payer itself wrote down as acknowledged: the judge of what was lost. */
export interface PayerLog {
  /**
   * Ids of every payment acknowledged in the window, without repeats; `covered` is false when the log begins later than the window.
   * @throws OutsideError, also when there are too many to check
   */
  acknowledged(fromMs: number, toMs: number): Promise<{ ids: string[]; covered: boolean }>;
  /** Longest time without an acknowledged payment in the window; the count tells whether there was any. @throws OutsideError */
  gap(fromMs: number, toMs: number): Promise<{ longestGapMs: number; acknowledgedCount: number }>;
}

const requestTimeoutMs = 5_000;
const pageSize = 5_000;
/** 200,000 payments are hours of load; a window with more is a mistake, and half a check is none. */
const maxPages = 40;

const pageSchema = z.object({
  acknowledged: z.array(z.object({ transferId: z.string(), at: z.string() })),
  truncated: z.boolean(),
});
const gapSchema = z.object({ longestGapMs: z.number(), acknowledgedCount: z.number() });

const iso = (ms: number) => new Date(ms).toISOString();

export class HttpPayerLog implements PayerLog {
  private readonly source = 'Payer log';

  constructor(private readonly settings: { baseUrl: string }, private readonly fetchApi: Fetch = fetch) {}

  async acknowledged(fromMs: number, toMs: number): Promise<{ ids: string[]; covered: boolean }> {
    let covered = true;
    const ids = new Set<string>();
    let from = iso(fromMs);
    for (let page = 0; page < maxPages; page += 1) {
      const { acknowledged, truncated } = await this.get('acknowledged', { from, to: iso(toMs), limit: String(pageSize) }, value => pageSchema.parse(value));
      const before = ids.size;
      for (const one of acknowledged) ids.add(one.transferId);
      // Pages overlap in the last time stamp, so that payments of the same millisecond are not skipped.
      const full = acknowledged.length >= pageSize;
      if (page === 0) covered = full ? await this.covers(from, acknowledged[0].at) : !truncated;
      if (!full) return { ids: [...ids], covered };
      const next = acknowledged[acknowledged.length - 1].at;
      if (next === from && ids.size === before) break;
      from = next;
    }
    throw new OutsideError(this.source, 'refused', `has more than ${maxPages * pageSize} payments between ${iso(fromMs)} and ${iso(toMs)}`);
  }

  async gap(fromMs: number, toMs: number): Promise<{ longestGapMs: number; acknowledgedCount: number }> {
    return this.get('gap', { from: iso(fromMs), to: iso(toMs) }, value => gapSchema.parse(value));
  }

  /** A full page is called truncated because more follows; asked up to its first payment, only a late beginning of the log is left to say so. */
  private async covers(from: string, firstAt: string): Promise<boolean> {
    const { truncated } = await this.get('acknowledged', { from, to: firstAt, limit: String(pageSize) }, value => pageSchema.parse(value));
    return !truncated;
  }

  private async get<T>(path: string, query: Record<string, string>, parse: (value: unknown) => T): Promise<T> {
    const url = `${this.settings.baseUrl}/v1/${path}?${new URLSearchParams(query)}`;
    return parseJson(this.source, await callHttp(this.fetchApi, { source: this.source, url, timeoutMs: requestTimeoutMs }), parse);
  }
}
