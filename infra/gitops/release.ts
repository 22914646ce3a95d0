/**
 * Writes the digest of a released image into every overlay of an app, renders, and with --commit makes the one commit that is the
 * release. One digest everywhere: what differs is the order in which Argo CD brings it there (dev, the standby, the primary), and a
 * place where it does not become healthy holds the next one back. Rolled back by reverting that commit.
 * Usage: node infra/gitops/release.ts <app> sha256:<64 hex digits> [--commit]
 */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isMap, isScalar, isSeq, parseDocument } from 'yaml';
import { clusterNames, folder, render, renderedFile } from './render.ts';

const DIGEST = /^sha256:(?!0{64}$)[0-9a-f]{64}$/;

/** Every kustomization of the app that names its image, the order of names. @throws Error when the app has none */
export function overlaysOf(app: string, root = folder): string[] {
  if (!/^[a-z][a-z0-9-]{1,40}$/.test(app)) throw new Error(`${app} is no name of an app`);
  const files = globSync(`apps/${app}/overlays/*/kustomization.yaml`, { cwd: root }).sort();
  if (files.length === 0) throw new Error(`there is no apps/${app}/overlays`);
  return files.map(file => path.join(root, file));
}

/** The text with the image's digest replaced, every other byte as it was. @throws Error when it names the image not exactly once, or by tag */
export function withDigest(text: string, app: string, digest: string): string {
  if (!DIGEST.test(digest)) throw new Error(`${digest} is no digest: sha256: and 64 hexadecimal digits, not all zero`);
  const images = parseDocument(text).get('images');
  const own = isSeq(images) ? images.items.filter(item => isMap(item) && item.get('name') === app) : [];
  if (own.length !== 1) throw new Error(`images must name ${app} exactly once`);
  const [image] = own;
  if (!isMap(image) || image.has('newTag')) throw new Error(`${app} must be deployed by digest, not by tag`);
  const node = image.get('digest', true);
  if (!isScalar(node) || !node.range) throw new Error(`${app} has no digest`);
  return text.slice(0, node.range[0]) + digest + text.slice(node.range[1]);
}

/** Files that changed; none when the digest is there already. All of them are checked before the first is written. */
export function release(app: string, digest: string, root = folder): string[] {
  const changed = overlaysOf(app, root).flatMap(file => {
    const before = readFileSync(file, 'utf8');
    try {
      const after = withDigest(before, app, digest);
      return after === before ? [] : [{ file, after }];
    } catch (error) {
      throw new Error(`${path.relative(root, file)}: ${(error as Error).message}`);
    }
  });
  for (const { file, after } of changed) writeFileSync(file, after);
  return changed.map(({ file }) => file);
}

function main(): number {
  const [app, digest, ...options] = process.argv.slice(2);
  if (app === undefined || digest === undefined || options.some(option => option !== '--commit')) {
    process.stderr.write('usage: node infra/gitops/release.ts <app> sha256:<64 hex digits> [--commit]\n');
    return 2;
  }
  const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, encoding: 'utf8', timeout: 30_000 });
  const commit = options.includes('--commit');
  const rendered = clusterNames().map(renderedFile);
  // A release is one line per place and nothing else.
  const unclean = commit ? git('status', '--porcelain', '--', '.').trim() : '';
  if (unclean !== '') throw new Error(`infra/gitops has other changes:\n${unclean}`);
  const changed = release(app, digest);
  if (changed.length === 0) {
    process.stdout.write(`${app} is at ${digest} already\n`);
    return 0;
  }
  for (const cluster of clusterNames()) writeFileSync(renderedFile(cluster), render(cluster));
  if (commit) {
    git('add', '--', ...changed, ...rendered);
    git('commit', '--quiet', '--message', `Release ${app} ${digest.slice(0, 19)}`, '--', ...changed, ...rendered);
  }
  process.stdout.write(`${app} ${digest}: ${changed.map(file => path.relative(folder, file)).join(', ')}\n`);
  return 0;
}

if (process.argv[1] === import.meta.filename) {
  try {
    process.exit(main());
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(1);
  }
}
