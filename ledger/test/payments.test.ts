/** Holds, captures, refunds, settlements and conversions: over HTTP, many at once, and past the service in SQL. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { appendStatement, loadStatement, toLoaded, type Seal } from '../src/adapters/journal.ts';
import { decideBatch, totalsOf, type Request } from '../src/domain/batching.ts';
import { Batch, Book } from '../src/domain/book.ts';
import { batchDigest, linkHash } from '../src/domain/chain.ts';
import { publicId, parsePublicId } from '../src/domain/ids.ts';
import type { Command } from '../src/domain/model.ts';
import { currencies, exponentOf } from '../src/domain/money.ts';
import { assertAudited, createDatabase, startLedger, type Api, type Reply, type TestDatabase, type TestLedger } from './support/ledger.ts';
import { plain, posting } from './support/world.ts';

let database: TestDatabase;
let ledgers: TestLedger[];
let api: Api;
before(async () => {
  database = await createDatabase();
  ledgers = await Promise.all(['1', '2'].map(number => startLedger(database, { LEDGER_INSTANCE: `ledger-test-${number}` })));
  api = ledgers[0]!.api;
  await api.account('payer');
  await api.account('shop');
  await api.account('poor');
  await api.fund('payer', 100_000);
});
after(() => Promise.all(ledgers.map(ledger => ledger.close())));

const apiOf = (index: number) => ledgers[index % ledgers.length]!.api;
const hold = async (amountMinor: number, over: object = {}): Promise<string> => {
  const reply = await api.post('/v1/holds', { debitAccountId: 'payer', creditAccountId: 'shop', amountMinor: String(amountMinor), currency: 'USD', ...over });
  assert.equal(reply.status, 201, reply.text);
  return reply.json.id;
};
const outcome = (reply: Reply) => (reply.status < 300 ? reply.status : reply.json.code);
const counted = (replies: Reply[]) => Object.fromEntries(Object.entries(Object.groupBy(replies, reply => String(outcome(reply)))).map(([name, list]) => [name, list!.length]));
const stateOf = async (id: string) => {
  const { status, capturedMinor, releasedMinor, refundedMinor, remainingMinor } = (await apiOf(1).get(`/v1/holds/${id}`)).json;
  return [status, ...[capturedMinor, releasedMinor, refundedMinor, remainingMinor].map(Number)];
};

test('authorise, capture twice, release the rest, refund: each state as it is read', async () => {
  const before = (await api.get('/v1/accounts/payer')).json;
  const id = await hold(1_000, { description: 'Order 7', metadata: { b: '1', a: '2' } });
  assert.deepEqual(await stateOf(id), ['authorised', 0, 0, 0, 1_000]);
  const held = (await api.get('/v1/accounts/payer')).json;
  assert.deepEqual([held.postedMinor, held.pendingMinor, BigInt(held.availableMinor)], [before.postedMinor, '1000', BigInt(before.availableMinor) - 1_000n]);
  assert.equal((await api.get('/v1/accounts/shop')).json.incomingMinor, '1000');
  assert.equal(outcome(await api.post(`/v1/holds/${id}/captures`, { amountMinor: '300' })), 201);
  assert.deepEqual(await stateOf(id), ['partially-captured', 300, 0, 0, 700]);
  const last = await api.post(`/v1/holds/${id}/captures`, { amountMinor: '400', final: true, fee: { amountMinor: '12' } });
  assert.deepEqual([last.json.holdId, last.json.releasedMinor, last.json.fee.amountMinor, last.json.fee.creditAccountId], [id, '300', '12', 'fees:usd']);
  assert.deepEqual(await stateOf(id), ['captured', 700, 300, 0, 0]);
  assert.equal(outcome(await api.post(`/v1/holds/${id}/captures`, {})), 'hold-closed');
  assert.equal(outcome(await api.post(`/v1/holds/${id}/refunds`, { amountMinor: '701' })), 'refund-exceeds-captured');
  assert.equal((await api.post(`/v1/holds/${id}/refunds`, { amountMinor: '500' })).json.ofId, id);
  assert.deepEqual(await stateOf(id), ['captured', 700, 300, 500, 0]);
  const now = (await api.get('/v1/accounts/payer')).json;
  assert.deepEqual([BigInt(now.postedMinor), now.pendingMinor], [BigInt(before.postedMinor) - 200n, '0']);
  const list = await api.get(`/v1/holds?accountId=payer&status=closed`);
  assert.deepEqual(list.json.holds.map((one: { id: string }) => one.id), [id]);
});

test('of many captures of a whole hold at once, at two processes, one succeeds', async () => {
  for (let round = 0; round < 5; round++) {
    const id = await hold(100);
    assert.deepEqual(counted(await Promise.all(Array.from({ length: 20 }, (_, index) => apiOf(index).post(`/v1/holds/${id}/captures`, {})))), { 201: 1, 'hold-closed': 19 });
    assert.deepEqual(await stateOf(id), ['captured', 100, 0, 0, 0]);
  }
});

test('captures and voids of one hold at once never take more than was authorised', async () => {
  const id = await hold(100);
  const replies = await Promise.all(Array.from({ length: 30 }, (_, index) => (index === 20 ? apiOf(index).post(`/v1/holds/${id}/void`, {}) : apiOf(index).post(`/v1/holds/${id}/captures`, { amountMinor: '9' }))));
  const [, captured, released, , left] = (await stateOf(id)) as [string, number, number, number, number];
  assert.equal(captured + released + left, 100);
  assert.equal(captured, 9 * replies.filter((reply, index) => index !== 20 && reply.status === 201).length);
  assert.equal((await api.get('/v1/accounts/payer')).json.pendingMinor, String(left));
});

test('50 parallel partial refunds, of a transfer and of a hold, at two processes: never more than was taken', async () => {
  const { id } = (await api.transfer('payer', 'shop', 100)).json;
  assert.deepEqual(counted(await Promise.all(Array.from({ length: 50 }, (_, index) => apiOf(index).post(`/v1/transfers/${id}/refunds`, { amountMinor: '7' })))), { 201: 14, 'refund-exceeds-captured': 36 });
  const held = await hold(100);
  await api.post(`/v1/holds/${held}/captures`, { amountMinor: '50', final: true });
  assert.deepEqual(counted(await Promise.all(Array.from({ length: 50 }, (_, index) => apiOf(index).post(`/v1/holds/${held}/refunds`, { amountMinor: '7' })))), { 201: 7, 'refund-exceeds-captured': 43 });
  assert.deepEqual(await stateOf(held), ['captured', 50, 50, 49, 0]);
});

test('of many reversals and refunds of one transfer at once, one gives the money back', async () => {
  for (let round = 0; round < 5; round++) {
    const { id } = (await api.transfer('payer', 'shop', 11)).json;
    const replies = await Promise.all(Array.from({ length: 20 }, (_, index) => apiOf(index).post(`/v1/transfers/${id}/${index % 4 < 2 ? 'reversal' : 'refunds'}`, {})));
    assert.equal(replies.filter(reply => reply.status === 201).length, 1);
  }
});

test('an expired hold is not captured, and can still be voided', async () => {
  const id = await hold(10, { expiresAt: '2020-01-01T00:00:00Z' });
  assert.equal(outcome(await api.post(`/v1/holds/${id}/captures`, {})), 'hold-expired');
  assert.ok(['expired', 'released'].includes(String((await stateOf(id))[0])));
  assert.ok([200, 'hold-closed'].includes(outcome(await api.post(`/v1/holds/${id}/void`, {}))), 'by us, or by the worker that releases what is due');
});

test('a settlement asked for by both processes at once pays out once', async () => {
  await api.account('merchant');
  await api.fund('merchant', 500);
  assert.deepEqual(counted(await Promise.all(Array.from({ length: 10 }, (_, index) => apiOf(index).post('/v1/settlements', { accountId: 'merchant', payoutAccountId: 'cash-clearing:usd' })))), { 201: 1, 'nothing-to-settle': 9 });
  assert.equal(await api.posted('merchant'), 0n);
});

test('money changes its currency through the tenant\'s fx accounts, and the trial balance stays zero in both', async () => {
  await api.account('yen', { currency: 'JPY' });
  const { json } = await api.post('/v1/conversions', { debitAccountId: 'payer', creditAccountId: 'yen', sellAmountMinor: '1000', sellCurrency: 'USD', buyAmountMinor: '1505', buyCurrency: 'JPY', rate: '150.49' });
  assert.deepEqual([json.rate, json.transfers.map((one: { amountMinor: string; currency: string }) => `${one.amountMinor} ${one.currency}`)], ['150.49', ['1000 USD', '1505 JPY']]);
  assert.equal((await api.get(`/v1/transactions/${json.id}`)).json.transfers.length, 2);
  const { currencies: totals } = (await api.get('/v1/trial-balance')).json;
  assert.deepEqual(totals.filter((one: { differenceMinor: string }) => one.differenceMinor !== '0'), []);
});

/** Writes what nobody decided, as a service with a bug would. */
async function force(batch: Batch): Promise<void> {
  const seal: Seal = { region: 'region-a', instance: 'bug', format: 1, digest: batchDigest(batch.rows, { format: 1, region: 'region-a', instance: 'bug' }), lease: null };
  const { text, values } = appendStatement(batch, seal, totalsOf(batch));
  const client = new pg.Client({ connectionString: database.url('ledger_app') });
  await client.connect();
  try {
    await client.query(text, values);
  } finally {
    await client.end();
  }
}

/** Decided on the truth; the test spoils it before it is written. */
async function decide(...commands: Command[]) {
  const requests: Request[] = commands.map(command => ({ command, context: { tenant: 'default', actor: 'bug', key: randomUUID(), requestHash: '00'.repeat(32), requestId: randomUUID() } }));
  const client = new pg.Client({ connectionString: database.url('ledger_app') });
  await client.connect();
  const payments = commands.flatMap(command => ('hold' in command ? [command.hold.position] : 'of' in command ? [command.of.position] : []));
  const ids = ['payer', 'shop', 'fees:usd', 'cash-clearing:usd', 'poor', 'equity:usd', 'capped', 'abroad'];
  const { text, values } = loadStatement({ keys: [], accounts: ids.map(id => ({ tenant: 'default', id })), payments, lockHead: false });
  const loaded = toLoaded((await client.query(text, values)).rows);
  await client.end();
  const book = new Book();
  for (const account of loaded.accounts) book.addAccount(account);
  for (const payment of loaded.payments) book.addPayment(payment);
  return { book, decided: () => { const made = decideBatch(book, new Map(), requests); assert.deepEqual(made.fresh.map(one => one.refused), requests.map(() => undefined)); return made.batch; } };
}

const two = (debit: string, credit: string, amountMinor: bigint): Command => ({ kind: 'transfer', postings: [posting(debit, credit, amountMinor), posting(debit, credit, amountMinor)] });
const refused = (code: string, constraint?: string) => (error: unknown) => {
  const { code: actual, constraint: name } = error as { code?: string; constraint?: string };
  assert.deepEqual([actual, constraint && name], [code, constraint], String(error));
  return true;
};

test('SQL refuses a batch of one and of several that was decided on another version, or on other balances at that version', async () => {
  for (const commands of [[{ kind: 'transfer', postings: [posting('payer', 'shop', 1n)] } satisfies Command], [two('payer', 'shop', 1n)]]) {
    const { decided } = await decide(...commands);
    const batch = decided();
    await force(batch);
    await assert.rejects(force(decided()), /already|moved|duplicate/, 'decided on the outcome of what was written, and then again');
    const { book, decided: onOther } = await decide(...commands);
    book.account('default', 'payer')!.postedMinor += 5n; // as if a batch that never came to be had left it so
    await assert.rejects(force(onOther()), refused('AP001'));
    const { book: older, decided: onOlder } = await decide(...commands);
    older.account('default', 'shop')!.version -= 1;
    await assert.rejects(force(onOlder()), refused('AP001'));
  }
  const { book, decided } = await decide(two('payer', 'shop', 1n));
  book.account('default', 'payer')!.pendingOutMinor += 1n;
  await assert.rejects(force(decided()), refused('AP001'));
});

test('two writers with the same version: exactly one wins', async () => {
  for (let round = 0; round < 10; round++) {
    const batches = await Promise.all(Array.from({ length: 4 }, async () => (await decide(round % 2 ? two('payer', 'shop', 1n) : { kind: 'transfer', postings: [posting('payer', 'shop', 1n)] })).decided()));
    const results = await Promise.allSettled(batches.map(force));
    assert.deepEqual(results.map(result => (result.status === 'rejected' ? result.reason.code : 'won')).sort(), ['AP001', 'AP001', 'AP001', 'won']);
  }
});

test('SQL refuses a decline that was decided on what is no more', async () => {
  const command: Command = { kind: 'transfer', postings: [posting('poor', 'shop', 1n)] };
  const { book } = await decide(command);
  await api.fund('poor', 10);
  await api.transfer('poor', 'shop', 10);
  const batch = decideBatch(book, new Map(), [{ command, context: { tenant: 'default', actor: 'bug', key: randomUUID(), requestHash: '00'.repeat(32), requestId: randomUUID() } }]).batch;
  assert.equal(batch.rows[0]!.kind, 'decline');
  await assert.rejects(force(batch), refused('AP001'));
  const ref = parsePublicId(await hold(5))!;
  const late: Command = { kind: 'capture', hold: ref, amountMinor: 6n, final: false, fee: null, ...plain };
  const { book: stale } = await decide(late);
  await api.post(`/v1/holds/${publicId('ho', ref)}/captures`, { amountMinor: '1' });
  for (const id of ['payer', 'shop']) Object.assign(stale.account('default', id)!, (await decide(late)).book.account('default', id)); // only the hold is old
  const other = decideBatch(stale, new Map(), [{ command: late, context: { tenant: 'default', actor: 'bug', key: randomUUID(), requestHash: '00'.repeat(32), requestId: randomUUID() } }]).batch;
  await assert.rejects(force(other), refused('AP001'));
});

test('SQL refuses more refunds than were captured, and more captures than were authorised, whoever decided them', async () => {
  await api.fund('shop', 1_000); // it could pay
  const { id } = (await api.transfer('payer', 'shop', 10)).json;
  const of = parsePublicId(id)!;
  for (const round of [0, 1]) { // without and with a row of its own
    const { book, decided } = await decide({ kind: 'refund', of, amountMinor: 11n, ...plain });
    const payment = book.payment(of.position)!;
    const { capturedMinor } = payment;
    payment.capturedMinor = 100n;
    const batch = decided();
    batch.payments.get(payment)!.capturedMinor = capturedMinor; // it says that it was decided on the truth
    await assert.rejects(force(batch), refused('23514', 'payments_refunded'));
    if (round === 0) assert.equal((await api.post(`/v1/transfers/${id}/refunds`, { amountMinor: '3' })).status, 201);
  }
  await hold(100); // so that the accounts' own sums leave room
  const held = parsePublicId(await hold(10))!;
  const { book, decided } = await decide({ kind: 'capture', hold: held, amountMinor: 11n, final: false, fee: null, ...plain });
  book.payment(held.position)!.authorisedMinor = 100n;
  await assert.rejects(force(decided()), refused('23514', 'payments_captured'));
});

test('SQL refuses rows without their balances, captures without their hold, amounts that do not add up, floors and ceilings that are crossed', async () => {
  const without = (await decide(two('payer', 'shop', 1n))).decided();
  without.accounts.clear();
  await assert.rejects(force(without), refused('AP003'));
  const held = parsePublicId(await hold(10))!;
  const capture = (await decide({ kind: 'capture', hold: held, amountMinor: 4n, final: true, fee: null, ...plain })).decided();
  capture.payments.clear();
  await assert.rejects(force(capture), refused('AP001'));
  const more = (await decide(two('payer', 'shop', 1n))).decided();
  more.rows[1]!.amountMinor = 2n;
  await assert.rejects(force(more), refused('AP003'));
  const { book, decided } = await decide(two('poor', 'shop', 1_000n));
  book.account('default', 'poor')!.minAvailableMinor = null;
  await assert.rejects(force(decided()), refused('23514', 'accounts_floor'));
  await api.account('capped', { maxAvailableMinor: '5' });
  const { book: other, decided: over } = await decide(two('payer', 'capped', 3n));
  other.account('default', 'capped')!.maxAvailableMinor = null;
  await assert.rejects(force(over()), refused('23514', 'accounts_ceiling'));
});

test('SQL refuses postings between tenants and between currencies, of one row and of several', async () => {
  await api.account('abroad', { currency: 'EUR', minAvailableMinor: null });
  const one = (credit: string): Command => ({ kind: 'transfer', postings: [posting('payer', credit, 1n)] });
  for (const make of [one, (credit: string) => two('payer', credit, 1n)]) {
    const { book, decided } = await decide(make('abroad'));
    book.account('default', 'abroad')!.currency = 'USD';
    await assert.rejects(force(decided()), refused('AP003'));
    const batch = (await decide(make('shop'))).decided();
    for (const row of batch.rows) row.tenant = 'other';
    await assert.rejects(force(batch), refused('AP003'));
  }
});

test('one key is used once, also when two batches carry it that have nothing else in common', async () => {
  const key = randomUUID();
  const batches = await Promise.all([['payer', 'shop'], ['cash-clearing:usd', 'equity:usd']].map(async ([debit, credit]) => {
    const batch = (await decide(two(debit!, credit!, 1n))).decided();
    batch.rows[0]!.key = key;
    return batch;
  }));
  const results = await Promise.allSettled(batches.map(force));
  assert.deepEqual(results.map(result => (result.status === 'rejected' ? [result.reason.code, result.reason.constraint].join() : 'won')).sort(), ['23505,journal_key', 'won']);
});

test('ids and links of the chain are the same in SQL and here, currencies too', async () => {
  const rows = await database.as('ledger_readonly', "SELECT position, (extract(epoch FROM created_at) * 1000000)::bigint AS us, ledger.public_id('tr', created_at, position) AS id FROM ledger.journal");
  for (const { position, us, id } of rows) assert.equal(publicId('tr', { position: BigInt(position as string), atUs: BigInt(us as string) }), id);
  const edges = await database.as('ledger_readonly', `SELECT p, us, ledger.public_id('ho', to_timestamp(0) + us * interval '1 microsecond', p) AS id
    FROM (VALUES (1::bigint), (4294967296), (4611686018427387903)) a (p), (VALUES (0::bigint), (1), (999), (1000), (1800000000123456), (1900000000999999)) b (us)`);
  for (const { p, us, id } of edges) assert.equal(publicId('ho', { position: BigInt(p as string), atUs: BigInt(us as string) }), id);
  const links = await database.as('ledger_readonly', 'SELECT *, (extract(epoch FROM at) * 1000000)::bigint AS us FROM ledger.chain ORDER BY n');
  for (const link of links) {
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- columns as the driver gives them
    const { n, first_position: first, count, us, digest, totals, prev_hash: prevHash, hash } = link as any;
    assert.equal(linkHash({ n: BigInt(n), firstPosition: BigInt(first), count, atUs: BigInt(us), digest, totals, prevHash }).toString('hex'), (hash as Buffer).toString('hex'));
  }
  assert.ok(rows.length > 20 && links.length > 2);
  const stored = await database.as('ledger_readonly', 'SELECT code, exponent FROM ledger.currencies ORDER BY code');
  assert.deepEqual(stored.map(({ code, exponent }) => [code, exponent]), [...currencies].sort().map(code => [code, exponentOf(code)]));
});

test('after all of them the whole journal passes the audit', () => assertAudited(database, 200));
