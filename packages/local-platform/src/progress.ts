/** How a start goes, part by part: written by the supervisor to a file, shown by the command that waits for it. */
import { appendFileSync, closeSync, existsSync, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export type ProgressEvent =
  | { kind: 'done'; part: string; ms: number; note?: string }
  | { kind: 'skipped'; part: string; note: string }
  | { kind: 'failed'; part: string; ms: number; note: string }
  | { kind: 'note'; note: string }
  | { kind: 'ready'; ms: number; note?: string }
  | { kind: 'broken'; ms: number; note: string };

export type Report = (event: ProgressEvent) => void;

export function progressFile(runDir: string): string {
  return join(runDir, 'progress.jsonl');
}

/** Starts the file anew. */
export function clearProgress(runDir: string): void {
  rmSync(progressFile(runDir), { force: true });
}

/** A report that appends to the file. */
export function fileReport(runDir: string): Report {
  return event => appendFileSync(progressFile(runDir), `${JSON.stringify(event)}\n`);
}

/** One line for people. */
export function formatProgress(event: ProgressEvent): string {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  switch (event.kind) {
    case 'done': return `  ✓ ${event.part.padEnd(34)} ${seconds(event.ms).padStart(7)}${event.note ? `  ${event.note}` : ''}`;
    case 'skipped': return `  – ${event.part.padEnd(34)} skipped  ${event.note}`;
    case 'failed': return `  ✗ ${event.part.padEnd(34)} ${seconds(event.ms).padStart(7)}  ${event.note}`;
    case 'note': return `    ${event.note}`;
    case 'ready': return `Ready in ${seconds(event.ms)}.${event.note ? ` ${event.note}` : ''}`;
    case 'broken': return `Could not start after ${seconds(event.ms)}: ${event.note}`;
  }
}

/** Reads events as they are appended. Each call of the result returns those that are new. */
export function followProgress(runDir: string): () => ProgressEvent[] {
  let offset = 0;
  let rest = '';
  return () => {
    const file = progressFile(runDir);
    if (!existsSync(file)) return [];
    const descriptor = openSync(file, 'r');
    try {
      const { size } = fstatSync(descriptor);
      const buffer = Buffer.alloc(Math.max(0, size - offset));
      offset += readSync(descriptor, buffer, 0, buffer.length, offset);
      const lines = (rest + buffer.toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      return lines.map(line => JSON.parse(line) as ProgressEvent);
    } finally {
      closeSync(descriptor);
    }
  };
}

/** Runs one part of the start, reports how long it took, and passes its result or error on. */
export async function part<T>(report: Report, name: string, work: () => Promise<T>, note: (result: T) => string | undefined = () => undefined): Promise<T> {
  const startedAt = performance.now();
  try {
    const result = await work();
    const text = note(result);
    report({ kind: 'done', part: name, ms: performance.now() - startedAt, ...(text && { note: text }) });
    return result;
  } catch (error) {
    report({ kind: 'failed', part: name, ms: performance.now() - startedAt, note: (error as Error).message });
    throw error;
  }
}
