/**
 * The sample history: 30 days before the first start, so that a budget has a past to be spent in.
 * Made once; the portal marks everything before `untilIso` as sample.
 */
import { spawn } from 'node:child_process';
import { chownSync, closeSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { PlatformConfig } from './config.ts';
import { makeHistory } from './history-model.ts';
import { readRecordingRules, recordedSeries } from './history-rules.ts';
import { liveSeries, openMetrics } from './history-text.ts';
import type { Account } from './process.ts';

export interface HistoryMark {
  /** Time of the last sample that was made up. */
  untilIso: string;
  samples: number;
}

export interface BackfillProgress {
  done: number;
  total: number;
  /** For a person, e.g. `Sample history: 5 of 14 blocks`. */
  text: string;
}

export interface BackfillOptions {
  /** The account Prometheus runs as, when it is not ours. */
  account?: Account | undefined;
  promtool?: string;
  now?: number;
}

type Config = Pick<PlatformConfig, 'root' | 'stateDir' | 'sizes'>;

/**
 * One block, one file: promtool reads its file once per block it writes, and blocks of a day or two
 * need no compaction at the first start. 54 h is the largest size Prometheus uses within 40 d.
 */
const blockSeconds = 54 * 3600;
const atOnce = 2;
const seed = 20_260_105;
/** A promtool that takes this long for one block hangs. */
const promtoolTimeoutMs = 120_000;

/** Folder of Prometheus's data. */
export function dataFolder(config: Pick<PlatformConfig, 'stateDir'>): string {
  return join(config.stateDir, 'prometheus/data');
}

/** What was made up in this installation, or undefined before its first start. */
export function readHistoryMark(config: Pick<PlatformConfig, 'stateDir'>): HistoryMark | undefined {
  try {
    return JSON.parse(readFileSync(markFile(config), 'utf8')) as HistoryMark;
  } catch {
    return undefined;
  }
}

function markFile(config: Pick<PlatformConfig, 'stateDir'>): string {
  return join(config.stateDir, 'prometheus/history.json');
}

/**
 * Writes the history into Prometheus's folder unless it is there. Prometheus must not run yet, and
 * should start soon after: its first samples ought to follow the last of these within five minutes.
 * A run that was cut off leaves nothing behind; the next one starts anew.
 * @throws Error with promtool's own words when it refuses
 */
export async function backfill(config: Config, onProgress: (progress: BackfillProgress) => void, options: BackfillOptions = {}): Promise<HistoryMark> {
  const known = readHistoryMark(config);
  if (known) return known;
  const { account, promtool = 'promtool', now = Date.now() } = options;
  const end = Math.floor(now / 60_000) * 60;
  const days = config.sizes.historyDays;
  const work = join(config.stateDir, 'prometheus/history.next');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  if (account) chownSync(work, account.uid, account.gid);

  const history = makeHistory({ end, days, paymentsPerSecond: config.sizes.paymentsPerSecond, seed });
  const series = [...liveSeries(history), ...recordedSeries(history, readRecordingRules(config.root))];
  const spans = blockSpans(end - days * 86_400, end);
  let samples = 0;
  let done = 0;
  const report = () => onProgress({ done, total: spans.length, text: `Sample history: ${done} of ${spans.length} blocks` });
  report();
  const waiting = [...spans];
  const worker = async () => {
    for (let span = waiting.shift(); span; span = waiting.shift()) {
      const file = join(work, `${span.from}.om`);
      samples += writePieces(file, openMetrics(history, series, span.from, span.to));
      await createBlocks(promtool, file, join(work, 'blocks'), account);
      unlinkSync(file);
      done += 1;
      report();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  const mark = { untilIso: new Date(end * 1000).toISOString(), samples };
  moveBlocks(join(work, 'blocks'), dataFolder(config), account);
  rmSync(work, { recursive: true, force: true });
  writeFileSync(markFile(config), `${JSON.stringify(mark)}\n`);
  return mark;
}

/** Spans (from, to] that end where Prometheus cuts blocks of this size. */
export function blockSpans(from: number, to: number): { from: number; to: number }[] {
  const spans: { from: number; to: number }[] = [];
  for (let start = from; start < to; ) {
    // The cut itself belongs to the block that begins with it.
    const cut = (Math.floor((start + 1) / blockSeconds) + 1) * blockSeconds - 1;
    const end = Math.min(cut, to);
    spans.push({ from: start, to: end });
    start = end;
  }
  return spans;
}

/** @returns the number of samples written */
function writePieces(file: string, pieces: Iterable<{ text: string; samples: number }>): number {
  const descriptor = openSync(file, 'w', 0o644);
  let total = 0;
  try {
    for (const { text, samples } of pieces) {
      writeSync(descriptor, text);
      total += samples;
    }
  } finally {
    closeSync(descriptor);
  }
  return total;
}

function createBlocks(promtool: string, file: string, folder: string, account: Account | undefined): Promise<void> {
  const seconds = `${blockSeconds / 3600}h`;
  const ids = account ? { uid: account.uid, gid: account.gid } : {};
  return new Promise((resolve, reject) => {
    const child = spawn(promtool, ['tsdb', 'create-blocks-from', `--max-block-duration=${seconds}`, 'openmetrics', '-q', file, folder], {
      ...ids,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: promtoolTimeoutMs,
      killSignal: 'SIGKILL',
    });
    let words = '';
    child.stderr.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(-2_000);
    });
    child.on('error', error => reject(new Error(`promtool could not be started: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`promtool ended with ${signal ?? code} while it made the sample history: ${words.trim()}`));
    });
  });
}

function moveBlocks(from: string, to: string, account: Account | undefined): void {
  mkdirSync(to, { recursive: true });
  if (account) chownSync(to, account.uid, account.gid);
  for (const block of readdirSync(from)) renameSync(join(from, block), join(to, block));
}
