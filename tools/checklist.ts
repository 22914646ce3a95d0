/**
 * The security checklist: docs/security-checklist.yaml against docs/capabilities.yaml and the logs of the last `make test`.
 * Usage: node tools/checklist.ts           prints it, ticked by what the last run proved; exit 1 while an item is open
 *        node tools/checklist.ts --page    writes docs/security-checklist.md, where nothing is ticked
 */
import { globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { root } from './structure.ts';

export interface Proof { file?: string; test?: string; command?: string }
export interface Capability { id: string; claim: string; status: string; proof?: Proof[] }
export interface Item { text: string; by: string[] }
export interface Checklist { groups: { title: string; items: Item[] }[] }

export const pageFile = join(root, 'docs/security-checklist.md');
const readYaml = (file: string) => parse(readFileSync(join(root, file), 'utf8'));
export const readChecklist = () => readYaml('docs/security-checklist.yaml') as Checklist;
export const readCapabilities = () => new Map((readYaml('docs/capabilities.yaml').capabilities as Capability[]).map(row => [row.id, row]));

export interface Passed { titles: string[]; files: string[]; folders: string[] }

/** Titles that passed (node:test, Playwright), files in which nothing failed (Jest), folders whose Terraform tests passed. */
export function passedIn(log: string): Passed {
  // eslint-disable-next-line no-control-regex
  const lines = log.replace(/\u001b\[[0-9;]*m/g, '').split('\n');
  const failed = lines.flatMap(line => /^\s*[✖✘]\s+(.+?)( \([\d.]+m?s\))?$/.exec(line)?.[1] ?? []);
  const titles = lines.flatMap(line => /^\s*[✔✓]\s+(.+?)( \([\d.]+m?s\))?$/.exec(line)?.[1] ?? []);
  return {
    titles: titles.filter(title => !failed.includes(title)),
    files: lines.flatMap(line => /^PASS (?:\S+ )?(\S+\.test\.tsx?)/.exec(line)?.[1] ?? []),
    folders: lines.flatMap(line => /^ok\s+(?:\S*\/)?(infra\/terraform\/\S+)$/.exec(line)?.[1] ?? []),
  };
}

/** Whether the run shows this proof. A command proves nothing here: it is run by a person. */
export function shown(proof: Proof, passed: Passed): boolean {
  if (!proof.file || !proof.test) return false;
  if (proof.file.endsWith('.tftest.hcl')) return passed.folders.includes(proof.file.replace(/\/tests\/[^/]+$/, ''));
  return passed.titles.some(title => title.includes(proof.test!)) || passed.files.includes(proof.file);
}

/** What of an item is not shown: one line per missing proof; empty when it may be ticked. */
export function open(item: Item, capabilities: Map<string, Capability>, passed: Passed): string[] {
  return item.by.flatMap(id => {
    const row = capabilities.get(id);
    if (!row || row.status === 'planned') return [`${id} is not claimed`];
    const proofs = (row.proof ?? []).filter(proof => proof.file);
    if (proofs.length === 0) return [`${id} is proven by a command only`];
    return proofs.filter(proof => !shown(proof, passed)).map(proof => `${id}: ${proof.file}: ${proof.test}`);
  });
}

export function page(checklist: Checklist, capabilities: Map<string, Capability>): string {
  const lines = ['# Security checklist', '', 'Nothing is ticked here: a tick is a test that ran. `make test`, then `make checklist`, ticks what that run proved on that machine and names',
    'what it did not. Made from `docs/security-checklist.yaml` and `docs/capabilities.yaml` by `node tools/checklist.ts --page`.', ''];
  for (const group of checklist.groups) {
    lines.push(`## ${group.title}`, '', '| | evidence |', '|---|---|');
    for (const item of group.items) {
      const evidence = item.by.flatMap(id => {
        const row = capabilities.get(id);
        const proofs = row?.proof?.filter(proof => proof.file) ?? [];
        return proofs.length === 0 ? [`${id}: none yet`] : [`${id}: ${[...new Set(proofs.map(proof => `\`${proof.file}\``))].join(', ')}`];
      });
      lines.push(`| ☐ ${item.text} | ${evidence.join('; ')} |`);
    }
    lines.push('');
  }
  return lines.join('\n');
}

function main(): number {
  const [checklist, capabilities] = [readChecklist(), readCapabilities()];
  if (process.argv.includes('--page')) {
    writeFileSync(pageFile, page(checklist, capabilities));
    return 0;
  }
  const logs = globSync(join(root, '.local/test/*.log'));
  if (logs.length === 0) {
    process.stderr.write('There is no run to read: make test first.\n');
    return 2;
  }
  const passed = passedIn(logs.map(file => readFileSync(file, 'utf8')).join('\n'));
  const oldest = new Date(Math.min(...logs.map(file => statSync(file).mtimeMs)));
  let missing = 0;
  process.stdout.write(`Security checklist, by the run whose oldest log is of ${oldest.toISOString()}\n`);
  for (const group of checklist.groups) {
    process.stdout.write(`\n${group.title}\n`);
    for (const item of group.items) {
      const reasons = open(item, capabilities, passed);
      missing += reasons.length > 0 ? 1 : 0;
      process.stdout.write(`  [${reasons.length === 0 ? 'x' : ' '}] ${item.text}\n${reasons.map(reason => `        ${reason}\n`).join('')}`);
    }
  }
  process.stdout.write(`\n${missing} open\n`);
  return missing === 0 ? 0 : 1;
}

if (process.argv[1] === import.meta.filename) process.exitCode = main();
