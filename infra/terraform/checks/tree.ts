/**
 * Terraform files as plain data: what the rules of this folder read. Parsed with HashiCorp's own grammar
 * (hcl2json), without Terraform, so the rules run wherever Node runs.
 */
import { parse } from '@cdktf/hcl2json';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export type Body = Record<string, any>;

export interface Block {
  /** Path of the file, from the repository's root. */
  file: string;
  type: string;
  name: string;
  body: Body;
}

export interface Folder {
  /** Path from the repository's root, with `/`. */
  path: string;
  kind: 'module' | 'root';
  /** File name -> text, also README.md, backend.hcl and tests/*. */
  files: Map<string, string>;
  resources: Block[];
  data: Block[];
  modules: Block[];
  variables: Block[];
  outputs: Block[];
  locals: Block[];
  terraform: Block[];
  providers: Block[];
  /** Blocks of any other kind (check, import, moved, removed): read for references only. */
  others: Block[];
}

export interface Tree {
  modules: Folder[];
  roots: Folder[];
  /** Roots that are run once for each service of the template, each time with a state of its own. */
  services?: Folder[];
}

/** Where a problem is: what the person who mends it opens. */
export const at = (block: Block): string => `${block.file}:${block.type === '' ? block.name : `${block.type}.${block.name}`}`;

const blocksOf = (value: unknown): Body[] => (Array.isArray(value) ? value : [value]) as Body[];

/** @param files file name -> text @throws Error that names the file when one cannot be parsed */
export async function parseFolder(folderPath: string, kind: Folder['kind'], files: Map<string, string>): Promise<Folder> {
  const folder: Folder = { path: folderPath, kind, files, resources: [], data: [], modules: [], variables: [], outputs: [], locals: [], terraform: [], providers: [], others: [] };
  for (const [name, text] of files) {
    if (!name.endsWith('.tf') || name.includes('/')) continue;
    const file = `${folderPath}/${name}`;
    const parsed = (await parse(file, text)) as Body;
    for (const [kindOfBlock, value] of Object.entries(parsed)) {
      if (kindOfBlock === 'resource' || kindOfBlock === 'data' || kindOfBlock === 'ephemeral') {
        for (const [type, named] of Object.entries(value as Body)) {
          for (const [blockName, bodies] of Object.entries(named as Body)) {
            for (const body of blocksOf(bodies)) (kindOfBlock === 'resource' ? folder.resources : folder.data).push({ file, type, name: blockName, body });
          }
        }
      } else if (kindOfBlock === 'module' || kindOfBlock === 'variable' || kindOfBlock === 'output' || kindOfBlock === 'provider') {
        const list = { module: folder.modules, variable: folder.variables, output: folder.outputs, provider: folder.providers }[kindOfBlock];
        for (const [blockName, bodies] of Object.entries(value as Body)) for (const body of blocksOf(bodies)) list.push({ file, type: kindOfBlock, name: blockName, body });
      } else if (kindOfBlock === 'locals') {
        for (const body of blocksOf(value)) for (const [localName, expression] of Object.entries(body)) folder.locals.push({ file, type: 'local', name: localName, body: { value: expression } });
      } else if (kindOfBlock === 'terraform') {
        for (const body of blocksOf(value)) folder.terraform.push({ file, type: '', name: 'terraform', body });
      } else {
        for (const body of blocksOf(value)) folder.others.push({ file, type: '', name: kindOfBlock, body });
      }
    }
  }
  return folder;
}

function filesOf(folder: string): Map<string, string> {
  const names = readdirSync(folder).filter(name => /\.(tf|hcl|md)$/.test(name) && name !== '.terraform.lock.hcl');
  const tests = path.join(folder, 'tests');
  if (existsSync(tests)) names.push(...readdirSync(tests).map(name => `tests/${name}`).filter(name => name.endsWith('.hcl')));
  return new Map(names.sort().map(name => [name, readFileSync(path.join(folder, name), 'utf8')]));
}

const foldersWithTerraform = (parent: string): string[] =>
  !existsSync(parent) ? [] : readdirSync(parent, { withFileTypes: true })
    .filter(entry => entry.isDirectory() && entry.name !== '.terraform' && readdirSync(path.join(parent, entry.name)).some(name => name.endsWith('.tf')))
    .map(entry => path.join(parent, entry.name)).sort();

/** Everything under infra/terraform: modules/<name>, live/<system>/<region> and services/<template>. */
export async function readTree(repository: string): Promise<Tree> {
  const base = path.join(repository, 'infra/terraform');
  const read = (folder: string, kind: Folder['kind']) => parseFolder(path.relative(repository, folder).split(path.sep).join('/'), kind, filesOf(folder));
  const live = path.join(base, 'live');
  const systems = existsSync(live) ? readdirSync(live).sort().map(name => path.join(live, name)) : [];
  return {
    modules: await Promise.all(foldersWithTerraform(path.join(base, 'modules')).map(folder => read(folder, 'module'))),
    roots: await Promise.all(systems.filter(folder => !folder.endsWith('.md')).flatMap(foldersWithTerraform).map(folder => read(folder, 'root'))),
    services: await Promise.all(foldersWithTerraform(path.join(base, 'services')).map(folder => read(folder, 'root'))),
  };
}

export const foldersOf = (tree: Tree): Folder[] => [...tree.modules, ...tree.roots, ...(tree.services ?? [])];

/** Every block of a folder that holds expressions. */
export const blocksWithExpressions = (folder: Folder): Block[] =>
  [...folder.resources, ...folder.data, ...folder.modules, ...folder.outputs, ...folder.locals, ...folder.providers, ...folder.variables, ...folder.others];

/** The bodies of the nested blocks of a name, those of `dynamic` blocks among them. */
export function nested(body: Body, name: string): Body[] {
  const dynamic = (body['dynamic'] as Body | undefined)?.[name];
  const plain = body[name];
  return [
    ...(plain === undefined ? [] : blocksOf(plain)).filter(one => typeof one === 'object' && one !== null),
    ...(dynamic === undefined ? [] : blocksOf(dynamic)).flatMap(one => blocksOf(one['content'] ?? [])),
  ];
}

/** Every value at a path such as `boot_disk.initialize_params.image`, through blocks and dynamic blocks. */
export function valuesAt(body: Body, dotted: string): unknown[] {
  const [first, ...rest] = dotted.split('.');
  if (rest.length === 0) return body[first!] === undefined ? [] : [body[first!]];
  return nested(body, first!).flatMap(one => valuesAt(one, rest.join('.')));
}

/** Every text in a value, with the path that leads to it. */
export function textsIn(value: unknown, where = ''): { where: string; text: string }[] {
  if (typeof value === 'string') return [{ where, text: value }];
  if (Array.isArray(value)) return value.flatMap(one => textsIn(one, where));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => [{ where, text: key }, ...textsIn(one, where === '' ? key : `${where}.${key}`)]);
}

/** An expression that is one literal, else null: `true`, `"EGRESS"`, `3`. */
export function literal(value: unknown): string | number | boolean | null {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  return typeof value === 'string' && !value.includes('${') ? value : null;
}

/** The folder of a local module call, from the repository's root; null when the module is not a folder of this repository. */
export function sourceOf(folder: Folder, call: Block): string | null {
  const source = call.body['source'];
  return typeof source === 'string' && /^\.\.?\//.test(source) ? path.posix.normalize(path.posix.join(folder.path, source)) : null;
}
