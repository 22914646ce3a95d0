import { BurnRatePair, windowSeconds, periodDays } from './conventions';
import type { BurnWindow, Status } from './types';

// Error budget arithmetic. Plain numbers in, plain numbers out; null means "no data" and
// stays null: absent data is never 0 and never 100 %.

const secondsPerDay = 86_400;

/** Below this share of budget left an SLO wants action, below the second it wants watching. */
export const actBelow = 0.1;
export const watchBelow = 0.4;
/** A burn that would empty the budget within this time wants watching however much is left. */
export const watchExhaustionSeconds = 3 * secondsPerDay;

/** Share of failed events a period may have; objective in percent, e.g. 99.99 -> 0.0001. */
export function budgetRatio(objectivePercent: number): number {
  // Through integers: 100 - 99.99 in floats is 0.010000000000005116.
  return Math.round((100 - objectivePercent) * 1e9) / 1e11;
}

/** The whole budget as time without service, seconds: 99.99 % of 30 days -> 259.2. */
export function budgetSeconds(objectivePercent: number, days = periodDays): number {
  return budgetRatio(objectivePercent) * days * secondsPerDay;
}

/** Good events / all events; null without events. */
export function availability(errors: number | null, total: number | null): number | null {
  if (errors === null || total === null || total <= 0) return null;
  return 1 - errors / total;
}

/** Share of the budget left from event counts: 1 untouched, 0 gone, negative overspent; null without events. */
export function budgetLeft(
  errors: number | null,
  total: number | null,
  objectivePercent: number,
): number | null {
  if (errors === null || total === null || total <= 0) return null;
  return 1 - errors / (budgetRatio(objectivePercent) * total);
}

/** Burn rate of an error ratio: 1 spends exactly the budget in the period. */
export function burnRate(errorRatio: number | null, objectivePercent: number): number | null {
  return errorRatio === null ? null : errorRatio / budgetRatio(objectivePercent);
}

/** Seconds until the budget is gone at this burn; 0 when it is gone, null when not burning or without data. */
export function exhaustsInSeconds(
  left: number | null,
  burn: number | null,
  days = periodDays,
): number | null {
  if (left === null || burn === null || burn <= 0) return null;
  return (Math.max(0, left) * days * secondsPerDay) / burn;
}

/** One row of the burn table. Fires only when both windows are above the factor. */
export function burnWindow(
  pair: BurnRatePair,
  longBurn: number | null,
  shortBurn: number | null,
  days = periodDays,
): BurnWindow {
  return {
    severity: pair.severity,
    longWindow: pair.long,
    shortWindow: pair.short,
    factor: pair.factor,
    longBurn,
    shortBurn,
    firing:
      longBurn !== null &&
      shortBurn !== null &&
      longBurn > pair.factor &&
      shortBurn > pair.factor,
    exhaustsInSeconds: (days * secondsPerDay) / pair.factor,
  };
}

/** Share of the budget that is spent when the pair fires after its long window. */
export function budgetSpentAtFire(pair: BurnRatePair, days = periodDays): number {
  return (pair.factor * windowSeconds[pair.long]) / (days * secondsPerDay);
}

export function statusOf(input: {
  left: number | null;
  exhaustsInSeconds: number | null;
  firing: 'page' | 'ticket' | null;
}): Status {
  if (input.firing === 'page') return 'act';
  if (input.left === null) return input.firing === 'ticket' ? 'watch' : 'unknown';
  if (input.left <= actBelow) return 'act';
  const soon =
    input.exhaustsInSeconds !== null && input.exhaustsInSeconds < watchExhaustionSeconds;
  return input.firing === 'ticket' || input.left <= watchBelow || soon ? 'watch' : 'ok';
}

/**
 * Budget left over time, burn-down form: what was left after each step if the whole period's
 * budget is the one of now. Starts at 1 when the steps cover the period and ends at `leftNow`,
 * unlike a rolling figure, which starts anywhere.
 *
 * @param leftNow share left at the end of the last step
 * @param errorsPerStep failed events in each step, oldest first; null = nothing recorded
 * @param budgetEvents failed events the whole period may have
 * @returns one value per step, at the step's end; a step without data is null
 */
export function burnDown(
  leftNow: number | null,
  errorsPerStep: readonly (number | null)[],
  budgetEvents: number | null,
): (number | null)[] {
  if (leftNow === null || budgetEvents === null || budgetEvents <= 0) {
    return errorsPerStep.map(() => null);
  }
  const result: (number | null)[] = new Array(errorsPerStep.length).fill(null);
  let left = leftNow;
  for (let index = errorsPerStep.length - 1; index >= 0; index--) {
    const errors = errorsPerStep[index];
    if (errors === null) continue;
    result[index] = left;
    left += errors / budgetEvents;
  }
  return result;
}

/** Least budget left first; SLOs without data before all others, since unknown is not ok. */
export function byBudgetLeft(
  a: { id: string; budgetLeft: { value: number | null } },
  b: { id: string; budgetLeft: { value: number | null } },
): number {
  const left = a.budgetLeft.value ?? -Infinity;
  const right = b.budgetLeft.value ?? -Infinity;
  if (left === right) return a.id.localeCompare(b.id);
  return left < right ? -1 : 1;
}
