/** Ends what runs without a supervisor: after it was killed, or when it could not stop something. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { PlatformConfig } from './config.ts';
import { runDir } from './context.ts';
import { readProcess } from './proc-table.ts';
import { findRunning, pidFile, runningNames, stopProcess } from './process.ts';
import { postmasterPid } from './regions.ts';
import { stopOrder } from './shutdown.ts';

const STOP_TIMEOUT_MS = 8_000;

/** What kind a process is, from its name; roles are unknown here. */
function kindOf(name: string, members: string[]): string {
  if (members.includes(name)) return 'patroni';
  return name.startsWith('ledger-') ? 'ledger' : name.replace(/-[ab]$/, '');
}

/** Stops every process with a pid file except the supervisor, and every database of this installation. */
export async function stopLeftovers(config: PlatformConfig): Promise<void> {
  const folder = runDir(config);
  const members = config.regions.flatMap(region => region.members.map(member => member.name));
  const dataDir = (name: string) => join(config.stateDir, name, 'data');
  const names = new Set([...runningNames(folder).filter(name => name !== 'supervisor' && findRunning(folder, name)), ...members.filter(name => postmasterPid(dataDir(name)).length > 0)]);
  for (const group of stopOrder([...names].map(name => ({ name, kind: kindOf(name, members), role: null })))) {
    await Promise.all(group.map(async name => {
      const postmaster = members.includes(name) ? postmasterPid(dataDir(name)) : [];
      const running = findRunning(folder, name);
      const signal = name === 'hub-postgres' ? 'SIGINT' : 'SIGTERM';
      if (running) await stopProcess(running, { signal, timeoutMs: STOP_TIMEOUT_MS, alsoRoots: postmaster });
      else await stopOrphanedDatabase(postmaster);
      rmSync(pidFile(folder, name), { force: true });
    }));
  }
}

/** A postmaster whose Patroni is gone: fast shutdown. */
async function stopOrphanedDatabase(pids: number[]): Promise<void> {
  for (const pid of pids) {
    const found = readProcess(pid);
    if (found) await stopProcess(found, { signal: 'SIGINT', timeoutMs: STOP_TIMEOUT_MS });
  }
}
