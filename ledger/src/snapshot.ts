/** What the programs that only read have in common: one connection, one snapshot of the whole ledger, nobody blocked by it. */
import pg from 'pg';
import { sslOf } from './adapters/tls.ts';
import { readDatabase } from './domain/config.ts';

const connectTimeoutMs = 5_000;
/** Of one statement; the role's own limit is for people. */
const statementTimeoutMs = 600_000;

/** With LEDGER_AUDIT_DATABASE_URL, or else LEDGER_DATABASE_URL; role ledger_readonly is enough, a hot standby will do. */
export async function withSnapshot<T>(program: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const name = process.env['LEDGER_AUDIT_DATABASE_URL'] ? 'LEDGER_AUDIT_DATABASE_URL' : 'LEDGER_DATABASE_URL';
  const { url, tls } = readDatabase(name, process.env);
  const client = new pg.Client({ connectionString: url, ssl: sslOf(tls), application_name: `ledger ${program}`, connectionTimeoutMillis: connectTimeoutMs, statement_timeout: statementTimeoutMs, query_timeout: statementTimeoutMs + 5_000 });
  // A connection that breaks between two statements makes the next one fail; without this it would end the process.
  client.on('error', () => undefined);
  await client.connect().catch(explainTls);
  try {
    // Times and byte strings are compared as text in places: they must not depend on a server's taste.
    // Memory so that the legs of a million rows are sorted in it; a sort at a time.
    await client.query("SET TIME ZONE 'UTC'; SET bytea_output = 'hex'; SET jit = off; SET work_mem = '128MB'");
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    return await work(client);
  } finally {
    await client.end().catch(() => undefined); // what was read is read
  }
}

/** Clear text has to be asked for, also on one's own machine: docs/adr/0076. */
export function explainTls(error: Error): never {
  throw /does not support SSL/.test(error.message) ? new Error(`${error.message}. LEDGER_DATABASE_TLS=disable allows clear text, to this machine or with LEDGER_ENVIRONMENT=local`, { cause: error }) : error;
}
