/**
 * Every error a client can meet. `docs/ledger.md` holds the same table; a test keeps both equal.
 * `retryable`: the same request with the same idempotency key may succeed later without a change.
 */
export interface ErrorKind {
  status: number;
  title: string;
  retryable: boolean;
}

export const errors = {
  'invalid-request': { status: 400, title: 'The request does not fit its schema', retryable: false },
  'malformed-json': { status: 400, title: 'The body is not valid JSON', retryable: false },
  'malformed-request': { status: 400, title: 'The request is not valid HTTP', retryable: false },
  'idempotency-key-missing': { status: 400, title: 'The Idempotency-Key header is missing', retryable: false },
  'idempotency-key-invalid': { status: 400, title: 'The Idempotency-Key header is not 1 to 255 visible ASCII characters', retryable: false },
  unauthenticated: { status: 401, title: 'A valid API key or token is needed', retryable: false },
  forbidden: { status: 403, title: 'The caller lacks the scope that is needed', retryable: false },
  'not-found': { status: 404, title: 'There is nothing at this path', retryable: false },
  'unknown-account': { status: 404, title: 'The account does not exist', retryable: false },
  'unknown-transfer': { status: 404, title: 'The transfer does not exist', retryable: false },
  'unknown-endpoint': { status: 404, title: 'The webhook endpoint does not exist', retryable: false },
  'unknown-delivery': { status: 404, title: 'The event was not due to this endpoint', retryable: false },
  'unknown-hold': { status: 404, title: 'The hold does not exist', retryable: false },
  'method-not-allowed': { status: 405, title: 'The path does not answer to this method', retryable: false },
  'request-timeout': { status: 408, title: 'The request did not arrive in time', retryable: true },
  'account-exists': { status: 409, title: 'The account exists with other fields', retryable: false },
  'already-reversed': { status: 409, title: 'The transfer was given back before', retryable: false },
  'hold-closed': { status: 409, title: 'The hold is not open any more', retryable: false },
  'hold-expired': { status: 409, title: 'The time of the hold has passed', retryable: false },
  'hold-not-due': { status: 409, title: 'The time of the hold has not passed yet', retryable: false },
  'idempotency-key-in-flight': { status: 409, title: 'The first request with this key is still running', retryable: true },
  'body-too-large': { status: 413, title: 'The body is larger than the path takes', retryable: false },
  'uri-too-long': { status: 414, title: 'A part of the path is too long', retryable: false },
  'unsupported-media-type': { status: 415, title: 'The body must be application/json', retryable: false },
  'amount-too-large': { status: 422, title: 'The amount is larger than the ledger can hold', retryable: false },
  'balance-overflow': { status: 422, title: 'A balance would grow larger than the ledger can hold', retryable: false },
  'capture-exceeds-hold': { status: 422, title: 'The capture is more than is left of the hold', retryable: false },
  'card-data-refused': { status: 422, title: 'A field holds what looks like a card number', retryable: false },
  'currency-mismatch': { status: 422, title: 'The currency is not that of the account', retryable: false },
  'endpoint-limit': { status: 422, title: 'The tenant has as many webhook endpoints as it may', retryable: false },
  'fee-exceeds-capture': { status: 422, title: 'The fee is more than the capture', retryable: false },
  'idempotency-key-reused': { status: 422, title: 'The key was used for another request', retryable: false },
  'insufficient-funds': { status: 422, title: 'The account has too little available', retryable: false },
  'limit-exceeded': { status: 422, title: 'The account would hold more than it may', retryable: false },
  'not-refundable': { status: 422, title: 'This row of the journal cannot be given back', retryable: false },
  'not-settleable': { status: 422, title: 'This account cannot be settled', retryable: false },
  'nothing-to-settle': { status: 422, title: 'The account has nothing available', retryable: false },
  'rate-mismatch': { status: 422, title: 'The amounts do not fit the rate', retryable: false },
  'refund-exceeds-captured': { status: 422, title: 'More would be given back than was taken', retryable: false },
  'same-account': { status: 422, title: 'Debit and credit account are the same', retryable: false },
  'same-currency': { status: 422, title: 'Both sides are in the same currency', retryable: false },
  'unsupported-currency': { status: 422, title: 'The ledger does not keep this currency', retryable: false },
  'url-refused': { status: 422, title: 'The ledger sends no webhooks to this URL', retryable: false },
  'rate-limited': { status: 429, title: 'The tenant has sent more than its limit', retryable: true },
  'headers-too-large': { status: 431, title: 'The headers are too large', retryable: false },
  internal: { status: 500, title: 'The ledger made a mistake', retryable: true },
  'account-busy': { status: 503, title: 'The account is locked by other transfers', retryable: true },
  'database-read-only': { status: 503, title: 'The database does not accept writes now', retryable: true },
  'database-unavailable': { status: 503, title: 'The database cannot be reached', retryable: true },
  'deadline-exceeded': { status: 503, title: 'The request took too long', retryable: true },
  'not-ready': { status: 503, title: 'This process cannot take payments now', retryable: true },
  'outcome-unknown': { status: 503, title: 'The outcome is not known; ask again with the same key', retryable: true },
  overloaded: { status: 503, title: 'Too many requests wait already', retryable: true },
  'token-keys-unavailable': { status: 503, title: 'The keys of the token issuer cannot be fetched', retryable: true },
  'webhooks-off': { status: 503, title: 'This ledger sends no webhooks', retryable: true },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errors;

/** An error that a client is told. `detail` must hold nothing secret and no card data. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
  }
}

/** RFC 9457. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ErrorCode;
  retryable: boolean;
  /** The request that met it, as in the log: `urn:uuid:…`. */
  instance: string;
}

export function problemOf(code: ErrorCode, detail: string, requestId: string): Problem {
  const { status, title, retryable } = errors[code];
  return { type: `https://docs.airpay.example/errors/${code}`, title, status, detail, code, retryable, instance: `urn:uuid:${requestId}` };
}
