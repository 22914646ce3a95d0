/**
 * Secrets in files, as a secret store mounts them: each replaces a variable of the environment, and two of them may change while the
 * process runs. The files are read every few seconds; a mounted secret changes by a link that file watchers do not follow reliably.
 */
import { readFileSync } from 'node:fs';
import { ConfigError, type Environment } from '../domain/settings.ts';

/** NAME may be given as NAME_FILE. */
const inFiles = ['LEDGER_DATABASE_URL', 'LEDGER_API_KEYS', 'LEDGER_REDIS_URL', 'LEDGER_WEBHOOK_KEY'] as const;
/** Nothing secret of ours is longer; what is longer is another file. */
const fileMaxBytes = 1024 * 1024;

export class SecretFiles {
  readonly #env: Environment;
  readonly #files: { name: string; path: string }[];
  #timer: NodeJS.Timeout | undefined;
  #last = '';

  constructor(env: Environment) {
    this.#env = env;
    this.#files = inFiles.flatMap(name => {
      const path = env[`${name}_FILE`];
      return path ? [{ name, path }] : [];
    });
  }

  /** The environment with what the files hold now. @throws ConfigError naming each file that cannot be used, never its content */
  read(): Environment {
    const faults: string[] = [];
    const values = this.#files.map(({ name, path }) => {
      if (this.#env[name]) faults.push(`${name} and ${name}_FILE are both given: which one counts?`);
      try {
        const text = readFileSync(path, 'utf8');
        if (text.length > fileMaxBytes) faults.push(`${name}_FILE is larger than ${fileMaxBytes} bytes`);
        // Editors and secret stores end a file with a line; no secret ends so.
        return [name, text.trimEnd()] as const;
      } catch (error) {
        faults.push(`${name}_FILE cannot be read: ${(error as { code?: string }).code}`);
        return [name, ''] as const;
      }
    });
    if (faults.length > 0) throw new ConfigError(faults);
    this.#last = JSON.stringify(values);
    return { ...this.#env, ...Object.fromEntries(values) };
  }

  /**
   * Calls `changed` with the new environment whenever a file's content is another. What cannot be read or used is told to `failed` once
   * per content, and what was before goes on. No file, no timer.
   */
  watch(intervalMs: number, changed: (env: Environment) => void, failed: (error: Error) => void): void {
    if (this.#files.length === 0) return;
    let trouble = '';
    this.#timer = setInterval(() => {
      try {
        const before = this.#last;
        const env = this.read();
        if (this.#last !== before) changed(env);
        trouble = '';
      } catch (error) {
        if ((error as Error).message !== trouble) failed(error as Error);
        trouble = (error as Error).message;
      }
    }, intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
