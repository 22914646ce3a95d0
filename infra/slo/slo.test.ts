import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { burnRatePairs, liveMetrics, rules, sloWindows } from '../../plugins/airpay-platform-common/src/conventions.ts';
import { folder, render, specFiles, targetOf } from './generate.ts';
import { budgetOf, countOf, ruleGroups, selectorsOf } from './rules.ts';
import { parseSpec, readSpec } from './spec.ts';

const root = join(folder, '../..');
const alertFiles = readdirSync(join(folder, 'alerts')).map(file => join(folder, 'alerts', file));
const testFiles = readdirSync(folder).filter(file => file.endsWith('.test.yaml'));

interface AnyRule {
  record?: string;
  alert?: string;
  expr: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}
const rulesOf = (path: string): AnyRule[] =>
  (parse(readFileSync(path, 'utf8')) as { groups: { rules: AnyRule[] }[] }).groups.flatMap(group => group.rules);
const allRules = () => [...specFiles().map(targetOf), ...alertFiles].flatMap(rulesOf);

function promtool(...arguments_: string[]): void {
  const done = spawnSync('promtool', arguments_, { cwd: folder, encoding: 'utf8', timeout: 200_000 });
  assert.ok(!done.error, `promtool did not run (${done.error?.message}); it comes with Debian's package prometheus`);
  assert.equal(done.status, 0, `promtool ${arguments_.join(' ')}\n${done.stdout}${done.stderr}`);
}

test('generated rules are what the objectives give today', () => {
  assert.ok(specFiles().length > 0);
  for (const path of specFiles()) {
    assert.equal(readFileSync(targetOf(path), 'utf8'), render(path), `${targetOf(path)}: run node infra/slo/generate.ts`);
  }
});

test('promtool accepts every rule file', () => promtool('check', 'rules', ...specFiles().map(targetOf), ...alertFiles));

test('promtool unit tests: counts are exact, alerts fire when they must and only then', () => {
  assert.ok(testFiles.length > 0);
  promtool('test', 'rules', ...testFiles);
});

test('every metric in a rule exists where it is made', () => {
  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  const files = ['ledger/src/adapters/metrics.ts', 'packages/local-platform/src/payer-metrics.ts', 'packages/local-platform/src/backup-metrics.ts', 'infra/ansible/roles/pgbackrest/files/airpay-backup'];
  const source = files.map(read).join('\n');
  const made = new Set([...source.matchAll(/['"`]([a-z]+(?:_[a-z]+)+)['"`]/g)].map(match => match[1]!));
  // Patroni's own names (its REST API, /metrics), and Prometheus's own.
  for (const name of ['patroni_xlog_location', 'patroni_xlog_replayed_location', 'patroni_xlog_replayed_timestamp']) made.add(name);
  // And what other rules record.
  for (const rule of allRules()) if (rule.record) made.add(rule.record);
  const used = new Set<string>();
  for (const rule of allRules()) {
    const bare = rule.expr.replace(/"[^"]*"/g, '""').replace(/\b(?:by|on|without|ignoring|group_left)\s*\([^)]*\)/g, '').replace(/\{[^}]*\}/g, '');
    for (const match of bare.matchAll(/(?<![a-z0-9_:])[a-z]+(?:_[a-z]+)+(?![a-z0-9_:]*\s*\()/g)) used.add(match[0]);
  }
  for (const name of Object.values(liveMetrics)) used.add(name);
  assert.ok(used.size >= 8, `only ${[...used]} were found in the rules`);
  const unknown = [...used].filter(name => !made.has(name) && !made.has(name.replace(/_(?:bucket|count|sum)$/, '')));
  assert.deepEqual(unknown, []);
});

test('every alert has a severity, an owner and a runbook that exists', () => {
  const alerts = allRules().filter(rule => rule.alert);
  assert.ok(alerts.length >= 11);
  for (const { alert, labels, annotations } of alerts) {
    assert.match(labels?.severity ?? '', /^(page|ticket)$/, alert);
    for (const label of ['team', 'component', 'system']) assert.ok(labels?.[label], `${alert} has no ${label}`);
    assert.ok(annotations?.summary, `${alert} has no summary`);
    const link = /^\/docs\/default\/component\/portal\/([a-z/-]+)\/#([a-z0-9-]+)$/.exec(annotations?.runbook_url ?? '');
    assert.ok(link, `${alert}: ${annotations?.runbook_url} is no page of the portal's docs`);
    const page = join(root, 'docs', `${link[1]}.md`);
    assert.ok(existsSync(page), `${alert}: ${page} is missing`);
    const headings = [...readFileSync(page, 'utf8').matchAll(/^#+ (.+)$/gm)].map(match => match[1]!.toLowerCase().replace(/[^a-z0-9]+/g, '-'));
    assert.ok(headings.includes(link[2]!), `${alert}: ${page} has no heading for #${link[2]}`);
  }
});

test('an SLO gets Sloth\'s recordings for every window and both alerts, with the four burn-rate pairs', () => {
  const spec = readSpec(join(folder, 'ledger.yaml'));
  const all = ruleGroups(spec).flatMap(group => group.rules);
  for (const slo of spec.slos) {
    const own = all.filter(rule => rule.labels.sloth_slo === slo.name);
    const names = own.map(rule => ('record' in rule ? rule.record : `${rule.alert}/${rule.labels.sloth_severity}`));
    for (const window of sloWindows) assert.ok(names.includes(rules.errorRatio(window)), `${slo.name} ${window}`);
    for (const name of [rules.objective, rules.errorBudget, rules.periodDays, rules.currentBurnRate, rules.periodBurnRate, rules.budgetRemaining, rules.info]) {
      assert.ok(names.includes(name), `${slo.name} ${name}`);
    }
    for (const pair of burnRatePairs) {
      const alert = own.find(rule => 'alert' in rule && rule.labels.sloth_severity === pair.severity);
      const threshold = `> (${pair.factor} * ${budgetOf(slo)})`;
      for (const window of [pair.long, pair.short]) {
        assert.ok(alert?.expr.includes(`ratio_rate${window}{sloth_id="ledger-${slo.name}"} ${threshold}`), `${slo.name} ${window} ${threshold}`);
      }
    }
  }
});

test('a query that cannot be counted exactly is refused', () => {
  assert.throws(() => selectorsOf('avg_over_time(up[{{.window}}])', 'x totalQuery'), /x totalQuery: only sums and differences/);
  assert.throws(() => selectorsOf('sum(rate(a_total[{{.window}}])) / max(rate(b_total[{{.window}}]))', 'x'), /can be counted exactly/);
  assert.deepEqual(selectorsOf('sum(rate(a_total{x="1"}[{{.window}}])) - sum(rate(b_total[{{.window}}]))', 'x'), ['a_total{x="1"}', 'b_total']);
  assert.match(countOf('a_total', 'b_total'), /increase\(a_total\[30s\]\)/);
});

test('a broken objective file names itself and the field', () => {
  const good = () => parse(readFileSync(join(folder, 'ledger.yaml'), 'utf8')) as any;
  const broken = (change: (document: any) => void) => {
    const document = good();
    change(document);
    return () => parseSpec(document, 'x.yaml');
  };
  assert.throws(broken(d => { d.spec.slos[1].objective = 100; }), /x\.yaml: spec\.slos\[1\]\.objective: 100 leaves no budget/);
  assert.throws(broken(d => { d.kind = 'Service'; }), /x\.yaml: kind: must be PrometheusServiceLevel/);
  assert.throws(broken(d => { d.spec.slos[0].sli.events.errorQuery = 'sum(rate(a[5m]))'; }), /errorQuery: must use \{\{\.window\}\}/);
  assert.throws(broken(d => { d.spec.slos[2].name = 'latency'; }), /"latency" is there twice/);
  assert.throws(broken(d => { delete d.spec.slos[0].alerting.pageAlert; }), /slos\[0\]\.alerting\.pageAlert: must be an object/);
});
