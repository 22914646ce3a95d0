/**
 * Writes generated/<name>.rules.yaml for every PrometheusServiceLevel file beside this program.
 * Usage: node infra/slo/generate.ts [--check]
 *   --check  writes nothing; ends with 1 and names the stale files when a rule file is not what
 *            its objectives give today.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { stringify } from 'yaml';
import { ruleGroups } from './rules.ts';
import { readSpec, SpecError } from './spec.ts';

export const folder = import.meta.dirname;

/** The objective files: every .yaml here that is not a promtool test. */
export function specFiles(directory = folder): string[] {
  return readdirSync(directory)
    .filter(file => file.endsWith('.yaml') && !file.endsWith('.test.yaml'))
    .sort()
    .map(file => join(directory, file));
}

export function render(path: string): string {
  const heading = `# Generated from ../${basename(path)} by generate.ts. Change that, then run: node infra/slo/generate.ts\n`;
  return heading + stringify({ groups: ruleGroups(readSpec(path)) }, { lineWidth: 0, aliasDuplicateObjects: false });
}

export function targetOf(path: string): string {
  return join(folder, 'generated', basename(path).replace(/\.yaml$/, '.rules.yaml'));
}

function current(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function main(arguments_: string[]): number {
  const check = arguments_.includes('--check');
  const stale = specFiles().filter(path => current(targetOf(path)) !== render(path));
  if (check) {
    for (const path of stale) console.error(`${targetOf(path)} is stale: run node infra/slo/generate.ts`);
    return stale.length === 0 ? 0 : 1;
  }
  mkdirSync(join(folder, 'generated'), { recursive: true });
  for (const path of stale) {
    writeFileSync(targetOf(path), render(path));
    console.log(`wrote ${targetOf(path)}`);
  }
  return 0;
}

if (import.meta.main) {
  try {
    process.exitCode = main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
