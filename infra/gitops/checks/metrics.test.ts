import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { allExpressions, ofManifest, type Found, type Rule } from './expressions.ts';
import { parseManifests, root } from './manifests.ts';
import { anchorOf, burnTextProblems, emission, hoursLeft, metricProblems, readExporters, runbookProblems, sliProblems, type Pages } from './metrics.ts';

const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const found = allExpressions();
const exporters = readExporters();
const emitted = emission(found.rules, exporters);
const objectives = found.expressions.filter(({ where }) => /^infra\/slo\/[a-z-]+\.yaml .*Query$/.test(where));
const pages: Pages = {
  anchors(page) {
    const file = path.join(root, 'docs', `${page}.md`);
    return existsSync(file) ? new Set([...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(match => anchorOf(match[1]!))) : undefined;
  },
};
const rule = (expr: string, more: Partial<Rule> = {}): Rule => ({ where: 'test', expr, alert: 'Test', labels: {}, annotations: {}, ...more });
const only = (...exprs: string[]): Found => ({ expressions: exprs.map(expr => ({ where: 'test', expr })), rules: [] });
const problems = (...exprs: string[]) => metricProblems(only(...exprs), emitted, exporters.targetLabels);

describe('queries and what is emitted', () => {
  it('asks everywhere for metrics and labels that somebody emits: rules, objectives, autoscalers, dashboards, analyses, alert texts', () => {
    for (const [what, pattern] of [['rules', /^infra\/slo\/generated/], ['alerts', /^infra\/slo\/alerts/], ['alert texts', /its text/], ['objectives', /Query$/], ['autoscalers', /ScaledObject/]] as const) {
      assert.ok([...found.rules, ...found.expressions].some(({ where }) => pattern.test(where)), `no ${what} were found`);
    }
    assert.deepEqual(metricProblems(found, emitted, exporters.targetLabels), []);
  });

  it('is red for a name nobody emits: the reference system asked for request_duration_seconds_count', () => {
    assert.deepEqual(problems('sum(rate(request_duration_seconds_count{code=~"5.."}[5m]))'), ['test: nobody emits request_duration_seconds_count']);
    assert.deepEqual(problems('rate(http_requests_total_typo[5m])'), ['test: nobody emits http_requests_total_typo']);
  });

  it('is red for a label the metric does not have: status for code, decline_reason, a pod of the canary by name', () => {
    assert.deepEqual(problems('sum(rate(http_requests_total{status=~"5.."}[5m]))'), ['test: http_requests_total has no label status']);
    assert.deepEqual(problems('sum by (decline_reason) (rate(ledger_transfers_total[5m]))'), ['test: groups by decline_reason, which no metric of it has']);
    assert.deepEqual(problems('http_request_duration_seconds_count{le="0.25"}'), ['test: http_request_duration_seconds_count has no label le']);
    assert.deepEqual(problems('http_request_duration_seconds_bucket{le="0.25"}'), []);
  });

  it('is red for a label in the text of an alert that its metrics do not have', () => {
    const text = (summary: string) => metricProblems({ expressions: [], rules: [rule('ledger_trial_balance_minor != 0', { labels: { team: 'x' }, annotations: { summary } })] }, emitted, exporters.targetLabels);
    assert.deepEqual(text('{{ $labels.currency }} of {{ $labels.team }} at {{ $labels.instance }}'), []);
    assert.deepEqual(text('{{ $labels.curency }}'), ['test: its text names the label curency, which no metric of it has']);
  });

  it('reads autoscalers, canary analyses, dashboards and texts inside ConfigMaps', () => {
    const texts = `
kind: ScaledObject
metadata: { name: a }
spec: { triggers: [{ type: prometheus, metadata: { query: 'sum(rate(wrong_one[2m]))' } }] }
---
kind: AnalysisTemplate
metadata: { name: b }
spec: { metrics: [{ name: errors, provider: { prometheus: { query: 'sum(rate(wrong_two{region="{{args.region}}"}[5m]))' } } }] }
---
kind: ConfigMap
metadata: { name: c }
data:
  d.json: '{"title":"D","panels":[{"title":"P","targets":[{"expr":"rate(wrong_three{region=\\"$region\\"}[$__rate_interval])"}]}],"templating":{"list":[{"name":"v","query":"label_values(wrong_four, region)"}]}}'
  rules.yaml: |
    groups:
      - name: g
        rules:
          - alert: E
            expr: wrong_five > 0
            annotations: { description: '{{ with query \`wrong_six\` }}x{{ end }}' }
`;
    const seen: Found = { expressions: [], rules: [] };
    for (const item of parseManifests(texts)) ofManifest(seen, 'test', item);
    const named = metricProblems(seen, emitted, exporters.targetLabels).join('\n');
    for (const name of ['one', 'two', 'three', 'four', 'five', 'six']) assert.match(named, new RegExp(`nobody emits wrong_${name}`));
  });

  it('counts as emitted by our programs only what stands in them, and names a source for the rest', () => {
    for (const [name, { file, source, labels = [], metrics }] of Object.entries<any>(exporters.exporters)) {
      assert.ok(file || /^https:\/\//.test(source ?? ''), `${name} has neither a file nor a source`);
      if (!file) continue;
      const text = readFileSync(path.join(root, file), 'utf8');
      for (const [metric, own] of Object.entries<any>(metrics)) {
        for (const word of [metric, ...labels, ...(own ?? [])]) assert.match(text, new RegExp(`\\b${word}\\b`), `${file} has no ${word}`);
      }
    }
  });

  it('has every exporter scraped, and counts on no label that scraping does not add', () => {
    const collector = 'infra/gitops/platform-components/otel-collector';
    const { receivers, exporters: outlets } = parse(read(`${collector}/base/scraper.yaml`));
    const jobs: any[] = receivers.prometheus.config.scrape_configs;
    const targets = (job: string) => globSync(`${collector}/overlays/*/targets/${job}.yaml`, { cwd: root }).flatMap(file => parse(read(file)) as { labels: object }[]).flatMap(one => Object.keys(one.labels));
    const added = new Set([
      ...jobs.flatMap(job => (job.relabel_configs ?? []).map((one: any) => one.target_label)), ...Object.keys(outlets.prometheusremotewrite.external_labels),
      ...jobs.flatMap(job => targets(job.job_name)),
      // Of Prometheus itself, of the kubelet's own metrics, and of managed Prometheus.
      'job', 'instance', 'container', 'project_id', 'location',
    ]);
    for (const label of exporters.targetLabels) assert.ok(added.has(label), `nothing adds ${label}`);
    for (const [name, { job, targetLabels = [] }] of Object.entries<any>(exporters.exporters)) {
      if (job === undefined) continue;
      assert.ok(jobs.some(one => one.job_name === job), `${name}: there is no job ${job}`);
      for (const label of targetLabels) assert.ok(targets(job).includes(label), `${name}: no target of ${job} has ${label}`);
    }
    const without = Object.entries<any>(exporters.exporters).filter(([, one]) => one.job === undefined && one.pushed === undefined).map(([name]) => name);
    assert.deepEqual(without, ['prometheus'], 'Prometheus says these itself');
  });

  it('takes of what is pushed exactly what its exporter is listed with', () => {
    const pushed = Object.entries<any>(exporters.exporters).filter(([, one]) => one.pushed);
    assert.ok(pushed.length >= 1);
    for (const [name, { pushed: file, metrics, labels }] of pushed) {
      const { processors, service } = parse(read(file));
      const [condition, ...more] = processors['filter/pushed'].metric_conditions as string[];
      const pattern = new RegExp(/^not IsMatch\(metric\.name, "(\^.+\$)"\)$/.exec(condition!)![1]!);
      assert.deepEqual([more, Object.keys(metrics).filter(metric => !pattern.test(metric))], [[], []], name);
      for (const other of ['up', 'http_requests_total', 'my_terraform_drift', 'terraform_drift_of_mine', ...(labels as string[])]) assert.ok(!pattern.test(other), other);
      for (const { processors: steps } of Object.values<any>(service.pipelines)) assert.ok(steps.includes('filter/pushed'), name);
    }
  });

  it('lists no exporter nobody asks', () => {
    const asked = [...found.rules, ...found.expressions].map(({ expr }) => expr).join('\n');
    for (const [name, { metrics }] of Object.entries<any>(exporters.exporters)) assert.ok(Object.keys(metrics).some(metric => asked.includes(metric)), name);
  });
});

describe('alerts', () => {
  it('say nowhere by hand how long a budget lasts, unless it is what the burn gives', () => {
    assert.deepEqual(burnTextProblems(found.rules), []);
    assert.ok(Math.abs(hoursLeft(14.4) - 50) < 0.01 && hoursLeft(6) === 120);
    const burning = (description: string) => burnTextProblems([rule('max(x > (14.4 * 0.0001))', { annotations: { description } })]);
    assert.equal(burning('At this rate the budget is gone in 2 hours').length, 1);
    assert.deepEqual(burning("The budget is exhausted in 2 days"), [], "48 h is within 5 % of 50 h");
    assert.deepEqual(burning('Exhausts the budget in 50 hours'), []);
    assert.equal(burnTextProblems([rule('x > (6 * 0.0001)', { annotations: { summary: 'budget gone in 5 hours' } })]).length, 1);
  });

  it('know one good request: codes and limits of time are those of the objective wherever a query tells them apart', () => {
    assert.ok(objectives.length >= 6);
    assert.deepEqual(sliProblems(found, objectives), []);
    const wrong = (expr: string) => sliProblems(only(expr), objectives);
    assert.match(wrong('sum(rate(http_requests_total{code!~"2.."}[5m]))').join(), /another definition than the objective's =~"5\.\."/);
    assert.match(wrong('sum(rate(http_requests_total{code=~"[45].."}[5m]))').join(), /another definition/);
    assert.match(wrong('http_request_duration_seconds_bucket{le="0.5"}').join(), /another definition than the objective's ="0\.25"/);
    assert.deepEqual(wrong('sum by (code) (rate(http_requests_total[5m]))'), []);
  });

  it('each have a runbook that is there', () => {
    assert.deepEqual(runbookProblems(found.rules, pages), []);
    const linked = (url: string) => runbookProblems([rule('up == 0', { annotations: url ? { runbook_url: url } : {} })], { anchors: page => (page === 'slo' ? new Set(['ledger-down']) : undefined) }).join();
    assert.match(linked(''), /no runbook_url/);
    assert.match(linked('https://runbooks.example.com/x'), /no page of the portal's docs/);
    assert.match(linked('/docs/default/component/portal/nowhere/#x'), /docs\/nowhere\.md does not exist/);
    assert.match(linked('/docs/default/component/portal/slo/#gone'), /no heading for #gone/);
    assert.equal(linked('/docs/default/component/portal/slo/#ledger-down'), '');
  });
});
