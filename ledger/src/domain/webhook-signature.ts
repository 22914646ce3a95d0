/**
 * The signature of a webhook, made by the ledger and checked by its consumers. Needs nothing else of the ledger:
 * a consumer in TypeScript may copy this file as it is.
 *
 * Header `Airpay-Signature: t=<unix seconds>,v1=<hex>[,v1=<hex>]`, where hex is HMAC-SHA256 of `<t>.<body>` under the
 * endpoint's secret. While a secret is being rotated there is one `v1` per secret.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export const signatureHeader = 'airpay-signature';
/** A recorded request cannot be sent again later than this, and clocks may differ by as much. */
export const toleranceSeconds = 300;

/** Enough for any rotation; more would let a sender make a consumer compute. */
const signaturesMax = 4;

function digest(secret: string, atSeconds: number, body: string | Buffer): Buffer {
  return createHmac('sha256', secret).update(`${atSeconds}.`).update(body).digest();
}

/** @param atSeconds when it is sent, unix time */
export function sign(secrets: readonly string[], atSeconds: number, body: string | Buffer): string {
  return [`t=${atSeconds}`, ...secrets.map(secret => `v1=${digest(secret, atSeconds, body).toString('hex')}`)].join(',');
}

export type Verdict = 'valid' | 'malformed' | 'too-old' | 'from-the-future' | 'wrong';

/**
 * Whether `body` (the bytes that arrived, not a parsed and printed copy) was signed with one of `secrets` within the
 * tolerance. Compares in constant time. Never throws, whatever the header holds.
 */
export function verify(header: string | undefined, body: string | Buffer, secrets: readonly string[], nowSeconds: number): Verdict {
  const parts = (header ?? '').split(',');
  const times = parts.filter(part => /^t=\d{1,12}$/.test(part));
  const signatures = parts.filter(part => /^v1=[0-9a-f]{64}$/.test(part)).map(part => Buffer.from(part.slice(3), 'hex'));
  if (times.length !== 1 || signatures.length === 0 || signatures.length > signaturesMax) return 'malformed';
  const atSeconds = Number(times[0]!.slice(2));
  let right = false;
  // All of them, whichever is right: the time must not tell.
  for (const secret of secrets) {
    const expected = digest(secret, atSeconds, body);
    for (const signature of signatures) if (timingSafeEqual(expected, signature)) right = true;
  }
  if (!right) return 'wrong';
  if (atSeconds < nowSeconds - toleranceSeconds) return 'too-old';
  return atSeconds > nowSeconds + toleranceSeconds ? 'from-the-future' : 'valid';
}
