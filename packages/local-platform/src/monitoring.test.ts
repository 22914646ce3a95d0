import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { alertmanagerVariables, ledgerTargets, ledgerTargetsFile, monitoringVariables, prometheusVariables } from './monitoring.ts';
import { repositoryRoot, resolvePlatform } from './settings.ts';
import { renderRole } from './templates.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'monitoring-'));
after(() => rmSync(stateDir, { recursive: true }));
const config = resolvePlatform(repositoryRoot, stateDir, {});

function accepts(program: string, ...arguments_: string[]): void {
  const done = spawnSync(program, arguments_, { encoding: 'utf8', timeout: 30_000 });
  assert.ok(!done.error, `${program} did not run: ${done.error?.message}`);
  assert.equal(done.status, 0, `${program} ${arguments_.join(' ')}\n${done.stdout}${done.stderr}`);
}

test('promtool accepts the rendered configuration with the repository\'s rules', () => {
  mkdirSync(dirname(ledgerTargetsFile(config)), { recursive: true });
  writeFileSync(ledgerTargetsFile(config), ledgerTargets([{ instance: 'ledger-a-1', region: 'region-a', port: 14011 }]));
  const file = join(stateDir, 'prometheus.yml');
  const text = renderRole(config.root, 'prometheus', 'prometheus.yml.j2', prometheusVariables(config));
  writeFileSync(file, text);
  accepts('promtool', 'check', 'config', file);
  const jobs = (parse(text) as { scrape_configs: { job_name: string; honor_labels: boolean; static_configs?: { targets: string[] }[] }[] }).scrape_configs;
  assert.deepEqual(jobs.map(job => job.job_name), ['ledger', 'payer', 'front', 'patroni', 'haproxy', 'etcd', 'backup', 'link', 'prometheus', 'alertmanager']);
  for (const job of jobs) assert.equal(job.honor_labels, ['ledger', 'payer', 'front', 'backup'].includes(job.job_name), job.job_name);
  assert.deepEqual(jobs.find(job => job.job_name === 'patroni')?.static_configs?.map(one => one.targets[0]), ['127.0.0.1:8011', '127.0.0.1:8012', '127.0.0.1:8021']);
});

test('amtool accepts the rendered configuration; no alert is dropped', () => {
  for (const variables of [alertmanagerVariables(), {
    ...monitoringVariables(config),
    alertmanager_receivers: [{ name: 'duty', webhook_url: '' }, { name: 'pager', webhook_url: 'http://127.0.0.1:1/alerts' }],
    alertmanager_routes: [{ receiver: 'pager', matchers: ['severity="page"'] }],
  }]) {
    const file = join(stateDir, 'alertmanager.yml');
    const text = renderRole(config.root, 'alertmanager', 'alertmanager.yml.j2', variables);
    writeFileSync(file, text);
    accepts('amtool', 'check-config', file);
    const { route } = parse(text) as { route: { receiver: string } };
    assert.equal(route.receiver, 'duty');
  }
});

test('the roles\' own defaults render too', () => {
  const text = renderRole(config.root, 'prometheus', 'prometheus.yml.j2', {});
  assert.deepEqual((parse(text) as { rule_files: string[] }).rule_files, ['/etc/prometheus/rules/*.rules.yaml']);
});
