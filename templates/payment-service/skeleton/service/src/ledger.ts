import type { Payment } from './payment.ts';

/** What the ledger said to a transfer. */
export type Posting =
  | { outcome: 'posted'; transferId: string; replayed: boolean }
  /** The ledger decided against it; the same key gets the same answer for ever. */
  | { outcome: 'declined'; code: string; detail: string }
  /** The key was used for another payment. */
  | { outcome: 'key-reused'; detail: string };

/** Whether money moved is not known. The caller repeats with the same key until it is. */
export class LedgerUnavailable extends Error {}

/** The one thing this service needs of the ledger. */
export interface Ledger {
  /**
   * Moves the money once per key, however often it is called.
   * @throws LedgerUnavailable when there was no usable answer
   */
  post(payment: Payment, idempotencyKey: string): Promise<Posting>;
  /** Whether the ledger answers at all. */
  isReady(): Promise<boolean>;
}

/** The largest answer of the ledger that is read. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** The ledger over HTTP. */
export class HttpLedger implements Ledger {
  readonly #url: URL;
  readonly #apiKey: string;
  readonly #timeoutMs: number;

  constructor(options: { url: URL; apiKey: string; timeoutMs: number }) {
    this.#url = options.url;
    this.#apiKey = options.apiKey;
    this.#timeoutMs = options.timeoutMs;
  }

  async post(payment: Payment, idempotencyKey: string): Promise<Posting> {
    const response = await this.#fetch('/v1/transfers', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
      body: JSON.stringify({
        debitAccountId: payment.payerAccountId,
        creditAccountId: payment.merchantAccountId,
        amountMinor: String(payment.amountMinor),
        currency: payment.currency,
        description: payment.reference,
        metadata: { service: '${{ values.name }}' },
      }),
    });
    const answer = await readJson(response);
    if (response.status === 201) {
      const replayed = response.headers.get('idempotent-replayed') === 'true';
      return { outcome: 'posted', transferId: String(answer.id), replayed };
    }
    const code = String(answer.code ?? 'unknown');
    const detail = String(answer.detail ?? 'The ledger gave no reason.');
    // Still running, overloaded, over the limit: asked again with the same key it may be answered.
    if (answer.retryable === true) throw new LedgerUnavailable(`The ledger answered ${response.status} (${code})`);
    if (code === 'idempotency-key-reused') return { outcome: 'key-reused', detail };
    if (response.status === 422 || response.status === 404 || code === 'idempotency-key-invalid') return { outcome: 'declined', code, detail };
    throw new LedgerUnavailable(`The ledger answered ${response.status} (${code})`);
  }

  async isReady(): Promise<boolean> {
    try {
      return (await this.#fetch('/readyz', {})).ok;
    } catch {
      return false;
    }
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(new URL(path, this.#url), {
        ...init,
        headers: { ...init.headers, authorization: `Bearer ${this.#apiKey}` },
        signal: AbortSignal.timeout(this.#timeoutMs),
        redirect: 'error',
      });
    } catch (cause) {
      throw new LedgerUnavailable('The ledger did not answer', { cause });
    }
  }
}

async function readJson(response: Response): Promise<Record<string, unknown>> {
  try {
    const text = await response.text();
    if (text.length > MAX_ANSWER_BYTES) throw new Error(`more than ${MAX_ANSWER_BYTES} bytes`);
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch (cause) {
    throw new LedgerUnavailable(`The ledger answered ${response.status} with something unreadable`, { cause });
  }
}
