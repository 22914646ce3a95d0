/** State kept in one JSON file, replaced as a whole so that a crash leaves the old or the new. */
import { mkdirSync, openSync, closeSync, fsyncSync, readFileSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';

export type StateFile<T> = {
  /** The stored value, or `initial` when there is none yet. @throws Error when it is damaged */
  read: () => T;
  /** Replaces the stored value; on return it is on disk. */
  write: (value: T) => void;
};

/** A state file at `file`; its folder is made when missing. Mode 0600, since state may be private. */
export function stateFile<T>(file: string, initial: () => T): StateFile<T> {
  mkdirSync(path.dirname(file), { recursive: true });
  return {
    read: () => {
      let text: string;
      try {
        text = readFileSync(file, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return initial();
        throw error;
      }
      try {
        return JSON.parse(text) as T;
      } catch {
        throw new Error(`${file} is damaged; remove it to start from nothing`);
      }
    },
    write: value => {
      const next = `${file}.next`;
      const descriptor = openSync(next, 'w', 0o600);
      try {
        writeSync(descriptor, JSON.stringify(value, null, 2));
        // Without this the rename can survive a crash that the content does not.
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      renameSync(next, file);
    },
  };
}
