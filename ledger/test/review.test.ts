/** What a close reading of the ledger doubted: each doubt as a test. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify from 'fastify';
import pg from 'pg';
import type { Database } from '../src/adapters/db.ts';
import { appendStatement, loadStatement, toLoaded } from '../src/adapters/journal.ts';
import { Metrics } from '../src/adapters/metrics.ts';
import { selectBalanceAtTime, selectCommand, selectHolds } from '../src/adapters/reads.ts';
import { answerFormat } from '../src/domain/answers.ts';
import { decideBatch, totalsOf, type Decided, type Request } from '../src/domain/batching.ts';
import { Book } from '../src/domain/book.ts';
import { NoCache } from '../src/domain/cache.ts';
import { batchDigest } from '../src/domain/chain.ts';
import { LedgerError } from '../src/domain/errors.ts';
import type { Command, RowRef } from '../src/domain/model.ts';
import { currencies } from '../src/domain/money.ts';
import { addPaymentRoutes } from '../src/edge/payment-routes.ts';
import { addRoutes } from '../src/edge/routes.ts';
import { Ledger, type Commands } from '../src/usecases/ledger.ts';
import { Writer } from '../src/usecases/writer.ts';
import { account, nothingSaid, openWriter, transfer, type OpenWriter } from './support/everyKind.ts';
import { createDatabase, type TestDatabase } from './support/ledger.ts';

let database: TestDatabase;
let writer: OpenWriter;
before(async () => {
  database = await createDatabase();
  writer = openWriter(database);
  await writer.send(account('cash', { type: 'asset', minAvailableMinor: null }));
});
after(() => writer?.close());

const written = { region: 'region-a', instance: 'by hand', format: answerFormat };
const hold = (amountMinor: bigint): Command => ({ kind: 'hold', debitAccountId: 'payer', creditAccountId: 'shop', amountMinor, currency: 'USD', expiresAtUs: 4_000_000_000_000_000n, ...nothingSaid });

/** What one process knows: a book of its own, which does not follow what others write. */
async function bookOf(ids: readonly string[], payments: readonly bigint[] = []): Promise<Book> {
  const { text, values } = loadStatement({ keys: [], accounts: ids.map(id => ({ tenant: 'default', id })), payments: [...payments], lockHead: false });
  const loaded = toLoaded(await database.as('ledger_app', text, values));
  const book = new Book();
  for (const one of loaded.accounts) book.addAccount(one);
  for (const one of loaded.payments) book.addPayment(one);
  return book;
}

function decideOn(book: Book, commands: readonly Command[]): Decided<Request> {
  return decideBatch(book, new Map(), commands.map((command): Request => ({ command, context: { tenant: 'default', actor: 'tester', key: randomUUID(), requestHash: '0'.repeat(64), requestId: randomUUID() } })));
}

function write({ batch }: Decided<Request>): Promise<unknown> {
  const { text, values } = appendStatement(batch, { ...written, digest: batchDigest(batch.rows, written), lease: null }, totalsOf(batch));
  return database.as('ledger_app', text, values);
}

async function placeOf(command: Command): Promise<RowRef> {
  const { rows: [row], refused } = await writer.send(command);
  assert.equal(refused, undefined);
  return { position: row!.position, atUs: row!.createdAtUs };
}

/** As the service reads, for one tenant. */
async function readingAs<T>(tenant: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: database.url('ledger_app') });
  await client.connect();
  try {
    await client.query("SELECT set_config('ledger.tenant', $1, false)", [tenant]);
    return await work(client);
  } finally {
    await client.end();
  }
}

test('a balance as of a time is that of the last leg until then, at every time, and costs a few looks only', async () => {
  await writer.send(account('both', { minAvailableMinor: null }));
  // Both sides, in batches of several.
  for (let batch = 0; batch < 12; batch++) {
    await Promise.all(Array.from({ length: 1 + ((batch * 7) % 5) }, (_, index) => writer.send((batch + index) % 3 === 0 ? transfer('both', 'cash', BigInt(index + 1)) : transfer('cash', 'both', BigInt(2 * index + 1)))));
  }
  const [of] = await database.as('postgres', "SELECT number::text, version::int FROM ledger.accounts WHERE id = 'both'");
  const legs = await database.as('postgres', `SELECT version::int, balance_minor::text AS balance, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at FROM ledger.entries WHERE number = ${of!['number']} ORDER BY version`);
  assert.ok(legs.length > 20 && legs.length === of!['version']);
  const times = [...new Set(legs.map(leg => String(leg['at'])))];
  assert.ok(times.length > 5 && times.length < legs.length, 'some batches hold several legs');
  await readingAs('default', async client => {
    const ask = async (at: string) => (await client.query(selectBalanceAtTime(String(of!['number']), at))).rows;
    for (const at of times) {
      const last = legs.filter(leg => String(leg['at']) <= at).at(-1)!;
      assert.deepEqual((await ask(at)).map(row => [Number(row.version), row.balance_minor]), [[last['version'], last['balance']]], at);
    }
    assert.deepEqual(await ask('1980-01-01T00:00:00Z'), [], 'before the ledger began');
    assert.equal((await ask('9999-01-01T00:00:00Z'))[0].version, String(legs.length));
  });
  await readingAs('other', async client => assert.deepEqual((await client.query(selectBalanceAtTime(String(of!['number']), times[0]!))).rows, []));
  // As of its beginning, after many entries more.
  for (let batch = 0; batch < 8; batch++) await Promise.all(Array.from({ length: 250 }, () => writer.send(transfer('cash', 'both', 1n))));
  await database.as('postgres', 'ANALYZE ledger.journal, ledger.accounts, ledger.chain');
  const read = await readingAs('default', async client => {
    await client.query('BEGIN');
    await client.query(selectBalanceAtTime(String(of!['number']), times[0]!));
    return (await client.query("SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::int AS n FROM pg_stat_xact_user_tables WHERE relname = 'journal'")).rows[0].n as number;
  });
  assert.ok(read > 0 && read <= 30, `${read} rows of the journal were read`);
});

test('a settlement is written only on the very holds it was decided on, also alone in its batch', async () => {
  for (const id of ['payer', 'shop']) await writer.send(account(id, { minAvailableMinor: null }));
  await writer.send(transfer('cash', 'payer', 100n));
  const [fifty, thirty] = [await placeOf(hold(50n)), await placeOf(hold(30n))];
  // This process releases the fifty, and decides a settlement on that while it is being written …
  const book = await bookOf(['payer', 'shop', 'cash'], [fifty.position, thirty.position]);
  decideOn(book, [{ kind: 'void', hold: fifty }]);
  const settlement = decideOn(book, [{ kind: 'settlement', accountId: 'payer', payoutAccountId: 'cash', ...nothingSaid }]);
  assert.equal(settlement.batch.rows[0]!.amountMinor, 70n);
  // … but another one was first, and released the thirty: the account is at the same version, with the same posted balance.
  await placeOf({ kind: 'void', hold: thirty });
  await assert.rejects(write(settlement), { code: 'AP001' });
  await write(decideOn(await bookOf(['payer', 'cash']), [{ kind: 'settlement', accountId: 'payer', payoutAccountId: 'cash', ...nothingSaid }]));
  const [payer] = await database.as('postgres', "SELECT posted_minor - pending_out_minor AS available FROM ledger.accounts WHERE id = 'payer'");
  assert.equal(payer!['available'], '0', 'no more than what was available');
});

test('a capture is written only on the very hold it was decided on: another history of it, as long and as much in sum, is another', async () => {
  for (const id of ['payer', 'shop']) await writer.send(account(id, { minAvailableMinor: null }));
  await writer.send(transfer('cash', 'payer', 1_000n));
  const [one, two] = [await placeOf(hold(100n)), await placeOf(hold(100n))];
  const capture = (of: RowRef, amountMinor: bigint, final = false): Command => ({ kind: 'capture', hold: of, amountMinor, final, fee: null, ...nothingSaid });
  const book = await bookOf(['payer', 'shop', 'cash'], [one.position, two.position]);
  decideOn(book, [capture(one, 50n), capture(two, 10n)]);
  const last = decideOn(book, [capture(one, 20n, true)]);
  // The same accounts moved as often and as far, but another hold of the two took more.
  await write(decideOn(await bookOf(['payer', 'shop', 'cash'], [one.position, two.position]), [capture(one, 40n), capture(two, 20n)]));
  await assert.rejects(write(last), { code: 'AP001' });
  await writer.send(capture(one, 20n, true));
  const [state] = await database.as('postgres', 'SELECT captured_minor::int AS captured, released_minor::int AS released FROM ledger.payments WHERE position = $1', [one.position]);
  assert.deepEqual(state, { captured: 60, released: 40 }, 'final: nothing is left');
});

/** Method and path, body, and the hash under which a request was stored since the first version. */
const hashed: [string, object | undefined, string][] = [
  ['/v1/accounts', { id: 'a', owner: 'o', currency: 'USD', type: 'liability' }, 'b633c1a030a61dd0c161d55febfacc743af923f61fc4cdf49c7ca34c54c71e89'],
  ['/v1/accounts', { id: 'a', owner: 'o', currency: 'USD', type: 'liability', minAvailableMinor: null, maxAvailableMinor: '5', metadata: { b: '2', a: '1' } }, 'f657f45d637476cacdfd3269831a3f302a5158f26caf2a5e3f309957127a3606'],
  ['/v1/transfers', { debitAccountId: 'a', creditAccountId: 'b', amountMinor: '1', currency: 'USD' }, '3f3f90b52879e91a47a91df004ce1a1795e11a4373efe3b9a1af6d753e715b12'],
  ['/v1/transfers', { currency: 'USD', debitAccountId: 'a', creditAccountId: 'b', amountMinor: '1', description: 'd', metadata: { b: '2', a: '1' }, effectiveAt: '2026-01-01T00:00:00Z' }, '2c2eb8ab7ea47e9a5e69dc043d151a17a1e56910c0270b2cc4f06ed898ba6524'],
  ['/v1/transactions', { transfers: [{ debitAccountId: 'a', creditAccountId: 'b', amountMinor: '1', currency: 'USD' }, { debitAccountId: 'b', creditAccountId: 'c', amountMinor: '1', currency: 'USD' }] }, 'a165028d464cb3701960ea20b6a37bc37c973ffd8d36a10bdc3879fe32246ce7'],
  ['/v1/conversions', { debitAccountId: 'a', creditAccountId: 'b', sellAmountMinor: '100', sellCurrency: 'USD', buyAmountMinor: '92', buyCurrency: 'EUR', rate: '0.92' }, 'f4b74d8a1cd58e65146ee654af90bce2c24b217763596584e03740abf7ddf28a'],
  ['/v1/transfers/tr_01a1fbfc-305c-8123-8000-000000000005/refunds', undefined, 'cdaf5279d64d13e809da15eb4079b14a536b32abbefef17b91cf06c7d6b61e37'],
  ['/v1/transfers/tr_01a1fbfc-305c-8123-8000-000000000005/refunds', { amountMinor: '3', description: 'd' }, 'a0ac350a33342c49bd9d263e8d5d2b3d10244c9ad354d7d7c54d3097c58a3410'],
  ['/v1/transfers/tr_01a1fbfc-305c-8123-8000-000000000005/reversal', {}, 'f3fe19b267de3fe4c624aa8818f8d13097943e1f11ee5554fdb45ca1aec99e81'],
  ['/v1/holds', { debitAccountId: 'a', creditAccountId: 'b', amountMinor: '1', currency: 'USD' }, 'f6f87cf2b4c138f4c12a2fc6f78a2aa0eceb56e9d481bcce39498f1a67dd6b5d'],
  ['/v1/holds', { debitAccountId: 'a', creditAccountId: 'b', amountMinor: '1', currency: 'USD', expiresAt: '2026-01-01T00:00:00Z' }, '1ea15f487c55f4e7ae42acf795a7f43802611be19d3d3147925069efba5ea587'],
  ['/v1/holds/ho_01a1fbfc-305c-8123-8000-000000000005/captures', {}, 'cc5c5b41b3887af3146cd3331ebe7c226515087c2bb772061d1eba4790c3e1b5'],
  ['/v1/holds/ho_01a1fbfc-305c-8123-8000-000000000005/captures', { amountMinor: '5', final: true, fee: { amountMinor: '1' } }, '551df774e43e65bab53c023d702e3b21cf6b220f85cb8678cadc3ab00d98f3df'],
  ['/v1/holds/ho_01a1fbfc-305c-8123-8000-000000000005/void', undefined, 'cb13267822166ccb93dd42e7ff7956eae5e286851970f8f3a15ff66a32bb25c6'],
  ['/v1/holds/ho_01a1fbfc-305c-8123-8000-000000000005/refunds', { amountMinor: '3' }, 'b4f7e24e4947fb4e19af862dd1d9ef1c4b38bc9c554f401a31ad83d8aa369ab0'],
  ['/v1/settlements', { accountId: 'a', payoutAccountId: 'b' }, '0d99b51d8665a8b3524bbb58a8ee89d379f65433b25579a56dbd86388ff542c2'],
];

test('a request has the hash that it had in the first version: after a rollout a retry is a replay, not another request', async () => {
  const seen: string[] = [];
  const commands: Commands = { submit: async (_command, { key, requestHash }) => (key === 'k' && seen.push(requestHash), { status: 201, body: '{}', replayed: false, rows: [] }) };
  const ledger = new Ledger({ generation: 0 } as Database, commands, new Metrics({ region: 'r', instance: 'i' }, currencies), new NoCache());
  const app = Fastify();
  app.decorateRequest('caller', null as never);
  app.addHook('onRequest', async request => void (request.caller = { tenant: 'default', actor: 'tester', scopes: new Set(), kind: 'key' }));
  addRoutes(app, ledger);
  addPaymentRoutes(app, ledger);
  for (const [url, body] of hashed) {
    const reply = await app.inject({ method: 'POST', url, headers: { 'idempotency-key': 'k', ...(body && { 'content-type': 'application/json' }) }, ...(body && { payload: JSON.stringify(body) }) });
    assert.equal(reply.statusCode, 201, `${url}: ${reply.body}`);
  }
  assert.deepEqual(hashed.map(([url, body], index) => [url, body, seen[index]]), hashed);
  assert.equal(new Set(seen).size, hashed.length);
  await app.close();
});

test('a writer is not drained while a batch that failed waits for its second attempt', async () => {
  const order: string[] = [];
  const refusing = {
    generation: 0,
    query: async () => [],
    write: async () => Promise.reject(Object.assign(new Error('moved'), { code: 'AP001' })),
    transaction: async () => sleep(20).then(() => Promise.reject(new LedgerError('database-unavailable', 'gone'))),
  } as unknown as Database;
  let drained: Promise<unknown> | undefined;
  const one: Writer = new Writer(refusing, {
    region: 'r', instance: 'i', batchMax: 10, lanes: 2, queueMax: 10, waitMaxMs: 1_000, accountCacheMax: 10,
    observer: { batch: () => undefined, retried: () => (drained ??= one.drained().then(() => order.push('drained'))) },
  });
  await one.submit(account('x'), { tenant: 'default', actor: 'tester', key: 'k', requestHash: '0'.repeat(64), requestId: randomUUID() }).catch(error => order.push(error.code));
  await drained;
  assert.deepEqual(order, ['database-unavailable', 'drained']);
});

test('after a batch that had to be written again the fast way is taken again', async () => {
  await writer.send(account('moved', { minAvailableMinor: null }));
  const ways: string[] = [];
  const one = new Writer(writer.database, {
    region: 'r', instance: 'i', batchMax: 100, lanes: 2, queueMax: 100, waitMaxMs: 5_000, accountCacheMax: 100,
    observer: { batch: (_batch, way) => void ways.push(way), retried: () => void ways.push('retried') },
  });
  const send = () => one.submit(transfer('cash', 'moved', 1n), { tenant: 'default', actor: 'tester', key: randomUUID(), requestHash: '0'.repeat(64), requestId: randomUUID() });
  await send();
  await writer.send(transfer('cash', 'moved', 1n)); // as another process would
  await send();
  await sleep(1_100); // for a second all go the careful way
  await send();
  await send();
  assert.deepEqual(ways, ['fast', 'retried', 'careful', 'fast', 'fast']);
});

test('a page of holds costs its holds, however many the account has had, and holds nothing else', async () => {
  for (const id of ['payer', 'shop']) await writer.send(account(id, { minAvailableMinor: null }));
  await writer.send(account('holder', { minAvailableMinor: null }));
  const own = (amountMinor: bigint): Command => ({ ...hold(amountMinor), debitAccountId: 'holder' } as Command);
  // A transfer that was given back has a row beside the holds.
  await placeOf({ kind: 'refund', of: await placeOf(transfer('holder', 'cash', 5n)), amountMinor: 2n, ...nothingSaid });
  const places = (await Promise.all(Array.from({ length: 400 }, (_, index) => placeOf(own(BigInt(index + 1)))))).sort((a, b) => Number(b.position - a.position));
  const closed = places.filter((_, index) => index % 2 === 0);
  await Promise.all(closed.map(of => placeOf({ kind: 'void', hold: of })));
  await database.as('postgres', 'ANALYZE ledger.journal, ledger.accounts, ledger.chain, ledger.payments');
  const [of] = await database.as('postgres', "SELECT number::text FROM ledger.accounts WHERE id = 'holder'");
  await readingAs('default', async client => {
    const ask = async (open: boolean | null, below: bigint | null, limit: number) => (await client.query(selectHolds('default', String(of!['number']), open, below, limit))).rows.map(({ row }) => BigInt(row.position));
    const positions = places.map(place => place.position);
    assert.deepEqual(await ask(null, null, 1_000), positions);
    assert.deepEqual(await ask(true, null, 1_000), positions.filter((_, index) => index % 2 === 1));
    assert.deepEqual(await ask(false, null, 1_000), positions.filter((_, index) => index % 2 === 0));
    assert.deepEqual(await ask(null, positions[9]!, 5), positions.slice(10, 15));
  });
  // On a connection that has read nothing else yet.
  await readingAs('default', async client => {
    await client.query('BEGIN');
    assert.equal((await client.query(selectHolds('default', String(of!['number']), false, places[100]!.position, 10))).rows.length, 10);
    const { rows } = await client.query("SELECT relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS n FROM pg_stat_xact_user_tables WHERE relname IN ('payments', 'journal')");
    for (const { relname, n } of rows) assert.ok(Number(n) <= 60, `${n} rows of ${relname} were read`);
    await client.query('ROLLBACK');
  });
  await readingAs('other', async client => assert.deepEqual((await client.query(selectHolds('other', String(of!['number']), null, null, 10))).rows, []));
});

test('linked transfers of long ago cost their legs, not what was written since', async () => {
  const posting = { debitAccountId: 'cash', creditAccountId: 'both', amountMinor: 1n, currency: 'USD', effectiveAtUs: null, ...nothingSaid };
  const linked = await placeOf({ kind: 'transfer', postings: [posting, posting, posting] });
  await Promise.all(Array.from({ length: 500 }, () => writer.send(transfer('cash', 'both', 1n))));
  await database.as('postgres', 'ANALYZE ledger.journal');
  await readingAs('default', async client => {
    await client.query('BEGIN');
    const found = (await client.query(selectCommand('default', linked.position))).rows.map(({ row }) => [BigInt(row.position), row.leg]);
    assert.deepEqual(found, [0n, 1n, 2n].map(leg => [linked.position + leg, Number(leg)]));
    const { rows: [read] } = await client.query("SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS n FROM pg_stat_xact_user_tables WHERE relname = 'journal'");
    assert.ok(Number(read.n) <= 20, `${read.n} rows of the journal were read`);
  });
});
