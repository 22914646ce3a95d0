/** Answers about a tenant's rate limit (draft-ietf-httpapi-ratelimit-headers), and refusals with 429. */
import type { FastifyReply, FastifyRequest, preHandlerHookHandler } from 'fastify';
import type { Taken } from '../adapters/rateLimit.ts';
import type { Limit } from '../domain/bucket.ts';
import { LedgerError } from '../domain/errors.ts';

export interface Limiter {
  /** At once whenever it can be; a promise, which never rejects, when others have to be asked. */
  take(tenant: string, cost: number): Taken | Promise<Taken>;
}

/** One token. Throws or rejects with rate-limited. */
export function chargeRequest(limiter: Limiter, request: FastifyRequest, reply: FastifyReply): void | Promise<void> {
  const taken = limiter.take(request.caller.tenant, 1);
  if (taken instanceof Promise) return taken.then(one => settle(reply, one));
  return settle(reply, taken);
}

/** A body of n transfers costs n: one was paid for on arrival. Runs when the body is known to be valid. */
export function chargeBody(limiter: Limiter, costOf: (body: unknown) => number): preHandlerHookHandler {
  return async (request, reply) => {
    const more = costOf(request.body) - 1;
    if (more < 1) return;
    const taken = await limiter.take(request.caller.tenant, more);
    // Waiting would not help, so it must not be told to be retried.
    if (more > taken.limit.burst) throw new LedgerError('invalid-request', `body holds more transfers than the limit of ${taken.limit.burst} lets through at once.`);
    settle(reply, taken);
  };
}

function settle(reply: FastifyReply, { allowed, remaining, retryAfterMs, limit }: Taken): void {
  const left = Math.max(0, Math.min(limit.burst, Math.floor(remaining)));
  const retryAfterS = Math.max(1, Math.ceil(retryAfterMs / 1000));
  const fullInS = Math.ceil((limit.burst - left) / limit.ratePerS);
  reply.header('ratelimit-policy', policyOf(limit));
  reply.header('ratelimit', `"tenant";r=${left};t=${allowed ? fullInS : retryAfterS}`);
  if (allowed) return;
  reply.header('retry-after', String(retryAfterS));
  throw new LedgerError('rate-limited', `The tenant may send ${limit.ratePerS} requests per second, and ${limit.burst} at once.`);
}

const policies = new WeakMap<Limit, string>();

/** A bucket of `burst` that fills in `w` seconds. */
function policyOf(limit: Limit): string {
  let policy = policies.get(limit);
  if (policy === undefined) {
    policy = `"tenant";q=${limit.burst};w=${Math.max(1, Math.ceil(limit.burst / limit.ratePerS))}`;
    policies.set(limit, policy);
  }
  return policy;
}
