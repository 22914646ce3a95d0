/**
 * Keeps one PostgreSQL server for all test files of a run, which are processes of their own.
 * Usage: node keeper.ts <folder> <pid of the run>. Removes server and folder when that process is gone.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServerIn } from './postgres.ts';

const [folder, runPid] = process.argv.slice(2) as [string, string];

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function tell(result: object): void {
  writeFileSync(join(folder, 'ready.tmp'), JSON.stringify(result));
  renameSync(join(folder, 'ready.tmp'), join(folder, 'ready.json'));
}

try {
  const server = await createServerIn(join(folder, 'server'));
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined); // it ends with the run
  tell({ port: server.port });
  while (alive(Number(runPid))) await sleep(200);
  await server.remove();
} catch (error) {
  tell({ error: (error as Error).message });
  while (alive(Number(runPid))) await sleep(200);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
