/** What pages for people promise in passing: files, commands and days. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { root } from './structure.ts';

const read = (file: string) => readFileSync(join(root, file), 'utf8');
const makefile = read('Makefile');
const scripts = JSON.parse(read('package.json')).scripts as Record<string, string>;

/** Files of this repository, make targets and scripts that a page names in code, and that are not there. */
function missing(text: string, folder = ''): string[] {
  const words = [...text.matchAll(/`([^`\n]+)`/g)].map(match => match[1]!).concat([...text.matchAll(/^(?:make|node) .+$/gm)].map(match => match[0]));
  return words.flatMap(word => {
    const target = /^make ([a-z-]+)/.exec(word)?.[1];
    if (target) return new RegExp(`^${target}:`, 'm').test(makefile) ? [] : [word];
    const script = /^tools\/run ([a-z:-]+)/.exec(word)?.[1];
    if (script) return script in scripts ? [] : [word];
    // A path below one of our folders, without the names that stand for something.
    const path = /^(?:node )?((?:infra|ledger|plugins|packages|tools|docs|catalog|templates|\.github)\/[\w./-]+)/.exec(word)?.[1]?.replace(/[./]+$/, '');
    return !path || /[<*…]/.test(word) || existsSync(join(root, path)) || existsSync(join(root, folder, path)) ? [] : [word];
  });
}

const pages = ['docs/infra.md', 'docs/bootstrap.md', 'docs/break-glass.md', 'docs/upgrade.md', 'docs/threat-model.md', 'docs/recovery.md', 'infra/terraform/README.md', 'infra/gitops/README.md', 'infra/ansible/README.md', 'README.md', 'ARCHITECTURE.md'];

for (const page of pages) {
  test(`${page} names files, targets and scripts that are there`, () => {
    assert.deepEqual(missing(read(page), dirname(page)), []);
  });
}

test('the threat model says when it was looked at, and names tests that exist', () => {
  const text = read('docs/threat-model.md');
  const reviewed = Date.parse(/^Reviewed: (\d{4}-\d{2}-\d{2})$/m.exec(text)![1]!);
  assert.ok(reviewed <= Date.now() + 86_400_000, 'reviewed in the future');
  assert.ok([...text.matchAll(/`([\w./-]+\.test\.ts)`/g)].length >= 4);
  for (const part of ['## What is worth attacking', '## Who is trusted with what', '## Ways in, and what stands there', '## What is left, and accepted', '## PCI scope']) assert.ok(text.includes(`${part}\n`), part);
});

test('a target, a script and a file that are not there are found', () => {
  assert.deepEqual(missing('`make tea`, `make test`, `tools/run nothing`, `docs/none.md`, `docs/infra.md`, `infra/<name>`'), ['make tea', 'tools/run nothing', 'docs/none.md']);
});
