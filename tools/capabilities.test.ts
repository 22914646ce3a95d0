/** Holds docs/capabilities.yaml to its word: a claim without an existing proof fails. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { root } from './structure.ts';

interface Proof {
  /** Test file, and the title (or a part of it) of the test in it. */
  file?: string;
  test?: string;
  /** A target of the Makefile. */
  command?: string;
}
interface Capability {
  id: string;
  claim: string;
  status: 'done' | 'partly' | 'planned';
  where?: string[];
  proof?: Proof[];
  note?: string;
}

const { capabilities } = parse(readFileSync(join(root, 'docs/capabilities.yaml'), 'utf8')) as { capabilities: Capability[] };
const makefile = readFileSync(join(root, 'Makefile'), 'utf8');

/** One sentence per fault of a row; empty when the row may be claimed. */
export function faults(row: Capability): string[] {
  if (row.status === 'planned') return row.proof ? [`${row.id} is planned but names a proof`] : [];
  const problems: string[] = [];
  if (!row.where?.length) problems.push(`${row.id} does not say where`);
  if (!row.proof?.length) problems.push(`${row.id} has no proof`);
  if (row.status === 'partly' && !row.note) problems.push(`${row.id} is partly done but does not say what is missing`);
  for (const path of row.where ?? []) if (!existsSync(join(root, path))) problems.push(`${row.id}: ${path} does not exist`);
  for (const proof of row.proof ?? []) {
    if (proof.command) {
      const target = proof.command.replace(/^make /, '').split(' ')[0];
      if (!new RegExp(`^${target}:`, 'm').test(makefile)) problems.push(`${row.id}: no make target ${target}`);
    } else if (!proof.file || !existsSync(join(root, proof.file))) problems.push(`${row.id}: ${proof.file} does not exist`);
    else if (!proof.test || !readFileSync(join(root, proof.file), 'utf8').includes(proof.test)) problems.push(`${row.id}: no test "${proof.test}" in ${proof.file}`);
  }
  return problems;
}

test('every capability marked done names a proof that exists', () => {
  assert.equal(capabilities.length, 164);
  assert.equal(new Set(capabilities.map(row => row.id)).size, 164);
  assert.deepEqual(capabilities.flatMap(faults), []);
  assert.ok(capabilities.filter(row => row.status === 'done').length >= 20);
});

test('a claim without a proof, and a proof that does not exist, are faults', () => {
  assert.deepEqual(faults({ id: 'X1', claim: '', status: 'done', where: ['ledger'] }), ['X1 has no proof']);
  const missing = { file: 'tools/capabilities.test.ts', test: ['a title', 'that stands nowhere'].join(' ') };
  assert.deepEqual(faults({ id: 'X2', claim: '', status: 'done', where: ['ledger'], proof: [missing] }), [`X2: no test "${missing.test}" in ${missing.file}`]);
});
