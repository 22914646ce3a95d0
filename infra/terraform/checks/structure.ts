/** Rules about folders: states, who calls what, what a module says about itself. Each returns "file:resource problem". */
import { at, blocksWithExpressions, foldersOf, sourceOf, textsIn, type Block, type Folder, type Tree } from './tree.ts';
import { systemsOf, type Estate } from './estate.ts';
import { readsOf } from './references.ts';

/** What a root's folder says: `project-1-payments-dev/region-a` -> payments-dev, region-a. */
export function rootName(folder: Folder): { project: string; region: string } | null {
  const [, project, region] = /^infra\/terraform\/live\/project-\d+-([a-z0-9-]+)\/([a-z0-9-]+)$/.exec(folder.path) ?? [];
  return project === undefined || region === undefined ? null : { project, region };
}

/** One state per (system, environment, region), in the bucket of the estate, locked; never a file on somebody's disk. */
export function states(tree: Tree, estate: Estate): string[] {
  const problems: string[] = [];
  const seen = new Map<string, string>();
  for (const folder of tree.roots) {
    const where = `${folder.path}/versions.tf:terraform`;
    const backends = folder.terraform.flatMap(block => [block.body['backend'] ?? []].flat().flatMap((one: object) => Object.entries(one)));
    const [kind, body] = backends[0] ?? [];
    if (backends.length !== 1 || kind !== 'gcs') {
      problems.push(`${where} must have the backend gcs, has ${kind ?? 'none: the state would be a file on a disk'}`);
      continue;
    }
    if (Object.keys([body].flat()[0] ?? {}).length > 0) problems.push(`${where} configures its backend beside backend.hcl`);
    const file = `${folder.path}/backend.hcl`;
    const text = folder.files.get('backend.hcl') ?? '';
    const value = (name: string) => new RegExp(`^${name}\\s*=\\s*"([^"]*)"`, 'm').exec(text)?.[1];
    const name = rootName(folder);
    const system = name && systemsOf(estate).get(name.project);
    if (!name || !system) {
      problems.push(`${folder.path}:root is not live/project-<n>-<project of the estate>/<region>`);
      continue;
    }
    const prefix = `${system.system}/${system.environment}/${name.region}`;
    if (value('bucket') !== estate.stateBucket) problems.push(`${file}:bucket is ${value('bucket')}, not ${estate.stateBucket}`);
    if (value('prefix') !== prefix) problems.push(`${file}:prefix is ${value('prefix')}, not ${prefix}`);
    const twice = seen.get(value('prefix') ?? '');
    if (twice) problems.push(`${file}:prefix is also that of ${twice}`);
    seen.set(value('prefix') ?? '', folder.path);
    if (/^\s*(credentials|access_token)\s*=/m.test(text)) problems.push(`${file}:credentials stand in the file`);
  }
  for (const folder of tree.modules) {
    for (const block of folder.terraform) if (block.body['backend']) problems.push(`${at(block)} a module has no state of its own`);
    for (const block of folder.providers) problems.push(`${at(block)} a module configures no provider`);
  }
  return problems;
}

/**
 * Who acts is decided where Terraform runs (GOOGLE_IMPERSONATE_SERVICE_ACCOUNT: the planner for a plan, the deployer for an apply);
 * an account in the code would be the same for both, and a key would be one for ever (ADR 0101).
 */
export function identities(tree: Tree): string[] {
  return [...tree.roots, ...(tree.services ?? [])].flatMap(folder => {
    if (!folder.providers.some(one => one.name === 'google')) return [`${folder.path}/versions.tf:provider.google is not configured`];
    return folder.providers.flatMap(block => {
      const problems = ['credentials', 'access_token', 'impersonate_service_account'].filter(name => name in block.body).map(name => `${at(block)} carries ${name}`);
      if (block.body['default_labels'] !== '${local.labels}') problems.push(`${at(block)} does not pass the labels of the root`);
      return problems;
    });
  });
}

/** Folders that a root reaches by calls of modules. */
export function reached(tree: Tree): Set<string> {
  const byPath = new Map(tree.modules.map(folder => [folder.path, folder]));
  const done = new Set<string>();
  const visit = (folder: Folder) => {
    for (const call of folder.modules) {
      const source = sourceOf(folder, call);
      const next = source === null ? undefined : byPath.get(source);
      if (!next || done.has(next.path)) continue;
      done.add(next.path);
      visit(next);
    }
  };
  tree.roots.forEach(visit);
  return done;
}

/** A module nobody calls protects nothing; it only looks as if it did. */
export function noDeadModules(tree: Tree): string[] {
  const alive = reached(tree);
  return tree.modules.filter(folder => !alive.has(folder.path)).map(folder => `${folder.path}:module is called by no root`);
}

const referenced = (blocks: Block[], pattern: RegExp): Set<string> =>
  new Set(blocks.flatMap(block => textsIn(block.body)).flatMap(({ text }) => [...text.matchAll(pattern)].map(match => match[1]!)));

/** Outputs of modules, variables and locals that nobody reads: what is inert is a mistake or a promise nobody kept. */
export function nothingInert(tree: Tree): string[] {
  const problems: string[] = [];
  const read = new Map<string, Set<string>>();
  for (const folder of foldersOf(tree)) {
    const blocks = blocksWithExpressions(folder);
    const sources = new Map(folder.modules.map(call => [call.name, sourceOf(folder, call)]));
    const add = (source: string, output: string) => read.set(source, (read.get(source) ?? new Set()).add(output));
    for (const source of sources.values()) if (source !== null && !read.has(source)) read.set(source, new Set());
    for (const block of blocks) {
      // `depends_on` passes nothing on.
      const { depends_on: _, ...body } = block.body;
      for (const { call, output } of readsOf({ ...block, body })) {
        const source = sources.get(call);
        if (!source) continue;
        if (output !== '*') { add(source, output); continue; }
        // The whole of a call with for_each: what is read of each is read by the name that `for` gives it.
        for (const { text } of textsIn(body)) {
          if (!new RegExp(`\\bin\\s+(?:values\\()?module\\.${call}\\b`).test(text)) continue;
          for (const match of text.matchAll(/\b\w+\.([a-z0-9_]+)/g)) add(source, match[1]!);
        }
      }
    }
    const expressions = [...blocks, ...folder.terraform];
    const variables = referenced(expressions, /\bvar\.([a-z0-9_]+)/g);
    const locals = referenced(expressions, /\blocal\.([a-z0-9_]+)/g);
    const reads = (own: Set<string>, block: Block, kind: string) =>
      // A variable is read by more than its own validation, or is there to hold another one in bounds.
      own.has(block.name) && (kind !== 'var' || referenced(expressions.filter(one => one !== block), /\bvar\.([a-z0-9_]+)/g).has(block.name) || referenced([block], /\bvar\.([a-z0-9_]+)/g).size > 1);
    for (const block of folder.variables) if (!reads(variables, block, 'var')) problems.push(`${at(block)} is read by nothing`);
    for (const block of folder.locals) if (!reads(locals, block, 'local')) problems.push(`${at(block)} is read by nothing`);
  }
  for (const folder of tree.modules) {
    const names = read.get(folder.path);
    for (const block of folder.outputs) if (names && !names.has(block.name) && !names.has('*')) problems.push(`${at(block)} is read by no caller`);
  }
  return problems;
}

/** Variables and outputs say what they are; a text out of a closed set is checked. */
export function documented(tree: Tree): string[] {
  return foldersOf(tree).flatMap(folder => {
    const problems: string[] = [];
    for (const block of [...folder.variables, ...folder.outputs]) if (!String(block.body['description'] ?? '').trim()) problems.push(`${at(block)} has no description`);
    for (const block of folder.variables) {
      if (block.body['type'] === undefined) problems.push(`${at(block)} has no type`);
      const isText = String(block.body['type'] ?? '') === '${string}';
      if (isText && block.body['default'] === undefined && block.body['validation'] === undefined) problems.push(`${at(block)} takes any text: it needs a validation`);
    }
    return problems;
  });
}

/** Every module has a README with an example of itself, and tests that assert something against a mocked provider. */
export function provedModules(tree: Tree): string[] {
  return tree.modules.flatMap(folder => {
    const problems: string[] = [];
    if (readmeExamples(folder).length === 0) problems.push(`${folder.path}/README.md:example there is no \`\`\`hcl example that calls the module`);
    problems.push(...testedFolder(folder));
    return problems;
  });
}

export function testedFolder(folder: Folder): string[] {
  const tests = [...folder.files].filter(([name]) => name.startsWith('tests/') && name.endsWith('.tftest.hcl'));
  if (tests.length === 0) return [`${folder.path}/tests:tests there is no *.tftest.hcl`];
  return tests.flatMap(([name, text]) => {
    const where = `${folder.path}/${name}:tests`;
    const problems: string[] = [];
    if (!/^\s*assert\s*\{/m.test(text) && !/^\s*expect_failures\s*=/m.test(text)) problems.push(`${where} assert nothing`);
    if (!/^mock_provider "google"/m.test(text)) problems.push(`${where} would reach for Google (no mock_provider)`);
    return problems;
  });
}

/** The ```hcl blocks of a README that call the module itself. */
export function readmeExamples(folder: Folder): string[] {
  const text = folder.files.get('README.md') ?? '';
  return [...text.matchAll(/^```(?:hcl|terraform)\n([\s\S]*?)^```/gm)].map(match => match[1]!).filter(example => /^\s*module\s+"/m.test(example));
}

/** Roots are tested as modules are: what they set (labels, ranges, sizes) is decided there and nowhere else. */
export const provedRoots = (tree: Tree): string[] => [...tree.roots, ...(tree.services ?? [])].flatMap(testedFolder);

/** Every database of the estate is made by the root of its site; a standby that is only in the runbook has no data. */
export function databasesHaveMachines(tree: Tree, estate: Estate): string[] {
  return Object.keys(estate.databases).flatMap(site => {
    const { project, region } = estate.sites[site]!;
    const root = tree.roots.find(folder => rootName(folder)?.project === project && rootName(folder)?.region === region);
    if (!root) return [`infra/estate.yaml:databases.${site} has no root`];
    const used = reached({ modules: tree.modules, roots: [root] });
    return [...used].some(folder => folder.endsWith('/db-cluster')) ? [] : [`${root.path}:root makes no database, and the estate has one there`];
  });
}

/** No shared-core machine, no database of fewer than three zones where production is. */
export function productionIsNotSmall(estate: Estate): string[] {
  return Object.entries(estate.databases).flatMap(([site, database]) => {
    const where = `infra/estate.yaml:databases.${site}`;
    const problems: string[] = [];
    if (/^(f1|g1|e2)-(micro|small|medium)$|^t2[ad]-/.test(database.machineType)) problems.push(`${where} has a machine that shares its processor (${database.machineType})`);
    if (database.members.length < 3 || new Set(estate.sites[site]?.zones).size < 3) problems.push(`${where} has fewer than three members in three zones`);
    return problems;
  });
}
