/**
 * Renders what each cluster runs into rendered/<cluster>/manifests.yaml, so that a review shows the change and
 * not only its cause. Needs kubectl. Usage: node infra/gitops/render.ts [--check]
 * With --check nothing is written; exit 1 names what is out of date.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export const folder = import.meta.dirname;
const HEADER = '# Made by infra/gitops/render.ts from clusters/. Do not edit.\n';

/** Names of the folders under clusters/ that have a kustomization. @param base another checkout of this folder */
export function clusterNames(base = folder): string[] {
  return readdirSync(path.join(base, 'clusters')).filter(name => existsSync(path.join(base, 'clusters', name, 'kustomization.yaml'))).sort();
}

/** The manifests of one cluster. @param base another checkout of this folder @throws Error when kubectl is missing or the kustomization does not build */
export function render(cluster: string, base = folder): string {
  const built = execFileSync('kubectl', ['kustomize', path.join(base, 'clusters', cluster)], { encoding: 'utf8', timeout: 60_000, maxBuffer: 64 << 20 });
  return HEADER + built;
}

/** Where the committed manifests of a cluster stand. */
export function renderedFile(cluster: string): string {
  return path.join(folder, 'rendered', cluster, 'manifests.yaml');
}

function main(check: boolean): number {
  const stale = clusterNames().filter(cluster => {
    const file = renderedFile(cluster);
    const fresh = render(cluster);
    if (existsSync(file) && readFileSync(file, 'utf8') === fresh) return false;
    if (!check) {
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, fresh);
    }
    return true;
  });
  const done = check ? 'out of date: run node infra/gitops/render.ts' : 'written';
  for (const cluster of stale) process.stdout.write(`${path.relative(process.cwd(), renderedFile(cluster))} ${done}\n`);
  return check && stale.length > 0 ? 1 : 0;
}

if (process.argv[1] === import.meta.filename) process.exit(main(process.argv.includes('--check')));
