/** What the clusters read from disk: rendered manifests, and the ends of process logs. */
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from './cluster-api-model.ts';

/** At most this much of a log is ever read; it is the newest part. */
export const LOG_READ_MAX_BYTES = 1024 * 1024;

/**
 * The manifests of a cluster.
 * @throws Error naming the file when it is missing, damaged or holds something that is no object
 */
export function readManifests(file: string): KubeObject[] {
  // The real API server reads YAML 1.1.
  return parseAllDocuments(readFileSync(file, 'utf8'), { version: '1.1' }).flatMap(document => {
    if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]!.message}`);
    const object = document.toJS() as KubeObject | null;
    if (object === null) return [];
    if (!object.kind || !object.apiVersion || !object.metadata?.name) throw new Error(`${file}: a document has no kind, apiVersion or name`);
    return [object];
  });
}

/** The last `lines` lines of a process's log; '' when it has written none. */
export function readLogTail(folder: string, process: string, lines: number): string {
  const file = path.join(folder, `${path.basename(process)}.log`);
  if (!existsSync(file)) return '';
  const descriptor = openSync(file, 'r');
  try {
    const sizeBytes = fstatSync(descriptor).size;
    const length = Math.min(sizeBytes, LOG_READ_MAX_BYTES);
    const buffer = Buffer.alloc(length);
    readSync(descriptor, buffer, 0, length, sizeBytes - length);
    const all = buffer.toString('utf8').split('\n');
    // The first line may have lost its beginning when only the end was read.
    const whole = length < sizeBytes ? all.slice(1) : all;
    const ended = whole.at(-1) === '' ? whole.slice(0, -1) : whole;
    const tail = lines === 0 ? [] : ended.slice(-lines);
    return tail.length === 0 ? '' : `${tail.join('\n')}\n`;
  } finally {
    closeSync(descriptor);
  }
}
