import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { lastLines, trimLog } from './log-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'airpay-logs-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('a long log keeps its last whole lines; a short one is left alone', () => {
  const file = join(folder, 'x.log');
  writeFileSync(file, Array.from({ length: 1_000 }, (_, index) => `line ${index}\n`).join(''));
  trimLog(file, 100);
  const kept = readFileSync(file, 'utf8');
  assert.ok(kept.length <= 100 && kept.startsWith('line ') && kept.endsWith('line 999\n'), kept);
  trimLog(file, 100);
  assert.equal(readFileSync(file, 'utf8'), kept);
  appendFileSync(file, 'last\n');
  assert.deepEqual(lastLines(file, 2), ['line 999', 'last']);
  assert.deepEqual(lastLines(join(folder, 'none.log'), 2), []);
});
