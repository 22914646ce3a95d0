/** Prometheus with its sample history, and Alertmanager. */
import { join } from 'node:path';
import { serverLaunch, type Context } from './context.ts';
import { readHistoryMark } from './history.ts';
import { runTask } from './tasks.ts';
import { alertmanagerVariables, prometheusVariables } from './monitoring.ts';
import { answersOk } from './probes.ts';
import { part, type Report } from './progress.ts';
import { makeFolder, writePrivate } from './settings.ts';
import type { ProcessSpec, Supervisor } from './supervisor.ts';
import { renderRole } from './templates.ts';

interface MonitoringParts {
  context: Context;
  supervisor: Supervisor;
  report: Report;
}

const HISTORY_TIMEOUT_MS = 600_000;

/** They read rules from the checkout, so they run as ourselves, whom they do not refuse. */
function asOurselves(context: Context): Context {
  return { ...context, account: undefined };
}

export function prometheusSpec(context: Context): ProcessSpec {
  const { config, programs } = context;
  const folder = join(config.stateDir, 'prometheus');
  const file = join(folder, 'prometheus.yml');
  const port = config.ports.prometheus;
  return {
    launch: serverLaunch(asOurselves(context), 'prometheus', programs.prometheus, [
      `--config.file=${file}`, `--storage.tsdb.path=${join(folder, 'data')}`, '--storage.tsdb.retention.time=40d', `--web.listen-address=127.0.0.1:${port}`, '--web.enable-lifecycle', '--log.level=warn',
    ]),
    kind: 'prometheus', region: null, role: 'metrics', port,
    prepare: () => writePrivate(file, renderRole(config.root, 'prometheus', 'prometheus.yml.j2', prometheusVariables(config))),
    healthy: () => answersOk(`http://127.0.0.1:${port}/-/ready`),
    startTimeoutMs: 60_000, stopSignal: 'SIGTERM', stopTimeoutMs: 10_000, restartDelayMs: 1_000,
  };
}

export function alertmanagerSpec(context: Context): ProcessSpec {
  const { config, programs } = context;
  const folder = join(config.stateDir, 'alertmanager');
  const file = join(folder, 'alertmanager.yml');
  const port = config.ports.alertmanager;
  return {
    launch: serverLaunch(asOurselves(context), 'alertmanager', programs.alertmanager, [
      `--config.file=${file}`, `--storage.path=${join(folder, 'data')}`, `--web.listen-address=127.0.0.1:${port}`, '--cluster.listen-address=', '--log.level=warn',
    ]),
    kind: 'alertmanager', region: null, role: 'alerts', port,
    prepare: () => writePrivate(file, renderRole(config.root, 'alertmanager', 'alertmanager.yml.j2', alertmanagerVariables())),
    healthy: () => answersOk(`http://127.0.0.1:${port}/-/ready`),
    startTimeoutMs: 60_000, stopSignal: 'SIGTERM', stopTimeoutMs: 5_000, restartDelayMs: 1_000,
  };
}

/** Starts both; before the very first start of Prometheus its past is written. */
export async function startMonitoring({ context, supervisor, report }: MonitoringParts): Promise<void> {
  const start = async (spec: ProcessSpec) => {
    supervisor.add(spec);
    await part(report, spec.launch.name, () => supervisor.start(spec.launch.name), how => (how === 'adopted' ? 'was running' : undefined));
  };
  await Promise.all([start(alertmanagerSpec(context)), ensureHistory(context, report).then(() => start(prometheusSpec(context)))]);
}

async function ensureHistory({ config, programs }: Context, report: Report): Promise<void> {
  if (readHistoryMark(config)) return;
  makeFolder(join(config.stateDir, 'prometheus'));
  await part(report, 'sample history', () => runTask(config, {
    name: 'sample-history', args: ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'sample-history.ts'), config.file, programs.promtool],
    cwd: config.root, env: {}, timeoutMs: HISTORY_TIMEOUT_MS,
  }), () => `${config.sizes.historyDays} days`);
}
