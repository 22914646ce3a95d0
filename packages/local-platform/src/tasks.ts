/** Programs that run to their end: migrations, the portal's build, the sample history. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { PlatformConfig } from './config.ts';
import { logFile } from './context.ts';
import { lastLines } from './log-files.ts';
import { killTree } from './process.ts';

/** Pids of the tasks that run now. */
const runningTasks = new Set<number>();

/** Kills every task with all its children; their `runTask` then fails. */
export function stopTasks(): void {
  killTree([...runningTasks]);
}

export interface Task {
  name: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  timeoutMs: number;
}

/** Runs a Node program to its end, output into its log. @throws Error with the log's last lines when it fails */
export async function runTask(config: PlatformConfig, { name, args, cwd, env, timeoutMs }: Task): Promise<void> {
  const file = logFile(config, name);
  const log = openSync(file, 'a');
  try {
    const child = spawn(process.execPath, args, { cwd, env: { ...process.env as Record<string, string>, ...env }, stdio: ['ignore', log, log], timeout: timeoutMs });
    if (child.pid !== undefined) runningTasks.add(child.pid);
    const how = await new Promise<string>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code === 0 ? 'ok' : signal ?? `exit code ${code}`));
    }).finally(() => runningTasks.delete(child.pid ?? 0));
    if (how !== 'ok') throw new Error(`${name} failed (${how}); see ${file}\n${lastLines(file, 8).join('\n')}`);
  } finally {
    closeSync(log);
  }
}
