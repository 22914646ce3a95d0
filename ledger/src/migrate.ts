/** `node src/migrate.ts`: applies the missing migrations to LEDGER_MIGRATION_DATABASE_URL (role ledger_owner). */
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
    const applied = await migrate(client);
    console.log(applied.length > 0 ? `applied ${applied.join(', ')}` : 'nothing to apply');
  } finally {
    await client.end();
  }
}

main().catch(error => {
  console.error(`ledger migrate: ${(error as Error).message}`);
  process.exit(1);
});
