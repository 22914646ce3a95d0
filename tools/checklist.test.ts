/** The checklist cannot be ticked by anybody but a run. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { open, page, pageFile, passedIn, readCapabilities, readChecklist, type Capability } from './checklist.ts';

const log = `▶ group
  ✔ a door is shut (3.1ms)
  ✖ a window is shut (2ms)
\u001b[32m✓\u001b[0m  a gate is shut (1.2s)
PASS @airpay/x plugins/x/src/walls.test.ts
ok   infra/terraform/modules/door
`;
const row = (file: string, title: string): [string, Capability] => ['X1', { id: 'X1', claim: '', status: 'done', proof: [{ file, test: title }] }];
const item = { text: 'shut', by: ['X1'] };

test('an item is ticked by tests that passed, and not by one that failed, is missing, or by nothing', () => {
  const passed = passedIn(log);
  assert.deepEqual(passed, { titles: ['a door is shut', 'a gate is shut'], files: ['plugins/x/src/walls.test.ts'], folders: ['infra/terraform/modules/door'] });
  for (const proven of [row('a.test.ts', 'a door is shut'), row('a.spec.ts', 'a gate'), row('plugins/x/src/walls.test.ts', 'any'), row('infra/terraform/modules/door/tests/a.tftest.hcl', 'any')]) assert.deepEqual(open(item, new Map([proven]), passed), []);
  for (const missing of [row('a.test.ts', 'a window is shut'), row('a.test.ts', 'a roof is shut'), row('y.test.ts', 'any'), row('infra/terraform/modules/wall/tests/a.tftest.hcl', 'any')]) assert.equal(open(item, new Map([missing]), passed).length, 1);
  assert.deepEqual(open(item, new Map(), passed), ['X1 is not claimed']);
  assert.deepEqual(open(item, new Map([['X1', { id: 'X1', claim: '', status: 'done', proof: [{ command: 'make x' }] }]]), passed), ['X1 is proven by a command only']);
  assert.deepEqual(open(item, new Map([['X1', { id: 'X1', claim: '', status: 'planned' }]]), passed), ['X1 is not claimed']);
});

test('every item of the checklist names rows that are claimed, each text once, and the page is what they make', () => {
  const [checklist, capabilities] = [readChecklist(), readCapabilities()];
  const items = checklist.groups.flatMap(group => group.items);
  assert.ok(items.length >= 30);
  assert.equal(new Set(items.map(one => one.text)).size, items.length);
  for (const one of items) for (const id of one.by) assert.ok(['done', 'partly'].includes(capabilities.get(id)?.status ?? ''), `${one.text}: ${id} is not claimed`);
  assert.equal(readFileSync(pageFile, 'utf8'), page(checklist, capabilities), 'run node tools/checklist.ts --page');
});
