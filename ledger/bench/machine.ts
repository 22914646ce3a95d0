/** What the figures were measured on, and the processor time that processes used. Linux only: it reads /proc. */
import { closeSync, existsSync, fdatasyncSync, openSync, readdirSync, readFileSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { median, percentile } from './stats.ts';

/** Of the kernel's time counters in /proc; 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;
const tmpfsType = 0x01021994;

export interface Machine {
  cores: number;
  model: string;
  memoryGb: number;
  /** One write of 8 kB and its fdatasync, where the database lies. */
  fsyncUs: { median: number; p99: number };
  loadAtStart: number;
  loadAtEnd: number;
}

/** A folder on a disk: in memory a commit would wait for nothing, and every figure would be a fiction. */
export function diskFolder(): string {
  const folder = [process.env['AIRPAY_BENCH_DIR'], tmpdir(), '/var/tmp'].find(candidate => candidate && existsSync(candidate) && statfsSync(candidate).type !== tmpfsType);
  if (!folder) throw new Error('no temporary folder lies on a disk: set AIRPAY_BENCH_DIR to one that does');
  return folder;
}

export function readMachine(folder: string): Machine {
  return {
    cores: cpus().length,
    model: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    fsyncUs: measureFsync(folder),
    loadAtStart: loadavg()[0]!,
    loadAtEnd: loadavg()[0]!,
  };
}

/** As PostgreSQL writes its log: over blocks that exist already, so that no file grows. */
function measureFsync(folder: string): Machine['fsyncUs'] {
  const path = join(folder, 'fsync-probe');
  const block = Buffer.alloc(8192, 1);
  const blocks = 256;
  const file = openSync(path, 'w');
  try {
    for (let at = 0; at < blocks; at++) writeSync(file, block, 0, block.length, at * block.length);
    fdatasyncSync(file);
    const tookUs: number[] = [];
    for (let at = 0; at < blocks; at++) {
      const startedAt = performance.now();
      writeSync(file, block, 0, block.length, at * block.length);
      fdatasyncSync(file);
      tookUs.push((performance.now() - startedAt) * 1000);
    }
    tookUs.sort((a, b) => a - b);
    return { median: Math.round(median(tookUs)), p99: Math.round(percentile(tookUs, 0.99)) };
  } finally {
    closeSync(file);
    rmSync(path);
  }
}

interface ProcessTimes {
  parent: number;
  ownUs: number;
  /** Of children that ended and were waited for. */
  endedChildrenUs: number;
}

/** Fields of /proc/<pid>/stat. The name stands in brackets and may hold anything, so counting starts after its end. */
export function parseStat(text: string): ProcessTimes {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ').map(Number);
  const toUs = (ticks: number) => (ticks / ticksPerSecond) * 1e6;
  return { parent: fields[1]!, ownUs: toUs(fields[11]! + fields[12]!), endedChildrenUs: toUs(fields[13]! + fields[14]!) };
}

function timesOf(pid: number | 'self'): ProcessTimes | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined; // it ended between the listing and now; its time is in its parent's count
  }
}

/** Processor time of a process alone, in µs. */
export function processUs(pid: number): number {
  return timesOf(pid)?.ownUs ?? 0;
}

/** Processor time of a process, of its living children and of those it has waited for, in µs. */
export function treeUs(pid: number): number {
  const root = timesOf(pid);
  if (!root) return 0;
  const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name));
  const children = pids.map(name => timesOf(Number(name))).filter(times => times?.parent === pid);
  return children.reduce((total, times) => total + times!.ownUs, root.ownUs + root.endedChildrenUs);
}

/** Processor time of programs that this process started and that have ended, in µs. */
export function endedChildrenUs(): number {
  return timesOf('self')?.endedChildrenUs ?? 0;
}
