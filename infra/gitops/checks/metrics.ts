/**
 * Whether what queries ask for is emitted: by a service's own registry, by a recording rule, or by an exporter of the closed list in
 * exporters.yaml. An alert, an autoscaler or a panel on a name nobody emits is quiet for ever.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { Metrics } from '../../../ledger/src/adapters/metrics.ts';
import { payerMetrics } from '../../../packages/local-platform/src/payer-metrics.ts';
import { folder } from '../render.ts';
import { type Expression, type Found, type Rule } from './expressions.ts';
import { read } from './promql.ts';

export interface Emitted {
  labels: ReadonlySet<string>;
  by: string;
}
export type Emission = Map<string, Emitted>;

interface Registry {
  getMetricsAsArray(): unknown[];
}

function addRegistry(emission: Emission, registry: Registry, by: string, labels: string[]): void {
  for (const metric of registry.getMetricsAsArray() as { name: string; labelNames: string[]; upperBounds?: number[]; buckets?: number[] }[]) {
    const own = new Set([...labels, ...metric.labelNames.filter(name => name !== 'le')]);
    if (metric.upperBounds) {
      for (const suffix of ['_sum', '_count']) emission.set(metric.name + suffix, { labels: own, by });
      emission.set(`${metric.name}_bucket`, { labels: new Set([...own, 'le']), by });
    } else emission.set(metric.name, { labels: own, by });
  }
}

export const exportersFile = path.join(folder, 'checks/exporters.yaml');

export function readExporters(): any {
  return parse(readFileSync(exportersFile, 'utf8'));
}

/** Everything that is emitted, recording rules too. */
export function emission(rules: readonly Rule[], exporters: any = readExporters()): Emission {
  const all: Emission = new Map();
  for (const [name, { labels = [], targetLabels = [], metrics }] of Object.entries<any>(exporters.exporters)) {
    for (const [metric, own] of Object.entries<any>(metrics)) all.set(metric, { labels: new Set([...labels, ...targetLabels, ...(own ?? [])]), by: name });
  }
  const ledger = new Metrics({ region: 'a', instance: 'b' }, ['USD']);
  ledger.addReadings({ databaseUp: async () => true, trialBalance: async () => new Map(), chainHead: async () => undefined, queued: () => 0 });
  addRegistry(all, ledger.registry as unknown as Registry, 'ledger', ['service', 'region', 'instance']);
  addRegistry(all, payerMetrics().registry as unknown as Registry, 'payer', []);
  for (const { record, labels, expr } of rules) {
    if (!record) continue;
    const reading = read(expr);
    // What a rule keeps of its sources' labels is decided by its aggregation; here they all count, which is the wider reading.
    const inherited = reading.selectors.flatMap(({ metric }) => [...(all.get(metric)?.labels ?? [])]);
    const before = all.get(record)?.labels ?? [];
    all.set(record, { labels: new Set([...before, ...Object.keys(labels), ...reading.grouping, ...reading.made, ...inherited]), by: 'recording rule' });
  }
  return all;
}

export function metricProblems({ expressions, rules }: Found, emitted: Emission, targetLabels: readonly string[]): string[] {
  const problems = new Set<string>();
  for (const entry of [...rules, ...expressions] as Expression[]) {
    const { where, expr } = entry;
    let reading;
    try {
      reading = read(expr);
    } catch (error) {
      problems.add(`${where}: ${(error as Error).message}`);
      continue;
    }
    const known = new Set([...targetLabels, ...reading.made]);
    for (const { metric, matchers } of reading.selectors) {
      const found = emitted.get(metric);
      if (!found) {
        problems.add(`${where}: nobody emits ${metric}`);
        continue;
      }
      for (const label of found.labels) known.add(label);
      for (const { label } of matchers) if (!found.labels.has(label) && !targetLabels.includes(label)) problems.add(`${where}: ${metric} has no label ${label}`);
    }
    for (const label of reading.grouping) if (!known.has(label)) problems.add(`${where}: groups by ${label}, which no metric of it has`);
    for (const text of Object.values<string>((entry as Partial<Rule>).annotations ?? {})) {
      for (const [, label] of text.matchAll(/\$labels\.([a-zA-Z_]+)/g)) {
        if (!known.has(label!) && !Object.hasOwn((entry as Rule).labels, label!)) problems.add(`${where}: its text names the label ${label}, which no metric of it has`);
      }
    }
  }
  return [...problems];
}

/** How long a 30-day budget lasts at a burn rate, in hours. */
export const hoursLeft = (factor: number, periodDays = 30) => (periodDays * 24) / factor;

/** Times to the end of the budget that are typed into the text of an alert, and wrong. */
export function burnTextProblems(rules: readonly Rule[]): string[] {
  const problems: string[] = [];
  for (const { where, expr, annotations } of rules.filter(rule => rule.alert)) {
    const factors = [...expr.matchAll(/\(\s*(\d+(?:\.\d+)?)\s*\*\s*0\.\d+\s*\)/g)].map(match => Number(match[1]));
    for (const text of Object.values(annotations)) {
      const said = text.replace(/\{\{[\s\S]*?\}\}/g, '');
      if (!/exhaust|gone|budget|burn/i.test(said)) continue;
      for (const match of said.matchAll(/(\d+(?:\.\d+)?)\s+(hours?|h|days?|d)\b/gi)) {
        const hours = Number(match[1]) * (/^d/i.test(match[2]!) ? 24 : 1);
        const right = factors.some(factor => Math.abs(hours - hoursLeft(factor)) <= hoursLeft(factor) * 0.05);
        if (!right) problems.push(`${where}: says ${match[0]}; at ${factors.join(' or ')} times the burn 30 days last ${factors.map(factor => `${Math.round(hoursLeft(factor) * 10) / 10} h`).join(' or ')}`);
      }
    }
  }
  return problems;
}

/**
 * One definition of a good request: where a query tells errors or slow answers of a service with an objective apart, it does so by the
 * same matcher as the objective (a declined payment, 4xx, is a good answer everywhere or nowhere).
 */
export function sliProblems({ expressions, rules }: Found, objectives: readonly Expression[]): string[] {
  const agreed = new Map<string, Set<string>>();
  const key = (metric: string, label: string) => `${metric}#${label}`;
  for (const { expr } of objectives) {
    for (const { metric, matchers } of read(expr).selectors) {
      for (const { label, op, value } of matchers) {
        if (!['code', 'le', 'result'].includes(label)) continue;
        const set = agreed.get(key(metric, label)) ?? new Set();
        agreed.set(key(metric, label), set.add(`${op}"${value}"`));
      }
    }
  }
  const problems = new Set<string>();
  for (const { where, expr } of [...rules, ...expressions] as Expression[]) {
    let selectors;
    try {
      ({ selectors } = read(expr));
    } catch {
      continue;
    }
    for (const { metric, matchers } of selectors) {
      for (const { label, op, value } of matchers) {
        const set = agreed.get(key(metric, label));
        if (set && !set.has(`${op}"${value}"`)) problems.add(`${where}: ${metric}{${label}${op}"${value}"} is another definition than the objective's ${[...set].join(', ')}`);
      }
    }
  }
  return [...problems];
}

export interface Pages {
  /** Anchors of a page of docs/, by its path without .md; undefined when there is none. */
  anchors(page: string): ReadonlySet<string> | undefined;
}

export const anchorOf = (heading: string) => heading.toLowerCase().replace(/[`*_]/g, '').replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');

export function runbookProblems(rules: readonly Rule[], pages: Pages): string[] {
  return rules.filter(rule => rule.alert).flatMap(({ where, annotations }) => {
    const url = annotations['runbook_url'];
    if (!url) return [`${where}: no runbook_url`];
    const match = /^(?:https:\/\/portal\.airpay\.example)?\/docs\/default\/component\/portal\/([a-z0-9/-]+?)\/?(?:#([a-z0-9-]+))?$/.exec(url);
    if (!match) return [`${where}: ${url} is no page of the portal's docs`];
    const anchors = pages.anchors(match[1]!);
    if (!anchors) return [`${where}: docs/${match[1]}.md does not exist`];
    return !match[2] || anchors.has(match[2]) ? [] : [`${where}: docs/${match[1]}.md has no heading for #${match[2]}`];
  });
}
