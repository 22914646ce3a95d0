/**
 * `node restore-test.ts [--region region-a] [--json]`: restores the newest backup and log of a region's repository into a scratch folder, starts
 * PostgreSQL on a free port, and looks whether the ledger is whole and how much of it is missing. Without --region: that of the region that leads. The result is left in
 * `<state>/run/restore-test.json`. Exit code 0 when all is well, 1 when not, 2 when there was nothing to restore.
 */
import { parseArgs } from 'node:util';
import type { RestoreTest } from './backup-metrics.ts';
import type { PlatformConfig, RegionConfig } from './config.ts';
import type { Context } from './context.ts';
import { primaryMember } from './patroni.ts';
import { findPrograms } from './programs.ts';
import { auditLedger, newestBackup, readLedger, withRestored, type LedgerFacts } from './restore-kit.ts';
import { restoreTestFile, writeRestoreTest } from './restore-result.ts';
import { readPlatform, repositoryRoot, serviceAccount, stateDirectory } from './settings.ts';
import { SetupError } from './setup-error.ts';

/** What may be missing at most: the promise of the product. */
const RECOVERY_POINT_MAX_S = 900;

/** The region that takes payments; when nothing runs, undefined. */
async function leadingRegion({ regions }: PlatformConfig): Promise<{ region: RegionConfig; port: number } | undefined> {
  const found = await Promise.all(regions.map(region => primaryMember(region).then(member => ({ region, port: member.postgresPort }), () => undefined)));
  return found.find(one => one !== undefined);
}

/** Everything that is wrong with a restored ledger, in sentences. */
export function problemsOf(restored: LedgerFacts, recoveryPointSeconds: number, audit: { failed: number; faults: string[] }): string[] {
  return [
    ...(restored.rows === 0 ? ['the restored journal is empty'] : []),
    ...(restored.accounts === 0 ? ['the restored ledger has no accounts'] : []),
    ...(Object.keys(restored.differences).length === 0 ? ['the trial balance has no currency'] : []),
    ...Object.entries(restored.differences).filter(([, difference]) => difference !== '0').map(([currency, difference]) => `debits and credits in ${currency} differ by ${difference}`),
    ...(recoveryPointSeconds > RECOVERY_POINT_MAX_S ? [`${recoveryPointSeconds.toFixed(0)} s are missing, more than ${RECOVERY_POINT_MAX_S} s`] : []),
    ...audit.faults.map(name => `the audit found a fault: ${name}`),
  ];
}

/** @throws SetupError when there is nothing to restore */
export async function restoreTest(context: Context, wanted: string | undefined): Promise<RestoreTest> {
  const { config } = context;
  const leading = await leadingRegion(config);
  const region = wanted === undefined ? leading?.region : config.regions.find(one => one.id === wanted);
  if (!region) throw new SetupError(wanted === undefined ? 'No region leads. Start the platform with: make up, or name a region with --region' : `There is no region ${wanted}.`);
  const backup = await newestBackup(context, region);
  if (!backup) throw new SetupError(`The repository of ${region.id} has no backup yet. The first one is taken in the minute after make up.`);
  const startedAt = Date.now();
  const live = leading && (await readLedger(config, leading.port));
  return withRestored(context, region, async ({ port, restoreMs, replayMs }) => {
    const restored = await readLedger(config, port);
    const audit = await auditLedger(config, port);
    const until = restored.newestAt ?? Date.parse(backup.finishedAt);
    // Without newer rows in the running ledger nothing is missing, however old the newest one is.
    const missingRows = live ? Math.max(0, live.rows - restored.rows) : null;
    const recoveryPointSeconds = missingRows === 0 ? 0 : Math.max(0, startedAt - until) / 1000;
    const problems = problemsOf(restored, recoveryPointSeconds, audit);
    return {
      at: new Date(startedAt).toISOString(), region: region.id, ok: problems.length === 0, backup, recoveryPointSeconds, missingRows,
      rows: restored.rows, accounts: restored.accounts, restoreMs, replayMs, totalMs: Date.now() - startedAt,
      differences: restored.differences, audit: { passed: audit.passed, failed: audit.failed }, problems,
    };
  });
}

function print(test: RestoreTest, file: string): void {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  console.log(`${test.region}: ${test.backup.type} backup ${test.backup.label} of ${test.backup.finishedAt} and the log after it`);
  console.log(`  restored in ${seconds(test.restoreMs)}, log replayed in ${seconds(test.replayMs)}, checked after ${seconds(test.totalMs)}`);
  console.log(`  ${test.rows} rows, ${test.accounts} accounts; ${test.missingRows === null ? 'nothing runs to compare with' : `${test.missingRows} rows of the running ledger are missing`}`);
  console.log(`  recovery point ${test.recoveryPointSeconds.toFixed(1)} s; debits less credits ${Object.entries(test.differences).map(([currency, one]) => `${currency} ${one}`).join(', ')}`);
  console.log(`  audit: ${test.audit.passed} passed, ${test.audit.failed} failed`);
  for (const problem of test.problems) console.log(`  PROBLEM: ${problem}`);
  console.log(`${test.ok ? 'The backup is good' : 'The backup is NOT good'}; written to ${file}`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { region: { type: 'string' }, json: { type: 'boolean' } } });
  const account = serviceAccount();
  const config = readPlatform(stateDirectory(repositoryRoot, process.env, account));
  if (!config) throw new SetupError('There is no platform here; start it with: make up');
  const test = await restoreTest({ config, programs: findPrograms(), account }, values.region);
  writeRestoreTest(config, test);
  if (values.json) console.log(JSON.stringify(test));
  else print(test, restoreTestFile(config));
  return test.ok ? 0 : 1;
}

if (import.meta.main) {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(error instanceof SetupError ? error.message : error);
    process.exitCode = error instanceof SetupError ? 2 : 1;
  }
}
