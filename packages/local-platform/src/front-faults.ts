/**
 * The test fault of the traffic front: for a limited time a share of requests is answered 503 by
 * the front, or every request is delayed. It exists to see alerts fire; nothing in production has it.
 */

/** `errorRatio` 0 to 1, `latencyMs` added to each request, `forSeconds` until it ends by itself. */
export type Fault = { errorRatio: number; latencyMs: number; forSeconds: number };

export type ActiveFault = Fault & { untilMs: number };

export const FAULT_SECONDS_MAX = 600;
export const FAULT_LATENCY_MS_MAX = 10_000;

/**
 * Reads a fault from a request body; absent fields are 0.
 * @throws RangeError naming the field that is out of its limits
 */
export function parseFault(body: Record<string, unknown>): Fault {
  const field = (name: string, max: number) => {
    const value = body[name] ?? 0;
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0 || value > max) {
      throw new RangeError(`${name} must be a number from 0 to ${max}`);
    }
    return value;
  };
  return {
    errorRatio: field('errorRatio', 1),
    latencyMs: field('latencyMs', FAULT_LATENCY_MS_MAX),
    forSeconds: field('forSeconds', FAULT_SECONDS_MAX),
  };
}

/** What happens to one request: `random` is in [0, 1). */
export function faultFor(
  fault: ActiveFault | undefined,
  nowMs: number,
  random: number,
): { fail: boolean; delayMs: number } {
  if (fault === undefined || nowMs >= fault.untilMs) return { fail: false, delayMs: 0 };
  return { fail: random < fault.errorRatio, delayMs: fault.latencyMs };
}
