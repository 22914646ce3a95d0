/** A failover that loses commits, seen by a process that lives through it: what it remembers of the lost ones is worth nothing. */
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { runChecks } from '../src/adapters/checks.ts';
import { databaseAt, startLedger, type TestLedger } from './support/ledger.ts';
import { createServerIn, templateDatabase, type PostgresServer } from './support/postgres.ts';
import { openAddress, startStandby, type Address, type Standby } from './support/standby.ts';

let primary: PostgresServer;
let standby: Standby;
let address: Address;
let survivor: TestLedger;
let newcomer: TestLedger;

const at = (port: number) => databaseAt(role => `postgresql://${role}@127.0.0.1:${port}/${templateDatabase}`);

before(async () => {
  primary = await createServerIn(join(tmpdir(), `airpay-lost-history-${process.pid}`), { max_wal_senders: '4' });
  standby = await startStandby(primary);
  address = await openAddress(primary.port);
  survivor = await startLedger(at(address.port));
});
after(async () => {
  await Promise.all([survivor?.close(), newcomer?.close()]);
  await address.close();
  await standby.remove();
  await primary.remove();
});

test('neither an account that was lost nor a balance that was lost is paid with, although number and version are the same again', async () => {
  const { api } = survivor;
  await api.account('kept', { minAvailableMinor: '0' });
  await api.account('shop', { minAvailableMinor: '0' });
  await api.account('payer', { minAvailableMinor: null });
  await api.fund('kept', 100);
  await api.transfer('payer', 'shop', 1);
  await standby.catchUp();
  await standby.cutOff();
  // Lost: a deposit, and an account.
  await api.fund('kept', 900);
  await api.account('lost');
  assert.equal((await api.transfer('lost', 'lost', 1)).json.code, 'same-account'); // known to the process since then
  const numberOf = async (port: number, id: string) => (await at(port).as('postgres', 'SELECT number::text FROM ledger.accounts WHERE id = $1', [id]))[0]!['number'];
  const lostNumber = await numberOf(primary.port, 'lost');
  await primary.stop('immediate');
  await standby.promote();
  address.pointTo(standby.port);
  await sleep(200); // nobody asks the survivor for anything meanwhile

  newcomer = await startLedger(at(standby.port), { LEDGER_INSTANCE: 'newcomer' });
  // The same version of the account with another balance, the same place in the journal with another account.
  await newcomer.api.fund('kept', 1);
  await newcomer.api.account('other');
  assert.equal(await numberOf(standby.port, 'other'), lostNumber);

  const toLost = await api.transfer('payer', 'lost', 1);
  assert.equal(toLost.status, 404, toLost.text);
  const tooMuch = await api.transfer('kept', 'shop', 102);
  assert.equal(tooMuch.json.code, 'insufficient-funds', tooMuch.text);
  assert.equal((await api.transfer('kept', 'shop', 101)).status, 201);
  assert.equal(await newcomer.api.posted('other'), 0n);
  assert.equal(await newcomer.api.posted('shop'), 102n);
  const client = new pg.Client({ connectionString: at(standby.port).url('postgres') });
  await client.connect();
  const faults = (await runChecks(client)).filter(one => one.faults > 0).map(one => `${one.name}: ${one.examples.join()}`);
  await client.end();
  assert.deepEqual(faults, []);
});
