import type { Overview, SloSummary, Status } from '@airpay/plugin-airpay-platform-common';
import { budgetText, countText, durationText, percentText } from './format';

// Sentences of the pages. Each answers before it shows evidence.

export const statusWord: Record<Status, string> = {
  ok: 'OK',
  watch: 'Watch',
  act: 'Act now',
  unknown: 'No data',
};

export function moneyText(state: Overview['moneyIsMoving']): string {
  if (state === 'yes') return 'Money is moving.';
  return state === 'no' ? 'Money is not moving.' : 'It is unknown whether money is moving.';
}

export function moneyStatus(state: Overview['moneyIsMoving']): Status {
  if (state === 'yes') return 'ok';
  return state === 'no' ? 'act' : 'unknown';
}

/** The figures behind the first line of the home page, each with its unit. */
export function moneyFigures(overview: Overview) {
  return [
    { figure: overview.paymentsPerMinute, text: countText(overview.paymentsPerMinute.value), unit: 'payments/min' },
    { figure: overview.okRatio, text: percentText(overview.okRatio.value), unit: 'ok' },
    { figure: overview.p99Seconds, text: durationText(overview.p99Seconds.value), unit: 'p99' },
  ];
}

/** `1 m 20 s of 4 m 19 s`. */
export function budgetTimeText(slo: Pick<SloSummary, 'budgetLeft' | 'budgetSeconds'>): string {
  const whole = durationText(slo.budgetSeconds);
  const left = slo.budgetLeft.value;
  if (left === null) return `no data, of ${whole}`;
  if (left < 0) return `${durationText(-left * slo.budgetSeconds)} over ${whole}`;
  return `${durationText(left * slo.budgetSeconds)} of ${whole}`;
}

/** Time until the budget is gone, in words. */
export function exhaustionText(slo: Pick<SloSummary, 'budgetLeft' | 'exhaustsInSeconds' | 'burnNow'>): string {
  if (slo.budgetLeft.value !== null && slo.budgetLeft.value <= 0) return 'gone';
  if (slo.burnNow.value === null) return 'no data';
  if (slo.exhaustsInSeconds === null) return 'not burning';
  const yearSeconds = 31_536_000;
  return slo.exhaustsInSeconds > yearSeconds ? '> 1 year' : durationText(slo.exhaustsInSeconds);
}

/** One sentence on an SLO for screen readers and links. */
export function sloSentence(slo: SloSummary): string {
  const left = slo.budgetLeft.value;
  const start = `${slo.service} ${slo.slo}: ${statusWord[slo.status]}`;
  if (left === null) return `${start}, budget unknown`;
  return left < 0 ? `${start}, budget overspent by ${budgetText(-left)}` : `${start}, ${budgetText(left)} of the budget left`;
}

/** `2 of 14 want attention`, `all 14 fine`. */
export function budgetsText(counts: Record<Status, number>): string {
  const total = counts.ok + counts.watch + counts.act + counts.unknown;
  if (total === 0) return 'No SLOs yet';
  if (counts.ok === total) return total === 1 ? 'The one SLO is fine' : `All ${total} are fine`;
  const parts = [
    counts.act > 0 ? `${counts.act} to act on` : null,
    counts.watch > 0 ? `${counts.watch} to watch` : null,
    counts.unknown > 0 ? `${counts.unknown} without data` : null,
  ].filter(Boolean);
  return `${parts.join(', ')} of ${total}`;
}

/** The gravest of several states; unknown is graver than ok and lighter than watch. */
export function worstStatus(statuses: readonly Status[]): Status {
  const order: Status[] = ['act', 'watch', 'unknown', 'ok'];
  return order.find(one => statuses.includes(one)) ?? 'unknown';
}
