/** Log files that do not grow without end. */
import { closeSync, existsSync, fstatSync, ftruncateSync, globSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** What stays of a log that is trimmed. */
export const KEEP_BYTES = 5 * 1024 * 1024;
/** A log may grow to this before it is trimmed while in use. */
export const MAX_BYTES = 20 * 1024 * 1024;

/**
 * Keeps the last `keepBytes` of a log, from a line's start. Writers hold the file open for appending, so it
 * is shortened in place; a line written in the same instant may be lost.
 */
export function trimLog(file: string, keepBytes = KEEP_BYTES): void {
  if (!existsSync(file) || statSync(file).size <= keepBytes) return;
  const descriptor = openSync(file, 'r+');
  try {
    const { size } = fstatSync(descriptor);
    const tail = Buffer.alloc(keepBytes);
    const read = readSync(descriptor, tail, 0, keepBytes, size - keepBytes);
    const firstLineEnd = tail.indexOf(0x0a);
    const kept = tail.subarray(firstLineEnd >= 0 ? firstLineEnd + 1 : 0, read);
    ftruncateSync(descriptor, 0);
    writeSync(descriptor, kept, 0, kept.length, 0);
  } finally {
    closeSync(descriptor);
  }
}

/** Trims every log of the folder that has grown beyond MAX_BYTES. */
export function trimLogs(folder: string): void {
  for (const file of globSync(join(folder, '*.log'))) {
    if (statSync(file).size > MAX_BYTES) trimLog(file);
  }
}

/** The last lines of a log, for an error message; empty when there is no log. */
export function lastLines(file: string, count: number): string[] {
  if (!existsSync(file)) return [];
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const buffer = Buffer.alloc(Math.min(size, 16 * 1024));
    readSync(descriptor, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8').split('\n').filter(Boolean).slice(-count);
  } finally {
    closeSync(descriptor);
  }
}
