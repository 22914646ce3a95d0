/** A Redis server for tests: on 127.0.0.1 and a free port, in a temporary folder, gone afterwards. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';
import { freePort } from './postgres.ts';

export interface RedisServer {
  url: string;
  /** One command on a connection of the test's own, which waits for as long as it takes. */
  command(...command: string[]): Promise<unknown>;
  /** As a crash: nothing is said to anybody. */
  kill(): Promise<void>;
  /** After `kill`, on the same port and folder. */
  start(): Promise<void>;
  /** Slow without end: the port takes connections and bytes, no answer comes. */
  pause(): void;
  resume(): void;
  /** Stops it and removes its folder. */
  remove(): Promise<void>;
}

/** `settings`: of redis.conf. By default nothing is kept on disk. */
export async function startRedis(settings: Record<string, string> = {}): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'airpay-redis-test-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const all = { port: String(port), bind: '127.0.0.1', dir: folder, save: '', appendonly: 'no', ...settings };
  let child: ChildProcess | undefined;
  let ended = Promise.resolve();

  const command = async (...words: string[]): Promise<unknown> => {
    const client = createClient({ url, socket: { reconnectStrategy: false, connectTimeout: 5_000 } });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await client.sendCommand(words);
    } finally {
      client.destroy();
    }
  };
  const server: RedisServer = {
    url,
    command,
    async start() {
      const started = spawn('redis-server', Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]), { stdio: 'ignore' });
      child = started;
      ended = new Promise(settle => started.once('close', () => settle()));
      for (let tries = 0; tries < 500; tries++) {
        if (started.exitCode !== null) throw new Error(`redis-server ended with ${started.exitCode}`);
        if (await command('PING').then(() => true, () => false)) return;
        await sleep(20);
      }
      throw new Error('redis-server did not answer within 10 s');
    },
    async kill() {
      child?.kill('SIGKILL');
      await ended;
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async remove() {
      await server.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}
