/** The table of docs/infra.md: every weakness of the reference systems, each beside a test that exists. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';

const root = path.resolve(import.meta.dirname, '..');
const numbered: [system: string, weaknesses: number][] = [['000', 23], ['001', 10], ['002', 9], ['003', 7], ['004', 9]];

interface Row { ref: string; what: string; proofs: { file: string; title: string }[] }

export function rowsOf(text: string): Row[] {
  return [...text.matchAll(/^\| (00\d d\d+) \| (.+?) \| (.*) \|$/gm)].map(([, ref, what, cell]) => ({
    ref: ref!,
    what: what!,
    proofs: cell!.split('<br>').flatMap(part => {
      const [, file, title] = /^`([^`]+)`: (.+)$/.exec(part) ?? [];
      return file && title ? [{ file, title: title.replaceAll('\\|', '|') }] : [];
    }),
  }));
}

/** Quotes are written in the source as the source needs them. */
const holds = (source: string, title: string) => source.replaceAll('\\', '').includes(title);

export function faultsOf(row: Row, read: (file: string) => string | undefined): string[] {
  if (row.proofs.length === 0) return [`${row.ref}: nothing would catch it`];
  return row.proofs.flatMap(({ file, title }) => {
    const source = read(file);
    if (source === undefined) return [`${row.ref}: there is no ${file}`];
    return holds(source, title) ? [] : [`${row.ref}: no "${title}" in ${file}`];
  });
}

describe('weaknesses of the reference systems', () => {
  const rows = rowsOf(readFileSync(path.join(root, 'docs/infra.md'), 'utf8'));
  const read = (file: string) => (existsSync(path.join(root, file)) ? readFileSync(path.join(root, file), 'utf8') : undefined);

  it('all stand in docs/infra.md, in order, each once', () => {
    assert.deepEqual(rows.map(row => row.ref), numbered.flatMap(([system, count]) => Array.from({ length: count }, (_, index) => `${system} d${index + 1}`)));
  });

  it('each has a test that exists and would catch it', () => {
    assert.deepEqual(rows.flatMap(row => faultsOf(row, read)), []);
  });

  it('a row without a test, with another file or another title is a fault', () => {
    const [row] = rowsOf('| 000 d1 | it was closed | `a.test.ts`: is open<br>`b.test.ts`: stays open |');
    const there = (text: string) => (file: string) => (file === 'c.test.ts' ? undefined : text);
    assert.deepEqual(faultsOf(row!, there("it('is open'); it('stays open')")), []);
    assert.deepEqual(faultsOf(row!, there("it('is open')")), ['000 d1: no "stays open" in b.test.ts']);
    assert.deepEqual(faultsOf({ ...row!, proofs: [] }, there('')), ['000 d1: nothing would catch it']);
    assert.deepEqual(faultsOf({ ...row!, proofs: [{ file: 'c.test.ts', title: 'x' }] }, there('')), ['000 d1: there is no c.test.ts']);
  });
});
