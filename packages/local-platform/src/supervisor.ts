/**
 * Keeps a set of programs running: starts or adopts them, asks after their health, starts the dead
 * again, leaves alone what was stopped on purpose. Knows nothing of what the programs are.
 */
import { rmSync } from 'node:fs';
import { lastLines, trimLog } from './log-files.ts';
import { until } from './probes.ts';
import { findRunning, killGroup, killTree, launch, launchHash, pidFile, signalProcess, stopProcess, type Launch, type Running } from './process.ts';
import { isAlive } from './proc-table.ts';

export type ProcessState = 'starting' | 'healthy' | 'unhealthy' | 'stopped' | 'failed';

/** One program to keep running. */
export interface ProcessSpec {
  launch: Launch;
  /** What it is: etcd, patroni, haproxy, ledger … */
  kind: string;
  region: string | null;
  role: string | null;
  port: number;
  healthy: () => Promise<boolean>;
  /** How often its health is asked while it starts; 150 ms unless told. */
  startPollMs?: number;
  /** How long it may take to become healthy after a start. */
  startTimeoutMs: number;
  stopSignal: NodeJS.Signals;
  stopTimeoutMs: number;
  /** Wait before starting it again; grows up to `RESTART_MAX_MS` when it keeps dying early, unless fixed. */
  restartDelayMs: number;
  restartDelayFixed?: boolean;
  /** Processes that belong to it without being its children (the postmaster of a Patroni). */
  alsoRoots?: () => number[];
  /** Runs before every start, e.g. to write the configuration file. */
  prepare?: () => Promise<void> | void;
}

export interface ProcessInfo {
  name: string;
  kind: string;
  region: string | null;
  role: string | null;
  port: number;
  pid: number | null;
  state: ProcessState;
  startedAt: string | null;
  restarts: number;
  /** How it ended last, if it did. */
  lastExit: string | null;
}

interface Managed {
  spec: ProcessSpec;
  running: Running | undefined;
  state: ProcessState;
  /** false: stopped on purpose. */
  wanted: boolean;
  restarts: number;
  /** Deaths since it was last healthy for long. */
  earlyDeaths: number;
  restartAt: number;
  lastExit: string | null;
  /** The start that is under way. */
  starting: Promise<'started' | 'adopted'> | undefined;
}

export type Log = (message: string, fields?: Record<string, unknown>) => void;

const WATCH_EVERY_MS = 500;
const HEALTH_EVERY_MS = 5_000;
/** A program that dies this often before it was ever healthy will not get well by waiting. */
const DEATHS_AT_START = 3;
const RESTART_MAX_MS = 30_000;
/** A program that lived this long had started well: the next restart is quick again. */
const SETTLED_MS = 60_000;

export class Supervisor {
  readonly #managed = new Map<string, Managed>();
  readonly #runDir: string;
  readonly #log: Log;
  readonly #timers: NodeJS.Timeout[] = [];
  #closing = false;

  constructor(runDir: string, log: Log) {
    this.#runDir = runDir;
    this.#log = log;
  }

  /** Starts to look after the programs that are started from now on. */
  watch(): void {
    this.#timers.push(setInterval(() => this.#checkAlive(), WATCH_EVERY_MS));
    this.#timers.push(setInterval(() => void this.#checkHealth(), HEALTH_EVERY_MS));
  }

  /** No starts from here on; the programs go on running. */
  close(): void {
    this.#closing = true;
    for (const timer of this.#timers) clearInterval(timer);
  }

  list(): ProcessInfo[] {
    return [...this.#managed.values()].map(({ spec, running, state, restarts, lastExit }) => ({
      name: spec.launch.name,
      kind: spec.kind,
      region: spec.region,
      role: spec.role,
      port: spec.port,
      pid: running?.pid ?? null,
      state,
      startedAt: running?.startedAt ?? null,
      restarts,
      lastExit,
    }));
  }

  get(name: string): ProcessInfo | undefined {
    return this.list().find(one => one.name === name);
  }

  /** Pids at the root of everything that belongs to this program. */
  rootPids(name: string): number[] {
    const one = this.#managed.get(name);
    return one?.running ? [one.running.pid, ...(one.spec.alsoRoots?.() ?? [])] : [];
  }

  /** Makes a program known without starting it. */
  add(spec: ProcessSpec): void {
    const { name } = spec.launch;
    const known = this.#managed.get(name);
    if (known) known.spec = spec;
    else this.#managed.set(name, { spec, running: undefined, state: 'stopped', wanted: false, restarts: 0, earlyDeaths: 0, restartAt: 0, lastExit: null, starting: undefined });
  }

  /**
   * Starts a program, or adopts the one an earlier supervisor started the same way, and waits for health.
   * @throws Error when it does not become healthy in time; it is then left running and watched
   */
  async start(name: string): Promise<'started' | 'adopted'> {
    const one = this.#require(name);
    one.wanted = true;
    one.earlyDeaths = 0;
    const how = await this.#run(one);
    const hopeless = () => this.#closing || !one.wanted || one.earlyDeaths >= DEATHS_AT_START;
    if (await until(() => this.#askHealth(one), one.spec.startTimeoutMs, one.spec.startPollMs ?? 150, hopeless)) return how;
    if (this.#closing || !one.wanted) throw new Error(`${name} was stopped while it started`);
    one.state = one.running ? 'unhealthy' : 'failed';
    const { logFile } = one.spec.launch;
    const what = one.earlyDeaths >= DEATHS_AT_START ? `ended ${one.earlyDeaths} times while starting (${one.lastExit ?? 'unknown'})` : `did not become healthy within ${one.spec.startTimeoutMs / 1000} s`;
    throw new Error([`${name} ${what}; see ${logFile}`, ...lastLines(logFile, 5).map(line => `    ${line}`)].join('\n'));
  }

  /** Starts a program without waiting for its health. */
  async startSoon(name: string): Promise<void> {
    const one = this.#require(name);
    one.wanted = true;
    await this.#run(one);
  }

  /** Stops a program on purpose: it stays down until started. With SIGKILL everything of it dies at once. */
  async stop(name: string, signal?: NodeJS.Signals): Promise<void> {
    const one = this.#require(name);
    one.wanted = false;
    // A start under way sees that it is not wanted any more, or its process is stopped below.
    await one.starting?.catch(() => undefined);
    const running = one.running ?? findRunning(this.#runDir, name);
    if (running) {
      await stopProcess(running, { signal: signal ?? one.spec.stopSignal, timeoutMs: one.spec.stopTimeoutMs, alsoRoots: one.spec.alsoRoots?.() ?? [] });
      one.lastExit = 'stopped on purpose';
    }
    this.#forget(one);
    one.state = 'stopped';
  }

  /** Stops a program and drops it from the list. */
  async remove(name: string): Promise<void> {
    await this.stop(name);
    this.#managed.delete(name);
  }

  /** Sends a signal; with `tree`, SIGKILL to the program and everything of it. It is started again as after any death. */
  kill(name: string, signal: NodeJS.Signals, tree: boolean): boolean {
    const one = this.#require(name);
    if (!one.running) return false;
    this.#log('signal sent', { process: name, signal, tree });
    if (tree) return killTree([one.running.pid, ...(one.spec.alsoRoots?.() ?? [])]).length > 0;
    return signalProcess(one.running, signal);
  }

  #require(name: string): Managed {
    const one = this.#managed.get(name);
    if (!one) throw new Error(`There is no process ${name}.`);
    return one;
  }

  #forget(one: Managed): void {
    one.running = undefined;
    rmSync(pidFile(this.#runDir, one.spec.launch.name), { force: true });
  }

  async #run(one: Managed): Promise<'started' | 'adopted'> {
    if (this.#closing) throw new Error('the platform is being stopped');
    if (one.running && isAlive(one.running)) return 'adopted';
    // Until it has been spawned a second start would not see it: a restart and a change of replicas would make two.
    if (one.starting) return one.starting;
    const starting = this.#startNow(one);
    one.starting = starting;
    try {
      return await starting;
    } finally {
      one.starting = undefined;
    }
  }

  async #startNow(one: Managed): Promise<'started' | 'adopted'> {
    const { launch: spec } = one.spec;
    one.state = 'starting';
    try {
      await one.spec.prepare?.();
      if (this.#closing || !one.wanted) throw new Error(`${spec.name} was stopped while it started`);
      const found = findRunning(this.#runDir, spec.name);
      if (found && found.launchHash === launchHash(spec)) {
        one.running = found;
        this.#log('adopted', { process: spec.name, pid: found.pid });
        return 'adopted';
      }
      if (found) await stopProcess(found, { signal: one.spec.stopSignal, timeoutMs: one.spec.stopTimeoutMs, alsoRoots: one.spec.alsoRoots?.() ?? [] });
      trimLog(spec.logFile);
      const { running, exited } = await launch(spec, this.#runDir);
      one.running = running;
      this.#log('started', { process: spec.name, pid: running.pid });
      void exited.then(how => {
        if (one.running !== running) return;
        one.lastExit = how;
        this.#checkAlive();
      });
      return 'started';
    } catch (error) {
      one.state = 'failed';
      throw error;
    }
  }

  /** Notices deaths and starts again what is due. */
  #checkAlive(): void {
    if (this.#closing) return;
    for (const one of this.#managed.values()) {
      if (!one.wanted || one.starting) continue;
      if (one.running && !isAlive(one.running)) this.#died(one, one.running);
      if (!one.running && one.restartAt > 0 && Date.now() >= one.restartAt) void this.#restart(one);
    }
  }

  #died(one: Managed, running: Running): void {
    const livedMs = Date.now() - Date.parse(running.startedAt);
    one.earlyDeaths = livedMs > SETTLED_MS ? 0 : one.earlyDeaths + 1;
    const factor = one.spec.restartDelayFixed ? 1 : 2 ** Math.max(0, one.earlyDeaths - 1);
    const delayMs = Math.min(RESTART_MAX_MS, one.spec.restartDelayMs * factor);
    this.#log('died', { process: one.spec.launch.name, pid: running.pid, how: one.lastExit ?? 'unknown', livedMs, restartInMs: delayMs });
    // The worker of a killed HAProxy would keep its port.
    killGroup(running.pid);
    this.#forget(one);
    one.state = 'failed';
    one.restartAt = Date.now() + delayMs;
  }

  async #restart(one: Managed): Promise<void> {
    one.restartAt = 0;
    one.restarts++;
    try {
      await this.#run(one);
    } catch (error) {
      this.#log('restart failed', { process: one.spec.launch.name, error: (error as Error).message });
      one.restartAt = Date.now() + RESTART_MAX_MS;
    }
  }

  async #askHealth(one: Managed): Promise<boolean> {
    if (!one.running || !isAlive(one.running)) return false;
    const asked = one.running;
    const healthy = await one.spec.healthy().catch(() => false);
    // It may have died, been replaced or been stopped while it was asked.
    if (one.running !== asked || !one.wanted) return false;
    if (healthy) one.state = 'healthy';
    else if (one.state === 'healthy' || Date.now() - Date.parse(asked.startedAt) > one.spec.startTimeoutMs) one.state = 'unhealthy';
    return healthy;
  }

  async #checkHealth(): Promise<void> {
    await Promise.all([...this.#managed.values()].filter(one => one.wanted && one.running && !one.starting).map(one => this.#askHealth(one)));
  }

  /** Asks every program now. */
  async refreshHealth(): Promise<void> {
    await this.#checkHealth();
  }
}
