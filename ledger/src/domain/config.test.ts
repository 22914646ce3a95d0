import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, readConfig } from './config.ts';

const good = {
  LEDGER_PORT: '14011', LEDGER_REGION: 'region-a', LEDGER_INSTANCE: 'ledger-1',
  LEDGER_DATABASE_URL: 'postgresql://ledger_app:secret-of-db@127.0.0.1:15420/ledger', LEDGER_API_KEYS: 'payer:0123456789abcdef,fedcba9876543210',
};
const faultsOf = (env: Record<string, string | undefined>) => {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.faults;
  }
};

test('a good environment becomes settings', () => {
  const config = readConfig(good);
  assert.deepEqual(config.apiKeys, [{ client: 'payer', secret: '0123456789abcdef' }, { client: 'default', secret: 'fedcba9876543210' }]);
  assert.deepEqual([config.host, config.port, config.poolMax], ['127.0.0.1', 14011, 10]);
});

test('all faults are told together, and no secret with them', () => {
  const faults = faultsOf({ LEDGER_PORT: '70000', LEDGER_REGION: 'a b', LEDGER_DATABASE_URL: 'mysql://root:hunter2@x', LEDGER_API_KEYS: 'payer:0123456789abcdef,short', LEDGER_LOG_LEVEL: 'loud', LEDGER_POOL_MAX: '1.5' });
  assert.equal(faults.length, 7, faults.join('\n'));
  for (const name of ['LEDGER_PORT', 'LEDGER_REGION', 'LEDGER_INSTANCE', 'LEDGER_DATABASE_URL', 'LEDGER_API_KEYS, key 2', 'LEDGER_LOG_LEVEL', 'LEDGER_POOL_MAX']) assert.ok(faults.some(fault => fault.startsWith(name)), name);
  assert.doesNotMatch(faults.join(), /hunter2|short/);
});

test('a lock timeout that the statement timeout would hide is refused', () => {
  assert.match(faultsOf({ ...good, LEDGER_LOCK_TIMEOUT_MS: '5000' })[0]!, /LEDGER_LOCK_TIMEOUT_MS/);
});
