/** Files that no kustomization takes in, and names in kustomizations behind which there is no file. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

/** Files of their own, read by something else than Kustomize. */
const ownFiles = /(^|\/)(kustomization|component|application|values(-[a-z0-9-]+)?)\.yaml$/;

/** Files a kustomization names, as it writes them. */
function namedBy(kustomization: any): string[] {
  const plain = ['resources', 'components', 'bases', 'crds', 'configurations', 'transformers', 'generators', 'validators', 'patchesStrategicMerge'].flatMap(key => kustomization[key] ?? []);
  const patches = [...(kustomization.patches ?? []), ...(kustomization.patchesJson6902 ?? []), ...(kustomization.replacements ?? [])].map((one: any) => one.path);
  const generated = [...(kustomization.configMapGenerator ?? []), ...(kustomization.secretGenerator ?? [])].flatMap((one: any) => [
    ...(one.files ?? []).map((file: string) => file.split('=').at(-1)), ...(one.envs ?? []),
  ]);
  return [...plain, ...patches, ...generated].filter((one): one is string => typeof one === 'string' && !one.includes('\n') && !/^https?:/.test(one));
}

export function orphans(folder: string): string[] {
  const problems: string[] = [];
  const taken = new Set<string>();
  const files = globSync('**/kustomization.yaml', { cwd: folder }).filter(file => !file.includes('node_modules')).sort();
  for (const file of files) {
    for (const name of namedBy(parse(readFileSync(path.join(folder, file), 'utf8')))) {
      const meant = path.normalize(path.join(path.dirname(file), name));
      if (!existsSync(path.join(folder, meant))) problems.push(`${file}: ${name} is not there`);
      taken.add(meant);
    }
  }
  // Only folders of Kustomize: those with a kustomization, and what lies below without one of its own.
  for (const directory of files.map(file => path.dirname(file))) {
    const beside = globSync('*.{yaml,yml,json}', { cwd: path.join(folder, directory) }).sort();
    for (const name of beside) {
      const file = path.join(directory, name);
      if (!ownFiles.test(name) && !taken.has(file)) problems.push(`${file}: in no kustomization`);
    }
  }
  return problems;
}
