/**
 * `node audit-ledger.ts`: the ledger's own audit over the running platform's databases, the primary's and the other region's standby,
 * each by its own port and as the role that can only read. The standby's chain must also be the primary's: its head is looked for
 * there. The last line is `N passed, N failed`; exit code 1 on a fault, 2 when there was nothing to look at.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { PlatformConfig, RegionConfig } from './config.ts';
import { findLeader } from './patroni.ts';
import { databaseUrl } from './postgres.ts';
import { readPlatform, repositoryRoot, serviceAccount, stateDirectory } from './settings.ts';
import { SetupError } from './setup-error.ts';

const auditTimeoutMs = 600_000;
const outputMax = 1 << 24;

/** What `ledger/src/audit.ts --json` prints. */
interface Report {
  durationMs: number;
  checks: { name: string; claim: string; checked: number; faults: number; examples: string[] }[];
  head: { n: string; position: string; hash: string };
}

interface Audited {
  region: RegionConfig;
  port: number;
  standby: boolean;
}

/** @throws Error with what the audit said when it could not look */
function audit(config: PlatformConfig, { port }: Audited, from: string | undefined): Promise<Report> {
  const env = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    LEDGER_AUDIT_DATABASE_URL: databaseUrl('ledger_readonly', config.secrets.ledgerReadonlyPassword, port, 'ledger'),
    LEDGER_ENVIRONMENT: 'local',
    LEDGER_DATABASE_TLS: 'disable',
  };
  const args = ['--disable-warning=ExperimentalWarning', join(config.root, 'ledger/src/audit.ts'), '--json', ...(from === undefined ? [] : ['--from', from])];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { env, cwd: join(config.root, 'ledger'), timeout: auditTimeoutMs, maxBuffer: outputMax }, (error, stdout, stderr) => {
      // 1: it looked and found a fault, which is a report too.
      if (error && error.code !== 1) reject(new Error(stderr.trim() || error.message));
      else resolve(JSON.parse(stdout) as Report);
    });
  });
}

/** Standbys first: what they have must be in the primary's chain afterwards, not the other way round. */
async function findDatabases(config: PlatformConfig): Promise<(Audited | { region: RegionConfig })[]> {
  const found = await Promise.all(config.regions.map(async region => {
    const leader = await findLeader(region);
    const port = region.members.find(member => member.name === leader?.name)?.postgresPort;
    return port === undefined ? { region } : { region, port, standby: leader!.role !== 'leader' };
  }));
  return found.sort((one, other) => Number('standby' in other && other.standby) - Number('standby' in one && one.standby));
}

function print({ region, standby }: Audited, { checks, head, durationMs }: Report): { passed: number; failed: number } {
  const width = Math.max(...checks.map(check => check.name.length));
  console.log(`${region.id}, ${standby ? 'standby' : 'primary'}: ${head.position} rows in ${head.n} batches, head ${head.hash}, read in ${durationMs} ms`);
  for (const { name, claim, checked, faults, examples } of checks) {
    console.log(`  ${(faults > 0 ? 'FAULT' : checked > 0 ? 'ok' : 'empty').padEnd(5)} ${name.padEnd(width)}  ${claim} (${checked} looked at)`);
    for (const example of examples) console.log(`          ${example}`);
  }
  return { passed: checks.filter(check => check.faults === 0 && check.checked > 0).length, failed: checks.filter(check => check.faults > 0).length };
}

async function main(): Promise<number> {
  const config = readPlatform(stateDirectory(repositoryRoot, process.env, serviceAccount()));
  const databases = config ? await findDatabases(config) : [];
  if (!config || !databases.some(one => 'port' in one)) {
    console.error('The platform is not running: none of its databases answers. Start it with: make up');
    return 2;
  }
  const total = { passed: 0, failed: 0 };
  let standbyHead: string | undefined;
  for (const database of databases) {
    try {
      if (!('port' in database)) throw new Error('its database does not answer (make status)');
      const report = await audit(config, database, database.standby ? undefined : standbyHead);
      if (database.standby) standbyHead = report.head.hash;
      const { passed, failed } = print(database, report);
      total.passed += passed;
      total.failed += failed;
    } catch (error) {
      console.log(`${database.region.id}: not audited, ${(error as Error).message}`);
      total.failed++;
    }
  }
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return total.failed > 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof SetupError ? error.message : error);
  process.exitCode = 2;
}
