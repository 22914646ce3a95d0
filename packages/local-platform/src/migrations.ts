/** Runs the ledger's migrations, as its own job does in production. */
import type { PlatformConfig, RegionConfig } from './config.ts';
import { ledgerProgram } from './own-programs.ts';
import { primaryMember } from './patroni.ts';
import { databaseUrl } from './postgres.ts';
import { runTask } from './tasks.ts';

/** @throws Error when a migration fails */
export async function migrateLedger(config: PlatformConfig, primary: RegionConfig): Promise<void> {
  const { postgresPort } = await primaryMember(primary);
  await runTask(config, {
    name: 'ledger-migrations',
    args: ['--disable-warning=ExperimentalWarning', ledgerProgram(config, 'migrate')],
    cwd: `${config.root}/ledger`,
    env: { LEDGER_MIGRATION_DATABASE_URL: databaseUrl('ledger_migrator', config.secrets.ledgerMigratorPassword, postgresPort, 'ledger'), LEDGER_ENVIRONMENT: 'local', LEDGER_DATABASE_TLS: 'disable' },
    timeoutMs: 120_000,
  });
}
