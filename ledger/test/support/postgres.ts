/** A PostgreSQL server for tests: made by initdb in a temporary folder, on 127.0.0.1 and a free port, gone afterwards. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { migrate } from '../../src/adapters/migrations.ts';

export interface PostgresServer {
  folder: string;
  port: number;
  /** postgresql:// for a role and a database. */
  url(role: string, database: string): string;
  start(): Promise<void>;
  /** Ends it as a crash would (`immediate`), without a checkpoint, or in order (`fast`). */
  stop(mode: 'immediate' | 'fast'): Promise<void>;
  /** kill -9 of the postmaster and of everything it started: nobody writes anything any more. */
  kill(): Promise<void>;
  /** Stops it and removes its folder. */
  remove(): Promise<void>;
}

/** The roles that the platform makes on a real server; the migrations grant to them. */
const roles = ['ledger_owner', 'ledger_app', 'ledger_readonly', 'airpay_recovery'];
export const templateDatabase = 'ledger_template';

export function binary(name: string): string {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [process.env['AIRPAY_POSTGRES_BIN'], ...versions.map(version => `/usr/lib/postgresql/${version}/bin`), ...(process.env['PATH'] ?? '').split(':')];
  const folder = folders.find(candidate => candidate && existsSync(join(candidate, name)));
  if (!folder) throw new Error(`${name} was not found: install postgresql-15, or set AIRPAY_POSTGRES_BIN to the folder of its programs`);
  return join(folder, name);
}

/** PostgreSQL refuses to run as root: then it runs as user postgres. */
export function identity(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

export function freePort(): Promise<number> {
  return new Promise((settle, fail) => {
    const server = createServer().once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => settle(port));
    });
  });
}

export async function waitUntilReady(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 1200; tries++) {
    if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}`);
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return;
    } catch {
      await sleep(50);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  throw new Error('postgres did not start within 60 s');
}

/** Makes the server with its roles and a migrated template database, and starts it. The folder must not exist. */
export async function createServerIn(folder: string, settings: Record<string, string> = {}): Promise<PostgresServer> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const who = identity();
  if (who.uid !== undefined) chownSync(folder, who.uid, who.gid!);
  const data = join(folder, 'data');
  // --no-sync since nothing of it is kept.
  execFileSync(binary('initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'], { ...who, cwd: folder, stdio: 'pipe', env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } });
  const port = await freePort();
  let child: ChildProcess | undefined;
  const server: PostgresServer = {
    folder,
    port,
    url: (role, database) => `postgresql://${role}@127.0.0.1:${port}/${database}`,
    async start() {
      const all = { port: String(port), listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: '120', shared_buffers: '64MB', fsync: 'off', log_min_messages: 'fatal', log_min_error_statement: 'panic', ...settings };
      const args = ['-D', data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
      child = spawn(binary('postgres'), args, { ...who, cwd: folder, stdio: 'ignore', env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } });
      await waitUntilReady(server.url('postgres', 'postgres'), child);
    },
    async stop(mode) {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise(settle => child!.once('exit', settle));
      child.kill(mode === 'immediate' ? 'SIGQUIT' : 'SIGINT');
      await ended;
    },
    async kill() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise(settle => child!.once('exit', settle));
      const children = childrenOf(child.pid!);
      child.kill('SIGKILL');
      for (const pid of children) end(pid);
      await ended;
      // A new postmaster refuses to start beside a process of the old one.
      while (children.some(alive)) await sleep(10);
    },
    async remove() {
      await server.stop('immediate');
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await server.start();
    await makeTemplateAt(server.url);
  } catch (error) {
    await server.remove();
    throw error;
  }
  return server;
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(Number).filter(pid => {
    try {
      // After the name in brackets, which may hold anything: state, parent.
      return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[1]) === parent;
    } catch {
      return false; // gone meanwhile
    }
  });
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // gone already, with its postmaster
  }
}

function alive(pid: number): boolean {
  try {
    return !/^Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!);
  } catch {
    return false;
  }
}

/** The roles, and a migrated database to copy. Fails when they are there already. */
export async function makeTemplateAt(url: PostgresServer['url']): Promise<void> {
  const admin = new pg.Client({ connectionString: url('postgres', 'postgres') });
  await admin.connect();
  for (const role of roles) await admin.query(`CREATE ROLE ${role} LOGIN`);
  await admin.query('GRANT pg_monitor, pg_signal_backend TO airpay_recovery');
  await admin.query(`CREATE DATABASE ${templateDatabase} OWNER ledger_owner`);
  await admin.end();
  const owner = new pg.Client({ connectionString: url('ledger_owner', templateDatabase) });
  await owner.connect();
  await migrate(owner);
  await owner.end();
}
