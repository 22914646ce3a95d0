import { z } from 'zod';
import type { AlertRule, Sample } from './observed';
import { readJson, UpstreamError } from './upstream';

export interface RangeRequest {
  startMs: number;
  endMs: number;
  stepSeconds: number;
}

export interface RangeSeries {
  labels: Record<string, string>;
  /** One per step from start to end; null where there is no sample or it is NaN. */
  values: (number | null)[];
}

/** Reads Prometheus. Every method throws UpstreamError and nothing else. */
export interface Prometheus {
  /** One sample per series now; NaN and infinite values are left out, as is what does not exist. */
  instant(query: string): Promise<Sample[]>;
  /** @throws UpstreamError also when the request asks for more than `maxPoints` points */
  range(query: string, request: RangeRequest): Promise<RangeSeries[]>;
  alertRules(): Promise<AlertRule[]>;
}

/** A chart is not wider than this; more points only cost. */
export const maxPoints = 300;

const source = 'Prometheus';
const timeoutMs = 8_000;
const instantTtlMs = 2_000;
const rangeTtlMs = 15_000;
const rulesTtlMs = 15_000;
/** Distinct questions kept; the oldest goes first. */
const maxCached = 200;

const labelsSchema = z.record(z.string(), z.string());
const pointSchema = z.tuple([z.number(), z.string()]);
const failureSchema = z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() });
const vectorSchema = z.object({
  status: z.literal('success'),
  data: z.discriminatedUnion('resultType', [
    z.object({ resultType: z.literal('vector'), result: z.array(z.object({ metric: labelsSchema, value: pointSchema })) }),
    z.object({ resultType: z.literal('scalar'), result: pointSchema }),
  ]),
});
const matrixSchema = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('matrix'),
    result: z.array(z.object({ metric: labelsSchema, values: z.array(pointSchema) })),
  }),
});
const rulesSchema = z.object({
  status: z.literal('success'),
  data: z.object({
    groups: z.array(
      z.object({
        rules: z.array(
          z.object({
            type: z.string(),
            name: z.string(),
            query: z.string(),
            state: z.string().optional(),
            labels: labelsSchema.optional(),
            annotations: labelsSchema.optional(),
            lastEvaluation: z.string().optional(),
          }),
        ),
      }),
    ),
  }),
});

interface Cached {
  value: Promise<unknown>;
  expiresAt: number;
}

export class HttpPrometheus implements Prometheus {
  readonly #cache = new Map<string, Cached>();

  constructor(
    private readonly options: { baseUrl: string; token?: string; now?: () => number },
  ) {}

  async instant(query: string): Promise<Sample[]> {
    const answer = await this.#ask('query', { query }, vectorSchema, instantTtlMs);
    const { data } = answer;
    const rows = data.resultType === 'vector' ? data.result : [{ metric: {}, value: data.result }];
    return rows
      .map(row => ({ labels: row.metric, value: Number(row.value[1]), at: row.value[0] * 1000 }))
      .filter(sample => Number.isFinite(sample.value));
  }

  async range(query: string, request: RangeRequest): Promise<RangeSeries[]> {
    const { startMs, endMs, stepSeconds } = request;
    const count = Math.floor((endMs - startMs) / 1000 / stepSeconds) + 1;
    if (!(count >= 1 && count <= maxPoints)) {
      throw new UpstreamError(source, `a range of ${count} points was asked for; 1 to ${maxPoints} are possible`);
    }
    const form = {
      query,
      start: String(startMs / 1000),
      end: String(endMs / 1000),
      step: String(stepSeconds),
    };
    const answer = await this.#ask('query_range', form, matrixSchema, rangeTtlMs);
    return answer.data.result.map(row => {
      const values: (number | null)[] = new Array(count).fill(null);
      for (const [at, text] of row.values) {
        const index = Math.round((at * 1000 - startMs) / 1000 / stepSeconds);
        const value = Number(text);
        if (index >= 0 && index < count && Number.isFinite(value)) values[index] = value;
      }
      return { labels: row.metric, values };
    });
  }

  async alertRules(): Promise<AlertRule[]> {
    const answer = await this.#ask('rules?type=alert', undefined, rulesSchema, rulesTtlMs);
    return answer.data.groups
      .flatMap(group => group.rules)
      .filter(rule => rule.type === 'alerting')
      .map(rule => ({
        name: rule.name,
        query: rule.query,
        labels: rule.labels ?? {},
        annotations: rule.annotations ?? {},
        state: rule.state ?? 'unknown',
        evaluatedAt: rule.lastEvaluation ?? null,
      }));
  }

  /** The same question asked again within its time, or while it is being answered, is asked once. */
  async #ask<T>(path: string, form: Record<string, string> | undefined, schema: z.ZodType<T>, ttlMs: number): Promise<T> {
    const key = `${path} ${JSON.stringify(form)}`;
    const now = (this.options.now ?? Date.now)();
    const known = this.#cache.get(key);
    if (known && known.expiresAt > now) return known.value as Promise<T>;
    const value = this.#fetch(path, form, schema);
    this.#cache.delete(key);
    this.#cache.set(key, { value, expiresAt: now + ttlMs });
    // A failure is not kept: the next caller tries again.
    value.catch(() => {
      if (this.#cache.get(key)?.value === value) this.#cache.delete(key);
    });
    if (this.#cache.size > maxCached) this.#cache.delete(this.#cache.keys().next().value!);
    return value;
  }

  async #fetch<T>(path: string, form: Record<string, string> | undefined, schema: z.ZodType<T>): Promise<T> {
    const url = `${this.options.baseUrl.replace(/\/$/, '')}/api/v1/${path}`;
    const { status, body } = await readJson(url, { source, timeoutMs, token: this.options.token, form });
    const failure = failureSchema.safeParse(body);
    if (failure.success) {
      throw new UpstreamError(source, `Prometheus refused the query (${failure.data.errorType}): ${failure.data.error}`);
    }
    const parsed = schema.safeParse(body);
    if (!parsed.success) {
      throw new UpstreamError(source, `Prometheus answered ${status} in a form that was not expected`, { cause: parsed.error });
    }
    return parsed.data;
  }
}
