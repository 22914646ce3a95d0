/**
 * What runs on this machine, read from /proc (from `ps` where there is none). A process is named by
 * its id AND its start time, since ids are used again.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';

/** One process: the same pid with another start time is another process. */
export interface ProcessRef {
  pid: number;
  /** Opaque; compare for equality only. */
  startTime: string;
}

export interface ProcessFacts extends ProcessRef {
  parentPid: number;
  /** Process group; programs of the platform lead their own. 0 when unknown. */
  groupId: number;
  /** User and system time so far, in clock ticks (1/100 s). */
  cpuTicks: number;
}

const hasProc = existsSync('/proc/self/stat');

/** The process with this pid, or undefined when it is gone. A zombie counts as gone: it holds nothing any more. */
export function readProcess(pid: number): ProcessFacts | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return hasProc ? readProc(pid) : readPs(pid);
}

function readProc(pid: number): ProcessFacts | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The command, in brackets, may hold spaces and brackets itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent, group] = fields;
  if (state === 'Z' || state === 'X') return undefined;
  return { pid, parentPid: Number(parent), groupId: Number(group), cpuTicks: Number(fields[11]) + Number(fields[12]), startTime: fields[19] ?? '' };
}

function readPs(pid: number): ProcessFacts | undefined {
  const { stdout } = spawnSync('ps', ['-o', 'ppid=,state=,lstart=', '-p', String(pid)], { encoding: 'utf8', timeout: 5_000 });
  const match = /^\s*(\d+)\s+(\S+)\s+(.+?)\s*$/m.exec(stdout ?? '');
  if (!match || match[2]!.startsWith('Z')) return undefined;
  return { pid, parentPid: Number(match[1]), groupId: 0, cpuTicks: 0, startTime: match[3]! };
}

/** Whether this very process still runs. */
export function isAlive(ref: ProcessRef): boolean {
  return readProcess(ref.pid)?.startTime === ref.startTime;
}

/** Every process of the machine. */
export function allProcesses(): ProcessFacts[] {
  const pids = hasProc
    ? readdirSync('/proc').filter(name => /^\d+$/.test(name))
    : (spawnSync('ps', ['-axo', 'pid='], { encoding: 'utf8', timeout: 5_000 }).stdout ?? '').trim().split(/\s+/);
  return pids.map(pid => readProcess(Number(pid))).filter(one => one !== undefined);
}

/** The given processes and everything below them, parents first. */
export function withDescendants(roots: number[], everything = allProcesses()): ProcessFacts[] {
  const found = everything.filter(one => roots.includes(one.pid));
  // Grows while it is walked: each process found may have children of its own.
  for (const one of found) found.push(...everything.filter(child => child.parentPid === one.pid && !found.includes(child)));
  return found;
}

/** What runs in the process group of a leader that has ended. Empty while the leader, or a new process of its number, runs. */
export function groupMembers(leaderPid: number): ProcessFacts[] {
  return readProcess(leaderPid) ? [] : allProcesses().filter(one => one.groupId === leaderPid);
}

/** Memory that belongs to the process alone plus its share of what it shares, in bytes; 0 when unknown. */
export function memoryBytes(pid: number): number {
  try {
    const match = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
    return match ? Number(match[1]) * 1024 : 0;
  } catch {
    return 0;
  }
}

/** The command line for people, at most 160 characters; empty when it cannot be read. */
export function commandLine(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return text.length > 160 ? `${text.slice(0, 157)}...` : text;
  } catch {
    return '';
  }
}
