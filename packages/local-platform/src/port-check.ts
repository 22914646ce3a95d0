/** Which of our ports somebody else holds, and who that is. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import type { PortUse } from './config.ts';
import { commandLine } from './proc-table.ts';

export interface PortConflict extends PortUse {
  /** Who holds it, when the machine tells. */
  holder?: { pid: number; command: string };
}

/** More conflicts than these mean one cause, mostly a second platform. */
const SHOWN = 8;

/** The ports of the table that cannot be listened on now. */
export async function takenPorts(table: PortUse[]): Promise<PortConflict[]> {
  const free = await Promise.all(table.map(use => canListen(use.port)));
  const taken = table.filter((_, index) => !free[index]);
  if (taken.length === 0) return [];
  const holders = listeners();
  return taken.map(use => {
    const holder = holders.get(use.port);
    return { ...use, ...(holder && { holder }) };
  });
}

/** Whether 127.0.0.1:<port> is free; listening is the only question whose answer counts. */
function canListen(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Port -> process, of every listening TCP socket we may look at. Empty where there is no /proc. */
function listeners(): Map<number, { pid: number; command: string }> {
  const portOfSocket = new Map<string, number>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readLines(table).slice(1)) {
      const fields = line.trim().split(/\s+/);
      const listening = fields[3] === '0A';
      if (listening) portOfSocket.set(`socket:[${fields[9]}]`, parseInt(fields[1]!.split(':')[1]!, 16));
    }
  }
  const found = new Map<number, { pid: number; command: string }>();
  for (const pid of listFolder('/proc').filter(name => /^\d+$/.test(name))) {
    for (const descriptor of listFolder(`/proc/${pid}/fd`)) {
      const port = portOfSocket.get(readLink(`/proc/${pid}/fd/${descriptor}`));
      if (port !== undefined && !found.has(port)) found.set(port, { pid: Number(pid), command: commandLine(Number(pid)) });
    }
  }
  return found;
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Another user's process, or one that has just ended.
    return [];
  }
}

function readLink(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}

/** What to tell: each port, who should have it, who has it, and how to move. */
export function describeConflicts(conflicts: PortConflict[]): string {
  const lines = conflicts.slice(0, SHOWN).map(({ port, owner, what, holder }) => {
    const by = holder ? `held by pid ${holder.pid}: ${holder.command || 'unknown command'}` : 'held by a process of another user';
    return `  ${String(port).padStart(5)}  for ${owner} (${what}), ${by}`;
  });
  return [
    conflicts.length === 1 ? 'A port is taken by another program:' : `${conflicts.length} ports are taken by other programs:`,
    ...lines,
    ...(conflicts.length > SHOWN ? [`  … and ${conflicts.length - SHOWN} more`] : []),
    '',
    'End that program, or move the platform: AIRPAY_PORT_OFFSET=100 make up moves every port by 100;',
    'single ports stand in packages/local-platform/platform.yaml.',
  ].join('\n');
}
