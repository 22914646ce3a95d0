/** A ledger as a process of its own, as production runs it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Api, environment, type TestDatabase } from './ledger.ts';
import { freePort } from './postgres.ts';

export interface LedgerProcess {
  child: ChildProcess;
  url: string;
  api: Api;
  /** Everything it has written so far. */
  output(): string;
  /** Exit code and signal once it has ended. */
  ended: Promise<{ code: number | null; signal: string | null }>;
}

/** Resolves when it answers /livez. The caller ends it. */
export async function spawnLedger(database: TestDatabase, over: Record<string, string> = {}): Promise<LedgerProcess> {
  const port = await freePort();
  const child = spawn(process.execPath, [resolve(import.meta.dirname, '../../src/main.ts')], {
    env: { PATH: process.env['PATH'], ...environment(database, { LEDGER_PORT: String(port), ...over }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', chunk => (text += chunk));
  const ended = new Promise<{ code: number | null; signal: string | null }>(settle => child.once('exit', (code, signal) => settle({ code, signal })));
  const url = `http://127.0.0.1:${port}`;
  const alive = () => fetch(`${url}/livez`).then(reply => reply.ok, () => false);
  for (let tries = 0; !(await alive()); tries++) {
    if (tries > 600 || child.exitCode !== null) throw new Error(`the ledger did not start:\n${text}`);
    await sleep(50);
  }
  return { child, url, api: new Api(url), output: () => text, ended };
}

/** Asks again until the answer is as wanted. Throws the last one after `timeoutMs`. */
export async function eventually<T>(ask: () => Promise<T>, wanted: (value: T) => boolean, timeoutMs = 30_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await ask();
    if (wanted(value)) return value;
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(value)} after ${timeoutMs} ms`);
    await sleep(50);
  }
}
