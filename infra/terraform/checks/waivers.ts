/**
 * Exceptions from the rules, in waivers.yaml: which rule, which resource, why, who answers for it, until when.
 * One that is past its day waives nothing and is a problem itself, and so is one that nothing needs any more.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

export interface Waiver {
  rule: string;
  /** "file:type.name" as the problem has it. */
  resource: string;
  reason: string;
  /** Group of the estate that answers for it. */
  owner: string;
  /** Last day it holds, YYYY-MM-DD. At most a year ahead. */
  until: string;
}

/** What passes through a sieve: the rule's name and its problems. */
export interface Finding {
  rule: string;
  problem: string;
}

const day = 86_400_000;
const fields = ['rule', 'resource', 'reason', 'owner', 'until'];

/** @throws Error that says what is wrong with the file */
export function readWaivers(folder = import.meta.dirname, file = 'waivers.yaml'): Waiver[] {
  const list = (parse(readFileSync(path.join(folder, file), 'utf8')) ?? []) as unknown;
  if (!Array.isArray(list)) throw new Error(`${file} must be a list`);
  return list as Waiver[];
}

/** @param waivable rules that may be waived; of the others no waiver is taken. @param owners groups that exist */
export function sieve(findings: readonly Finding[], waivers: readonly Waiver[], today: Date, waivable: ReadonlySet<string>, owners: ReadonlySet<string>, file = 'waivers.yaml'): string[] {
  const problems: string[] = [];
  const holding: Waiver[] = [];
  for (const [index, waiver] of waivers.entries()) {
    const where = `checks/${file}:${index} (${waiver.rule} of ${waiver.resource})`;
    const wrong = fields.filter(name => typeof waiver[name as keyof Waiver] !== 'string' || waiver[name as keyof Waiver].trim() === '');
    const unknown = Object.keys(waiver).filter(name => !fields.includes(name));
    if (wrong.length > 0 || unknown.length > 0) { problems.push(`${where} must have exactly ${fields.join(', ')}`); continue; }
    const until = Date.parse(`${waiver.until}T23:59:59Z`);
    if (!/^\d{4}-\d{2}-\d{2}$/.test(waiver.until) || Number.isNaN(until)) problems.push(`${where} has no day it ends on`);
    else if (until < today.getTime()) problems.push(`${where} ended on ${waiver.until}: ${waiver.owner} mends the resource or decides anew`);
    else if (until > today.getTime() + 366 * day) problems.push(`${where} holds for more than a year`);
    else if (!waivable.has(waiver.rule)) problems.push(`${where} waives a rule that may not be waived`);
    else if (!owners.has(waiver.owner)) problems.push(`${where} has an owner that is no group of the estate`);
    else holding.push(waiver);
  }
  const used = new Set<Waiver>();
  for (const { rule, problem } of findings) {
    const waiver = holding.find(one => one.rule === rule && problem.startsWith(`${one.resource} `));
    if (waiver) used.add(waiver);
    else problems.push(`${problem} [${rule}]`);
  }
  for (const waiver of holding) if (!used.has(waiver)) problems.push(`checks/${file}:${waivers.indexOf(waiver)} (${waiver.rule} of ${waiver.resource}) waives nothing any more`);
  return problems;
}
