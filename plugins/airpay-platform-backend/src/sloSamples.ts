import {
  availability,
  BurnWindow,
  budgetLeft,
  budgetSeconds,
  burnRate,
  burnRatePairs,
  burnWindow,
  exhaustsInSeconds,
  Measured,
  periodDays,
  rules,
  sloLabels,
  SloSummary,
  SloWindow,
  statusOf,
} from '@airpay/plugin-airpay-platform-common';
import type { Sample, SloDefinition } from './observed';

// From samples of recorded rules to what a page shows. Pure.

/** One query that reads the newest sample of every rule of every SLO, and the alerts firing for them. */
export const snapshotQuery = `{__name__=~"slo:.+|ALERTS",${sloLabels.id}!=""}`;

export interface Snapshot {
  /** Sample of a rule of an SLO; the window only for rules that have one. */
  find(id: string, rule: string): Sample | undefined;
  firing(id: string): 'page' | 'ticket' | null;
}

export function snapshotOf(samples: readonly Sample[]): Snapshot {
  const byKey = new Map<string, Sample>();
  const firing = new Map<string, 'page' | 'ticket'>();
  for (const sample of samples) {
    const id = sample.labels[sloLabels.id];
    if (sample.labels.__name__ !== 'ALERTS') {
      byKey.set(`${id} ${sample.labels.__name__}`, sample);
    } else if (sample.labels.alertstate === 'firing') {
      const severity = sample.labels[sloLabels.severity] === 'page' ? 'page' : 'ticket';
      if (firing.get(id) !== 'page') firing.set(id, severity);
    }
  }
  return {
    find: (id, rule) => byKey.get(`${id} ${rule}`),
    firing: id => firing.get(id) ?? null,
  };
}

/** What the catalog says about the service an SLO belongs to. */
export interface SloSubject {
  entityRef: string;
  owner: string | null;
  tier: string | null;
}

export function ruleExpression(rule: string, id: string): string {
  return `${rule}{${sloLabels.id}="${id}"}`;
}

export function counts(definition: SloDefinition, snapshot: Snapshot) {
  const total = snapshot.find(definition.id, rules.periodEventsTotal)?.value ?? null;
  const errors = snapshot.find(definition.id, rules.periodEventsError)?.value ?? null;
  return { total, errors };
}

function burnOf(definition: SloDefinition, snapshot: Snapshot, window: SloWindow): number | null {
  const ratio = snapshot.find(definition.id, rules.errorRatio(window))?.value ?? null;
  return burnRate(ratio, definition.objectivePercent);
}

export function burnWindows(definition: SloDefinition, snapshot: Snapshot): BurnWindow[] {
  return burnRatePairs.map(pair =>
    burnWindow(pair, burnOf(definition, snapshot, pair.long), burnOf(definition, snapshot, pair.short)),
  );
}

/** @param trend budget left over the window, oldest first */
export function summaryOf(
  definition: SloDefinition,
  snapshot: Snapshot,
  subject: SloSubject | undefined,
  trend: (number | null)[],
): SloSummary {
  const { id, service, slo, description, objectivePercent } = definition;
  const { total, errors } = counts(definition, snapshot);
  const time = (rule: string) => {
    const at = snapshot.find(id, rule)?.at;
    return at === undefined ? null : new Date(at).toISOString();
  };
  const measured = (value: number | null, rule: string, source: string): Measured => ({
    value,
    at: value === null ? null : time(rule),
    source,
  });
  const sums = `${ruleExpression(rules.periodEventsError, id)} / ${ruleExpression(rules.periodEventsTotal, id)}`;
  const left = budgetLeft(errors, total, objectivePercent);
  const burn = burnOf(definition, snapshot, '1h');
  const exhausts = exhaustsInSeconds(left, burn);
  const firing = snapshot.firing(id);
  return {
    id,
    service,
    slo,
    title: `${service} / ${slo}`,
    description,
    objectivePercent,
    windowDays: periodDays,
    entityRef: subject?.entityRef ?? null,
    owner: subject?.owner ?? null,
    tier: subject?.tier ?? definition.labels.tier ?? null,
    availability: measured(availability(errors, total), rules.periodEventsTotal, `1 - ${sums}`),
    budgetLeft: measured(left, rules.periodEventsTotal, `1 - ${sums} / ${ruleExpression(rules.errorBudget, id)}`),
    burnNow: measured(
      burn,
      rules.errorRatio('1h'),
      `${ruleExpression(rules.errorRatio('1h'), id)} / ${ruleExpression(rules.errorBudget, id)}`,
    ),
    budgetSeconds: budgetSeconds(objectivePercent),
    exhaustsInSeconds: exhausts,
    firing,
    status: statusOf({ left, exhaustsInSeconds: exhausts, firing }),
    trend,
    runbookUrl: definition.runbookUrl,
  };
}
