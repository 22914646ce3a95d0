/** Two PostgreSQL servers under Patroni with etcd and HAProxy, on 127.0.0.1 and free ports, gone afterwards. */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { binary, freePort, identity } from './postgres.ts';

interface Member {
  name: string;
  folder: string;
  port: number;
  rest: number;
  child?: ChildProcess;
}

/** What Patroni says of a member. */
interface MemberState {
  role: string;
  state: string;
  sync: boolean;
}

export class PatroniCluster {
  readonly folder = mkdtempSync(join(tmpdir(), 'airpay-ledger-patroni-'));
  readonly #members: Member[] = [];
  readonly #others: ChildProcess[] = [];
  #front = 0;

  /** At the address that follows the leader. */
  url(role: string, database: string): string {
    return `postgresql://${role}@127.0.0.1:${this.#front}/${database}`;
  }

  async start(): Promise<void> {
    chmodSync(this.folder, 0o711);
    const [etcd, peer] = [await freePort(), await freePort()];
    this.#spawn(this.#others, 'etcd', ['--name', 'e', '--data-dir', this.#own(join(this.folder, 'etcd')), '--listen-client-urls', `http://127.0.0.1:${etcd}`, '--advertise-client-urls', `http://127.0.0.1:${etcd}`,
      '--listen-peer-urls', `http://127.0.0.1:${peer}`, '--initial-advertise-peer-urls', `http://127.0.0.1:${peer}`, '--initial-cluster', `e=http://127.0.0.1:${peer}`, '--unsafe-no-fsync', '--log-level', 'error']);
    for (const name of ['one', 'two']) {
      this.#members.push({ name, folder: this.#own(join(this.folder, name)), port: await freePort(), rest: await freePort() });
    }
    this.#front = await freePort();
    this.#spawn(this.#others, '/usr/sbin/haproxy', ['-q', '-db', '-f', this.#haproxy()]);
    for (const member of this.#members) {
      writeFileSync(join(member.folder, 'patroni.json'), JSON.stringify(this.#settings(member, etcd)), { mode: 0o644 });
      this.run(member.name);
      // The first one makes the cluster, the second one copies it.
      await this.until(states => states.get(member.name)?.state === 'running', 90_000);
    }
    await this.until(states => [...states.values()].some(one => one.sync), 60_000);
    for (let tries = 0; ; tries++) {
      const client = new pg.Client({ connectionString: this.url('postgres', 'postgres'), connectionTimeoutMillis: 2_000 });
      client.on('error', () => undefined);
      const open = await client.connect().then(() => true, () => false);
      await client.end().catch(() => undefined);
      if (open) return;
      if (tries > 100) throw new Error('HAProxy leads nowhere');
      await sleep(200);
    }
  }

  run(name: string): void {
    const member = this.#member(name);
    const list: ChildProcess[] = [];
    this.#spawn(list, '/usr/bin/patroni', [join(member.folder, 'patroni.json')], member.folder);
    member.child = list[0]!;
  }

  async states(): Promise<Map<string, MemberState>> {
    for (const member of this.#members) {
      const answer = await fetch(`http://127.0.0.1:${member.rest}/cluster`, { signal: AbortSignal.timeout(2_000) }).then(reply => reply.json() as Promise<{ members: { name: string; role: string; state: string }[] }>, () => undefined);
      if (answer?.members) return new Map(answer.members.map(one => [one.name, { role: one.role, state: one.state === 'streaming' ? 'running' : one.state, sync: one.role === 'sync_standby' }]));
    }
    return new Map();
  }

  async until(wanted: (states: Map<string, MemberState>) => boolean, timeoutMs = 60_000): Promise<void> {
    for (const end = performance.now() + timeoutMs; !wanted(await this.states()); await sleep(200)) {
      if (performance.now() > end) throw new Error(`the cluster is ${JSON.stringify([...(await this.states())])}: ${this.#members.map(one => readFileSync(join(one.folder, 'log'), 'utf8').split('\n').slice(-12).join('\n')).join('\n---\n')}`);
    }
  }

  async leader(): Promise<string> {
    let found: string | undefined;
    await this.until(states => Boolean((found = [...states].find(([, one]) => one.role === 'leader' && one.state === 'running')?.[0])));
    return found!;
  }

  /** A planned change of the leader, as an operator orders it. */
  async switchover(): Promise<void> {
    const leader = await this.leader();
    const candidate = this.#members.find(one => one.name !== leader)!.name;
    await this.until(states => states.get(candidate)?.sync === true);
    const reply = await fetch(`http://127.0.0.1:${this.#member(leader).rest}/switchover`, { method: 'POST', body: JSON.stringify({ leader, candidate }), signal: AbortSignal.timeout(60_000) });
    if (reply.status !== 200) throw new Error(`the switchover was answered with ${reply.status}: ${await reply.text()}`);
    await this.until(states => states.get(candidate)?.role === 'leader');
  }

  /** The leader's machine is gone: Patroni and PostgreSQL, without a word. Resolves when the other one leads. */
  async lose(): Promise<string> {
    const leader = await this.leader();
    const member = this.#member(leader);
    const postmaster = Number(readFileSync(join(member.folder, 'data/postmaster.pid'), 'utf8').split('\n')[0]);
    member.child!.kill('SIGKILL');
    process.kill(postmaster, 'SIGKILL'); // its children notice and end
    await this.until(states => [...states].some(([name, one]) => name !== leader && one.role === 'leader' && one.state === 'running'));
    return leader;
  }

  async remove(): Promise<void> {
    for (const member of this.#members) {
      await end(member.child, 'SIGTERM'); // stops its PostgreSQL too
      await endPostmaster(join(member.folder, 'data/postmaster.pid'));
    }
    for (const child of this.#others) await end(child, 'SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  #member(name: string): Member {
    return this.#members.find(one => one.name === name)!;
  }

  #own(folder: string): string {
    mkdirSync(folder, { mode: 0o700 });
    const who = identity();
    if (who.uid !== undefined) chownSync(folder, who.uid, who.gid!);
    return folder;
  }

  #spawn(list: ChildProcess[], program: string, args: string[], folder?: string): void {
    const output = folder ? ['-c', 'exec "$@" >>"$0" 2>&1', join(folder, 'log'), program, ...args] : ['-c', 'exec "$0" "$@" >/dev/null 2>&1', program, ...args];
    list.push(spawn('/bin/sh', output, { ...identity(), cwd: '/', stdio: 'ignore', env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C.UTF-8', HOME: this.folder } }));
  }

  #settings({ name, folder, port, rest }: Member, etcd: number): object {
    return {
      scope: 'ledger', name, restapi: { listen: `127.0.0.1:${rest}`, connect_address: `127.0.0.1:${rest}` }, etcd3: { hosts: [`127.0.0.1:${etcd}`] },
      bootstrap: {
        // The shortest that Patroni takes: a lost leader is noticed after `ttl`.
        dcs: { ttl: 20, loop_wait: 2, retry_timeout: 5, synchronous_mode: true, postgresql: { use_pg_rewind: true, parameters: { max_connections: 120, shared_buffers: '64MB', max_wal_size: '1GB', wal_log_hints: 'on' } } },
        initdb: [{ encoding: 'UTF8' }, { locale: 'C' }, 'no-sync'],
      },
      postgresql: {
        listen: `127.0.0.1:${port}`, connect_address: `127.0.0.1:${port}`, data_dir: join(folder, 'data'), bin_dir: dirname(binary('postgres')), pgpass: join(folder, 'pgpass'),
        basebackup: [{ checkpoint: 'fast' }], parameters: { unix_socket_directories: folder },
        authentication: { superuser: { username: 'postgres', password: 'only-here' }, replication: { username: 'replicator', password: 'only-here' } },
        pg_hba: ['local all all trust', 'host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust'],
      },
    };
  }

  #haproxy(): string {
    const file = join(this.folder, 'haproxy.cfg');
    const servers = this.#members.map(one => `  server ${one.name} 127.0.0.1:${one.port} check port ${one.rest} on-marked-down shutdown-sessions`);
    writeFileSync(file, `global\n  maxconn 500\ndefaults\n  mode tcp\n  timeout connect 1s\n  timeout client 60s\n  timeout server 60s\nlisten primary\n  bind 127.0.0.1:${this.#front}\n  option httpchk GET /primary\n  default-server inter 500ms fall 2 rise 1\n${servers.join('\n')}\n`, { mode: 0o644 });
    return file;
  }
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>(settle => child.once('exit', () => settle()));
  child.kill(signal);
  await Promise.race([ended, sleep(15_000, undefined, { ref: false }).then(() => void child.kill('SIGKILL'))]);
}

async function endPostmaster(file: string): Promise<void> {
  try {
    process.kill(Number(readFileSync(file, 'utf8').split('\n')[0]), 'SIGQUIT');
    await sleep(500);
  } catch {
    // it has ended with its Patroni
  }
}
