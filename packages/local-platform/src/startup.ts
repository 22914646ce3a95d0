/** The order in which everything starts. Parts that do not need each other start at the same time. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RegionConfig } from './config.ts';
import type { Context } from './context.ts';
import { startDatabases } from './databases.ts';
import { migrateLedger } from './migrations.ts';
import { startMonitoring } from './observability.ts';
import { ledgerProgram, ownProgramExists, ownProgramFile, ownProgramSpec, type OwnProgram } from './own-programs.ts';
import { hubSpec, ensurePortalRole, ensureLedgerDatabase } from './postgres.ts';
import { buildPortal, portalSpec, writePortalEnvironment } from './portal.ts';
import { answersOk, until } from './probes.ts';
import { part, type Report } from './progress.ts';
import { redisSpec } from './regions.ts';
import type { ProcessSpec, Supervisor } from './supervisor.ts';
import type { Workloads } from './workloads.ts';

export interface StartOptions {
  /** The portal is run by hand, from source. */
  dev: boolean;
  /** Only the regions' data layer, for tests. */
  databasesOnly: boolean;
}

export interface Parts {
  context: Context;
  supervisor: Supervisor;
  workloads: Workloads;
  report: Report;
  options: StartOptions;
}

export async function startOne({ supervisor, report }: Pick<Parts, 'supervisor' | 'report'>, spec: ProcessSpec): Promise<void> {
  supervisor.add(spec);
  const { name } = spec.launch;
  await part(report, name, () => supervisor.start(name), how => (how === 'adopted' ? 'was running' : undefined));
}

/** Starts one of our programs, or says that it is not part of this checkout. */
async function startOwn(parts: Parts, name: OwnProgram): Promise<void> {
  const { context: { config }, report } = parts;
  if (!ownProgramExists(config, name)) return report({ kind: 'skipped', part: name, note: `${ownProgramFile(config, name)} does not exist` });
  await startOne(parts, ownProgramSpec(config, name));
}

/** Starts everything. @throws Error of the first part that failed; what was started goes on running */
export async function startPlatform(parts: Parts): Promise<void> {
  const { options } = parts;
  if (options.databasesOnly) {
    await startOwn(parts, 'link');
    await startDatabases(parts);
    await startOwn(parts, 'backup');
    return;
  }
  const { context: { config } } = parts;
  const front = startOwn(parts, 'front');
  const stateless = Promise.all([
    ...config.regions.map(region => startOne(parts, redisSpec(parts.context, region))),
    startOwn(parts, 'git-host'), front, startOwn(parts, 'cluster-api'),
  ]);
  const data = startOwn(parts, 'link').then(() => startDatabases(parts)).then(async primary => void (await Promise.all([startOwn(parts, 'backup'), startLedger(parts, primary)])));
  const monitoring = startMonitoring(parts);
  const hub = startHub(parts);
  const payments = Promise.all([data, front]).then(() => startOwn(parts, 'payer'));
  await Promise.all([stateless, payments, monitoring, startPortal(parts, Promise.all([hub, monitoring]))]);
}

async function startHub(parts: Parts): Promise<void> {
  await startOne(parts, hubSpec(parts.context));
  await ensurePortalRole(parts.context);
}

async function startPortal(parts: Parts, before: Promise<unknown>): Promise<void> {
  const { context: { config }, options, report } = parts;
  if (options.dev) {
    await before;
    const file = writePortalEnvironment(config);
    return report({ kind: 'note', note: `portal from source: set -a; . ${file}; set +a; yarn start` });
  }
  if (!existsSync(join(config.root, 'tools/build.ts'))) return report({ kind: 'skipped', part: 'portal', note: 'tools/build.ts does not exist' });
  await part(report, 'portal bundle', () => buildPortal(config));
  await before;
  await startOne(parts, portalSpec(config));
}

async function startLedger(parts: Parts, primary: RegionConfig): Promise<void> {
  const { context, report, workloads } = parts;
  await part(report, 'ledger database', () => ensureLedgerDatabase(context, primary));
  if (!existsSync(ledgerProgram(context.config, 'migrate'))) return report({ kind: 'skipped', part: 'ledger', note: 'ledger/src/migrate.ts does not exist' });
  await part(report, 'ledger migrations', () => migrateLedger(context.config, primary));
  await part(report, 'ledger', async () => {
    await workloads.open();
    await waitForLedger(primary, workloads);
  }, () => `${workloads.read(primary).processes.length} in ${primary.id}`);
}

/** Waits for one ready process where the database is primary, if any is to run there. */
async function waitForLedger(primary: RegionConfig, workloads: Workloads): Promise<void> {
  const ready = async () => {
    const { replicas } = workloads.read(primary);
    if (replicas === 0) return true;
    const answers = await Promise.all(primary.ledgerPorts.slice(0, replicas).map(port => answersOk(`http://127.0.0.1:${port}/readyz`)));
    return answers.some(Boolean);
  };
  if (!(await until(ready, 30_000, 150))) throw new Error(`no ledger process of ${primary.id} became ready within 30 s; see the logs ledger-*.log`);
}
