/**
 * `node src/migrate.ts`: applies the missing migrations to LEDGER_MIGRATION_DATABASE_URL (role ledger_migrator, which acts as
 * ledger_owner). On a standby there is nothing to do: its schema comes with the data of the primary.
 */
import pg from 'pg';
import { readDatabase } from './domain/config.ts';
import { migrate } from './adapters/migrations.ts';
import { sslOf } from './adapters/tls.ts';
import { explainTls } from './snapshot.ts';

async function main(): Promise<void> {
  const { url, tls } = readDatabase('LEDGER_MIGRATION_DATABASE_URL', process.env);
  const client = new pg.Client({ connectionString: url, ssl: sslOf(tls), application_name: 'ledger migrate', connectionTimeoutMillis: 5_000 });
  await client.connect().catch(explainTls);
  try {
    if (await isStandby(client)) return console.log('nothing to apply: this server is a standby, and follows its primary');
    const applied = await migrate(client);
    console.log(applied.length > 0 ? `applied ${applied.join(', ')}` : 'nothing to apply');
  } finally {
    await client.end();
  }
}

async function isStandby(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
  return rows[0]!.standby;
}

main().catch(error => {
  console.error(`ledger migrate: ${(error as Error).message}`);
  process.exit(1);
});
