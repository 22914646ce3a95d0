/** Secrets in files that change while the ledger runs: the new ones count, nobody notices, and no process is started anew. */
import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SecretFiles } from '../src/adapters/secretFiles.ts';
import { ConfigError } from '../src/domain/settings.ts';
import { Api, apiKey, databaseAt, type TestDatabase } from './support/ledger.ts';
import { createServerIn, templateDatabase, type PostgresServer } from './support/postgres.ts';
import { eventually, spawnLedger, type LedgerProcess } from './support/process.ts';

let folder: string;
let server: PostgresServer;
let database: TestDatabase;
let ledger: LedgerProcess;
const file = (name: string) => join(folder, name);
/** As Kubernetes does: the new content is there at once, whole. */
const put = (name: string, text: string) => {
  writeFileSync(file(`${name}.new`), text);
  renameSync(file(`${name}.new`), file(name));
};
const urlWith = (password: string) => server.url('ledger_app', templateDatabase).replace('ledger_app@', `ledger_app:${password}@`);
const setPassword = (password: string) => database.as('postgres', `ALTER ROLE ledger_app PASSWORD '${password}'`);
const closeConnections = () => database.as('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ledger_app'");
const ready = () => fetch(`${ledger.url}/readyz`).then(reply => reply.status);
const key = (secret: string) => JSON.stringify([{ client: 'payer', tenant: 'default', secret, scopes: ['accounts:read', 'accounts:write', 'transfers:read', 'transfers:write'] }]);
const first = 'the-first-key-of-the-payer';
const second = 'the-second-key-of-the-payer';

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'airpay-ledger-rotation-'));
  chmodSync(folder, 0o711); // the server may run as another user inside it
  server = await createServerIn(join(folder, 'server'));
  database = databaseAt(role => server.url(role, templateDatabase));
  const [{ hba_file: hba }] = (await database.as('postgres', "SELECT current_setting('hba_file') AS hba_file")) as [{ hba_file: string }];
  const others = readFileSync(hba, 'utf8');
  writeFileSync(hba, 'host all ledger_app 127.0.0.1/32 scram-sha-256\n');
  appendFileSync(hba, others);
  await database.as('postgres', 'SELECT pg_reload_conf()');
  await setPassword('first');
  put('url', `${urlWith('first')}\n`);
  put('keys', key(first));
  ledger = await spawnLedger(database, { LEDGER_DATABASE_URL: '', LEDGER_DATABASE_URL_FILE: file('url'), LEDGER_API_KEYS: '', LEDGER_API_KEYS_FILE: file('keys') });
  assert.equal(await eventually(ready, status => status === 200), 200);
});
after(async () => {
  ledger?.child.kill('SIGKILL');
  await ledger?.ended;
  await server?.remove();
  rmSync(folder, { recursive: true, force: true });
});

test('a new API key counts within seconds, the old one no longer, in the same process', async () => {
  const { pid } = ledger.child;
  const balance = (secret: string) => new Api(ledger.url, secret).get('/v1/trial-balance').then(reply => reply.status);
  assert.equal(await balance(first), 200);
  assert.equal(await balance(second), 401);
  put('keys', key(second));
  await eventually(() => balance(second), status => status === 200);
  assert.equal(await balance(first), 401);
  assert.equal(ledger.child.pid, pid);
  assert.equal(ledger.child.exitCode, null);
});

for (const order of ['secret first', 'role first'] as const) {
  test(`a new database password, ${order}: connections made before, between and after serve payments, in the same process`, async () => {
    const api = new Api(ledger.url, second);
    const name = order === 'secret first' ? 'one' : 'two';
    const pay = () => api.transfer('cash-clearing:usd', `rotation-${name}`, 1).then(reply => reply.status);
    assert.equal(await api.account(`rotation-${name}`), `rotation-${name}`);
    const changes = [async () => put('url', urlWith(`next-${name}`)), async () => void (await setPassword(`next-${name}`))];
    if (order === 'role first') changes.reverse();
    const statuses: number[] = [];
    for (const change of changes) {
      await change();
      // Longer than between two looks at the files, with new connections all the while.
      for (let look = 0; look < 14; look++) {
        statuses.push(await pay());
        if (look % 3 === 0 && !(order === 'role first' && change === changes[0])) await closeConnections();
        await sleep(500);
      }
    }
    assert.equal(await eventually(ready, status => status === 200), 200);
    assert.equal(await pay(), 201);
    // A connection that was closed under a payment leaves its outcome open: 503, to be sent again under the same key. Nothing else.
    assert.deepEqual([...new Set(statuses)].filter(status => status !== 201 && status !== 503), []);
    assert.ok(statuses.filter(status => status === 201).length > 20, statuses.join());
    assert.equal(ledger.child.exitCode, null);
    assert.ok(!ledger.output().includes(`next-${name}`), 'the password is in the logs');
  });
}

test('a file that became unusable is told once, without its content, and what was before goes on', async () => {
  const api = new Api(ledger.url, second);
  put('keys', '[{"client":"payer","secret":"unusable-secret-of-nobody"}]');
  await eventually(async () => ledger.output(), text => text.includes('new secrets are not used'));
  assert.equal((await api.get('/v1/trial-balance')).status, 200);
  assert.ok(!ledger.output().includes('unusable-secret-of-nobody'));
  rmSync(file('keys'));
  await eventually(async () => ledger.output(), text => text.includes('LEDGER_API_KEYS_FILE cannot be read: ENOENT'));
  assert.equal((await api.get('/v1/trial-balance')).status, 200);
  put('keys', key(first));
  await eventually(() => new Api(ledger.url, first).get('/v1/trial-balance').then(reply => reply.status), status => status === 200);
});

test('a variable given twice, and a file that is not there, end the start', () => {
  assert.throws(() => new SecretFiles({ LEDGER_API_KEYS: apiKey, LEDGER_API_KEYS_FILE: file('url') }).read(), /LEDGER_API_KEYS and LEDGER_API_KEYS_FILE are both given/);
  assert.throws(() => new SecretFiles({ LEDGER_DATABASE_URL_FILE: file('none') }).read(), (error: unknown) => error instanceof ConfigError && /LEDGER_DATABASE_URL_FILE cannot be read: ENOENT/.test(error.message));
  assert.deepEqual(new SecretFiles({ OTHER: 'x' }).read(), { OTHER: 'x' });
});
