/** The hub's PostgreSQL (the portal's own), and the ledger's roles, database and schema in the regions. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import type { RegionConfig } from './config.ts';
import { serverLaunch, type Context } from './context.ts';
import { primaryMember } from './patroni.ts';
import { makeFolder, writePrivate } from './settings.ts';
import type { ProcessSpec } from './supervisor.ts';

const run = promisify(execFile);
const HUB = 'hub-postgres';

export const PORTAL_ROLE = 'airpay_portal';

/** Runs `work` on one connection, with limits on connecting and on every statement. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000, statement_timeout: 20_000, query_timeout: 25_000 });
  // An idle connection that breaks must not end the supervisor.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

export function databaseUrl(user: string, password: string, port: number, database: string): string {
  return `postgresql://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}

export function hubSpec(context: Context): ProcessSpec {
  const { config, programs, account } = context;
  const folder = join(config.stateDir, HUB);
  const dataDir = join(folder, 'data');
  const port = config.ports.hubPostgres;
  return {
    launch: serverLaunch(context, HUB, join(programs.postgresBin, 'postgres'), [
      '-D', dataDir, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'max_connections=150', '-c', 'shared_buffers=64MB', '-c', 'logging_collector=off',
    ]),
    kind: 'postgres', region: null, role: 'hub', port,
    prepare: async () => {
      makeFolder(folder, account);
      if (!existsSync(join(dataDir, 'PG_VERSION'))) await initialise(context, folder, dataDir);
    },
    healthy: () => withClient(databaseUrl('postgres', config.secrets.postgresPassword, port, 'postgres'), async client => (await client.query('SELECT 1')).rowCount === 1),
    // SIGINT: PostgreSQL's fast shutdown; SIGTERM would wait for the portal's connections.
    startTimeoutMs: 60_000, stopSignal: 'SIGINT', stopTimeoutMs: 8_000, restartDelayMs: 1_000,
  };
}

async function initialise({ config, programs, account }: Context, folder: string, dataDir: string): Promise<void> {
  const passwordFile = join(folder, 'superuser-password');
  writePrivate(passwordFile, config.secrets.postgresPassword, account);
  try {
    // An initdb that was interrupted leaves a folder that the next one refuses.
    rmSync(dataDir, { recursive: true, force: true });
    await run(join(programs.postgresBin, 'initdb'), ['-D', dataDir, '-U', 'postgres', '-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C.UTF-8', '--data-checksums', `--pwfile=${passwordFile}`], {
      cwd: folder, timeout: 60_000, env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' }, ...(account && { uid: account.uid, gid: account.gid }),
    });
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** The portal makes one database per plugin, so its role may create databases. Safe to repeat. */
export async function ensurePortalRole({ config }: Context): Promise<void> {
  const { postgresPassword, portalDatabasePassword } = config.secrets;
  await withClient(databaseUrl('postgres', postgresPassword, config.ports.hubPostgres, 'postgres'), async client => {
    const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [PORTAL_ROLE]);
    const verb = rowCount ? 'ALTER' : 'CREATE';
    await client.query(`${verb} ROLE ${PORTAL_ROLE} LOGIN CREATEDB PASSWORD ${client.escapeLiteral(portalDatabasePassword)}`);
  });
}

/** The roles of the ledger's database that log in, with their passwords. */
function rolePasswords({ secrets }: Context['config']): Record<string, string> {
  return {
    ledger_migrator: secrets.ledgerMigratorPassword,
    ledger_app: secrets.ledgerAppPassword,
    ledger_readonly: secrets.ledgerReadonlyPassword,
    airpay_recovery: secrets.recoveryPassword,
  };
}

/**
 * Applies infra/ansible/roles/postgres/files on the primary of a region, as the Ansible role does. Safe to repeat.
 * @throws Error when the region has no primary or a statement fails
 */
export async function ensureLedgerDatabase({ config }: Context, region: RegionConfig): Promise<void> {
  const member = await primaryMember(region);
  const file = (name: string) => readFileSync(join(config.root, 'infra/ansible/roles/postgres/files', name), 'utf8');
  const url = (database: string) => databaseUrl('postgres', config.secrets.postgresPassword, member.postgresPort, database);
  await withClient(url('postgres'), async client => {
    await client.query(file('roles.sql'));
    const passwords = Object.entries(rolePasswords(config));
    await client.query(passwords.map(([role, password]) => `ALTER ROLE ${role} PASSWORD ${client.escapeLiteral(password)};`).join('\n'));
    const { rowCount } = await client.query(`SELECT FROM pg_database WHERE datname = 'ledger'`);
    if (!rowCount) await client.query(file('database.sql'));
  });
  await withClient(url('ledger'), client => client.query(file('recovery.sql')));
}
