/**
 * Starting and stopping programs that outlive whoever started them. Each has its own process group,
 * writes to its log file and is remembered in `<run>/<name>.pid`, so that another supervisor can
 * adopt it later.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, fchownSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { groupMembers, isAlive, readProcess, withDescendants, type ProcessRef } from './proc-table.ts';

/** Who a server runs as when we are root; undefined: as ourselves. */
export interface Account {
  uid: number;
  gid: number;
  home: string;
}

/** How to start one program. */
export interface Launch {
  name: string;
  command: string;
  args: string[];
  env: Record<string, string>;
  cwd: string;
  account?: Account | undefined;
  logFile: string;
}

/** A started program, as its pid file tells. */
export interface Running extends ProcessRef {
  /** Of command, arguments and environment: a program started differently is not adopted. */
  launchHash: string;
  startedAt: string;
}

/** How long a killed process may take to vanish before we say that it did not, milliseconds. */
const KILL_WAIT_MS = 5_000;

export function launchHash({ command, args, env, cwd, account }: Launch): string {
  return createHash('sha256').update(JSON.stringify([command, args, env, cwd, account?.uid])).digest('hex').slice(0, 16);
}

/** Starts a program detached. @throws Error when the command cannot be run at all */
export async function launch(spec: Launch, runDir: string): Promise<{ running: Running; exited: Promise<string> }> {
  const log = openSync(spec.logFile, 'a', 0o640);
  try {
    if (spec.account) fchownSync(log, spec.account.uid, spec.account.gid);
    const child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: spec.env,
      detached: true,
      stdio: ['ignore', log, log],
      ...(spec.account && { uid: spec.account.uid, gid: spec.account.gid }),
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', error => reject(new Error(`${spec.name} cannot be started: ${error.message}`)));
    });
    const exited = new Promise<string>(resolve => child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`)));
    child.unref();
    const pid = child.pid!;
    const running: Running = {
      pid,
      startTime: readProcess(pid)?.startTime ?? 'gone',
      launchHash: launchHash(spec),
      startedAt: new Date().toISOString(),
    };
    writePidFile(runDir, spec.name, running);
    return { running, exited };
  } finally {
    closeSync(log);
  }
}

export function pidFile(runDir: string, name: string): string {
  return join(runDir, `${name}.pid`);
}

export function writePidFile(runDir: string, name: string, running: Running): void {
  mkdirSync(runDir, { recursive: true });
  const file = pidFile(runDir, name);
  // A reader must never see half a file.
  writeFileSync(`${file}.next`, JSON.stringify(running), { mode: 0o600 });
  renameSync(`${file}.next`, file);
}

/** The program of this name if it still runs; a pid file of a dead one is removed. */
export function findRunning(runDir: string, name: string): Running | undefined {
  let running: Running;
  try {
    running = JSON.parse(readFileSync(pidFile(runDir, name), 'utf8')) as Running;
  } catch {
    return undefined;
  }
  if (isAlive(running)) return running;
  rmSync(pidFile(runDir, name), { force: true });
  return undefined;
}

/** Names of the pid files in the run folder, running or not. */
export function runningNames(runDir: string): string[] {
  return readdirSync(runDir).filter(name => name.endsWith('.pid')).map(name => name.slice(0, -'.pid'.length));
}

/** Sends a signal if the process still is the one meant. Returns whether it was sent. */
export function signalProcess(ref: ProcessRef, signal: NodeJS.Signals): boolean {
  if (!isAlive(ref)) return false;
  try {
    process.kill(ref.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Kills processes at once together with everything below them. Returns what was killed. */
export function killTree(roots: number[]): ProcessRef[] {
  const all = withDescendants(roots);
  for (const one of all) signalProcess(one, 'SIGKILL');
  return all;
}

/** Kills what is left of the group of a program that has ended. A database that Patroni started has a group of its own. */
export function killGroup(leaderPid: number): void {
  for (const one of groupMembers(leaderPid)) signalProcess(one, 'SIGKILL');
}

/** Waits until none of them runs. Returns those that still do when time is up. */
export async function waitGone(refs: ProcessRef[], timeoutMs: number): Promise<ProcessRef[]> {
  const until = Date.now() + timeoutMs;
  let left = refs.filter(isAlive);
  while (left.length > 0 && Date.now() < until) {
    await sleep(50);
    left = left.filter(isAlive);
  }
  return left;
}

/**
 * Asks a program to end, and after `timeoutMs` kills it with all its children.
 * `alsoRoots` are processes that belong to it without being its children.
 * @throws Error when something survives even that
 */
export async function stopProcess(ref: ProcessRef, options: { signal: NodeJS.Signals; timeoutMs: number; alsoRoots?: number[] }): Promise<'ended' | 'killed'> {
  const tree = withDescendants([ref.pid, ...(options.alsoRoots ?? [])]);
  if (options.signal === 'SIGKILL') {
    killTree(tree.map(one => one.pid));
  } else {
    signalProcess(ref, options.signal);
    if ((await waitGone([ref, ...tree], options.timeoutMs)).length === 0) return 'ended';
    killTree([ref, ...tree].filter(isAlive).map(one => one.pid));
  }
  const left = await waitGone([ref, ...tree], KILL_WAIT_MS);
  if (left.length > 0) throw new Error(`Process ${left.map(one => one.pid).join(', ')} does not end, not even by SIGKILL.`);
  return 'killed';
}
