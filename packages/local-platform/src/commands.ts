/** What the commands do. Each returns the exit code. */
import { spawn } from 'node:child_process';
import { existsSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { portTable, type PlatformConfig } from './config.ts';
import { controlClient } from './control-client.ts';
import { logFile, runDir } from './context.ts';
import { stopLeftovers } from './leftovers.ts';
import { trimLog } from './log-files.ts';
import { describeConflicts, takenPorts } from './port-check.ts';
import { isAlive } from './proc-table.ts';
import { findRunning, runningNames, signalProcess, stopProcess, waitGone } from './process.ts';
import { findPrograms } from './programs.ts';
import { clearProgress, followProgress, formatProgress, type ProgressEvent } from './progress.ts';
import { Service, SUPERVISOR } from './service.ts';
import { makeFolder, readPlatform, repositoryRoot, resolvePlatform, serviceAccount, stateDirectory, writePlatform } from './settings.ts';
import { SetupError } from './setup-error.ts';
import type { StartOptions } from './startup.ts';
import { allHealthy, formatStatus } from './status.ts';

/** `make down` is done within this time even when something hangs. */
const DOWN_TIMEOUT_MS = 30_000;

function stateDir(): string {
  return stateDirectory(repositoryRoot, process.env, serviceAccount());
}

/** The installation that is here, if any. */
function installation(): { config: PlatformConfig; supervisor: ReturnType<typeof findRunning> } | undefined {
  const config = readPlatform(stateDir());
  return config && { config, supervisor: findRunning(runDir(config), SUPERVISOR) };
}

export async function commandUp(options: StartOptions & { foreground: boolean }): Promise<number> {
  const existing = installation();
  if (existing?.supervisor) return alreadyUp(existing.config, options);
  const config = resolvePlatform(repositoryRoot, stateDir(), process.env);
  findPrograms();
  serviceAccount();
  await refuseTakenPorts(config);
  makeFolder(join(config.stateDir, 'logs'));
  writePlatform(config);
  clearProgress(runDir(config));
  console.log(`Starting the platform, state in ${config.stateDir}`);
  return options.foreground ? superviseHere(config, options, event => console.log(formatProgress(event))) : superviseDetached(config, options);
}

async function alreadyUp(config: PlatformConfig, options: StartOptions): Promise<number> {
  const status = await controlClient(config).status();
  if (!status) {
    console.error(`The supervisor runs but does not answer on port ${config.ports.control}; see ${logFile(config, SUPERVISOR)}. To start again: make down, make up`);
    return 1;
  }
  console.log(formatStatus(status));
  const hasPortal = status.processes.some(one => one.kind === 'portal');
  if (!hasPortal && !options.dev && !options.databasesOnly) {
    console.error('\nAlready running, but without the portal (make dev). To run it too: make down, make up');
    return 1;
  }
  console.log(allHealthy(status) ? `\nAlready running${hasPortal ? `: ${status.url}` : ''}` : '\nAlready running, but not everything is healthy.');
  return allHealthy(status) ? 0 : 1;
}

/** Ports of processes that an earlier supervisor left behind are ours. @throws SetupError */
async function refuseTakenPorts(config: PlatformConfig): Promise<void> {
  const folder = runDir(config);
  const ours = new Set(existsSync(folder) ? runningNames(folder).filter(name => findRunning(folder, name)) : []);
  // The cluster API and the databases of a killed supervisor go on; they are adopted.
  const orphanPostmasters = config.regions.flatMap(region => region.members.map(member => member.name)).filter(name => existsSync(join(config.stateDir, name, 'data/postmaster.pid')));
  const conflicts = (await takenPorts(portTable(config))).filter(({ owner, holder }) => {
    if (ours.has(owner)) return false;
    return !(orphanPostmasters.includes(owner) && holder?.command.includes(join(config.stateDir, owner)));
  });
  if (conflicts.length > 0) throw new SetupError(describeConflicts(conflicts));
}

/** Runs the supervisor in this process until it is told to end. */
async function superviseHere(config: PlatformConfig, options: StartOptions, report: (event: ProgressEvent) => void): Promise<number> {
  const service = new Service(config, options, report);
  const ended = new Promise<void>(resolve => {
    const end = () => void service.stop().finally(resolve);
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, end);
  });
  try {
    await service.start();
  } catch {
    // Reported and stopped by the service.
    process.exit(1);
  }
  await ended;
  process.exit(0);
}

/** What `up` starts in the background. */
export function commandSupervise(options: StartOptions): Promise<number> {
  const config = readPlatform(stateDir());
  if (!config) throw new SetupError('There is no platform here; start it with: make up');
  return superviseHere(config, options, () => undefined);
}

/** Starts the supervisor detached and shows how the start goes. Ctrl-C stops everything again. */
async function superviseDetached(config: PlatformConfig, options: StartOptions): Promise<number> {
  const file = logFile(config, SUPERVISOR);
  trimLog(file);
  const log = openSync(file, 'a');
  const flags = [...(options.dev ? ['--dev'] : []), ...(options.databasesOnly ? ['--databases-only'] : [])];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'main.ts'), 'supervise', ...flags], {
    cwd: config.root, detached: true, stdio: ['ignore', log, log], env: { ...process.env, AIRPAY_STATE_DIR: config.stateDir },
  });
  let ended: string | undefined;
  child.once('exit', (code, signal) => (ended = signal ?? `exit code ${code}`));
  child.once('error', error => (ended = error.message));
  let interrupted = false;
  const interrupt = () => {
    if (interrupted) return;
    interrupted = true;
    console.log('\nStopping everything …');
    child.kill('SIGTERM');
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const news = followProgress(runDir(config));
  for (;;) {
    // Asked before the news, so that the last ones are not missed.
    const over = ended;
    for (const event of news()) {
      // Parts that fail because they were told to stop are no news.
      if (interrupted) continue;
      console.log(formatProgress(event));
      if (event.kind === 'ready') return await goodbye(config, child, options);
    }
    if (over !== undefined) {
      if (interrupted) {
        console.log('Stopped.');
        return 130;
      }
      console.error(`The supervisor ended (${over}); see ${file}`);
      return 1;
    }
    await sleep(100);
  }
}

/** The last words of a start that went well. */
async function goodbye(config: PlatformConfig, child: ReturnType<typeof spawn>, options: StartOptions): Promise<number> {
  const status = await controlClient(config).status();
  const bytes = status?.processes.reduce((sum, one) => sum + (one.memoryBytes ?? 0), 0) ?? 0;
  console.log(`${status?.processes.length ?? 0} processes, ${(bytes / 1024 ** 3).toFixed(1)} GB of memory (target: at most 3 GB). make status shows them, make down stops them.`);
  if (!options.dev && !options.databasesOnly && status) console.log(`\n  Portal: ${status.url}\n`);
  child.unref();
  // Its log is its own; nothing keeps this command.
  process.exit(0);
}

export async function commandDown({ reset }: { reset: boolean }): Promise<number> {
  const existing = installation();
  const folder = existing?.config.stateDir ?? stateDir();
  const startedAt = Date.now();
  if (existing) await stopAll(existing.config, existing.supervisor);
  console.log(existing ? `Stopped in ${((Date.now() - startedAt) / 1000).toFixed(1)} s.` : 'Nothing runs here.');
  if (reset) {
    rmSync(folder, { recursive: true, force: true });
    console.log(`Removed ${folder}.`);
  }
  return 0;
}

/** Through the supervisor when there is one, else by the pid files of the one that was killed. */
async function stopAll(config: PlatformConfig, supervisor: ReturnType<typeof findRunning>): Promise<void> {
  if (supervisor) {
    signalProcess(supervisor, 'SIGTERM');
    const left = await waitGone([supervisor], DOWN_TIMEOUT_MS);
    if (left.length > 0) {
      console.error(`The supervisor did not end within ${DOWN_TIMEOUT_MS / 1000} s; killing what is left.`);
      await stopProcess(supervisor, { signal: 'SIGKILL', timeoutMs: 0 });
    }
  }
  await stopLeftovers(config);
}

export async function commandStatus({ json }: { json: boolean }): Promise<number> {
  const existing = installation();
  const status = existing?.supervisor && isAlive(existing.supervisor) ? await controlClient(existing.config).status() : undefined;
  if (!status) {
    if (json) console.log(JSON.stringify({ url: null, processes: [] }));
    else console.log('The platform does not run; start it with: make up');
    return 1;
  }
  console.log(json ? JSON.stringify(status) : formatStatus(status));
  return allHealthy(status) ? 0 : 1;
}

export async function commandKill({ name, signal, tree }: { name: string; signal: string; tree: boolean }): Promise<number> {
  const existing = installation();
  if (!existing?.supervisor) throw new SetupError('The platform does not run; start it with: make up');
  const problem = await controlClient(existing.config).kill(name, signal, tree);
  if (problem) throw new SetupError(problem);
  console.log(`${signal} sent to ${name}${tree ? ' and everything of it' : ''}.`);
  return 0;
}
