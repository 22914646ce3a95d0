/**
 * The index of decisions, docs/adr/index.md, made from the files. Usage: node tools/adr.ts
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from './structure.ts';

export const indexFile = join(root, 'docs/adr/index.md');

export interface Decision {
  number: string;
  file: string;
  title: string;
  status: string;
  text: string;
}

export function readDecisions(): Decision[] {
  return globSync('docs/adr/[0-9]*.md', { cwd: root }).sort().map(path => {
    const text = readFileSync(join(root, path), 'utf8');
    const [, number = '', title = ''] = /^# (\d{4}) (.+)$/m.exec(text) ?? [];
    return { number, file: basename(path), title, status: /^Status: (\w+)/m.exec(text)?.[1] ?? '', text };
  });
}

/** One sentence per fault of a decision; empty when it says what a reader needs. */
export function decisionFaults(decision: Decision): string[] {
  const faults: string[] = [];
  if (!decision.title) faults.push('its first line is not "# 0000 title"');
  if (!decision.file.startsWith(`${decision.number}-`)) faults.push('its number is not that of its file');
  if (!['accepted', 'superseded', 'proposed'].includes(decision.status)) faults.push('no status');
  for (const part of ['Context', 'Decision', 'Refused']) if (!new RegExp(`^\\*\\*${part}[^*]*\\*\\*`, 'm').test(decision.text)) faults.push(`no ${part}`);
  return faults.map(fault => `${decision.file}: ${fault}`);
}

export function indexOf(decisions: Decision[]): string {
  const rows = decisions.map(one => `| ${one.number} | [${one.title}](${one.file}) | ${one.status} |`);
  return ['# Decisions', '', 'Each with what was refused and why. A new one starts from [the template](template.md); `node tools/adr.ts` makes this list.', '',
    '| | decision | status |', '|---|---|---|', ...rows, ''].join('\n');
}

if (process.argv[1] === import.meta.filename) writeFileSync(indexFile, indexOf(readDecisions()));
