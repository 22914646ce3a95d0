/**
 * What a good answer is, in one place for k6, for the driver in Node and for their tests: the same as infra/slo/ledger.yaml says. k6 runs
 * this file as it is, so there is no TypeScript and no import of Node's in it.
 */

/** Failed: a server error, or no answer at all (k6 and the driver give status 0). A declined payment (402, 409, 422, 429) is a good answer. */
export function failed(status) {
  return status === 0 || (status >= 500 && status <= 599);
}

/** The ledger said no, for a reason of the caller's: counted, and neither good nor bad for the objective. */
export function declined(status) {
  return status >= 400 && status <= 499;
}

/** Whether a payment was made. */
export function made(status) {
  return status === 200 || status === 201;
}

/** Too late for the objective. */
export function slow(milliseconds, objectives) {
  return milliseconds > objectives.latencyMs;
}

/** k6's thresholds: the error budget itself, never looser. The share is written with as many places as it needs. */
export function thresholds(objectives) {
  return {
    ledger_failed: [`rate<=${share(objectives.availabilityPercent)}`],
    ledger_slow: [`rate<=${share(objectives.latencyPercent)}`],
  };
}

/** 99.99 -> "0.0001": in whole ten-thousandths of a percent, since 1 - 0.9999 is 0.00009999999999998899. */
export function share(percent) {
  const millionths = Math.round((100 - percent) * 10000);
  return String(millionths / 1000000);
}

/** Whether counts keep an objective's share. */
export function holds(bad, all, percent) {
  return all > 0 && bad * 1000000 <= Math.round((100 - percent) * 10000) * all;
}
