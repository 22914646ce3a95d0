import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../src/config.ts';

const GOOD = { REGION: 'region-a', LEDGER_URL: 'http://ledger:8080', LEDGER_API_KEY: 'key' };

test('the environment of the manifests is enough', () => {
  const config = readConfig(GOOD);
  assert.equal(config.port, 8080);
  assert.equal(config.ledgerUrl.href, 'http://ledger:8080/');
});

test('all faults are named at once', () => {
  assert.throws(() => readConfig({ PORT: 'x', LEDGER_URL: 'not a url' }), (error: Error) => {
    for (const name of ['PORT', 'LEDGER_URL', 'REGION', 'LEDGER_API_KEY']) assert.match(error.message, new RegExp(name));
    return true;
  });
});
