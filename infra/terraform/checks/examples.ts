/**
 * The examples in the READMEs of the modules are code: each is parsed, its arguments are held against the module's variables, and
 * Terraform validates it where there is one. Usage: node infra/terraform/checks/examples.ts DIR: writes each example as a root
 * under DIR/examples, beside a copy of the modules, and prints the folders.
 */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { callProblems } from './references.ts';
import { readmeExamples } from './structure.ts';
import { parseFolder, readTree, type Folder, type Tree } from './tree.ts';

export interface Example {
  module: string;
  name: string;
  /** Terraform, with sources that lead from examples/<name> to modules/<module>. */
  text: string;
}

/** The source of a call, wherever the reader's root may stand, ends in the module's name. */
const relocated = (text: string): string => text.replace(/(source\s*=\s*")(?:\.\.?\/)*(?:[\w-]+\/)*?([\w-]+)(")/g, '$1../../modules/$2$3');

export function examplesOf(module: Folder): Example[] {
  const name = module.path.split('/').at(-1)!;
  return readmeExamples(module).map((text, index) => ({ module: name, name: index === 0 ? name : `${name}-${index + 1}`, text: relocated(text) }));
}

/** Problems of the examples as "README.md:module.x problem"; also one whose example calls only other modules. */
export async function exampleProblems(tree: Tree): Promise<string[]> {
  const known = new Map(tree.modules.map(folder => [`infra/terraform/modules/${folder.path.split('/').at(-1)}`, folder]));
  const problems: string[] = [];
  for (const module of tree.modules) {
    for (const example of examplesOf(module)) {
      const where = `${module.path}/README.md`;
      const folder = await parseFolder('infra/terraform/examples/x', 'root', new Map([['main.tf', example.text]])).catch((error: Error) => error);
      if (folder instanceof Error) { problems.push(`${where}:example cannot be parsed: ${folder.message}`); continue; }
      if (!folder.modules.some(call => String(call.body['source']).endsWith(`/${example.module}`))) problems.push(`${where}:example does not call the module itself`);
      problems.push(...folder.modules.flatMap(call => callProblems(folder, call, known)).map(problem => problem.replace('infra/terraform/examples/x/main.tf', where)));
    }
  }
  return problems;
}

const versions = `terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }
}

provider "google" {}
`;

/** Writes each example as a root. @returns their folders */
export async function writeExamples(repository: string, target: string): Promise<string[]> {
  const tree = await readTree(repository);
  cpSync(path.join(repository, 'infra/terraform/modules'), path.join(target, 'modules'), { recursive: true, filter: source => path.basename(source) !== '.terraform' });
  return tree.modules.flatMap(examplesOf).map(example => {
    const folder = path.join(target, 'examples', example.name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'main.tf'), example.text);
    writeFileSync(path.join(folder, 'versions.tf'), versions);
    return folder;
  });
}

if (process.argv[1] === import.meta.filename) {
  const target = process.argv[2];
  if (!target) {
    console.error('Usage: node infra/terraform/checks/examples.ts DIR');
    process.exitCode = 2;
  } else console.log((await writeExamples(path.resolve(import.meta.dirname, '../../..'), path.resolve(target))).join('\n'));
}
