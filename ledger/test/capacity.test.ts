/** The capacity page says what was measured; what a payment weighs is weighed again. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { costOf, figures, measurementsPath, pagePath, withFigures } from '../bench/capacity.ts';
import { bytesPerPayment, latencyBudget, latencyTargetMs } from '../src/domain/capacity.ts';
import { createDatabase, startLedger, type TestDatabase, type TestLedger } from './support/ledger.ts';

let database: TestDatabase;
let ledger: TestLedger;
before(async () => {
  database = await createDatabase();
  ledger = await startLedger(database, { LEDGER_RATE_LIMIT_PER_S: '1000000', LEDGER_QUEUE_MAX: '5000' });
});
after(() => ledger.close());

test('docs/ledger-capacity.md has the figures of docs/benchmarks.md', () => {
  const page = readFileSync(pagePath, 'utf8');
  assert.ok(withFigures(page, readFileSync(measurementsPath, 'utf8')) === page, 'run `node ledger/bench/capacity.ts` after a new measurement');
});

test('figures are taken from the row and column that they stand in', () => {
  const measurements = '| variant | in flight | CPU µs | PostgreSQL | Node | load |\n|---|---|--:|--:|--:|--:|\n| pgbench TPC-B | 16 | 200 | 170 | – | 30 |\n| ledger over HTTP, uniform | 256 | 110 | 40 | 60 | 10 |\n';
  assert.deepEqual(costOf(measurements, /^ledger over HTTP, uniform$/), { serviceUs: 60, databaseUs: 40 });
  assert.equal(costOf(measurements, /^pgbench/), undefined);
  assert.equal(costOf('', /./), undefined);
  assert.match(figures(measurements), /\| one payment a request \| 60 \| 40 \| 10,000 \|/);
  assert.match(figures(measurements), /\| 45,000 \| 15,000 \| 4\.5 \| 6 \| 3\.0 \| 3 \| 6 \| 557 \| 32 \|/);
  assert.match(figures(''), /not measured yet/);
});

test('what a payment stores and writes is what the page counts with', { timeout: 60_000 }, async () => {
  const { api } = ledger;
  for (let index = 0; index < 50; index++) await api.account(`a${index}`, { minAvailableMinor: null });
  const size = async () => (await database.as('postgres', `SELECT (pg_total_relation_size('ledger.journal') + pg_total_relation_size('ledger.chain'))::float8 AS stored, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 AS wal`))[0] as { stored: number; wal: number };
  const pay = async (batches: number) => {
    for (let batch = 0; batch < batches; batch++) {
      const transfers = Array.from({ length: 1_000 }, (_, index) => ({ key: randomUUID(), debitAccountId: `a${index % 50}`, creditAccountId: `a${(index + 1 + (index % 48)) % 50}`, amountMinor: '100', currency: 'USD' }));
      const reply = await api.post('/v1/transfers/batch', { transfers });
      assert.ok(reply.json.results.every((one: { status: number }) => one.status === 201), reply.text.slice(0, 500));
    }
  };
  await pay(2); // past the first pages
  const start = await size();
  await pay(8);
  const end = await size();
  const stored = (end.stored - start.stored) / 8_000;
  assert.ok(Math.abs(stored / bytesPerPayment.stored - 1) < 0.15, `${stored.toFixed(0)} bytes stored`);
  // Other tests write to the same server's log, and a checkpoint makes pages be written whole: no less than half.
  const wal = (end.wal - start.wal) / 8_000;
  assert.ok(wal > bytesPerPayment.wal * 0.5, `${wal.toFixed(0)} bytes of log`);
});

test('the buckets of each histogram bracket its latency budget', async () => {
  const text = await (await fetch(`${ledger.url}/metrics`)).text();
  const bounds = (name: string) => [...new Set([...text.matchAll(new RegExp(`^${name}_bucket\\{le="([0-9.]+)"`, 'gm'))].map(match => Number(match[1])))];
  const targets = latencyBudget.flatMap(({ metric, budgetMs }) => (/^`(\w+_seconds)`$/.exec(metric) ? [[metric.slice(1, -1), budgetMs] as const] : []));
  assert.equal(targets.length, 2);
  for (const [name, budgetMs] of [...targets, ['http_request_duration_seconds', latencyTargetMs] as const]) {
    const found = bounds(name);
    assert.ok(found.some(bound => bound * 1000 <= budgetMs && bound * 1000 > budgetMs * 0.5) && found.some(bound => bound * 1000 >= budgetMs && bound * 1000 <= budgetMs * 2), `${name}: ${found.join()} do not bracket ${budgetMs} ms`);
  }
});
