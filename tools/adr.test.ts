/** Decisions are complete, and the list of them is the list of them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decisionFaults, indexFile, indexOf, readDecisions, type Decision } from './adr.ts';

test('every decision says its context, what was decided and what was refused', () => {
  const decisions = readDecisions();
  assert.ok(decisions.length > 50);
  assert.deepEqual(decisions.flatMap(decisionFaults), []);
  assert.equal(new Set(decisions.map(one => one.number)).size, decisions.length, 'a number is used twice');
});

test('docs/adr/index.md lists exactly the decisions there are', () => {
  assert.equal(readFileSync(indexFile, 'utf8'), indexOf(readDecisions()), 'run node tools/adr.ts');
});

test('a decision without alternatives, without a status or under another number is a fault', () => {
  const good: Decision = { number: '0001', file: '0001-a.md', title: 'A', status: 'accepted', text: '**Context.** x\n**Decision.** y\n**Refused.** z\n' };
  assert.deepEqual(decisionFaults(good), []);
  assert.deepEqual(decisionFaults({ ...good, text: '**Context.** x\n**Decision.** y\n' }), ['0001-a.md: no Refused']);
  assert.deepEqual(decisionFaults({ ...good, status: '' }), ['0001-a.md: no status']);
  assert.deepEqual(decisionFaults({ ...good, file: '0002-a.md' }), ['0002-a.md: its number is not that of its file']);
});
