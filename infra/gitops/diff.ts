/**
 * What each cluster would get from the working tree, against what it gets from a git ref: one unified diff per cluster.
 * Usage: node infra/gitops/diff.ts [--ref=REF] [CLUSTER …]     (REF: origin/main when there is one, else HEAD)
 * Needs kubectl, no cluster. Exit 0: rendered, whether or not something differs; 1: something does not build; 2: cannot run.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { clusterNames, folder, render } from './render.ts';

const repository = path.resolve(folder, '../..');

/** A document's name in a diff: what changed is found by object, not by line. */
const nameOf = (text: string): string => {
  const item = parseAllDocuments(text)[0]?.toJS() as { kind?: string; metadata?: { name?: string; namespace?: string } } | null;
  return item?.kind ? `${item.kind} ${item.metadata?.namespace ? `${item.metadata.namespace}/` : ''}${item.metadata?.name}` : '';
};

/** Objects by name, so that a moved object is no change. */
export function objects(manifests: string): Map<string, string> {
  return new Map(manifests.replace(/^#.*\n/, '').split(/^---\n/m).filter(text => text.trim() !== '').map(text => [nameOf(text), text]));
}

export interface Change {
  object: string;
  kind: 'added' | 'changed' | 'removed';
}

export function changes(before: string, after: string): Change[] {
  const [old, fresh] = [objects(before), objects(after)];
  return [...new Set([...old.keys(), ...fresh.keys()])].sort().flatMap((object): Change[] => {
    if (!old.has(object)) return [{ object, kind: 'added' }];
    if (!fresh.has(object)) return [{ object, kind: 'removed' }];
    return old.get(object) === fresh.get(object) ? [] : [{ object, kind: 'changed' }];
  });
}

/** Unified diff of the changed objects, as `diff -u` writes it. */
export function unified(cluster: string, before: string, after: string, work: string): string {
  const [old, fresh] = [objects(before), objects(after)];
  return changes(before, after).map(({ object }, index) => {
    const files = [old.get(object) ?? '', fresh.get(object) ?? ''].map((text, side) => {
      const file = path.join(work, `${side}-${index}`);
      writeFileSync(file, text);
      return file;
    });
    const labels = [`a/${cluster}: ${object}`, `b/${cluster}: ${object}`].flatMap(label => ['--label', label]);
    const result = spawnSync('diff', ['-u', ...labels, ...files], { encoding: 'utf8', maxBuffer: 64 << 20, timeout: 30_000 });
    if (result.status !== 0 && result.status !== 1) throw new Error(`diff: ${result.error?.message ?? result.stderr}`);
    return result.stdout;
  }).join('');
}

const git = (args: string[]): string => execFileSync('git', args, { cwd: repository, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000, maxBuffer: 256 << 20 }).trim();

/** The ref's infra/ in a folder of its own; kustomizations read nothing outside of it. */
function checkout(ref: string, work: string): string {
  const tar = path.join(work, 'infra.tar');
  git(['archive', '--format=tar', `--output=${tar}`, ref, 'infra']);
  execFileSync('tar', ['-xf', tar, '-C', work], { timeout: 60_000 });
  return path.join(work, 'infra/gitops');
}

function resolved(ref: string | undefined): string | null {
  for (const one of ref === undefined ? ['origin/main', 'HEAD'] : [ref]) {
    if (spawnSync('git', ['rev-parse', '--verify', '--quiet', `${one}^{commit}`], { cwd: repository, timeout: 10_000 }).status === 0) return one;
  }
  return null;
}

export function main(args: string[]): number {
  const given = args.find(arg => arg.startsWith('--ref='))?.slice(6);
  const wanted = args.filter(arg => !arg.startsWith('--'));
  const now = clusterNames();
  const unknown = wanted.filter(name => !now.includes(name));
  if (unknown.length > 0 || args.some(arg => arg.startsWith('--') && !arg.startsWith('--ref='))) {
    console.error(`${unknown.length > 0 ? `No cluster named ${unknown.join(', ')}. ` : ''}Clusters: ${now.join(', ')}\nUsage: make gitops-diff [CLUSTER=<name>] [REF=<git ref>]`);
    return 2;
  }
  if (spawnSync('kubectl', ['version', '--client'], { timeout: 20_000 }).status !== 0) {
    console.error('kubectl is missing: it builds the kustomizations (no cluster is asked). Install it (Debian: kubernetes-client), then run the same again.');
    return 2;
  }
  const ref = resolved(given);
  if (ref === null) {
    console.error(`git knows no ${given ?? 'commit yet'}. Give a branch, tag or commit: make gitops-diff REF=HEAD~1`);
    return 2;
  }
  const work = mkdtempSync(path.join(tmpdir(), 'gitops-diff-'));
  try {
    const before = checkout(ref, work);
    const then = existsSync(path.join(before, 'clusters')) ? clusterNames(before) : [];
    let failed = 0;
    for (const cluster of [...new Set([...then, ...now])].sort().filter(name => wanted.length === 0 || wanted.includes(name))) {
      try {
        const [old, fresh] = [then.includes(cluster) ? render(cluster, before) : '', now.includes(cluster) ? render(cluster) : ''];
        const all = changes(old, fresh);
        const of = (kind: Change['kind']) => all.filter(one => one.kind === kind).length;
        console.log(`# ${cluster} against ${ref}: ${all.length === 0 ? 'no change' : `${of('added')} added, ${of('changed')} changed, ${of('removed')} removed`}`);
        const scratch = path.join(work, cluster);
        mkdirSync(scratch, { recursive: true });
        if (all.length > 0) process.stdout.write(unified(cluster, old, fresh, scratch));
      } catch (error) {
        failed += 1;
        console.error(`# ${cluster} cannot be rendered: ${(error as Error).message}`);
      }
    }
    return failed === 0 ? 0 : 1;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (process.argv[1] === import.meta.filename) process.exitCode = main(process.argv.slice(2));
