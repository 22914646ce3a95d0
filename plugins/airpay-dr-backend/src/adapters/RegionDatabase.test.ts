import { readdirSync, readFileSync } from 'node:fs';
import { AddressInfo, createServer, Server } from 'node:net';
import { join } from 'node:path';
import { Client } from 'pg';
import { PostgresPair } from '../__testUtils__/PostgresPair';
import { PgRegionDatabase } from './RegionDatabase';

jest.setTimeout(90_000);

/** A file of the repository: the roles and tables under test are the ones that production gets. */
const sqlOf = (...path: string[]) => readFileSync(join(__dirname, '../../../..', ...path), 'utf8');
const migrations = readdirSync(join(__dirname, '../../../../ledger/migrations')).sort();

describe('PgRegionDatabase on a real primary and its standby', () => {
  let pair: PostgresPair;
  let primary: PgRegionDatabase;
  let standby: PgRegionDatabase;
  let position = 2;

  const on = (port: number) => pair.url(port, 'airpay_recovery', 'ledger');
  /** SQL that posts `count` payments as the ledger leaves them, each in a batch of its own: a row of the journal and a link of the chain. */
  const posting = (amountMinor: number, currency: 'USD' | 'EUR', atMs: number, count = 1, kind = 'transfer') => {
    const first = position + 1;
    position += count;
    const at = `'${new Date(atMs).toISOString()}'::timestamptz`;
    const [debit, credit] = currency === 'USD' ? [1, 2] : [3, 4];
    return `
      set local ledger.appending = 'on';
      insert into ledger.journal (position, debit, credit, amount_minor, debit_version, credit_version, debit_balance_minor, credit_balance_minor, created_at,
                                  request_id, kind, leg, legs, tenant, actor, key, request_hash)
      select p, ${debit}, ${credit}, ${amountMinor}, p, p, 0, 0, ${at}, gen_random_uuid(), '${kind}', 0, 1, 'default', 'test', 'key-' || p, '' from generate_series(${first}, ${position}) p;
      insert into ledger.chain (n, first_position, count, at, format, region, instance, digest, totals, prev_hash, hash)
      select p, p, 1, ${at}, 1, 'region-a', 'test', sha256(''), '{}', '', sha256('') from generate_series(${first}, ${position}) p`;
  };
  const pay = (amountMinor: number, currency: 'USD' | 'EUR' = 'USD', atMs = Date.now(), count = 1, kind = 'transfer') =>
    pair.query(pair.primaryPort, `begin; ${posting(amountMinor, currency, atMs, count, kind)}; commit`, 'ledger');
  const caughtUp = async () => {
    const [{ lsn }] = await pair.query(pair.primaryPort, 'select pg_current_wal_lsn()::text as lsn');
    await pair.until(pair.standbyPort, `select pg_last_wal_replay_lsn() >= '${lsn}'`);
  };

  beforeAll(async () => {
    pair = await PostgresPair.start();
    await pair.query(pair.primaryPort, sqlOf('infra/ansible/roles/postgres/files/roles.sql'));
    await pair.query(pair.primaryPort, 'create database ledger owner ledger_owner');
    await pair.query(pair.primaryPort, sqlOf('infra/ansible/roles/postgres/files/recovery.sql'), 'ledger');
    for (const file of migrations) await pair.query(pair.primaryPort, `set role ledger_owner; ${sqlOf('ledger/migrations', file)}`, 'ledger');
    await pair.query(
      pair.primaryPort,
      `begin; set local ledger.appending = 'on';
       insert into ledger.accounts (number, tenant, id, owner, currency, type, debit_normal, created_at)
       select n, 'default', 'account-' || n, 'test', case when n < 3 then 'USD' else 'EUR' end, 'asset', true, now() from generate_series(1, 4) n; commit`,
      'ledger',
    );
    primary = new PgRegionDatabase('PostgreSQL of Region A', 'region-a', [on(pair.primaryPort)]);
    standby = new PgRegionDatabase('PostgreSQL of Region B', 'region-b', [on(pair.standbyPort)]);
    await caughtUp();
  });
  afterAll(() => pair.stop());

  it('describes the primary with who follows it, and the standby', async () => {
    expect(await primary.view()).toMatchObject({
      inRecovery: false, readOnly: false, lastReplayedAt: null,
      replicas: [{ applicationName: 'pg-b1', slot: 'dr_link', state: 'streaming' }],
    });
    expect(await standby.view()).toMatchObject({ inRecovery: true, readOnly: true, replicas: [] });
    expect((await standby.view()).lastReplayedAt).toMatch(/Z$/);
  });

  it('prefers the primary among several servers, and does without one that is gone', async () => {
    const both = new PgRegionDatabase('x', 'region-a', ['postgresql://nobody@127.0.0.1:1/ledger', on(pair.standbyPort), on(pair.primaryPort)]);
    expect((await both.view()).inRecovery).toBe(false);
    expect((await both.probeWrite()).accepted).toBe(true);
  });

  it('finds recent payments by an index, however long the journal is', async () => {
    await caughtUp();
    const seen = await standby.view();
    await pay(1, 'USD', Date.now() - 3_600_000, 20_000);
    await pay(30);
    await pair.query(pair.primaryPort, 'analyze ledger.journal, ledger.chain', 'ledger');
    const scans = async () => (await pair.query(pair.primaryPort, `select sum(seq_scan)::int as n from pg_stat_user_tables where relname in ('journal', 'chain')`, 'ledger'))[0].n;
    const before = await scans();
    // Of an hour ago: no open transaction can be that old, so it is not looked at although its transaction is new.
    expect(await primary.unreplayed(seen)).toEqual({ payments: 1, amounts: [{ currency: 'USD', amountMinor: '30' }] });
    expect(await scans()).toBe(before);
    expect((await primary.unreplayed({ ...seen, lastReplayedAt: null })).payments).toBe(20_001);
    expect(await scans()).toBeGreaterThan(before);
    await caughtUp();
  });

  it('counts exactly what the standby lacks, by currency', async () => {
    await caughtUp();
    expect(await primary.unreplayed(await standby.view())).toEqual({ payments: 0, amounts: [] });
    await pair.query(pair.standbyPort, 'select pg_wal_replay_pause()');
    await pay(100);
    await pay(250);
    await pay(999, 'EUR');
    expect(await primary.unreplayed(await standby.view())).toEqual({
      payments: 3,
      amounts: [{ currency: 'EUR', amountMinor: '999' }, { currency: 'USD', amountMinor: '350' }],
    });
    await pair.query(pair.standbyPort, 'select pg_wal_replay_resume()');
    await caughtUp();
    expect((await primary.unreplayed(await standby.view())).payments).toBe(0);
  });

  it('is never too low: a payment that began before others and committed after them is counted', async () => {
    const slow = new Client({ connectionString: pair.url(pair.primaryPort, 'postgres', 'ledger') });
    await slow.connect();
    await slow.query('begin');
    await slow.query(posting(7, 'USD', Date.now() - 60_000));
    await pay(5);
    await caughtUp();
    const seen = await standby.view();
    await slow.query('commit');
    await slow.end();
    const { amounts } = await primary.unreplayed(seen);
    // The standby had the 5 but not the 7; what it cannot tell apart from the open one is counted too.
    expect(BigInt(amounts[0].amountMinor)).toBeGreaterThanOrEqual(7n);
    await caughtUp();
    expect((await primary.unreplayed(await standby.view())).payments).toBe(0);
  });

  it('counts what was posted and nothing else', async () => {
    await caughtUp();
    const seen = await standby.view();
    await pay(11, 'USD', Date.now(), 1, 'hold');
    await pay(12, 'USD', Date.now(), 1, 'fee');
    expect(await primary.unreplayed(seen)).toEqual({ payments: 1, amounts: [{ currency: 'USD', amountMinor: '12' }] });
    await caughtUp();
  });

  it('has a write refused after the fence, and closes sessions from before it', async () => {
    const old = new Client({ connectionString: pair.url(pair.primaryPort, 'ledger_app', 'ledger') });
    const closed = new Promise(resolve => old.on('error', resolve));
    await old.connect();
    expect(await primary.probeWrite()).toEqual({ accepted: true });
    expect(await pair.query(pair.primaryPort, 'select * from recovery.fence_probe', 'ledger')).toEqual([]);
    expect((await primary.defaultReadOnly()).on).toBe(false);

    await pair.query(pair.primaryPort, 'alter system set default_transaction_read_only = on');
    await pair.query(pair.primaryPort, 'select pg_reload_conf()');
    await pair.until(pair.primaryPort, `select current_setting('default_transaction_read_only') = 'on'`);
    const fenced = await primary.defaultReadOnly();
    expect(fenced.on).toBe(true);
    // The mark passes the fence, and the standby gets to exactly there.
    const mark = await primary.markPosition();
    await pair.until(pair.standbyPort, `select pg_last_wal_replay_lsn() >= '${mark}'`);
    expect(await primary.probeWrite()).toEqual({ accepted: false, reason: expect.stringContaining('read-only transaction') });
    expect(await primary.terminateClients(fenced.at)).toBe(1);
    await closed;
    expect(await primary.terminateClients(fenced.at)).toBe(0);

    await pair.query(pair.primaryPort, 'alter system reset default_transaction_read_only');
    await pair.query(pair.primaryPort, 'select pg_reload_conf()');
  });

  it('says that there is no primary to write to', async () => {
    await expect(standby.probeWrite()).rejects.toThrow(/no primary answered: is a standby/);
    await expect(standby.defaultReadOnly()).rejects.toMatchObject({ outcome: 'unknown' });
  });

  it('does not wait for a server that hangs', async () => {
    const hanging: Server = createServer();
    await new Promise<void>(resolve => hanging.listen(0, '127.0.0.1', resolve));
    const { port } = hanging.address() as AddressInfo;
    const before = Date.now();
    const mixed = new PgRegionDatabase('x', 'region-a', [`postgresql://u:secret@127.0.0.1:${port}/ledger`]);
    const error = await mixed.view().catch(caught => caught);
    expect(error.message).toMatch(/no server answered/);
    expect(error.message).not.toContain('secret');
    expect(Date.now() - before).toBeLessThan(4_000);
    hanging.close();
  });
});
