/** A physical standby of a test's PostgreSQL server, made by pg_basebackup, that can be cut off and promoted. */
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { binary, freePort, identity, waitUntilReady, type PostgresServer } from './postgres.ts';

export interface Standby {
  port: number;
  /** Has everything that the primary had written when this was called. */
  catchUp(): Promise<void>;
  /** What the primary commits from now on does not come here. */
  cutOff(): Promise<void>;
  promote(): Promise<void>;
  remove(): Promise<void>;
}

export async function startStandby(primary: PostgresServer): Promise<Standby> {
  const who = identity();
  const folder = `${primary.folder}-standby`;
  mkdirSync(folder, { mode: 0o700 });
  if (who.uid !== undefined) chownSync(folder, who.uid, who.gid!);
  const [data, port] = [join(folder, 'data'), await freePort()];
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C' };
  execFileSync(binary('pg_basebackup'), ['-D', data, '-R', '-X', 'stream', '-c', 'fast', '--no-sync', '-d', primary.url('postgres', 'postgres')], { ...who, cwd: folder, stdio: 'pipe', env });
  const settings = { port: String(port), listen_addresses: '127.0.0.1', unix_socket_directories: '', shared_buffers: '64MB', max_connections: '120', fsync: 'off', hot_standby: 'on', log_min_messages: 'fatal' };
  const child = spawn(binary('postgres'), ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])], { ...who, cwd: folder, stdio: 'ignore', env });
  const ended = new Promise(settle => child.once('exit', settle));
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  await waitUntilReady(url, child);
  return {
    port,
    async catchUp() {
      const [at] = await ask(primary.url('postgres', 'postgres'), 'SELECT pg_current_wal_lsn()::text AS lsn');
      for (let tries = 0; tries < 1_000; tries++) {
        const [seen] = await ask(url, 'SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS there', [at!['lsn']]);
        if (seen!['there']) return;
        await new Promise(settle => setTimeout(settle, 10));
      }
      throw new Error('the standby did not catch up within 10 s');
    },
    async cutOff() {
      await ask(url, "ALTER SYSTEM SET primary_conninfo = ''");
      await ask(url, 'SELECT pg_reload_conf()');
      for (let tries = 0; tries < 1_000; tries++) {
        if ((await ask(url, 'SELECT 1 FROM pg_stat_wal_receiver')).length === 0) return;
        await new Promise(settle => setTimeout(settle, 10));
      }
      throw new Error('the standby still receives after 10 s');
    },
    promote: async () => void (await ask(url, 'SELECT pg_promote(true, 30)')),
    async remove() {
      if (child.exitCode === null) child.kill('SIGQUIT');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function ask(url: string, sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    return (await client.query(sql, values)).rows;
  } finally {
    await client.end();
  }
}

/** The one address of a database whose server may be another one tomorrow. */
export interface Address {
  port: number;
  /** New connections go there; the ones that stand are cut. */
  pointTo(port: number): void;
  close(): Promise<void>;
}

export async function openAddress(target: number): Promise<Address> {
  const sockets = new Set<Socket>();
  const server: Server = createServer(client => {
    const upstream = connect(target, '127.0.0.1');
    for (const [one, other] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy()).on('close', () => sockets.delete(one));
      one.pipe(other);
    }
  });
  const port = await freePort();
  await new Promise<void>(settle => server.listen(port, '127.0.0.1', settle));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    pointTo(next) {
      target = next;
      cut();
    },
    close() {
      const closed = new Promise<void>(settle => server.close(() => settle()));
      cut();
      return closed;
    },
  };
}
