/**
 * The frame of a program the supervisor starts: read the platform file, run, end within two
 * seconds of SIGTERM. Lines of the log are JSON objects.
 */
import { readFileSync } from 'node:fs';

export type Stop = () => Promise<void> | void;
export type Log = (message: string, fields?: Record<string, unknown>) => void;

/** A log that writes one JSON object per line to standard output. */
export function makeLog(program: string): Log {
  return (message, fields = {}) =>
    void process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), program, message, ...fields })}\n`);
}

/**
 * Runs `start` with the parsed platform file named by the first argument.
 * Exits 1 with the reason when it cannot start, 0 after SIGTERM or SIGINT.
 */
export async function runProgram<T>(name: string, start: (config: T, log: Log) => Promise<Stop>): Promise<void> {
  await runUntilStopped(name, log => {
    const file = process.argv[2];
    if (file === undefined) throw new Error(`usage: node ${name}.ts <platform.json>`);
    return start(JSON.parse(readFileSync(file, 'utf8')) as T, log);
  });
}

/** The same for a program that finds its settings itself. */
export async function runUntilStopped(name: string, start: (log: Log) => Promise<Stop>): Promise<void> {
  const log = makeLog(name);
  try {
    const stop = await start(log);
    const end = (signal: string) => {
      log('stopping', { signal });
      // What has not ended by itself after 1.8 s must not keep the whole platform waiting.
      setTimeout(() => process.exit(0), 1_800).unref();
      void Promise.resolve(stop()).finally(() => process.exit(0));
    };
    process.once('SIGTERM', end);
    process.once('SIGINT', end);
    log('started', { pid: process.pid });
  } catch (error) {
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}
