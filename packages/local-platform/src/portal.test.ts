import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { completeSecrets, type PlatformConfig, type PlatformSettings } from './config.ts';
import { portalEnvironment, writePortalEnvironment } from './portal.ts';
import { repositoryRoot } from './settings.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'airpay-portal-'));
after(() => rmSync(stateDir, { recursive: true, force: true }));
const settings = parse(readFileSync(join(import.meta.dirname, '../platform.yaml'), 'utf8')) as PlatformSettings;
const config: PlatformConfig = { ...settings, root: repositoryRoot, stateDir, file: join(stateDir, 'run/platform.json'), portOffset: 0, secrets: completeSecrets() };

/** Names in ${…} of a configuration file. */
function variablesOf(file: string): string[] {
  return [...readFileSync(join(repositoryRoot, file), 'utf8').matchAll(/\$\{([A-Z0-9_]+)\}/g)].map(match => match[1]!);
}

test('every variable of app-config.yaml and app-config.local.yaml is given, and none is empty', () => {
  const given = portalEnvironment(config);
  const named = new Set(['app-config.yaml', 'app-config.local.yaml'].flatMap(variablesOf));
  assert.ok(named.size > 20, `only ${named.size} variables found`);
  assert.deepEqual([...named].filter(name => !given[name]), []);
});

test('addresses are those of the port table', () => {
  const given = portalEnvironment(config);
  assert.equal(given['AIRPAY_PORTAL_URL'], 'http://localhost:7007');
  assert.equal(given['AIRPAY_LINK_TO_A_PORT'], '15425');
  assert.equal(given['AIRPAY_LINK_TO_B_PORT'], '15435');
  assert.equal(given['AIRPAY_PATRONI_B1_URL'], 'http://127.0.0.1:8021');
  assert.match(given['AIRPAY_DB_A2_URL']!, /^postgresql:\/\/airpay_recovery:[0-9a-f]+@127\.0\.0\.1:15422\/ledger$/);
});

test('the file for a portal run by hand is read back by a shell as written, and is private', () => {
  const file = writePortalEnvironment({ ...config, root: "/it's here" });
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const { stdout } = spawnSync('/bin/sh', ['-c', `set -a; . ${file}; echo "$AIRPAY_ROOT|$AIRPAY_PORTAL_PORT"`], { encoding: 'utf8' });
  assert.equal(stdout, "/it's here|7007\n");
});
