/** Recognises who calls, and holds each route under /v1 to the scope that it declares. */
import { hash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import type { TokenVerifier } from '../adapters/tokens.ts';
import type { ApiKey } from '../domain/config.ts';
import { LedgerError } from '../domain/errors.ts';
import { isScope, type Caller, type Scope } from '../domain/scopes.ts';
import { chargeBody, chargeRequest, type Limiter } from './limits.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who was recognised; null outside /v1. */
    caller: Caller;
  }
  interface FastifyContextConfig {
    /** What the caller must be allowed. Every route under /v1 has one. */
    scope?: Scope;
    /** Transfers in a (valid) body that counts as so many requests. */
    cost?: (body: never) => number;
    /** Only says which methods there are; needs a caller, but no right. */
    refusesMethod?: true;
  }
}

/** Verified tokens that are remembered. */
const tokensMax = 10_000;
/** A remembered token is verified again after this, so that a withdrawn key stops counting soon. */
const tokenTrustMs = 60_000;
/** Tokens in verification at the same time. It is the one thing here that costs, and strangers can ask for it. */
const verifyingMax = 256;

export class Authenticator {
  /** By SHA-256 of the secret. */
  #keys = new Map<string, { digest: Buffer; caller: Caller }>();
  /** By SHA-256 of the token, oldest first. */
  readonly #tokens = new Map<string, { caller: Caller; untilMs: number }>();
  readonly #verifier: Pick<TokenVerifier, 'verify'> | null;
  #verifying = 0;

  constructor(apiKeys: readonly ApiKey[], verifier: Pick<TokenVerifier, 'verify'> | null) {
    this.useKeys(apiKeys);
    this.#verifier = verifier;
  }

  /** From the next request on these keys count and no others. */
  useKeys(apiKeys: readonly ApiKey[]): void {
    this.#keys = new Map(apiKeys.map(({ client, tenant, scopes, secret }) => {
      const digest = digestOf(secret);
      return [digest.toString('latin1'), { digest, caller: { tenant, actor: client, scopes: new Set(scopes), kind: 'key' } }];
    }));
  }

  /**
   * The caller behind an Authorization header. At once for API keys and remembered tokens, since a payment waits;
   * a promise for a token that must be verified. Throws or rejects with unauthenticated, token-keys-unavailable or overloaded.
   */
  recognise(authorization: string | undefined): Caller | Promise<Caller> {
    const shown = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '';
    const digest = digestOf(shown);
    const index = digest.toString('latin1');
    // The search tells an attacker at most about digests, from which no secret can be had; the match itself takes constant time.
    const key = this.#keys.get(index);
    if (key && timingSafeEqual(key.digest, digest)) return key.caller;
    const known = this.#tokens.get(index);
    if (known && known.untilMs > Date.now()) return known.caller;
    if (this.#verifier && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(shown)) return this.#verify(this.#verifier, shown, index);
    throw new LedgerError('unauthenticated', 'Send Authorization: Bearer with a valid API key or token.');
  }

  async #verify(verifier: Pick<TokenVerifier, 'verify'>, token: string, index: string): Promise<Caller> {
    if (this.#verifying >= verifyingMax) throw new LedgerError('overloaded', 'Too many tokens are being verified.');
    this.#verifying++;
    const { caller, expiresAtMs } = await verifier.verify(token).finally(() => this.#verifying--);
    this.#tokens.delete(index);
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size >= tokensMax && oldest !== undefined) this.#tokens.delete(oldest);
    this.#tokens.set(index, { caller, untilMs: Math.min(expiresAtMs, Date.now() + tokenTrustMs) });
    return caller;
  }
}

function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

/**
 * From now on no route under /v1 can be added without a scope, wherever it is registered, and none is reached
 * without a caller, a place in the tenant's limit, and that scope.
 */
export function guardRoutes(app: FastifyInstance, authenticator: Authenticator, limiter: Limiter): void {
  app.decorateRequest('caller', null as unknown as Caller);
  app.addHook('onRoute', route => {
    if (!/^\/v1(\/|$)/.test(route.url)) return;
    const { scope, cost, refusesMethod } = route.config ?? {};
    if (!refusesMethod && !isScope(scope)) throw new Error(`${[route.method].flat().join()} ${route.url} declares no scope`);
    route.onRequest = [guard(authenticator, limiter, scope), ...[route.onRequest ?? []].flat()];
    if (cost) route.preHandler = [chargeBody(limiter, cost as (body: unknown) => number), ...[route.preHandler ?? []].flat()];
  });
}

/** With callbacks: an API key within its limit is let through without a promise. */
function guard(authenticator: Authenticator, limiter: Limiter, scope: Scope | undefined): onRequestHookHandler {
  const admit = (request: FastifyRequest, reply: FastifyReply, caller: Caller): void | Promise<void> => {
    request.caller = caller;
    const charged = chargeRequest(limiter, request, reply);
    if (charged) return charged.then(() => requireScope(reply, caller, scope));
    return requireScope(reply, caller, scope);
  };
  return (request, reply, done) => {
    let admitted: void | Promise<void>;
    try {
      const caller = authenticator.recognise(request.headers.authorization);
      admitted = caller instanceof Promise ? caller.then(one => admit(request, reply, one)) : admit(request, reply, caller);
    } catch (error) {
      return done(error as Error);
    }
    if (admitted) return void admitted.then(() => done(), done);
    return done();
  };
}

function requireScope(reply: FastifyReply, caller: Caller, scope: Scope | undefined): void {
  if (scope === undefined || caller.scopes.has(scope)) return;
  reply.header('www-authenticate', `Bearer realm="ledger", error="insufficient_scope", scope="${scope}"`);
  throw new LedgerError('forbidden', `The scope ${scope} is needed.`);
}
