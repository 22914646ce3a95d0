/** Where it is kept that the sample history of Prometheus was made, and up to when it reaches. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlatformConfig } from './config.ts';

export function historyFile(config: Pick<PlatformConfig, 'stateDir'>): string {
  return join(config.stateDir, 'prometheus/history.json');
}

/** End of the sample history, ISO time; undefined while there is none. */
export function readHistoryUntil(config: Pick<PlatformConfig, 'stateDir'>): string | undefined {
  const file = historyFile(config);
  if (!existsSync(file)) return undefined;
  const { untilIso } = JSON.parse(readFileSync(file, 'utf8')) as { untilIso?: string };
  return untilIso;
}
