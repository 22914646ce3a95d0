/**
 * The payer's own record of what was acknowledged to it, kept apart from the ledger: the evidence
 * against which "no acknowledged payment was lost" is checked. On disk as JSON lines, rotated;
 * the last two hours also in memory.
 */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';

export type Acknowledged = {
  transferId: string;
  idempotencyKey: string;
  /** Minor units as text. */
  amountMinor: string;
  currency: string;
  /** ISO time at which the answer arrived. */
  at: string;
  kind: string;
};

export type AcknowledgedLog = {
  add: (entry: Acknowledged) => void;
  /** Oldest first; at most MEMORY_MAX entries of the last two hours. */
  recent: () => Acknowledged[];
  /** Everything since then is in memory, unless entries were dropped for room. */
  coversSinceMs: () => number;
  close: () => void;
};

export const FILE_MAX_BYTES = 20 * 1024 * 1024;
export const FILES_KEPT = 3;
export const MEMORY_MS = 2 * 60 * 60 * 1_000;
export const MEMORY_MAX = 100_000;

/**
 * Opens the log at `file` and reads back what is recent.
 * @param limits smaller ones are for tests
 */
export function acknowledgedLog(
  file: string,
  nowMs: () => number,
  limits = { fileMaxBytes: FILE_MAX_BYTES, memoryMax: MEMORY_MAX },
): AcknowledgedLog {
  mkdirSync(path.dirname(file), { recursive: true });
  const { entries: loaded, sinceMs: loadedSinceMs } = readBack(file, nowMs() - MEMORY_MS, limits.memoryMax);
  let recent = loaded;
  let droppedUntilMs = loadedSinceMs;
  let descriptor = openSync(file, 'a', 0o600);
  let sizeBytes = statSync(file).size;
  return {
    add: given => {
      // A clock set back must not put the record out of order: readers search it by time.
      const last = recent.at(-1);
      const entry = last !== undefined && given.at < last.at ? { ...given, at: last.at } : given;
      const line = `${JSON.stringify(entry)}\n`;
      if (sizeBytes + line.length > limits.fileMaxBytes) {
        closeSync(descriptor);
        rotate(file);
        descriptor = openSync(file, 'a', 0o600);
        sizeBytes = 0;
      }
      writeSync(descriptor, line);
      sizeBytes += Buffer.byteLength(line);
      recent.push(entry);
      // In blocks, since shifting one at a time moves the whole list each time.
      if (recent.length > limits.memoryMax * 1.1) {
        const kept = recent.slice(-limits.memoryMax);
        droppedUntilMs = Date.parse(kept[0]!.at);
        recent = kept;
      }
    },
    recent: () => {
      const oldestMs = nowMs() - MEMORY_MS;
      const first = recent.findIndex(entry => Date.parse(entry.at) >= oldestMs);
      if (first > 1_000 || first === -1) recent = first === -1 ? [] : recent.slice(first);
      return recent;
    },
    coversSinceMs: () => Math.max(droppedUntilMs, nowMs() - MEMORY_MS),
    close: () => closeSync(descriptor),
  };
}

/** `file` becomes `file.1`, that `file.2`; the oldest beyond FILES_KEPT is replaced. */
function rotate(file: string): void {
  for (let index = FILES_KEPT - 1; index >= 1; index -= 1) {
    const from = index === 1 ? file : `${file}.${index - 1}`;
    if (existsSync(from)) renameSync(from, `${file}.${index}`);
  }
}

function readBack(file: string, sinceMs: number, max: number): { entries: Acknowledged[]; sinceMs: number } {
  const lines = [`${file}.1`, file]
    .filter(name => existsSync(name))
    .flatMap(name => readFileSync(name, 'utf8').split('\n'));
  const entries: Acknowledged[] = [];
  for (const line of lines) {
    try {
      const entry = JSON.parse(line) as Acknowledged;
      if (Date.parse(entry.at) >= sinceMs) entries.push(entry);
    } catch {
      // The last line of a killed process may be cut short; the payment then was not recorded.
    }
  }
  const kept = entries.slice(-max);
  return { entries: kept, sinceMs: kept.length < entries.length ? Date.parse(kept[0]!.at) : 0 };
}
