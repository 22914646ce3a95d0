/** The audit: every check passes on a journal with every kind of row, and each is red on a forgery of its own. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { checks, digestCheck, runChecks } from '../src/adapters/checks.ts';
import { openWriter, writeEveryKind } from './support/everyKind.ts';
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
