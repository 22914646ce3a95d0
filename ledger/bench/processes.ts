/** Programs that a run starts. Whatever happens, none outlives it. */
import { fork, spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const living = new Set<ChildProcess>();

function keep(child: ChildProcess): ChildProcess {
  living.add(child);
  child.once('exit', () => living.delete(child));
  return child;
}

/** Ends each by its id and waits until all are gone. */
export async function endAll(): Promise<void> {
  const children = [...living];
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(children.map(child => child.exitCode !== null || child.signalCode !== null || new Promise(settle => child.once('exit', settle))));
}

/** Runs a program to its end and returns what it printed. Throws when it fails or takes longer than `timeoutMs`. */
export function run(command: string, args: string[], timeoutMs: number, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  return new Promise((settle, fail) => {
    const child = keep(spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] }));
    let output = '';
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', chunk => (output += chunk));
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.once('error', error => {
      clearTimeout(timer);
      fail(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) settle(output);
      else fail(new Error(`${command} ended with ${code ?? signal}:\n${output.slice(-4000)}`));
    });
  });
}

/** A Node program that stays, spoken to over a channel. */
export function forkProgram(file: string, args: string[], execArgv: string[] = []): ChildProcess {
  return keep(fork(file, args, { execArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced' }));
}

export interface Server {
  pid: number;
  port: number;
}

/** A Node program that serves HTTP. Resolves when `path` answers 200; throws with its output when it ends before, or after 30 s. */
export async function startServer(file: string, port: number, path: string, env: NodeJS.ProcessEnv, execArgv: string[] = []): Promise<Server> {
  const options: SpawnOptions = { env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...env }, stdio: ['ignore', 'pipe', 'pipe'] };
  const child = keep(spawn(process.execPath, [...execArgv, file], options));
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', chunk => (output = (output + chunk).slice(-10_000)));
  const url = `http://127.0.0.1:${port}${path}`;
  const ready = () => fetch(url, { signal: AbortSignal.timeout(1_000) }).then(reply => reply.ok, () => false);
  const deadline = Date.now() + 30_000;
  while (!(await ready())) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) throw new Error(`${file} does not answer ${url}:\n${output}`);
    await new Promise(settle => setTimeout(settle, 50));
  }
  return { pid: child.pid!, port };
}

/** In order, as production stops it. */
export async function stopServer(server: Server): Promise<void> {
  const child = [...living].find(one => one.pid === server.pid);
  if (!child) return;
  const ended = new Promise(settle => child.once('exit', settle));
  child.kill('SIGTERM');
  await ended;
}

/** Path of a program of PostgreSQL, from the newest version installed: the one that the server is made with. */
export function postgresProgram(name: string): string {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [process.env['AIRPAY_POSTGRES_BIN'], ...versions.map(version => `/usr/lib/postgresql/${version}/bin`), ...(process.env['PATH'] ?? '').split(':')];
  const folder = folders.find(candidate => candidate && existsSync(join(candidate, name)));
  if (!folder) throw new Error(`${name} was not found: install postgresql-15, or set AIRPAY_POSTGRES_BIN to the folder of its programs`);
  return join(folder, name);
}
