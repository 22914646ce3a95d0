import {
  planSchema,
  refusalSchema,
  runEventListSchema,
  runListSchema,
  runSchema,
  systemListSchema,
  systemSchema,
  type Plan,
  type RecoverySystem,
  type Refusal,
  type Run,
  type RunEvent,
  type RunSummary,
  type StartRun,
} from '@airpay/plugin-airpay-dr-common';
import { ResponseError } from '@backstage/errors';
import { createApiRef, type FetchApi } from '@backstage/frontend-plugin-api';
import { z } from 'zod';

export type PlanRequest = Pick<StartRun, 'plan' | 'system' | 'to'>;
export type SteerAction = 'retry' | 'skip' | 'abort';

/**
 * What the recovery pages ask of the recovery backend. Every call rejects on HTTP errors, odd answers and after 10 s;
 * with a {@link RefusedError} when the backend refused in its own words.
 */
export interface RecoveryApi {
  systems(signal?: AbortSignal): Promise<RecoverySystem[]>;
  system(name: string, signal?: AbortSignal): Promise<RecoverySystem>;
  plan(request: PlanRequest, signal?: AbortSignal): Promise<Plan>;
  start(request: StartRun): Promise<Run>;
  runs(filter?: { system?: string; limit?: number }, signal?: AbortSignal): Promise<RunSummary[]>;
  run(id: string, signal?: AbortSignal): Promise<Run>;
  steer(id: string, action: SteerAction, request: { stepId: string; reason: string }): Promise<Run>;
  events(id: string, signal?: AbortSignal): Promise<RunEvent[]>;
}

export const recoveryApiRef = createApiRef<RecoveryApi>().with({
  id: 'plugin.airpay-dr.client',
  pluginId: 'airpay-dr',
});

/** The backend understood and said no, with a code of the closed list. */
export class RefusedError extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.message);
    this.name = 'RefusedError';
  }
}

const refusedSchema = z.object({ refusal: refusalSchema });
const requestTimeoutMs = 10_000;

/** Speaks to `/api/airpay-dr`; the shared fetch adds the reader's token. */
export class HttpRecoveryApi implements RecoveryApi {
  constructor(private readonly fetchApi: FetchApi) {}

  async systems(signal?: AbortSignal) {
    return (await this.ask('/systems', systemListSchema, { signal })).systems;
  }

  system(name: string, signal?: AbortSignal) {
    return this.ask(`/systems/${encodeURIComponent(name)}`, systemSchema, { signal });
  }

  plan(request: PlanRequest, signal?: AbortSignal) {
    return this.ask('/plans', planSchema, { body: request, signal });
  }

  start(request: StartRun) {
    return this.ask('/runs', runSchema, { body: request });
  }

  async runs(filter: { system?: string; limit?: number } = {}, signal?: AbortSignal) {
    const query = new URLSearchParams();
    if (filter.system) query.set('system', filter.system);
    if (filter.limit) query.set('limit', String(filter.limit));
    const text = query.toString();
    return (await this.ask(text ? `/runs?${text}` : '/runs', runListSchema, { signal })).runs;
  }

  run(id: string, signal?: AbortSignal) {
    return this.ask(`/runs/${encodeURIComponent(id)}`, runSchema, { signal });
  }

  steer(id: string, action: SteerAction, request: { stepId: string; reason: string }) {
    return this.ask(`/runs/${encodeURIComponent(id)}/${action}`, runSchema, { body: request });
  }

  async events(id: string, signal?: AbortSignal) {
    return (await this.ask(`/runs/${encodeURIComponent(id)}/events`, runEventListSchema, { signal })).events;
  }

  private async ask<T>(
    path: string,
    schema: z.ZodType<T>,
    { body, signal }: { body?: unknown; signal?: AbortSignal },
  ): Promise<T> {
    const timeout = AbortSignal.timeout(requestTimeoutMs);
    const response = await this.fetchApi.fetch(`plugin://airpay-dr${path}`, {
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      ...(body === undefined
        ? {}
        : { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
    });
    if (!response.ok) throw await failureOf(response);
    const parsed = schema.safeParse(await response.json());
    if (parsed.success) return parsed.data;
    const first = parsed.error.issues[0];
    throw new Error(`The answer of ${path} has an unexpected form at "${first?.path.join('.')}": ${first?.message}`);
  }
}

/** A refusal in the backend's words where it gave one, otherwise the plain HTTP failure. */
async function failureOf(response: Response): Promise<Error> {
  const copy = response.clone();
  const body = await copy.json().catch(() => undefined);
  const parsed = refusedSchema.safeParse(body);
  return parsed.success ? new RefusedError(parsed.data.refusal) : ResponseError.fromResponse(response);
}
