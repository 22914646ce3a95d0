import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { errors, problemOf } from './errors.ts';

test('docs/ledger.md lists exactly the errors of the registry', () => {
  const docs = readFileSync(resolve(import.meta.dirname, '../../../docs/ledger.md'), 'utf8');
  const rows = [...docs.matchAll(/^\| `([a-z-]+)` \| (\d{3}) \| (yes|no) \| (.+?) \|/gm)].map(([, code, status, retryable, title]) => `${code} ${status} ${retryable} ${title}`);
  const registry = Object.entries(errors).map(([code, { status, retryable, title }]) => `${code} ${status} ${retryable ? 'yes' : 'no'} ${title}`);
  assert.deepEqual(rows, registry);
});

test('every error is a client or server error with a type of its own', () => {
  for (const [code, { status }] of Object.entries(errors)) {
    assert.ok(status >= 400 && status <= 599);
    assert.equal(problemOf(code as keyof typeof errors, 'd', 'r').type, `https://docs.airpay.example/errors/${code}`);
  }
});
