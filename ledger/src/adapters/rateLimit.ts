/**
 * Token buckets per tenant, shared by all processes. The bucket is in Redis; a process leases tokens for about a
 * tenth of a second from it and spends them by itself, so that a request costs no round trip. While Redis is away each
 * process keeps to its share of the limit: never unlimited, and never closed.
 */
import { createHash } from 'node:crypto';
import { fullBucket, limitOf, shareOf, take, waitMs, type Bucket, type Limit, type RateLimits } from '../domain/bucket.ts';
import type { RedisConnection, RedisScript } from '../domain/redis.ts';

export interface Taken {
  allowed: boolean;
  /** Tokens left, as far as this process knows. */
  remaining: number;
  /** When refused: how long until it may be allowed. */
  retryAfterMs: number;
  limit: Limit;
}

export interface RateLimiterOptions {
  limits: RateLimits;
  /** Null: this process by itself. */
  redis: Pick<RedisConnection, 'up' | 'script'> | null;
  /** Differs between processes. */
  instance: string;
  /** Processes that share the limits, as long as Redis has not told. */
  replicas: number;
  /** Told when Redis did not answer, or not as it must: for a second this process limits by itself. */
  onUnavailable: (reason: Error) => void;
}

const brokenMs = 1_000;
const leaseMs = 100;
const leaseMin = 10;
/** A lease that was not spent by then is void: a process that was idle must not bring an old one on top. */
const leaseAgeMaxMs = 1_000;
/** Between two questions when the last answer was that there is nothing. */
const emptyAskMs = 5;
const roundsMax = 3;
const tenantsMax = 10_000;

/**
 * KEYS: bucket, processes. ARGV: rate per second, burst, tokens wanted, tokens that are the least of use, process.
 * The clock is the server's, so that it is one clock. Answers: granted, thousandths of tokens left, processes.
 */
const source = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local rate, burst, wanted, least = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local stored = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(stored[1]) or burst, tonumber(stored[2]) or now
tokens = math.min(burst, tokens + math.max(0, now - at) * rate / 1000)
local granted = math.max(0, math.min(wanted, math.floor(tokens)))
if granted < least then granted = 0 end
tokens = tokens - granted
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.3f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(burst * 1000 / rate) + 1000)
redis.call('ZADD', KEYS[2], now, ARGV[5])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - 10000)
redis.call('PEXPIRE', KEYS[2], 10000)
return { granted, math.floor(tokens * 1000), redis.call('ZCARD', KEYS[2]) }
`;
const script: RedisScript = { source, sha1: createHash('sha1').update(source).digest('hex') };

/** What this process knows of one tenant. Times are performance.now(). */
interface State {
  tenant: string;
  limit: Limit;
  /** Leased and not spent. */
  tokens: number;
  leasedAtMs: number;
  /** As it was last asked for. */
  leaseSize: number;
  /** In the shared bucket, when it was last asked. */
  left: number;
  /** Tokens asked of this process since the last lease: what the next one is measured by. */
  demand: number;
  /** Nothing to be had before. */
  emptyUntilMs: number;
  /** Tokens that requests are waiting for. */
  waiting: number;
  pending: Promise<void> | undefined;
  processes: number;
  /** Of this process's share, for when Redis is away. */
  alone: Bucket | undefined;
}

export class RateLimiter {
  readonly #options: RateLimiterOptions;
  /** Oldest first. */
  readonly #states = new Map<string, State>();
  #brokenUntilMs = 0;

  constructor(options: RateLimiterOptions) {
    this.#options = options;
  }

  /** Takes `cost` tokens or none. At once whenever the lease has them; the promise never rejects. */
  take(tenant: string, cost: number): Taken | Promise<Taken> {
    const state = this.#stateOf(tenant);
    const now = performance.now();
    if (cost > state.limit.burst) return refused(state, 0);
    state.demand += cost;
    if (!this.#shared(now)) return this.#takeAlone(state, cost, now);
    if (now - state.leasedAtMs > leaseAgeMaxMs) state.tokens = 0;
    if (state.tokens >= cost) {
      state.tokens -= cost;
      // Asked for before it is needed, so that nobody waits for it.
      if (state.tokens < state.leaseSize / 2 && now >= state.emptyUntilMs) this.#ask(state, 1);
      return allowed(state);
    }
    if (now < state.emptyUntilMs) return refused(state, cost);
    return this.#wait(state, cost);
  }

  #shared(nowMs: number): boolean {
    const { redis } = this.#options;
    return redis !== null && redis.up && nowMs >= this.#brokenUntilMs;
  }

  async #wait(state: State, cost: number): Promise<Taken> {
    // More than the bucket can ever hold would wait in vain.
    if (state.waiting + cost > state.limit.burst) return refused(state, cost);
    state.waiting += cost;
    try {
      for (let round = 0; round < roundsMax; round++) {
        await this.#ask(state, cost);
        const now = performance.now();
        if (!this.#shared(now)) return this.#takeAlone(state, cost, now);
        if (state.tokens >= cost) {
          state.tokens -= cost;
          return allowed(state);
        }
        if (state.tokens + state.left < cost) break;
      }
      return refused(state, cost);
    } finally {
      state.waiting -= cost;
    }
  }

  /** One question at a time for each tenant. Never rejects. */
  #ask(state: State, least: number): Promise<void> {
    state.pending ??= this.#lease(state, least).finally(() => (state.pending = undefined));
    return state.pending;
  }

  async #lease(state: State, least: number): Promise<void> {
    const now = performance.now();
    const { limit } = state;
    // A lease that went in less time than it was meant for doubles; else twice what was asked for in as much time. Never more
    // than that time's worth of the whole limit, so that one process cannot sit on what others need.
    const sinceMs = now - state.leasedAtMs;
    const usual = sinceMs < leaseMs ? state.leaseSize * 2 : ((state.demand * leaseMs) / sinceMs) * 2;
    const most = Math.max(1, Math.ceil((limit.ratePerS * leaseMs) / 1000));
    state.leaseSize = Math.min(most, Math.max(leaseMin, Math.ceil(usual)));
    const wanted = Math.min(limit.burst, Math.max(state.leaseSize, state.waiting));
    try {
      const answer = await this.#run(state, wanted, Math.min(least, wanted));
      state.tokens += answer.granted;
      state.left = answer.left;
      state.processes = answer.processes;
      state.leasedAtMs = performance.now();
      state.demand = 0;
      state.emptyUntilMs = answer.left < 1 && answer.granted < wanted ? state.leasedAtMs + Math.max(emptyAskMs, waitMs(answer.left, limit, 1)) : 0;
    } catch (error) {
      this.#brokenUntilMs = performance.now() + brokenMs;
      this.#options.onUnavailable(error as Error);
    }
  }

  async #run({ tenant, limit }: State, wanted: number, least: number): Promise<{ granted: number; left: number; processes: number }> {
    const keys = [`ledger:rate:{${tenant}}`, `ledger:rate:{${tenant}}:processes`];
    const answer = await this.#options.redis!.script(script, keys, [...[limit.ratePerS, limit.burst, wanted, least].map(String), this.#options.instance]);
    const [granted, thousandths, processes] = Array.isArray(answer) ? answer.map(Number) : [];
    const sound = [granted, thousandths, processes].every(Number.isSafeInteger) && granted! >= 0 && granted! <= wanted && processes! >= 1;
    if (!sound) throw new Error('Redis answered something that is not the answer to the script');
    return { granted: granted!, left: Math.min(limit.burst, Math.max(0, thousandths! / 1000)), processes: processes! };
  }

  #takeAlone(state: State, cost: number, nowMs: number): Taken {
    const share = shareOf(state.limit, state.processes);
    const { bucket, allowed: enough } = take(state.alone ?? fullBucket(share, nowMs), share, cost, nowMs);
    state.alone = bucket;
    const retryAfterMs = enough ? 0 : waitMs(bucket.tokens, share, Math.min(cost, share.burst));
    return { allowed: enough, remaining: Math.max(0, bucket.tokens), retryAfterMs, limit: state.limit };
  }

  #stateOf(tenant: string): State {
    const known = this.#states.get(tenant);
    if (known) return known;
    const [oldest] = this.#states.keys();
    if (this.#states.size >= tenantsMax && oldest !== undefined) this.#states.delete(oldest);
    const state: State = {
      tenant, limit: limitOf(this.#options.limits, tenant), tokens: 0, leasedAtMs: -Infinity, leaseSize: 0, left: 0, demand: 0,
      emptyUntilMs: 0, waiting: 0, pending: undefined, processes: this.#options.replicas, alone: undefined,
    };
    this.#states.set(tenant, state);
    return state;
  }
}

function allowed({ tokens, left, limit }: State): Taken {
  return { allowed: true, remaining: tokens + left, retryAfterMs: 0, limit };
}

function refused({ tokens, left, limit }: State, cost: number): Taken {
  return { allowed: false, remaining: tokens + left, retryAfterMs: waitMs(tokens + left, limit, cost), limit };
}
