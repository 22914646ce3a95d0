/** Bearer tokens of an identity provider (RFC 7519, RFC 9068): signature, issuer, audience, time, then our claims. */
import { createRemoteJWKSet, customFetch, errors as joseErrors, jwtVerify, type JWTPayload, type RemoteJWKSet } from 'jose';
import type { JwtSettings } from '../domain/config.ts';
import { LedgerError } from '../domain/errors.ts';
import { isScope, tenantPattern, type Caller } from '../domain/scopes.ts';
import { holdsCardNumber } from '../domain/text.ts';

export interface VerifiedToken {
  caller: Caller;
  /** Epoch milliseconds; not to be trusted any longer. */
  expiresAtMs: number;
}

/** Asymmetric only: with an HMAC the ledger could make the tokens that it is to check. Never `none`. */
const algorithms = ['RS256', 'ES256', 'EdDSA'];
const clockToleranceS = 5;
/** Of the key set, in milliseconds. */
const usualTimes = {
  fetchTimeoutMs: 2_000,
  /** A token with an unknown key id has the keys fetched anew, at most this often: anyone can make up an id. */
  cooldownMs: 30_000,
  /** After a failed fetch, how long all who ask are told so at once. */
  failureCooldownMs: 1_000,
  /** Keys this old are fetched again beside the requests; a key that was withdrawn stops counting about then. */
  refreshAfterMs: 300_000,
  /** While the issuer does not answer, its last keys count this long. */
  keysAgeMaxMs: 3_600_000,
};
const keysBytesMax = 256 * 1024;
const tokenCharsMax = 8_192;
const subjectPattern = /^[\x21-\x7e]{1,120}$/;

class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

export class TokenVerifier {
  readonly #settings: JwtSettings;
  readonly #keys: RemoteJWKSet;
  readonly #times: typeof usualTimes;
  #fetchedAt = -Infinity;
  #failedAt = -Infinity;

  constructor(settings: JwtSettings, times: Partial<typeof usualTimes> = {}) {
    this.#settings = settings;
    this.#times = { ...usualTimes, ...times };
    this.#keys = createRemoteJWKSet(new URL(settings.jwksUrl), {
      timeoutDuration: this.#times.fetchTimeoutMs, cooldownDuration: this.#times.cooldownMs, cacheMaxAge: this.#times.keysAgeMaxMs,
      [customFetch]: (url, init) => this.#fetch(url, init),
    });
  }

  /** Throws unauthenticated, or token-keys-unavailable when the issuer cannot be asked for its keys. */
  async verify(token: string): Promise<VerifiedToken> {
    if (token.length > tokenCharsMax) throw new LedgerError('unauthenticated', 'The token is too long.');
    const { issuer, audience } = this.#settings;
    this.#refreshBeside();
    try {
      const { payload } = await jwtVerify(token, this.#keys, { issuer, audience, algorithms, clockTolerance: clockToleranceS, requiredClaims: ['exp', 'sub'] });
      return { caller: this.#callerOf(payload), expiresAtMs: (payload.exp! + clockToleranceS) * 1000 };
    } catch (error) {
      throw translate(error);
    }
  }

  #callerOf(payload: JWTPayload): Caller {
    const { tenantClaim } = this.#settings;
    const tenant = payload[tenantClaim];
    if (typeof tenant !== 'string' || !tenantPattern.test(tenant)) throw new LedgerError('unauthenticated', `The token's claim ${tenantClaim} must name a tenant.`);
    const subject = payload.sub;
    // It is stored with every payment.
    if (typeof subject !== 'string' || !subjectPattern.test(subject) || holdsCardNumber(subject)) throw new LedgerError('unauthenticated', "The token's claim sub must be 1 to 120 visible ASCII characters and no card number.");
    const { scope, scp } = payload as { scope?: unknown; scp?: unknown };
    const granted = typeof scope === 'string' ? scope.split(' ') : [scp].flat();
    // Scopes of other services are none of ours, and not a fault.
    return { tenant, actor: `jwt:${subject}`, scopes: new Set(granted.flat().filter(isScope)), kind: 'token' };
  }

  #refreshBeside(): void {
    const age = performance.now() - this.#fetchedAt;
    if (age === Infinity || age < this.#times.refreshAfterMs || this.#keys.reloading) return;
    this.#keys.reload().catch(() => undefined); // the keys at hand still count, and the next token asks again
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    if (performance.now() - this.#failedAt < this.#times.failureCooldownMs) throw new KeysUnavailable('The keys could not be fetched a moment ago.');
    try {
      const response = await fetch(url, init);
      const text = await limitedText(response);
      if (response.status !== 200) throw new Error(`the issuer answered ${response.status}`);
      if (!Array.isArray((JSON.parse(text) as { keys?: unknown } | null)?.keys)) throw new Error('the issuer answered something that is no key set');
      this.#fetchedAt = performance.now();
      return new Response(text);
    } catch (cause) {
      this.#failedAt = performance.now();
      throw new KeysUnavailable('The keys of the token issuer could not be fetched.', { cause });
    }
  }
}

async function limitedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > keysBytesMax) throw new Error(`the key set is larger than ${keysBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** In our own words: the library's may change, and must never quote the token. */
function translate(error: unknown): unknown {
  if (error instanceof LedgerError) return error;
  if (error instanceof KeysUnavailable || error instanceof joseErrors.JWKSInvalid || error instanceof joseErrors.JWKSTimeout) {
    return new LedgerError('token-keys-unavailable', 'The keys of the token issuer cannot be fetched.', { cause: error });
  }
  if (error instanceof joseErrors.JWTExpired) return new LedgerError('unauthenticated', 'The token has expired.', { cause: error });
  if (error instanceof joseErrors.JWTClaimValidationFailed) return new LedgerError('unauthenticated', `The token's claim ${error.claim} is not right.`, { cause: error });
  if (error instanceof joseErrors.JOSEError) return new LedgerError('unauthenticated', 'The token is not valid.', { cause: error });
  return error;
}
