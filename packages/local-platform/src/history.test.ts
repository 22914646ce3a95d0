import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeHistory, shareAbove, wave } from './history-model.ts';
import { readRecordingRules, recordedSeries } from './history-rules.ts';
import { openMetrics, liveSeries } from './history-text.ts';
import { backfill, blockSpans, dataFolder, readHistoryMark } from './history.ts';
import { findPrograms } from './programs.ts';
import { repositoryRoot } from './settings.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'history-'));
const ends: (() => Promise<unknown>)[] = [];
after(async () => {
  for (const end of ends) await end();
  rmSync(stateDir, { recursive: true, force: true });
});
const config = { root: repositoryRoot, stateDir, sizes: { historyDays: 30, diffBackupEveryHours: 1, paymentsPerSecond: 7, linkLatencyMs: 0, podsPerNode: 2, sharedBuffersMb: 64, walKeepMb: 32 } };
const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, one) => total + one, 0);

test('the same seed gives the same history, another seed another', () => {
  const make = (seed: number) => makeHistory({ end: 1_800_000_000, days: 2, paymentsPerSecond: 7, seed });
  assert.deepEqual(make(1), make(1));
  assert.notDeepEqual(make(1).requests[0]!.count, make(2).requests[0]!.count);
});

test('rates are those of the live load, and every request stands in one bucket chain', () => {
  const history = makeHistory({ end: 1_800_000_000, days: 10, paymentsPerSecond: 7, seed: 1 });
  const seconds = 10 * 86_400;
  const posted = sum(history.payments.flatMap(one => Array.from(one.posted)));
  assert.ok(Math.abs(posted / seconds - 7.4) < 0.1, `${posted / seconds} payments a second`);
  assert.equal(posted, sum(history.requests[0]!.count));
  assert.equal(sum(history.syntheticOk) + sum(history.syntheticFailed), seconds / 5);
  for (const one of history.requests) {
    for (let index = 0; index < one.count.length; index++) {
      let before = one.count[index]!;
      for (const above of one.above) {
        assert.ok(above[index]! <= before);
        before = above[index]!;
      }
    }
  }
  const day = Array.from({ length: 1440 }, (_, index) => wave(index * 60));
  assert.ok(Math.abs(sum(day) / 1440 - 1) < 1e-9);
  assert.equal(shareAbove(0.25, 0.07), 0.07);
});

test('blocks tile the time without overlap and end where Prometheus cuts', () => {
  const spans = blockSpans(1_000_000, 4_000_000);
  assert.equal(spans[0]!.from, 1_000_000);
  assert.equal(spans.at(-1)!.to, 4_000_000);
  spans.slice(1).forEach((span, index) => {
    assert.equal(span.from, spans[index]!.to);
    // (from, to]: the sample at the cut belongs to the block the cut begins.
    assert.equal((span.from + 1) % (54 * 3600), 0);
  });
});

test('every recording rule of the ledger has a past, and a new kind of rule is refused until it has one', () => {
  const history = makeHistory({ end: 1_800_000_000, days: 1, paymentsPerSecond: 7, seed: 1 });
  const rules = readRecordingRules(repositoryRoot);
  const names = new Set(recordedSeries(history, rules).map(one => `${one.name} ${one.labels.sloth_id}`));
  for (const rule of rules) assert.ok(names.has(`${rule.record} ${rule.labels.sloth_id}`), rule.record);
  const strange = { record: 'slo:surprise:ratio', expr: 'x', labels: { sloth_id: 'ledger-latency' } };
  assert.throws(() => recordedSeries(history, [...rules, strange]), /does not know the recording rule slo:surprise:ratio/);
});

test('text of neighbouring blocks joins without a hole or a double', () => {
  const history = makeHistory({ end: 1_800_000_000, days: 1, paymentsPerSecond: 7, seed: 1 });
  const one = liveSeries(history).slice(0, 1);
  const from = 1_800_000_000 - 86_400;
  const middle = from + 40_000;
  const lines = (start: number, end: number) => [...openMetrics(history, one, start, end)].map(piece => piece.text).join('').split('\n').filter(line => line.includes('{'));
  assert.deepEqual([...lines(from, middle), ...lines(middle, 1_800_000_000)], lines(from, 1_800_000_000));
  assert.equal(lines(from, 1_800_000_000).length, 1440);
  assert.match(lines(from, from + 60)[0]!, /^http_requests_total\{job="ledger",service="ledger",region="region-a",instance="history",method="POST",route="\/v1\/transfers",code="201"\} \d+ \d+$/);
});

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** A real Prometheus over the history with the repository's rules, scraping nothing. */
async function startPrometheus(): Promise<(query: string) => Promise<Record<string, number>>> {
  const port = await freePort();
  const file = join(stateDir, 'prometheus.yml');
  writeFileSync(file, JSON.stringify({ global: { evaluation_interval: '2s' }, rule_files: [join(repositoryRoot, 'infra/slo/generated/*.rules.yaml')] }));
  const child = spawn(findPrograms().prometheus, [`--config.file=${file}`, `--storage.tsdb.path=${dataFolder(config)}`, '--storage.tsdb.retention.time=40d', `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
  const ended = new Promise(resolve => child.on('close', resolve));
  ends.push(() => (child.kill('SIGTERM'), ended));
  const ask = async (query: string) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/query`, { method: 'POST', body: new URLSearchParams({ query }), signal: AbortSignal.timeout(20_000) });
    const { data } = (await response.json()) as { data: { result: { metric: Record<string, string>; value: [number, string] }[] } };
    return Object.fromEntries(data.result.map(one => [one.metric.sloth_slo ?? '', Number(one.value[1])]));
  };
  for (let attempt = 0; ; attempt++) {
    try {
      const ready = await fetch(`http://127.0.0.1:${port}/-/ready`, { signal: AbortSignal.timeout(1_000) });
      if (ready.ok) return ask;
    } catch {
      // Not listening yet.
    }
    assert.ok(attempt < 300, 'Prometheus did not become ready within 60 s');
    await new Promise(resolve => setTimeout(resolve, 200));
  }
}

test('a real Prometheus reads a budget from the history, by rule, by count and from raw series', { timeout: 420_000 }, async t => {
  const startedAt = Date.now();
  const steps: number[] = [];
  const mark = await backfill(config, ({ done }) => steps.push(done));
  t.diagnostic(`${mark.samples} samples in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
  assert.deepEqual(steps, [...steps].sort((a, b) => a - b));
  assert.ok(Date.now() - Date.parse(mark.untilIso) < 300_000, 'the history ends more than five minutes ago');
  assert.deepEqual(readHistoryMark(config), mark);
  const blocks = readdirSync(dataFolder(config));
  assert.deepEqual(await backfill(config, () => assert.fail('made twice')), mark);
  assert.deepEqual(readdirSync(dataFolder(config)), blocks);

  const ask = await startPrometheus();
  const [total, error, ratio, left] = await Promise.all(
    ['sum by (sloth_slo) (sum_over_time(slo:events_total:increase[30d]))', 'sum by (sloth_slo) (sum_over_time(slo:events_error:increase[30d]))', 'slo:sli_error:ratio_rate30d', 'slo:period_error_budget_remaining:ratio'].map(ask),
  );
  const budgets = { availability: 0.0001, latency: 0.001, synthetic: 0.001 };
  for (const [slo, budget] of Object.entries(budgets)) {
    const expected = error![slo]! / total![slo]!;
    assert.ok(Math.abs(ratio![slo]! - expected) < 1e-7, `${slo}: ${ratio![slo]} is not ${expected}`);
    assert.ok(Math.abs(left![slo]! - (1 - expected / budget)) < 1e-3, `${slo}: ${left![slo]} left`);
    assert.ok(left![slo]! > 0.2 && left![slo]! < 0.95, `${slo}: ${left![slo]} of the budget left is no believable past`);
    t.diagnostic(`${slo}: ${(left![slo]! * 100).toFixed(1)} % left of ${total![slo]} events`);
  }
  const raw = await ask('sum(increase(http_requests_total{service="ledger",code=~"5.."}[29d])) / sum(increase(http_requests_total{service="ledger"}[29d]))');
  assert.ok(Math.abs(raw['']! - error!.availability! / total!.availability!) < 2e-6, `raw ${raw['']}`);
  const p99 = await ask('histogram_quantile(0.99, sum by (le) (slo:latency_bucket:rate5m{sloth_service="ledger"}))');
  assert.ok(p99['']! > 0.01 && p99['']! < 0.25, `p99 ${p99['']} s`);
  const firing = await ask('count(ALERTS{alertstate="firing",sloth_slo=~"availability|latency|synthetic"}) or vector(0)');
  assert.equal(firing[''], 0, 'a made-up past must not raise an alert');

  // Live rules carry on the same series: they add to the last sample, they do not stand beside it.
  await new Promise(resolve => setTimeout(resolve, 4_000));
  const series = await ask('count by (sloth_slo) ({__name__="slo:period_error_budget_remaining:ratio"})');
  assert.deepEqual(series, { availability: 1, latency: 1, synthetic: 1 });
});
