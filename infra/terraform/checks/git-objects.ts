/** What git keeps, read as a stream: bounded in memory by the largest part that is kept, and in time. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';

/** Over it the scan ends with an error: a check that never ends is none. */
const timeoutMs = 10 * 60_000;

/** What was replaced is read as it was, and what a partial clone left out is not fetched behind anybody's back. */
const environment = () => ({ ...process.env, GIT_NO_REPLACE_OBJECTS: '1', GIT_NO_LAZY_FETCH: '1', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' });

export function git(repository: string, args: string[]): string {
  return execFileSync('git', args, { cwd: repository, env: environment(), encoding: 'utf8', maxBuffer: 256 << 20, timeout: 60_000, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Runs git and hands its output on as it comes. @throws Error when git fails or takes too long */
export async function stream(repository: string, args: string[], input: Iterable<string>, read: (output: Readable) => Promise<void>): Promise<void> {
  const child = spawn('git', args, { cwd: repository, env: environment(), stdio: ['pipe', 'pipe', 'pipe'], timeout: timeoutMs, killSignal: 'SIGKILL' });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => { complaint = (complaint + text).slice(-2000); });
  const ended = once(child, 'close') as Promise<[number | null, string | null]>;
  // When git ends early, its own words say why; the broken pipe does not.
  child.stdin.on('error', () => undefined);
  const write = async () => {
    for (const line of input) if (!child.stdin.write(line)) await Promise.race([once(child.stdin, 'drain'), ended]);
    child.stdin.end();
  };
  try {
    await Promise.all([write(), read(child.stdout)]);
  } catch (error) {
    child.kill('SIGKILL');
    await ended;
    throw error;
  }
  const [code, signal] = await ended;
  if (code !== 0) throw new Error(`git ${args[0]} ended with ${signal ?? code}: ${complaint.trim()}`);
}

/** Parts of an output that ends each with a zero byte. */
export async function* parts(output: Readable): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  for await (const chunk of output as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(0); end !== -1; end = chunk.indexOf(0, from)) {
      yield Buffer.concat([...rest, chunk.subarray(from, end)]).toString('utf8');
      rest = [];
      from = end + 1;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
  }
  if (rest.length > 0) yield Buffer.concat(rest).toString('utf8');
}

/** Of one line of `git --raw`: what a path became. A removed file and a submodule have no blob. */
export function blobOf(raw: string): string | undefined {
  const [, mode, , id] = raw.split(' ');
  return mode === '000000' || mode === '160000' ? undefined : id;
}

/** Blobs by id, one process for all of them; of each its first `most` bytes. `bytes` is undefined for one that is not there. */
export async function readBlobs(repository: string, ids: Iterable<string>, most: number, each: (id: string, size: number, bytes: Buffer | undefined) => void): Promise<void> {
  function* lines() { for (const id of ids) yield `${id}\n`; }
  await stream(repository, ['cat-file', '--batch', '--buffer'], lines(), async output => {
    let header = Buffer.alloc(0);
    let current: { id: string; size: number; left: number; kept: Buffer[]; keptBytes: number } | undefined;
    for await (const chunk of output as AsyncIterable<Buffer>) {
      let from = 0;
      while (from < chunk.length) {
        if (!current) {
          const end = chunk.indexOf(10, from);
          header = Buffer.concat([header, chunk.subarray(from, end === -1 ? chunk.length : end)]);
          if (end === -1) break;
          from = end + 1;
          const [id, type, size] = header.toString('latin1').split(' ');
          header = Buffer.alloc(0);
          if (type === 'missing') each(id!, 0, undefined);
          else if (type !== 'blob') throw new Error(`git cat-file: ${id} is ${type ?? 'nothing'}, not a blob`);
          else current = { id: id!, size: Number(size), left: Number(size), kept: [], keptBytes: 0 };
          continue;
        }
        const take = Math.min(current.left, chunk.length - from);
        const keep = Math.min(take, most - current.keptBytes);
        if (keep > 0) current.kept.push(chunk.subarray(from, from + keep));
        current.keptBytes += Math.max(keep, 0);
        current.left -= take;
        from += take;
        // After the content comes one line feed.
        if (current.left === 0 && from < chunk.length) {
          each(current.id, current.size, Buffer.concat(current.kept));
          current = undefined;
          from++;
        }
      }
    }
  });
}
