/** The file in which `make restore-test` leaves what it found, for Prometheus and for pages. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RestoreTest } from './backup-metrics.ts';
import type { PlatformConfig } from './config.ts';

export function restoreTestFile({ stateDir }: Pick<PlatformConfig, 'stateDir'>): string {
  return join(stateDir, 'run/restore-test.json');
}

/** The last result, or undefined before there was one or when the file cannot be read. */
export function readRestoreTest(config: Pick<PlatformConfig, 'stateDir'>): RestoreTest | undefined {
  const file = restoreTestFile(config);
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as RestoreTest;
  } catch {
    return undefined;
  }
}

export function writeRestoreTest(config: Pick<PlatformConfig, 'stateDir'>, test: RestoreTest): void {
  const file = restoreTestFile(config);
  writeFileSync(`${file}.next`, `${JSON.stringify(test, null, 2)}\n`);
  renameSync(`${file}.next`, file);
}
