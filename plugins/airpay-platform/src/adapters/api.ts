import {
  overviewSchema,
  ownershipResultSchema,
  sloDetailSchema,
  sloListSchema,
  sloSeriesSchema,
  type Overview,
  type OwnershipResult,
  type SloDetail,
  type SloList,
  type SloRange,
  type SloSeries,
} from '@airpay/plugin-airpay-platform-common';
import { ResponseError } from '@backstage/errors';
import { createApiRef, type FetchApi } from '@backstage/frontend-plugin-api';
import type { ZodType } from 'zod';

/** What the pages ask of the platform backend. Every call rejects on HTTP errors, odd answers and after 10 s. */
export interface PlatformApi {
  overview(signal?: AbortSignal): Promise<Overview>;
  slos(filter?: { entityRef?: string }, signal?: AbortSignal): Promise<SloList>;
  slo(id: string, signal?: AbortSignal): Promise<SloDetail>;
  series(id: string, range: SloRange, signal?: AbortSignal): Promise<SloSeries>;
  ownership(query: string, signal?: AbortSignal): Promise<OwnershipResult>;
}

export const platformApiRef = createApiRef<PlatformApi>().with({
  id: 'plugin.airpay-platform.client',
  pluginId: 'airpay-platform',
});

const requestTimeoutMs = 10_000;

/** Speaks to `/api/airpay-platform`; the shared fetch adds the reader's token. */
export class HttpPlatformApi implements PlatformApi {
  constructor(private readonly fetchApi: FetchApi) {}

  overview(signal?: AbortSignal) {
    return this.get('/overview', overviewSchema, signal);
  }

  slos(filter: { entityRef?: string } = {}, signal?: AbortSignal) {
    const query = filter.entityRef ? `?${new URLSearchParams({ entityRef: filter.entityRef })}` : '';
    return this.get(`/slos${query}`, sloListSchema, signal);
  }

  slo(id: string, signal?: AbortSignal) {
    return this.get(`/slos/${encodeURIComponent(id)}`, sloDetailSchema, signal);
  }

  series(id: string, range: SloRange, signal?: AbortSignal) {
    return this.get(`/slos/${encodeURIComponent(id)}/series?range=${range}`, sloSeriesSchema, signal);
  }

  ownership(query: string, signal?: AbortSignal) {
    return this.get(`/ownership?${new URLSearchParams({ q: query })}`, ownershipResultSchema, signal);
  }

  private async get<T>(path: string, schema: ZodType<T>, signal?: AbortSignal): Promise<T> {
    const timeout = AbortSignal.timeout(requestTimeoutMs);
    const response = await this.fetchApi.fetch(`plugin://airpay-platform${path}`, {
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    if (!response.ok) throw await ResponseError.fromResponse(response);
    const parsed = schema.safeParse(await response.json());
    if (parsed.success) return parsed.data;
    const first = parsed.error.issues[0];
    throw new Error(`The answer of ${path} has an unexpected form at "${first?.path.join('.')}": ${first?.message}`);
  }
}
