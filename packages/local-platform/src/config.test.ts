import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { checkSettings, completeSecrets, ledgerName, parsePortOffset, portTable, shiftPorts, type PlatformSettings } from './config.ts';

const settings = parse(readFileSync(join(import.meta.dirname, '../platform.yaml'), 'utf8')) as PlatformSettings;

test('the shipped settings have no fault', () => {
  assert.deepEqual(checkSettings(settings), []);
});

test('an offset moves every port and nothing else', () => {
  const moved = shiftPorts(settings, 100);
  assert.deepEqual(portTable(moved).map(one => one.port), portTable(settings).map(one => one.port + 100));
  assert.deepEqual(moved.sizes, settings.sizes);
  assert.equal(moved.regions[0]!.nodePoolNodes, settings.regions[0]!.nodePoolNodes);
  assert.deepEqual(shiftPorts(moved, -100), settings);
});

test('ports that the kernel hands out, and ports given twice, are refused by name', () => {
  const high = checkSettings(shiftPorts(settings, 20_000));
  assert.ok(high.some(one => one.includes('Port 43791 of etcd-a (clients)')), high.join('\n'));
  const twice = checkSettings({ ...settings, ports: { ...settings.ports, payer: settings.ports.front } });
  assert.deepEqual(twice, ['Port 14000 is given to both front (payers) and payer (HTTP).']);
});

test('two primaries and a negative size are refused', () => {
  const regions = settings.regions.map(region => ({ ...region, startsAs: 'primary' as const }));
  assert.match(checkSettings({ ...settings, regions }).join(), /Exactly one region/);
  assert.match(checkSettings({ ...settings, sizes: { ...settings.sizes, walKeepMb: -1 } }).join(), /walKeepMb/);
});

test('the offset must be a whole number', () => {
  assert.equal(parsePortOffset(undefined), 0);
  assert.equal(parsePortOffset('300'), 300);
  for (const bad of ['1e3', '10.5', 'x', ' 1']) assert.throws(() => parsePortOffset(bad), /whole number/);
});

test('secrets are made once and kept', () => {
  const first = completeSecrets();
  assert.match(first.postgresPassword, /^[0-9a-f]{48}$/);
  assert.equal(new Set(Object.values(first)).size, Object.keys(first).length);
  assert.deepEqual(completeSecrets(first), first);
  const { dnsToken, ...older } = first;
  const completed = completeSecrets(older);
  assert.equal(completed.postgresPassword, first.postgresPassword);
  assert.notEqual(completed.dnsToken, dnsToken);
});

test('ledger processes are named by region and slot', () => {
  assert.equal(ledgerName({ id: 'region-b' }, 0), 'ledger-b-1');
});
