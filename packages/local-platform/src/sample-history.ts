/**
 * Writes the sample history before Prometheus starts for the first time:
 * `node sample-history.ts <platform.json> <promtool>`. A program of its own, since it computes for
 * seconds and the supervisor must go on answering.
 */
import { readFileSync } from 'node:fs';
import type { PlatformConfig } from './config.ts';
import { backfill } from './history.ts';

const [file, promtool] = process.argv.slice(2);
if (!file || !promtool) {
  console.error('usage: node sample-history.ts <platform.json> <promtool>');
  process.exit(2);
}
const config = JSON.parse(readFileSync(file, 'utf8')) as PlatformConfig;
const startedAt = Date.now();
const { samples, untilIso } = await backfill(config, () => undefined, { promtool });
console.log(JSON.stringify({ at: new Date().toISOString(), message: 'sample history written', samples, untilIso, ms: Date.now() - startedAt }));
