/** The audit: every check passes on a journal with every kind of row, and each is red on a forgery of its own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { checks, digestCheck, runChecks } from '../src/adapters/checks.ts';
import { account, nothingSaid, openWriter, transfer, writeEveryKind } from './support/everyKind.ts';
import { createDatabase, type TestDatabase } from './support/ledger.ts';

let database: TestDatabase;
let client: pg.Client;
before(async () => {
  database = await createDatabase();
  const writer = openWriter(database);
  await writeEveryKind(writer).finally(() => writer.close());
  client = new pg.Client({ connectionString: database.url('postgres') });
  await client.connect();
  // An endpoint that was given everything, as a relay does it.
  await client.query(`INSERT INTO ledger.webhook_endpoints (id, tenant, url, kinds, max_in_flight, secret, first_position) VALUES ('we_' || repeat('0', 32), 'default', 'https://shop.example/', '{*}', 4, 'sealed', 1);
    UPDATE ledger.webhook_relay SET cursor = (SELECT position FROM ledger.head);
    INSERT INTO ledger.webhook_deliveries (endpoint, position, tenant, state, attempts, last_attempt_at, created_at)
    SELECT e.id, j.position, j.tenant, 'delivered', 1, now(), now() FROM ledger.webhook_endpoints e JOIN ledger.journal j ON j.tenant = e.tenant AND ledger.webhook_wants(e.kinds, j.kind, j.status)`);
});
after(() => client?.end());

test('all hold on a journal with every kind of row, and each has looked at something', async () => {
  const reader = new pg.Client({ connectionString: database.url('ledger_readonly') });
  await reader.connect();
  await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const results = await runChecks(reader).finally(() => reader.end());
  assert.deepEqual(results.filter(result => result.faults > 0), []);
  assert.deepEqual(results.filter(result => result.checked === 0).map(result => result.name), []);
  assert.deepEqual(results.map(result => result.name), [...checks.map(check => check.name), digestCheck.name]);
});

/** Position of the first (or nth) row of a kind. */
const at = (kind: string, nth = 0) => `(SELECT position FROM ledger.journal WHERE kind = '${kind}' AND amount_minor IS NOT NULL ORDER BY position OFFSET ${nth} LIMIT 1)`;
const named = (id: string, tenant = 'default') => `(SELECT number FROM ledger.accounts WHERE tenant = '${tenant}' AND id = '${id}')`;
const without = (table: string, ...constraints: string[]) => constraints.map(name => `ALTER TABLE ledger.${table} DROP CONSTRAINT ${name}`).join(';');

/** One forgery per check, with triggers and keys switched off, as bad blocks or somebody with a superuser's rights could make it. */
const forgeries: Record<string, string> = {
  'zero-sum': `UPDATE ledger.accounts SET posted_minor = posted_minor + 1 WHERE number = ${named('fees:usd')}`,
  'balance-is-sum': `UPDATE ledger.accounts SET version = version + 1 WHERE number = ${named('shop')}`,
  'balance-is-last-leg': `UPDATE ledger.journal j SET credit_balance_minor = credit_balance_minor + 7 FROM ledger.accounts a WHERE a.number = ${named('euro')} AND j.credit = a.number AND j.credit_version = a.version`,
  'versions-gap-free': `UPDATE ledger.journal SET debit_version = debit_version + 1000 WHERE position = ${at('hold')}`,
  'running-balance': `UPDATE ledger.journal SET debit_balance_minor = debit_balance_minor + 1 WHERE position = ${at('transfer', 2)}`,
  floor: `${without('accounts', 'accounts_floor')}; UPDATE ledger.accounts SET min_available_minor = 99000 WHERE number = ${named('payer')}`,
  ceiling: `${without('accounts', 'accounts_ceiling')}; UPDATE ledger.accounts SET max_available_minor = 99999 WHERE number = ${named('payer')}`,
  'pending-is-open-holds': `UPDATE ledger.accounts SET pending_out_minor = pending_out_minor + 1 WHERE number = ${named('payer')}`,
  'one-currency': `UPDATE ledger.journal SET credit = ${named('euro')}, credit_version = 999 WHERE position = ${at('transfer')}`,
  'one-tenant': `UPDATE ledger.journal SET credit = ${named('payer', 'other')}, credit_version = 999 WHERE position = ${at('transfer')}`,
  'accounts-opened': ['shop>swapped', 'payer>shop', 'swapped>payer'].map(one => one.split('>')).map(([from, to]) => `UPDATE ledger.accounts SET id = '${to}' WHERE tenant = 'default' AND id = '${from}'`).join(';'),
  clearing: "UPDATE ledger.head SET at = at + interval '3 days'",
  'holds-kept': `UPDATE ledger.payments SET debit = credit, credit = debit WHERE position = ${at('hold')}`,
  'payments-are-sums': `UPDATE ledger.payments SET released_minor = released_minor - 1 WHERE position = ${at('hold', 1)}`,
  'follows-its-payment': `UPDATE ledger.journal SET payment = ${at('hold', 1)} WHERE position = ${at('refund')}; UPDATE ledger.journal SET payment = ${at('transfer')} WHERE position = ${at('void')}`,
  'captured-within-hold': `UPDATE ledger.journal SET amount_minor = 1 WHERE position = ${at('hold')}`,
  'release-is-the-rest': `UPDATE ledger.journal SET created_at = created_at - interval '1 day' WHERE kind = 'expiry'`,
  'refunded-within-captured': `UPDATE ledger.journal SET amount_minor = 10 WHERE position = (SELECT payment FROM ledger.journal WHERE kind = 'reversal')`,
  'positions-gap-free': `DELETE FROM ledger.journal WHERE position = ${at('transfer', 5)}`,
  'one-key': `DROP INDEX ledger.journal_key; UPDATE ledger.journal SET key = 'again' WHERE position IN (${at('transfer', 7)}, ${at('transfer', 8)})`,
  replayable: "UPDATE ledger.journal SET status = 409 WHERE kind = 'decline'",
  'declines-move-nothing': `UPDATE ledger.journal SET debit_version = 1 WHERE kind = 'decline'`,
  'linked-legs': `UPDATE ledger.journal SET legs = 2 WHERE legs = 3 AND leg = 0`,
  outbox: 'UPDATE ledger.webhook_relay SET cursor = 1000000',
  'outbox-complete': `DELETE FROM ledger.webhook_deliveries WHERE position = ${at('transfer', 4)}`,
  'chain-gap-free': 'UPDATE ledger.chain SET n = n + 1000 WHERE n = (SELECT max(n) FROM ledger.chain)',
  'chain-linked': 'UPDATE ledger.genesis SET hash = sha256(hash)',
  'chain-hashes': "UPDATE ledger.chain SET totals = '{\"USD\": \"1\"}' WHERE n = 20",
  'chain-rows': 'UPDATE ledger.chain SET count = count + 1 WHERE n = 5',
  'chain-times': 'UPDATE ledger.chain c SET at = b.at FROM ledger.chain b WHERE c.n = 5 AND b.n = 4',
  'chain-totals': `UPDATE ledger.chain SET totals = jsonb_set(totals, '{USD}', '"5"') WHERE n = 30`,
  'chain-head': 'UPDATE ledger.head SET position = position - 1',
  guards: 'ALTER TABLE ledger.journal DISABLE TRIGGER journal_append_only; GRANT UPDATE ON ledger.chain TO ledger_app',
  'row-digests': `UPDATE ledger.journal SET description = 'another' WHERE position = ${at('transfer', 3)}`,
};

test('every check has a forgery', () => {
  assert.deepEqual(Object.keys(forgeries), [...checks.map(check => check.name), digestCheck.name]);
});

for (const [name, sql] of Object.entries(forgeries)) {
  test(`a forgery is seen by the check that is made for it: ${name}`, async () => {
    await client.query('BEGIN; SET LOCAL session_replication_role = replica');
    try {
      await client.query(sql);
      const found = (await runChecks(client)).find(result => result.name === name)!;
      assert.ok(found.faults > 0 && found.examples.length > 0, name);
    } finally {
      await client.query('ROLLBACK');
    }
  });
}

interface Proof {
  claim: string;
  /** Of the audit. */
  checks: string[];
  /** [file, part of its title]: of what stored data cannot show. */
  tests: [string, string][];
}

/** The seventeen invariants. docs/adr/0076 has the same table for readers. */
const invariants: Record<number, Proof> = {
  1: { claim: 'entries add up to zero', checks: ['zero-sum', 'one-currency'], tests: [['database', 'a row of another amount than its balances moved']] },
  2: { claim: 'an account is where its last entry says', checks: ['balance-is-sum', 'balance-is-last-leg', 'accounts-opened'], tests: [] },
  3: { claim: 'versions gap-free, balances continue', checks: ['versions-gap-free', 'running-balance'], tests: [] },
  4: { claim: 'limits hold after every prefix', checks: ['floor', 'ceiling'], tests: [['concurrency', '200 parallel transfers drain one account to its floor']] },
  5: { claim: 'acknowledged is in the journal', checks: ['positions-gap-free'], tests: [['faults', 'kill -9 of PostgreSQL, again and again'], ['outage', 'nothing is acknowledged that the synchronous standby has not confirmed']] },
  6: { claim: 'one key, one effect, one answer', checks: ['one-key', 'replayable', 'linked-legs'], tests: [['idempotency', '100 parallel identical POSTs at two processes'], ['idempotency', 'the same key with another body or path is refused']] },
  7: { claim: 'declined stays declined', checks: ['declines-move-nothing', 'one-key'], tests: [['idempotency', 'what was declined stays declined under its key']] },
  8: { claim: 'a hold resolves once, within what was authorised', checks: ['holds-kept', 'payments-are-sums', 'follows-its-payment', 'captured-within-hold', 'release-is-the-rest', 'pending-is-open-holds'], tests: [['chores', 'a hold is released when its time has passed']] },
  9: { claim: 'given back within what was captured', checks: ['refunded-within-captured', 'payments-are-sums'], tests: [['database', 'a refund of more than was paid']] },
  10: { claim: 'no leg across currencies or tenants', checks: ['one-currency', 'one-tenant'], tests: [['database', 'row-level security']] },
  11: { claim: 'the chain seals every row', checks: ['chain-gap-free', 'chain-linked', 'chain-hashes', 'chain-rows', 'chain-totals', 'chain-head', 'row-digests'], tests: [['verify', 'a history rewritten to its end']] },
  12: { claim: 'the journal never changes', checks: ['guards', 'row-digests', 'chain-hashes'], tests: [['database', 'the owner too changes nothing but through ledger.append']] },
  13: { claim: 'positions are in real-time order', checks: ['chain-times', 'chain-rows', 'positions-gap-free'], tests: [['audit', 'what was acknowledged before another was sent has the lower position']] },
  14: { claim: 'the outbox is the journal', checks: ['outbox', 'outbox-complete', 'positions-gap-free'], tests: [['webhook-faults', 'the consumer handles every event exactly once']] },
  15: { claim: 'the cache is never ahead and never goes back', checks: ['balance-is-last-leg'], tests: [['cache-repair', 'no reader ever goes back'], ['cache', '60 writers with delays']] },
  16: { claim: 'clearing accounts drain', checks: ['clearing'], tests: [] },
  17: { claim: 'a clock that jumps does no harm', checks: ['chain-times', 'versions-gap-free'], tests: [['audit', 'a clock that jumps an hour either way']] },
};

test('each of the seventeen invariants is a check or a test, each check belongs to one, and readers find the same table', () => {
  assert.deepEqual(Object.keys(invariants).map(Number), Array.from({ length: 17 }, (_, index) => index + 1));
  const known = [...checks.map(check => check.name), digestCheck.name];
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/adr/0076-the-journal-is-sealed-and-audited.md'), 'utf8');
  for (const [number, proof] of Object.entries(invariants)) {
    assert.ok(proof.checks.length + proof.tests.length > 0, number);
    for (const name of proof.checks) assert.ok(known.includes(name), `${number}: ${name}`);
    for (const [file, title] of proof.tests) assert.ok(readFileSync(resolve(import.meta.dirname, `${file}.test.ts`), 'utf8').includes(title), `${number}: ${file}.test.ts has no test "${title}"`);
    const row = `| ${number} | ${proof.claim} | ${proof.checks.map(name => `\`${name}\``).join(' ')} | ${[...new Set(proof.tests.map(([file]) => `${file}.test.ts`))].join(', ')} |`;
    assert.ok(page.includes(row), `the page lacks ${row}`);
  }
  assert.deepEqual(known.filter(name => !Object.values(invariants).some(proof => proof.checks.includes(name))), []);
});

async function assertAllHold(of: TestDatabase): Promise<void> {
  const reader = new pg.Client({ connectionString: of.url('ledger_readonly') });
  await reader.connect();
  const results = await runChecks(reader).finally(() => reader.end());
  assert.deepEqual(results.filter(result => result.faults > 0), []);
}

test('what was acknowledged before another was sent has the lower position, over two processes', async () => {
  const fresh = await createDatabase();
  const processes = [openWriter(fresh), openWriter(fresh)];
  try {
    for (const id of ['a', 'b', 'c', 'd']) await processes[0]!.send(account(id, { minAvailableMinor: null }));
    const acknowledged: bigint[] = [];
    let checked = 0;
    const client = async (index: number) => {
      for (let n = 0; n < 25; n++) {
        const before = acknowledged.length; // all of these were answered before this one is sent
        const { rows } = await processes[(index + n) % 2]!.send(transfer(index % 2 ? 'a' : 'c', index % 2 ? 'b' : 'd', 1n));
        for (const position of acknowledged.slice(0, before)) assert.ok(position < rows[0]!.position);
        checked += before;
        acknowledged.push(rows[0]!.position);
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, index) => client(index)));
    assert.equal(acknowledged.length, 200);
    assert.ok(checked > 10_000, `${checked} pairs`);
    await assertAllHold(fresh);
  } finally {
    await Promise.all(processes.map(one => one.close()));
  }
});

test('a clock that jumps an hour either way: order, balances as of a version and expiry stay right', async () => {
  const fresh = await createDatabase();
  const { send, close } = openWriter(fresh);
  // The head remembers the latest time there was; for the server that is the same as its clock having gone back since.
  const jump = (by: string) => fresh.as('postgres', `BEGIN; SET LOCAL session_replication_role = replica; UPDATE ledger.head SET at = at + interval '${by}'; COMMIT`);
  const hold = async (seconds: number) => (await send({ kind: 'hold', debitAccountId: 'a', creditAccountId: 'b', amountMinor: 1n, currency: 'USD', expiresAtUs: BigInt(Date.now() + seconds * 1000) * 1000n, ...nothingSaid })).rows[0]!;
  try {
    for (const id of ['a', 'b']) await send(account(id, { minAvailableMinor: null }));
    await send(transfer('a', 'b', 5n));
    const [due, later] = [await hold(-1), await hold(600)];
    await jump('1 hour');
    await send(transfer('a', 'b', 6n));
    await send(transfer('a', 'b', 7n));
    const expire = (row: typeof due) => send({ kind: 'expiry', hold: { position: row.position, atUs: row.createdAtUs } });
    // By the clock of the database, not by the time of the last batch, which is an hour ahead.
    assert.deepEqual([(await expire(due)).refused, (await expire(later)).refused], [undefined, 'hold-not-due']);
    const times = await fresh.as('postgres', 'SELECT n::int, (at > lag(at) OVER (ORDER BY n)) AS forward FROM ledger.chain ORDER BY n OFFSET 1');
    assert.ok(times.length >= 8 && times.every(row => row['forward'] === true));
    const versions = await fresh.as('ledger_readonly', "SELECT debit_balance_minor::text AS balance FROM ledger.journal j JOIN ledger.accounts a ON a.number = j.debit WHERE a.id = 'a' AND ledger.posts(j.kind) ORDER BY debit_version");
    assert.deepEqual(versions.map(row => row['balance']), ['-5', '-11', '-18']);
    await assertAllHold(fresh);
  } finally {
    await close();
  }
});

test('the audit as a program: 0 and what passed when all holds, 1 with the fault named, 2 when it cannot look', async () => {
  const audited = await createDatabase();
  const run = (url: string, ...args: string[]) => spawnSync(process.execPath, [resolve(import.meta.dirname, '../src/audit.ts'), ...args], { env: { PATH: process.env['PATH'], LEDGER_AUDIT_DATABASE_URL: url, LEDGER_DATABASE_TLS: 'disable' }, encoding: 'utf8', timeout: 30_000 });
  const empty = run(audited.url('ledger_readonly'));
  assert.equal(empty.status, 0, empty.stderr);
  assert.match(empty.stdout, /^empty zero-sum/m);
  assert.match(empty.stdout, /\d+ checks had nothing to look at and prove nothing\n\d passed, 0 failed\n$/);
  const writer = openWriter(audited);
  await writeEveryKind(writer).finally(() => writer.close());
  const noted = String((await audited.as('ledger_readonly', "SELECT encode(hash, 'hex') AS hash FROM ledger.chain WHERE n = 3"))[0]!['hash']);
  const good = run(audited.url('ledger_readonly'), '--from', noted);
  assert.equal(good.status, 0, good.stdout + good.stderr);
  assert.match(good.stdout, /^ok {4}zero-sum/m);
  assert.match(good.stdout, /^ok {4}noted/m);
  assert.match(good.stdout, /\n\d\d passed, 0 failed\n$/);
  assert.equal(run(audited.url('ledger_readonly'), '--from', 'f'.repeat(64)).status, 1);
  await audited.as('postgres', "BEGIN; SET LOCAL session_replication_role = replica; UPDATE ledger.accounts SET posted_minor = posted_minor + 42 WHERE id = 'fees:usd'; COMMIT");
  const bad = run(audited.url('ledger_readonly'), '--json');
  assert.equal(bad.status, 1);
  const report = JSON.parse(bad.stdout) as { checks: { name: string; faults: number; examples: string[] }[]; totals: { currency: string; differenceMinor: string }[]; head: { hash: string } };
  assert.deepEqual(report.checks.find(check => check.name === 'balance-is-sum')?.examples, ['default/fees:usd has 52 at version 1, its legs make 10 at 1']);
  assert.equal(report.totals.find(row => row.currency === 'USD')?.differenceMinor, '-42');
  assert.match(report.head.hash, /^[0-9a-f]{64}$/);
  assert.match(run(audited.url('ledger_readonly')).stdout, /^FAULT zero-sum.*1 faults\)$/m);
  assert.equal(run('postgresql://ledger_readonly@127.0.0.1:1/none').status, 2);
  assert.equal(run(audited.url('ledger_readonly'), '--from', 'short').status, 2);
});
