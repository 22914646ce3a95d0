/** Every PromQL expression of infra/: rules, objectives, dashboards, autoscalers, canary analyses, and the queries inside alert texts. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { renderedClusters, root, type Manifest } from './manifests.ts';

export interface Expression {
  where: string;
  expr: string;
}
export interface Rule extends Expression {
  record?: string;
  alert?: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}
export interface Found {
  expressions: Expression[];
  rules: Rule[];
}

/** What Grafana fills in, as something PromQL can read. */
const withoutVariables = (expr: string) =>
  expr.replace(/\$\{?__(rate_interval|interval|range)(_s|_ms)?\}?/g, '5m').replace(/\[\$\{?\w+(:\w+)?\}?\]/g, '[5m]').replace(/\$\{\w+(:\w+)?\}|\$\w+/g, 'x');

function addRule(found: Found, where: string, rule: any): void {
  const name = rule.alert ?? rule.record;
  found.rules.push({ where: `${where} ${name}`, expr: rule.expr, record: rule.record, alert: rule.alert, labels: rule.labels ?? {}, annotations: rule.annotations ?? {} });
  for (const text of Object.values<string>(rule.annotations ?? {})) {
    for (const match of text.matchAll(/\bquery\s+(?:`([^`]*)`|"((?:[^"\\]|\\.)*)")/g)) {
      found.expressions.push({ where: `${where} ${name} (its text)`, expr: match[1] ?? match[2]!.replaceAll('\\"', '"') });
    }
  }
}

function addDashboard(found: Found, where: string, dashboard: any): void {
  const visit = (panels: any[]) => {
    for (const panel of panels ?? []) {
      for (const target of panel.targets ?? []) if (target.expr) found.expressions.push({ where: `${where} panel "${panel.title}"`, expr: withoutVariables(target.expr) });
      visit(panel.panels);
    }
  };
  visit(dashboard.panels);
  for (const variable of dashboard.templating?.list ?? []) {
    const text = typeof variable.query === 'string' ? variable.query : variable.query?.query;
    const match = /^(?:label_values|query_result)\(\s*(.+?)\s*(?:,\s*([a-z_]+)\s*)?\)$/.exec(text ?? '');
    if (match) found.expressions.push({ where: `${where} variable ${variable.name}`, expr: match[2] ? `sum by (${match[2]}) (${withoutVariables(match[1]!)})` : withoutVariables(match[1]!) });
  }
  for (const { name, expr } of dashboard.annotations?.list ?? []) if (expr) found.expressions.push({ where: `${where} annotation ${name}`, expr: withoutVariables(expr) });
}

/** Looks into any value: rules and dashboards are often texts inside ConfigMaps or values of a chart. */
function visit(found: Found, where: string, value: any): void {
  if (typeof value === 'string') {
    if (/^\s*\{/.test(value) && value.includes('"panels"')) addDashboard(found, where, JSON.parse(value));
    else if (/^\s*(- )?expr:/m.test(value)) for (const document of parseAllDocuments(value)) visit(found, where, document.toJS());
  } else if (Array.isArray(value)) {
    for (const entry of value) visit(found, where, entry);
  } else if (value && typeof value === 'object') {
    if (typeof value.expr === 'string' && (value.record || value.alert)) addRule(found, where, value);
    else if (Array.isArray(value.panels) && value.title) addDashboard(found, where, value);
    else for (const entry of Object.values(value)) visit(found, where, entry);
  }
}

export function ofManifest(found: Found, where: string, item: Manifest): void {
  if (item.kind === 'ScaledObject') {
    for (const { type, metadata } of item.spec.triggers ?? []) if (type === 'prometheus') found.expressions.push({ where: `${where} ScaledObject ${item.metadata.name}`, expr: metadata.query });
  } else if (/AnalysisTemplate$/.test(item.kind)) {
    for (const metric of item.spec.metrics ?? []) {
      const query = metric.provider?.prometheus?.query;
      if (query) found.expressions.push({ where: `${where} ${item.kind} ${item.metadata.name} ${metric.name}`, expr: query.replace(/\[\{\{[^}]*\}\}\]/g, '[5m]').replace(/\{\{[^}]*\}\}/g, 'x') });
    }
  } else if (item.kind === 'PrometheusServiceLevel') {
    for (const { name, sli } of item.spec.slos) {
      for (const part of ['errorQuery', 'totalQuery']) found.expressions.push({ where: `${where} ${name} ${part}`, expr: sli.events[part].replaceAll('{{.window}}', '5m') });
    }
  } else visit(found, where, item);
}

const skipped = /node_modules|\.terraform\/|\.test\.|\/checks\/|\/rendered\/|\/tests?\//;

/** From the files, and from the rendered manifests, where overlays have filled in what differs. */
export function allExpressions(): Found {
  const found: Found = { expressions: [], rules: [] };
  const patterns = ['infra/**/*.yaml', 'infra/**/*.yml', 'infra/**/*.json', 'infra/**/*.rules.yml.j2', 'infra/**/*.rules.yaml.j2'];
  for (const file of globSync(patterns, { cwd: root }).filter(name => !skipped.test(name)).sort()) {
    const text = readFileSync(path.join(root, file), 'utf8');
    if (!/expr|Query|query/.test(text)) continue;
    if (file.endsWith('.json')) {
      visit(found, file, JSON.parse(text));
      continue;
    }
    for (const document of parseAllDocuments(text, { version: '1.1', logLevel: 'error' })) {
      if (document.errors.length > 0) continue;
      const value = document.toJS() as Manifest | null;
      // Overlays fill these in; the rendered ones are read below.
      if (value && !['ScaledObject', 'Kustomization'].includes(value.kind)) ofManifest(found, file, value);
    }
  }
  for (const [cluster, manifests] of renderedClusters()) for (const item of manifests.filter(one => one.kind === 'ScaledObject')) ofManifest(found, cluster, item);
  return found;
}
