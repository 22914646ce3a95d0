import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, appendFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';

/** Debian keeps the server programs out of PATH. */
function binFolder(): string {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((left, right) => Number(right) - Number(left)) : [];
  const found = versions.map(version => join(root, version, 'bin')).find(folder => existsSync(join(folder, 'initdb')));
  if (!found) throw new Error('PostgreSQL’s server programs are missing: install the Debian package postgresql-15');
  return found;
}

/** PostgreSQL refuses root: then its own user runs it. */
function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8').split('\n').find(one => one.startsWith('postgres:'));
  if (!line) throw new Error('The user postgres is missing');
  const [, , uid, gid] = line.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise(resolve => server.close(resolve));
  return port;
}

const settings = `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
shared_buffers = '16MB'
max_wal_senders = 4
`;

/** A real primary and a real streaming standby in a folder of their own; trust authentication on the loopback address. */
export class PostgresPair {
  private readonly pids: number[] = [];

  private constructor(private readonly folder: string, readonly primaryPort: number, readonly standbyPort: number) {}

  static async start(): Promise<PostgresPair> {
    const folder = mkdtempSync(join(tmpdir(), 'airpay-pg-'));
    chmodSync(folder, 0o700);
    const user = serverUser();
    if (user) chownSync(folder, user.uid, user.gid);
    const pair = new PostgresPair(folder, await freePort(), await freePort());
    const options = { ...user, cwd: folder, stdio: 'pipe' as const, env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' } };
    const primary = join(folder, 'primary');
    execFileSync(join(binFolder(), 'initdb'), ['-D', primary, '-U', 'postgres', '-A', 'trust', '--no-sync'], options);
    appendFileSync(join(primary, 'postgresql.conf'), `${settings}port = ${pair.primaryPort}\n`);
    pair.spawnServer(primary, user);
    await pair.ready(pair.primaryPort);
    const standby = join(folder, 'standby');
    execFileSync(join(binFolder(), 'pg_basebackup'), ['-h', '127.0.0.1', '-p', String(pair.primaryPort), '-U', 'postgres', '-D', standby, '-c', 'fast', '-C', '-S', 'dr_link'], options);
    appendFileSync(
      join(standby, 'postgresql.conf'),
      `port = ${pair.standbyPort}\nprimary_conninfo = 'host=127.0.0.1 port=${pair.primaryPort} user=postgres application_name=pg-b1'\nprimary_slot_name = 'dr_link'\n`,
    );
    writeFileSync(join(standby, 'standby.signal'), '');
    if (user) chownSync(join(standby, 'standby.signal'), user.uid, user.gid);
    pair.spawnServer(standby, user);
    await pair.ready(pair.standbyPort);
    return pair;
  }

  url(port: number, user = 'postgres', database = 'postgres'): string {
    return `postgresql://${user}@127.0.0.1:${port}/${database}`;
  }

  async query(port: number, sql: string, database = 'postgres'): Promise<any[]> {
    const client = new Client({ connectionString: this.url(port, 'postgres', database) });
    await client.connect();
    try {
      const result = await client.query(sql);
      return Array.isArray(result) ? [] : result.rows;
    } finally {
      await client.end();
    }
  }

  /** Waits until a query on the port answers `true`. */
  async until(port: number, sql: string, database?: string): Promise<void> {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      const [row] = await this.query(port, sql, database);
      if (row && Object.values(row)[0] === true) return;
      await new Promise(resolve => setTimeout(resolve, 25));
    }
    throw new Error(`Never true: ${sql}`);
  }

  /** Immediate shutdown; nothing of it is kept. */
  async stop(): Promise<void> {
    for (const pid of this.pids) {
      try {
        process.kill(pid, 'SIGQUIT');
      } catch {
        // Already gone.
      }
    }
    await new Promise(resolve => setTimeout(resolve, 300));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private spawnServer(data: string, user?: { uid: number; gid: number }): void {
    const child = spawn(join(binFolder(), 'postgres'), ['-D', data], { ...user, cwd: data, stdio: 'ignore', env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' } });
    child.unref();
    if (child.pid) this.pids.push(child.pid);
  }

  private async ready(port: number): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.query(port, 'select 1');
        return;
      } catch (error) {
        if (attempt > 200) throw error;
        await new Promise(resolve => setTimeout(resolve, 25));
      }
    }
  }
}
