/**
 * Carries one payment through: sends it, and while the outcome is unknown sends it again with the
 * SAME idempotency key, so that it happens once however often it is sent.
 */

export type Attempt = { status: number; body: Record<string, unknown> };

export type Outcome =
  | { state: 'acknowledged'; transferId: string; body: Record<string, unknown>; attempts: number }
  | { state: 'declined'; status: number; code: string; attempts: number }
  /** No final answer in time: it may or may not have happened. */
  | { state: 'unknown'; reason: string; attempts: number };

export type RetryTools = {
  nowMs: () => number;
  pause: (ms: number) => Promise<unknown>;
  random: () => number;
  /** Told of every attempt: its status, or 0 when there was no answer. */
  observe: (status: number) => void;
  /** True once the program ends; no further attempt is made. */
  stopped: () => boolean;
};

export const GIVE_UP_AFTER_MS = 60_000;
const BACKOFF_FIRST_MS = 50;
export const BACKOFF_MAX_MS = 500;

/**
 * Sends until there is a final answer. Only a 201 with an id is an acknowledgement; 5xx, 429, a
 * key still in flight (409) and a lost connection are asked again; other 4xx are final.
 * @param send one attempt; throws when there is no answer
 */
export async function untilAnswered(
  send: () => Promise<Attempt>,
  tools: RetryTools,
  giveUpAfterMs = GIVE_UP_AFTER_MS,
): Promise<Outcome> {
  const startedMs = tools.nowMs();
  let reason = '';
  for (let attempts = 1; ; attempts += 1) {
    try {
      const { status, body } = await send();
      tools.observe(status);
      if (status === 201 && typeof body.id === 'string') {
        return { state: 'acknowledged', transferId: body.id, body, attempts };
      }
      if (!isTransient(status, body)) {
        return { state: 'declined', status, code: String(body.code ?? 'unknown'), attempts };
      }
      reason = `status ${status} ${String(body.code ?? '')}`.trim();
    } catch (error) {
      tools.observe(0);
      reason = error instanceof Error ? error.message : String(error);
    }
    const backoffMs = Math.min(BACKOFF_FIRST_MS * 2 ** Math.min(attempts - 1, 10), BACKOFF_MAX_MS);
    const pauseMs = backoffMs * (0.5 + tools.random() / 2);
    if (tools.stopped() || tools.nowMs() + pauseMs - startedMs > giveUpAfterMs) {
      return { state: 'unknown', reason, attempts };
    }
    await tools.pause(pauseMs);
  }
}

/** Whether asking again with the same key can bring another answer. */
function isTransient(status: number, body: Record<string, unknown>): boolean {
  if (status === 409) return body.retryable !== false;
  return status >= 500 || status === 429 || status === 408;
}
