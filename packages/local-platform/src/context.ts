/** What every part of the platform needs to describe its processes. */
import { join } from 'node:path';
import type { PlatformConfig } from './config.ts';
import type { Account, Launch } from './process.ts';
import type { Programs } from './programs.ts';

export interface Context {
  config: PlatformConfig;
  programs: Programs;
  /** Who PostgreSQL and its companions run as; undefined: as ourselves. */
  account: Account | undefined;
}

export function runDir(config: PlatformConfig): string {
  return join(config.stateDir, 'run');
}

export function logFile(config: PlatformConfig, name: string): string {
  return join(config.stateDir, 'logs', `${name}.log`);
}

/** A launch of a server of the operating system, in its own state folder and with next to no environment. */
export function serverLaunch(context: Context, name: string, command: string, args: string[], env: Record<string, string> = {}): Launch {
  const { config, account } = context;
  return {
    name,
    command,
    args,
    env: { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LANG: 'C.UTF-8', HOME: account?.home ?? process.env['HOME'] ?? '/', ...env },
    cwd: join(config.stateDir, name),
    account,
    logFile: logFile(config, name),
  };
}

/** A launch of a program of ours, as ourselves. */
export function ownLaunch(config: PlatformConfig, name: string, args: string[], env: Record<string, string> = {}, cwd = config.root): Launch {
  return {
    name,
    command: process.execPath,
    args,
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LANG: 'C.UTF-8', HOME: process.env['HOME'] ?? '/', ...env },
    cwd,
    logFile: logFile(config, name),
  };
}
