/** Token bucket arithmetic. Time is an argument, in milliseconds of any clock that the caller keeps to. */
import { tenantPattern } from './scopes.ts';
import type { Settings } from './settings.ts';

/** `ratePerS` tokens come back per second, and at most `burst` are kept. */
export interface Limit {
  ratePerS: number;
  burst: number;
}

export interface Bucket {
  tokens: number;
  /** When `tokens` was right. */
  atMs: number;
}

export interface RateLimits {
  /** Of every tenant that has none of its own. */
  standard: Limit;
  byTenant: ReadonlyMap<string, Limit>;
}

export function fullBucket(limit: Limit, nowMs: number): Bucket {
  return { tokens: limit.burst, atMs: nowMs };
}

/** A clock that was set back gives nothing, and counts from where it is now: to wait for its old time would starve the tenant. */
export function refill(bucket: Bucket, limit: Limit, nowMs: number): Bucket {
  const elapsedMs = Math.max(0, nowMs - bucket.atMs);
  return { tokens: Math.min(limit.burst, bucket.tokens + (elapsedMs * limit.ratePerS) / 1000), atMs: nowMs };
}

/**
 * Takes `cost` tokens or none. What costs more than the burst passes when the bucket is full and leaves a debt:
 * else it would never pass, and the debt keeps the average.
 */
export function take(bucket: Bucket, limit: Limit, cost: number, nowMs: number): { bucket: Bucket; allowed: boolean } {
  const { tokens, atMs } = refill(bucket, limit, nowMs);
  const allowed = tokens >= Math.min(cost, limit.burst);
  return { bucket: { tokens: allowed ? tokens - cost : tokens, atMs }, allowed };
}

/** How long until `cost` tokens are there, in whole milliseconds; `cost` is at most the burst. */
export function waitMs(tokens: number, limit: Limit, cost: number): number {
  return Math.max(0, Math.ceil(((cost - tokens) * 1000) / limit.ratePerS));
}

/** What one of `processes` may let through when they cannot ask each other. At least one request at a time. */
export function shareOf(limit: Limit, processes: number): Limit {
  const among = Math.max(1, processes);
  return { ratePerS: limit.ratePerS / among, burst: Math.max(1, Math.floor(limit.burst / among)) };
}

export function limitOf(limits: RateLimits, tenant: string): Limit {
  return limits.byTenant.get(tenant) ?? limits.standard;
}

const rateMax = 1_000_000;

/** LEDGER_RATE_LIMIT_PER_S, LEDGER_RATE_LIMIT_BURST, and `tenant=rate/burst,…` in LEDGER_RATE_LIMITS. */
export function readRateLimits(settings: Settings): RateLimits {
  const ratePerS = settings.whole('LEDGER_RATE_LIMIT_PER_S', 5_000, 1, rateMax);
  const burst = settings.whole('LEDGER_RATE_LIMIT_BURST', Math.min(2 * ratePerS || 1, rateMax), 1, rateMax);
  const byTenant = new Map<string, Limit>();
  const parts = settings.optional('LEDGER_RATE_LIMITS')?.split(',') ?? [];
  for (const [index, part] of parts.entries()) {
    const [, tenant = '', rate, most] = /^([^=]+)=(\d{1,7})\/(\d{1,7})$/.exec(part.trim()) ?? [];
    const limit = { ratePerS: Number(rate), burst: Number(most) };
    const fits = tenantPattern.test(tenant) && !byTenant.has(tenant) && [limit.ratePerS, limit.burst].every(number => number >= 1 && number <= rateMax);
    if (fits) byTenant.set(tenant, limit);
    else settings.fault(`LEDGER_RATE_LIMITS, entry ${index + 1}:`, `must be tenant=rate/burst, once per tenant, each from 1 to ${rateMax}`);
  }
  return { standard: { ratePerS, burst }, byTenant };
}
