import { mockServices, startTestBackend } from '@backstage/backend-test-utils';
import { catalogServiceMock } from '@backstage/plugin-catalog-node/testUtils';
import { rules, sloDetailSchema, sloListSchema, sloSeriesSchema } from '@airpay/plugin-airpay-platform-common';
import { ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import request from 'supertest';
import { entities, listen, LocalServer } from './__testUtils__/upstreams';
import plugin from './index';

// Events -> a real Prometheus with the repository's rules -> this backend -> the answer a page gets.

const repository = resolve(__dirname, '../../..');
const eventsPerMinute = 600;
/** Failed events in each of the last minutes, newest last; nothing failed before. */
const failures = [3, 0, 9];
const hours = 6;

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer();
    server.on('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Six hours of event counts of one objective, as the rules would have recorded them. */
function openMetrics(endSeconds: number): string {
  const labels = `sloth_id="ledger-availability",sloth_service="ledger",sloth_slo="availability",component="ledger",system="payments",team="payments-core",tier="0"`;
  const minutes = hours * 60;
  const lines: string[] = [];
  for (const [rule, value] of [
    [rules.eventsTotal, () => eventsPerMinute],
    [rules.eventsError, (index: number) => failures[index - (minutes - failures.length)] ?? 0],
  ] as const) {
    for (let index = 0; index < minutes; index++) lines.push(`${rule}{${labels}} ${value(index)} ${endSeconds - (minutes - 1 - index) * 60}`);
  }
  return `${lines.join('\n')}\n# EOF\n`;
}

describe('from events to the page, over a real Prometheus', () => {
  const directory = mkdtempSync(join(tmpdir(), 'whole-path-'));
  let prometheus: ChildProcess | undefined;
  let alertmanager: LocalServer;
  let url = '';

  const ask = async (query: string): Promise<string[]> => {
    const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`, { signal: AbortSignal.timeout(5_000) });
    const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
    return data.result.map(one => one.value[1]);
  };
  const until = async (what: string, ready: () => Promise<boolean>) => {
    const deadline = Date.now() + 60_000;
    while (!(await ready().catch(() => false))) {
      if (Date.now() > deadline) throw new Error(`${what} did not come within 60 s`);
      await new Promise(done => setTimeout(done, 250));
    }
  };

  beforeAll(async () => {
    const text = join(directory, 'events.om');
    writeFileSync(text, openMetrics(Math.floor(Date.now() / 60_000) * 60));
    execFileSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', '-q', text, join(directory, 'data')], { timeout: 60_000 });
    const config = join(directory, 'prometheus.yml');
    writeFileSync(config, JSON.stringify({ rule_files: [join(repository, 'infra/slo/generated/*.rules.yaml')] }));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    prometheus = spawn('prometheus', [`--config.file=${config}`, `--storage.tsdb.path=${join(directory, 'data')}`, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
    await until('Prometheus', async () => (await fetch(`${url}/-/ready`)).ok);
    // The rules are evaluated every 30 s, each group at its own moment.
    await until('the recorded budget', async () => (await ask(`${rules.budgetRemaining}{sloth_id="ledger-availability"}`)).length === 1);
    await until('the ratio of the last hour', async () => (await ask(`${rules.errorRatio('1h')}{sloth_id="ledger-availability"}`)).length === 1);
    alertmanager = await listen(() => ({ body: [] }));
  }, 150_000);

  afterAll(async () => {
    if (prometheus) {
      const ended = new Promise(done => prometheus!.once('close', done));
      prometheus.kill('SIGTERM');
      await ended;
    }
    await alertmanager?.close();
    rmSync(directory, { recursive: true, force: true });
  }, 30_000);

  it('shows exactly the budget that was spent', async () => {
    const { server } = await startTestBackend({
      features: [
        plugin,
        catalogServiceMock.factory({ entities }),
        mockServices.rootConfig.factory({
          data: {
            airpay: {
              prometheus: { baseUrl: url },
              alertmanager: { baseUrl: alertmanager.url },
              slo: { directory: join(repository, 'infra/slo') },
            },
          },
        }),
      ],
    });
    const get = (path: string) => request(server).get(`/api/airpay-platform${path}`);

    const total = hours * 60 * eventsPerMinute;
    const failed = failures.reduce((sum, one) => sum + one, 0);
    const left = 1 - failed / (0.0001 * total);
    const list = sloListSchema.parse((await get('/slos')).body);
    expect(list.errors).toEqual([]);
    expect(list.slos.map(slo => [slo.id, slo.status])).toEqual([
      ['ledger-latency', 'unknown'],
      ['ledger-synthetic', 'unknown'],
      ['ledger-availability', expect.stringMatching(/^(watch|ok|act)$/)],
    ]);
    const availability = list.slos[2];
    expect(availability.budgetLeft.value).toBeCloseTo(left, 9);
    expect(availability.availability.value).toBeCloseTo(1 - failed / total, 9);
    expect(availability).toMatchObject({ owner: 'group:default/payments-core', entityRef: 'component:default/ledger' });

    const detail = sloDetailSchema.parse((await get('/slos/ledger-availability')).body);
    expect(detail.totalEvents).toBe(total);
    expect(detail.goodEvents).toBe(total - failed);
    // What the recorded rule says and what the portal computes are the same figure.
    expect(Number((await ask(`${rules.budgetRemaining}{sloth_id="ledger-availability"}`))[0])).toBeCloseTo(left, 9);

    const series = sloSeriesSchema.parse((await get('/slos/ledger-availability/series?range=6h')).body);
    expect(series.errors).toEqual([]);
    const line = series.series.find(one => one.name === 'budgetLeft')!.values.filter((one): one is number => one !== null);
    expect(line[line.length - 1]).toBeCloseTo(left, 9);
    expect(line[0]).toBeCloseTo(1, 9);
  });
});
