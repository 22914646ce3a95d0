/** What Prometheus and Alertmanager of the local platform watch: variables for infra/ansible/roles. */
import { join } from 'node:path';
import type { PlatformConfig } from './config.ts';
import type { Variables } from './templates.ts';

interface Target {
  address: string;
  labels: Record<string, string>;
}

/** Fast enough that the page of a region switch is not behind the switch. */
const fastInterval = '5s';
const slowInterval = '10s';
const local = (port: number) => `127.0.0.1:${port}`;

/** The file Prometheus reads the ledger's processes from; see `ledgerTargets`. */
export function ledgerTargetsFile(config: Pick<PlatformConfig, 'stateDir'>): string {
  return join(config.stateDir, 'prometheus/targets/ledger.json');
}

/**
 * Content of `ledgerTargetsFile`: one entry per process that runs now. `instance` must be what the
 * process is told as LEDGER_INSTANCE: rules match its series with Prometheus's own `up` by it.
 * Replace the file as a whole (write beside it, rename); Prometheus sees the change within 5 s.
 */
export function ledgerTargets(processes: readonly { instance: string; region: string; port: number }[]): string {
  const groups = processes.map(({ instance, region, port }) => ({
    targets: [local(port)],
    labels: { service: 'ledger', instance, region },
  }));
  return `${JSON.stringify(groups, null, 2)}\n`;
}

/** Variables of the role `prometheus` for this installation. */
export function prometheusVariables(config: PlatformConfig): Variables {
  const { root, ports, regions } = config;
  const inRegions = (make: (region: PlatformConfig['regions'][number]) => Target[]) => regions.flatMap(make);
  const one = (port: number, instance: string): Target[] => [{ address: local(port), labels: { instance } }];
  const job = (name: string, targets: Target[], honorLabels = false, interval = slowInterval) => ({
    name,
    targets,
    honor_labels: honorLabels,
    scrape_interval: interval,
  });
  return {
    prometheus_scrape_interval: slowInterval,
    prometheus_scrape_timeout: '4s',
    prometheus_evaluation_interval: slowInterval,
    prometheus_external_labels: { environment: 'local' },
    prometheus_rule_files: [join(root, 'infra/slo/generated/*.rules.yaml'), join(root, 'infra/slo/alerts/*.rules.yaml')],
    prometheus_alertmanagers: [local(ports.alertmanager)],
    prometheus_file_jobs: [
      { name: 'ledger', honor_labels: true, scrape_interval: fastInterval, files: [ledgerTargetsFile(config)] },
    ],
    prometheus_static_jobs: [
      job('payer', one(ports.payer, 'payer'), true, fastInterval),
      // The front answers in the ledger's place when it cannot reach it, and counts that as the ledger's.
      job('front', one(ports.dns, 'front'), true, fastInterval),
      job(
        'patroni',
        inRegions(region =>
          region.members.map(member => ({ address: local(member.restPort), labels: { instance: member.name, region: region.id } })),
        ),
        false,
        fastInterval,
      ),
      job(
        'haproxy',
        inRegions(region => [{ address: local(region.haproxy.statsPort), labels: { instance: region.haproxy.name, region: region.id } }]),
      ),
      job(
        'etcd',
        inRegions(region => [{ address: local(region.etcd.clientPort), labels: { instance: region.etcd.name, region: region.id } }]),
      ),
      // As the node exporter of each database machine hands them on.
      job('backup', one(ports.backup, 'backup'), true, fastInterval),
      job('link', one(ports.linkControl, 'link')),
      job('prometheus', one(ports.prometheus, 'prometheus')),
      job('alertmanager', one(ports.alertmanager, 'alertmanager')),
    ],
  };
}

/** Variables of the role `alertmanager`: short waits, since on this platform somebody is looking. */
export function alertmanagerVariables(): Variables {
  return {
    alertmanager_group_wait: '2s',
    alertmanager_group_interval: '10s',
    alertmanager_repeat_interval: '1h',
  };
}

/** Both roles at once. */
export function monitoringVariables(config: PlatformConfig): Variables {
  return { ...prometheusVariables(config), ...alertmanagerVariables() };
}
