/**
 * The rules of secrets.ts over all that git ever kept: every distinct blob that a commit brought, once, and every commit's message.
 * What was removed later is still in every clone, so it counts like what is there.
 */
import { readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { blobOf, git, parts, readBlobs, stream } from './git-objects.ts';
import { findSecrets, judgedAs, kinds, readMax, textOf } from './secrets.ts';
import { readWaivers, sieve, type Waiver } from './waivers.ts';

export interface Found {
  /** Of the blob; of the commit where its message holds it. */
  id: string;
  /** The commit that brought it. */
  commit: string;
  path: string;
  line: number;
  what: string;
}

export interface History {
  /** Why there is more history than could be read; empty when this is all of it. */
  missing: string;
  commits: number;
  /** Distinct blobs that were read, and their bytes. */
  blobs: number;
  bytes: number;
  /** No text: judged by their names alone. */
  binary: number;
  /** Larger than what is read of one: "path (bytes)". */
  cut: string[];
  found: Found[];
  ids: ReadonlySet<string>;
}

/** A blob under a name that changes how it is judged, and who brought it first. */
interface Place {
  path: string;
  commit: string;
}

export const inMessage = '(message of the commit)';

/** What git does not have here although it is part of the history; empty when nothing is missing. */
function whatIsMissing(repository: string): string {
  if (git(repository, ['rev-parse', '--is-shallow-repository']).trim() === 'true') return 'this is a shallow clone; git fetch --unshallow brings the rest';
  const partial = /^(extensions\.partialclone=|remote\..*\.promisor=true$)/im.test(git(repository, ['config', '--list']));
  return partial ? 'this is a partial clone; git fetch --refetch --no-filter brings the rest' : '';
}

/** @throws Error when git fails; never because something is missing, which stands in the answer */
export async function scanHistory(repository: string): Promise<History> {
  const history: History & { ids: Set<string> } = { missing: whatIsMissing(repository), commits: 0, blobs: 0, bytes: 0, binary: 0, cut: [], found: [], ids: new Set() };
  const places = new Map<string, Map<string, Place>>();
  const told = new Set<string>();
  const add = (id: string, at: Place, text: string) => {
    for (const { line, what } of findSecrets(at.path, text)) {
      const key = `${id} ${line} ${what}`;
      if (!told.has(key)) history.found.push({ id, ...at, line, what });
      told.add(key);
    }
  };

  // Against the first parent a merge shows all that it brought, what was made in the merge itself too. Oldest first: who brought it.
  const log = ['-c', 'log.showRoot=true', '-c', 'core.quotePath=false', 'log', '--all', '--topo-order', '--reverse', '--raw', '--no-abbrev', '--no-renames', '--ignore-submodules=none', '--diff-merges=first-parent', '-z', '--format=%x01%H%n%B'];
  await stream(repository, log, [], async output => {
    let commit = '';
    let raw: string | undefined;
    for await (const part of parts(output)) {
      if (raw !== undefined) {
        const id = blobOf(raw);
        raw = undefined;
        if (id === undefined) continue;
        const known = places.get(id) ?? places.set(id, new Map()).get(id)!;
        const as = judgedAs(part);
        if (!known.has(as)) known.set(as, { path: part, commit });
        continue;
      }
      const text = part.replace(/^\n/, '');
      if (text.startsWith('\u0001')) {
        commit = text.slice(1, text.indexOf('\n'));
        history.commits++;
        add(commit, { path: inMessage, commit }, text.slice(text.indexOf('\n') + 1, readMax));
      } else if (text.startsWith(':')) raw = text;
      else if (text !== '') throw new Error('git log said something that was not understood');
    }
  });

  let absent = 0;
  try {
    await readBlobs(repository, places.keys(), readMax, (id, size, bytes) => {
      if (!bytes) { absent++; return; }
      const known = [...places.get(id)!.values()];
      history.ids.add(id);
      history.blobs++;
      history.bytes += size;
      if (size > readMax) history.cut.push(`${known[0]!.path} (${size} bytes)`);
      const text = textOf(bytes);
      if (text === undefined) history.binary++;
      for (const at of known) add(id, at, text ?? '');
    });
    if (history.ids.size + absent !== places.size) throw new Error(`git gave ${history.ids.size + absent} of ${places.size} blobs`);
  } catch (error) {
    // Git ends at the first blob that a partial clone left out. That it is not complete is known, and is the answer.
    if (history.missing === '') throw error;
  }
  if (absent > 0 && history.missing === '') history.missing = `${absent} blobs are not here`;
  return history;
}

/** Findings that somebody judged to be none: the blob in which it is, what it only looks like, why, who says so, until when. */
export function readExceptions(folder = import.meta.dirname): Waiver[] {
  return readWaivers(folder, 'secrets-known.yaml');
}

/** Of those that hold today: "blob kind". */
export function exceptedOn(today: Date, exceptions: readonly Waiver[]): Set<string> {
  return new Set(exceptions.filter(one => one.until >= today.toISOString().slice(0, 10)).map(one => `${one.resource} ${one.rule}`));
}

/** One sentence for each finding that is not excepted, and for each exception that is over, wrong or needless. */
export function problemsOf(history: History, exceptions: readonly Waiver[], today: Date, owners: ReadonlySet<string>): string[] {
  // Of a history that is not here nobody can say that an exception is needless; of one commit alone neither.
  const all = history.missing === '' && history.commits > 1;
  const judged = exceptions.filter(one => all || history.ids.has(one.resource) || history.found.some(({ id }) => id === one.resource));
  const findings = history.found.map(one => ({ rule: one.what, problem: `${one.id} ${one.path}:${one.line} of commit ${one.commit.slice(0, 12)}` }));
  return sieve(findings, judged, today, kinds, owners, 'secrets-known.yaml');
}

/** What was looked at, in one sentence. */
export function described(history: History): string {
  const cut = history.cut.length > 0 ? `; of ${history.cut.length} larger than ${readMax >> 20} MiB only the beginning: ${history.cut.slice(0, 5).join(', ')}` : '';
  return `${history.commits} commits, ${history.blobs} blobs, ${(history.bytes / 1e6).toFixed(1)} MB, ${history.binary} of the blobs no text${cut}`;
}

/** Usage: node infra/terraform/checks/secrets-history.ts. Exit 0: all of the history was read and holds none; 1: it holds some; 2: it is not all here. */
async function main(repository: string): Promise<number> {
  const startedAt = performance.now();
  const estate = parse(readFileSync(path.join(import.meta.dirname, '../../estate.yaml'), 'utf8')) as { groups: Record<string, string> };
  const history = await scanHistory(repository);
  // The exceptions are of this repository; in another one they are needless.
  const own = realpathSync(git(repository, ['rev-parse', '--show-toplevel']).trim()) === realpathSync(path.join(import.meta.dirname, '../../..'));
  const problems = problemsOf(history, own ? readExceptions() : [], new Date(), new Set(Object.keys(estate.groups)));
  for (const problem of problems) console.log(problem);
  console.log(`${described(history)}, in ${((performance.now() - startedAt) / 1000).toFixed(1)} s: ${problems.length === 0 ? 'no secret' : `${problems.length} problems`}`);
  if (problems.length > 0) {
    console.log('A secret that was in a commit is known to whoever has a clone: take it back at its maker first. Taking it out of the history is no remedy.');
    console.log('What only looks like one goes into infra/terraform/checks/secrets-known.yaml, by its blob, with a reason and a last day.');
  }
  if (history.missing === '') return problems.length === 0 ? 0 : 1;
  console.error(`The history is not complete: ${history.missing}`);
  return 2;
}

if (process.argv[1] === import.meta.filename) {
  try {
    process.exitCode = await main(process.argv[2] ?? process.cwd());
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 2;
  }
}
