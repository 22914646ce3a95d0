/** The supervisor process: starts everything, answers the control API, stops everything in order. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { controlRoutes } from './control.ts';
import type { PlatformConfig } from './config.ts';
import { runDir, type Context } from './context.ts';
import { stopLeftovers } from './leftovers.ts';
import { listen, router, type RunningServer } from './http-kit.ts';
import { trimLogs } from './log-files.ts';
import { observer } from './observe.ts';
import { portalUrl } from './portal.ts';
import { readProcess } from './proc-table.ts';
import { findRunning, pidFile, runningNames, stopProcess, writePidFile } from './process.ts';
import { findPrograms } from './programs.ts';
import { fileReport, type Report } from './progress.ts';
import { makeFolder, serviceAccount, writePlatform } from './settings.ts';
import { startPlatform, type StartOptions } from './startup.ts';
import { stopOrder } from './shutdown.ts';
import { stopTasks } from './tasks.ts';
import { Supervisor, type Log } from './supervisor.ts';
import { Workloads } from './workloads.ts';

export const SUPERVISOR = 'supervisor';
const TRIM_LOGS_EVERY_MS = 600_000;

const log: Log = (message, fields = {}) => void process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), message, ...fields })}\n`);

export class Service {
  readonly #config: PlatformConfig;
  readonly #options: StartOptions;
  readonly #report: Report;
  readonly #supervisor: Supervisor;
  #control: RunningServer | undefined;
  #stopping: Promise<void> | undefined;

  constructor(config: PlatformConfig, options: StartOptions, alsoReport: Report = () => undefined) {
    this.#config = config;
    this.#options = options;
    const toFile = fileReport(runDir(config));
    this.#report = event => {
      toFile(event);
      alsoReport(event);
    };
    this.#supervisor = new Supervisor(runDir(config), log);
  }

  /** Starts everything. When a part fails, everything is stopped again and the error passed on. */
  async start(): Promise<void> {
    const startedAt = performance.now();
    try {
      await this.#start();
      this.#report({ kind: 'ready', ms: performance.now() - startedAt, ...(!this.#options.databasesOnly && { note: portalUrl(this.#config) }) });
    } catch (error) {
      if (this.#stopping) return;
      log('start failed', { error: (error as Error).stack });
      await this.stop();
      this.#report({ kind: 'broken', ms: performance.now() - startedAt, note: (error as Error).message });
      throw error;
    }
  }

  async #start(): Promise<void> {
    const config = this.#config;
    const context: Context = { config, programs: findPrograms(), account: serviceAccount() };
    makeFolder(join(config.stateDir, 'logs'));
    writePlatform(config);
    const self = readProcess(process.pid);
    writePidFile(runDir(config), SUPERVISOR, { pid: process.pid, startTime: self?.startTime ?? '', launchHash: '', startedAt: new Date().toISOString() });
    const workloads = new Workloads(config, this.#supervisor, log);
    const status = observer(config, this.#supervisor);
    this.#control = await listen(SUPERVISOR, config.ports.control, router(controlRoutes({ token: config.secrets.controlToken, supervisor: this.#supervisor, workloads, status })));
    this.#supervisor.watch();
    setInterval(() => trimLogs(join(config.stateDir, 'logs')), TRIM_LOGS_EVERY_MS).unref();
    await startPlatform({ context, supervisor: this.#supervisor, workloads, report: this.#report, options: this.#options });
    await this.#stopStrangers();
    await this.#supervisor.refreshHealth();
    // The first look has no CPU figures, since they need two.
    await status();
  }

  /** Ends what an earlier supervisor started and this one does not know, e.g. the portal before `make dev`. */
  async #stopStrangers(): Promise<void> {
    const known = new Set([SUPERVISOR, ...this.#supervisor.list().filter(one => one.pid !== null).map(one => one.name)]);
    for (const name of runningNames(runDir(this.#config)).filter(one => !known.has(one))) {
      const running = findRunning(runDir(this.#config), name);
      if (running) await stopProcess(running, { signal: 'SIGTERM', timeoutMs: 5_000 });
      rmSync(pidFile(runDir(this.#config), name), { force: true });
    }
  }

  /** Stops everything, what needs others first. Safe to call twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#supervisor.close();
    stopTasks();
    const startedAt = performance.now();
    for (const group of stopOrder(await this.#observed())) {
      const groupAt = performance.now();
      const results = await Promise.allSettled(group.map(name => this.#supervisor.stop(name)));
      for (const result of results) if (result.status === 'rejected') log('stop failed', { error: String(result.reason) });
      log('stopped together', { processes: group, ms: Math.round(performance.now() - groupAt) });
    }
    // What an earlier supervisor started and this one had not come to yet.
    await stopLeftovers(this.#config);
    await this.#control?.close();
    rmSync(pidFile(runDir(this.#config), SUPERVISOR), { force: true });
    log('stopped', { ms: Math.round(performance.now() - startedAt) });
  }

  /** The processes with the role each database has now, which decides who stops first. */
  async #observed() {
    return (await observer(this.#config, this.#supervisor)()).processes.filter(one => one.name !== SUPERVISOR);
  }
}
