/** From the journal to a consumer, on a real database and over real HTTP. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConsumer, Handled } from '../examples/webhook-consumer.ts';
import { retryDelaysMs } from '../src/domain/webhook.ts';
import { verify } from '../src/domain/webhook-signature.ts';
import type { Relay } from '../src/usecases/relay.ts';
import { eventually } from './support/process.ts';
import { startConsumer, WebhookBench } from './support/webhooks.ts';

const bench = new WebhookBench();
let accounts: [string, string];
let relay: Relay;
before(async () => {
  await bench.start();
  accounts = await bench.accounts();
  relay = bench.relay();
});
afterEach(() => bench.removeEndpoints());
after(() => bench.stop());

/** Until nothing is left to hand out or to send at once. */
async function settled(): Promise<void> {
  await eventually(() => bench.store.readings(), now => now.lagPositions === 0 && now.lagSeconds === 0, 10_000);
  await sleep(50);
}

test('every kind of event arrives once, signed, and says what the API says', async () => {
  const consumer = await bench.consumer();
  const { id, secret } = await bench.endpoint(consumer);
  const [debitAccountId, creditAccountId] = accounts;
  const texts = { description: 'Order 7', metadata: { order: '7' } };
  const soon = BigInt(Date.now() + 60_000) * 1000n;
  const transfer = await bench.write({ kind: 'transfer', postings: [1n, 2n].map(amountMinor => ({ debitAccountId, creditAccountId, amountMinor, currency: 'USD', effectiveAtUs: null, ...texts })) });
  const hold = await bench.write({ kind: 'hold', debitAccountId, creditAccountId, amountMinor: 10n, currency: 'USD', expiresAtUs: soon, ...texts });
  const ref = { position: hold.rows[0]!.position, atUs: hold.rows[0]!.createdAtUs };
  await bench.write({ kind: 'capture', hold: ref, amountMinor: 6n, final: false, fee: { amountMinor: 1n, accountId: debitAccountId }, ...texts });
  await bench.write({ kind: 'void', hold: ref });
  await bench.write({ kind: 'refund', of: ref, amountMinor: 2n, ...texts });
  const refused = await bench.write({ kind: 'transfer', postings: [{ debitAccountId, creditAccountId: 'nobody', amountMinor: 1n, currency: 'USD', effectiveAtUs: null, ...texts }] });
  const again = await bench.write({ kind: 'account', id: debitAccountId, owner: 'test', currency: 'USD', type: 'liability', minAvailableMinor: null, maxAvailableMinor: null, metadata: {} });
  assert.equal(again.status, 200, again.body);
  await settled();

  const types = consumer.arrived.map(one => one.event.type as string);
  for (const type of ['transfer.posted', 'hold.authorised', 'hold.captured', 'fee.posted', 'hold.voided', 'refund.posted', 'payment.declined']) assert.ok(types.includes(type), `${type} is not among ${types.join()}`);
  assert.equal(types.filter(type => type === 'transfer.posted').length, 2, 'each leg of a linked transaction is an event');
  assert.ok(!types.includes('account.opened'), 'asked for again, an account is answered, but nothing was opened');
  assert.equal(new Set(consumer.arrived.map(one => one.event.id)).size, consumer.arrived.length, 'each once');
  for (const { headers, body, event } of consumer.arrived) {
    assert.equal(verify(String(headers['airpay-signature']), body, [secret], Date.now() / 1_000), 'valid');
    assert.deepEqual([headers['airpay-event-id'], headers['airpay-event-type'], headers['airpay-delivery-attempt'], headers['content-type']], [event.id, event.type, '1', 'application/json']);
    assert.deepEqual(Object.keys(event), ['id', 'type', 'createdAt', 'position', 'tenant', 'actor', 'requestId', 'idempotencyKey', 'data']);
    assert.match(event.id, /^ev_[0-9a-f]{8}-[0-9a-f]{4}-8/);
  }
  const data = (type: string) => consumer.arrived.find(one => one.event.type === type)!.event.data;
  assert.deepEqual(data('hold.authorised'), JSON.parse(hold.body));
  assert.deepEqual(data('payment.declined'), JSON.parse(refused.body));
  assert.equal(data('hold.captured').holdId, JSON.parse(hold.body).id);
  assert.deepEqual(JSON.parse(transfer.body).transfers, consumer.arrived.filter(one => one.event.type === 'transfer.posted').map(one => one.event.data).sort((a, b) => (a.id < b.id ? -1 : 1)));
  assert.deepEqual(new Set((await bench.deliveries(id)).map((one: { state: string; lastStatus: number }) => `${one.state} ${one.lastStatus}`)), new Set(['delivered 200']));
  // The same rows, asked for instead of told.
  const { json } = await bench.call('GET', `/v1/journal?after=${Number(consumer.arrived[0]!.event.position) - 1}&limit=1000`);
  assert.deepEqual(json.events.map((event: object) => JSON.stringify(event)).sort(), consumer.arrived.map(one => one.body).sort());
});

test('an endpoint gets its tenant and its types only, from the head on or from where it says', async () => {
  const [mine, theirs, captured, past] = [await bench.consumer(), await bench.consumer(), await bench.consumer(), await bench.consumer()];
  const others = await bench.accounts('acme');
  const first = await bench.transfer(others, 1, 'acme');
  await settled();
  await bench.endpoint(mine);
  await bench.endpoint(theirs, {}, 'acme');
  await bench.endpoint(captured, { events: ['hold.captured', 'account.opened'] }, 'acme');
  const { id } = await bench.endpoint(past, { fromPosition: String(first) }, 'acme');
  const positions = { default: [] as number[], acme: [] as number[] };
  // Once while the endpoints are still beginning, and once when they keep up with the relay.
  for (const round of [1, 2]) {
    positions.default.push(await bench.transfer(accounts));
    positions.acme.push(await bench.transfer(others, round, 'acme'));
    positions.default.push(await bench.transfer(accounts));
    await eventually(async () => (await bench.call('GET', `/v1/webhook-endpoints/${id}`, undefined, { tenant: 'acme' })).json.catchingUpFrom, from => from === null);
    await settled();
  }
  const sorted = (consumer: typeof mine) => consumer.positions().sort((a, b) => a - b);
  assert.deepEqual([sorted(mine), sorted(theirs), sorted(captured), sorted(past)], [positions.default, positions.acme, [], [first, ...positions.acme]]);
  assert.deepEqual(theirs.arrived.map(one => one.event.tenant), ['acme', 'acme']);
});

test('a consumer that refuses, hangs, breaks off or redirects is tried five times as scheduled, then the letter is dead and can be sent again', async () => {
  const slow = bench.relay({ delaysMs: retryDelaysMs });
  await relay.stop(1_000); // the other one, with the real schedule, takes over
  await eventually(async () => slow.leads, Boolean);
  const behaviours = [503, 'hang', 'cut', 'redirect', 500] as const;
  const consumer = await bench.consumer((_event, times) => behaviours[times - 1] ?? 200);
  const { id } = await bench.endpoint(consumer, { events: ['transfer.posted'] });
  const position = await bench.transfer(accounts);
  const waits: (number | null)[] = [];
  for (let attempts = 1; attempts <= 5; attempts++) {
    const [one] = await eventually(() => bench.deliveries(id), list => list[0]?.attempts === attempts);
    waits.push(one.nextAttemptAt && Math.round((Date.parse(one.nextAttemptAt) - Date.parse(one.lastAttemptAt)) / 1_000));
    await bench.passTime(id);
  }
  assert.deepEqual(waits, [60, 300, 1_800, 7_200, null]);
  assert.deepEqual(consumer.arrived.map(one => one.headers['airpay-delivery-attempt']), ['1', '2', '3', '4', '5']);
  assert.equal(new Set(consumer.arrived.map(one => one.body)).size, 1, 'every attempt carries the same bytes');
  const [dead] = await bench.deliveries(id, '?state=dead');
  assert.deepEqual([dead.position, dead.type, dead.lastStatus, dead.lastError], [String(position), 'transfer.posted', 500, 'answered 500']);
  assert.ok((await bench.call('GET', `/v1/webhook-endpoints/${id}`)).json.failingSince);
  assert.equal((await bench.store.readings()).dead, 1);
  assert.deepEqual(bench.counted['dead'], 1);
  await sleep(200);
  assert.equal(consumer.arrived.length, 5, 'a dead letter is left alone');

  assert.equal((await bench.call('POST', `/v1/webhook-endpoints/${id}/deliveries/${position}/retry`)).status, 202);
  await eventually(async () => consumer.arrived.length, count => count === 6);
  await settled();
  assert.deepEqual((await bench.deliveries(id)).map((one: { state: string; attempts: number }) => [one.state, one.attempts]), [['delivered', 1]]);
  assert.equal((await bench.call('GET', `/v1/webhook-endpoints/${id}`)).json.failingSince, null);
  assert.equal((await bench.store.readings()).dead, 0);
  assert.equal((await bench.call('POST', `/v1/webhook-endpoints/${id}/deliveries/999999/retry`)).json.code, 'unknown-delivery');
  await slow.stop(1_000);
  relay = bench.relay();
});

test('the reasons are told in our words, and a long answer is not read', async () => {
  const consumer = await bench.consumer((_event, times) => (['hang', 'cut', 'redirect', 'flood'] as const)[times - 1] ?? 200);
  const { id } = await bench.endpoint(consumer, { events: ['transfer.posted'] });
  const seen: string[] = [];
  await bench.transfer(accounts);
  for (let attempts = 1; attempts <= 4; attempts++) {
    const [one] = await eventually(() => bench.deliveries(id), list => list[0]?.attempts >= attempts);
    if (one.attempts === attempts) seen.push(one.lastError);
  }
  assert.deepEqual(seen.slice(0, 1), ['no answer within 500 ms']);
  const [last] = await bench.deliveries(id);
  assert.deepEqual([last.state, last.attempts, last.lastStatus], ['delivered', 4, 200]);
  const told = bench.logs.map(one => JSON.stringify(one)).join('\n');
  assert.match(told, /no connection: (ECONNRESET|EPIPE)/);
  assert.match(told, /answered 307: redirects are not followed/);
  assert.doesNotMatch(told, /thanks|whsec|xxxx|127\.0\.0\.1/);
});

test('a dead consumer holds up neither its neighbour nor the journal, and gets everything in order once it is back', async () => {
  await relay.stop(1_000);
  const narrow = bench.relay({ pendingMax: 10, handOutRows: 7, catchUpRows: 13, delaysMs: Array(50).fill(30) });
  let down = true;
  const [broken, healthy] = [await bench.consumer(() => (down ? 500 : 200)), await bench.consumer()];
  const { id } = await bench.endpoint(broken, { events: ['transfer.posted'], maxInFlight: 1 });
  await bench.endpoint(healthy, { events: ['transfer.posted'] });
  const positions = await Promise.all(Array.from({ length: 120 }, (_, index) => bench.transfer(accounts, index + 1)));
  positions.sort((a, b) => a - b);
  await eventually(async () => healthy.positions().length, count => count === 120, 15_000);
  const waiting = await bench.deliveries(id, '?state=pending&limit=1000');
  assert.ok(waiting.length <= 10 + 7, `${waiting.length} wait in the table, the others in the journal`);
  assert.equal((await bench.deliveries(id, '?state=dead')).length, 0);
  down = false;
  const order: number[] = [];
  broken.behave = event => (order.push(Number(event.position)), 200);
  await eventually(async () => order.length, count => count >= 120, 15_000);
  assert.deepEqual(order.toSorted((a, b) => a - b), positions, 'each once');
  assert.deepEqual(order.slice(20), positions.slice(20), 'in order, but for those whose retries were under way');
  assert.deepEqual(healthy.arrived.length, 120);
  await narrow.stop(1_000);
  relay = bench.relay();
});

test('a replay sends the past again, and the example consumer handles each event once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'airpay-webhook-consumer-'));
  const seen: string[] = [];
  const secrets: string[] = [];
  const handled = new Handled(join(folder, 'handled'));
  const server = createConsumer(secrets, handled, event => void seen.push(event.position));
  await new Promise<void>(settle => server.listen(0, '127.0.0.1', settle));
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
  try {
    const { id, secret } = await bench.endpoint({ url }, { events: ['transfer.posted'] });
    const first = await bench.transfer(accounts);
    await eventually(async () => (await bench.deliveries(id))[0]?.lastStatus, status => status === 401); // it does not know the secret yet
    secrets.push(secret);
    const second = await bench.transfer(accounts);
    await eventually(async () => seen.length, count => count === 2);
    assert.equal((await bench.call('POST', `/v1/webhook-endpoints/${id}/replay`, { fromPosition: String(first) })).status, 202);
    await eventually(async () => (await bench.call('GET', `/v1/webhook-endpoints/${id}`)).json.catchingUpFrom, from => from === null);
    await settled();
    assert.deepEqual((await bench.deliveries(id)).map((one: { position: string; attempts: number; state: string }) => [one.position, one.attempts, one.state]), [[String(second), 1, 'delivered'], [String(first), 1, 'delivered']], 'sent anew, in a round of attempts of its own');
    assert.deepEqual(seen.sort(), [String(first), String(second)].sort(), 'handled once each');
    assert.equal(readFileSync(join(folder, 'handled'), 'utf8').split('\n').length, 3);
    const again = new Handled(join(folder, 'handled'));
    assert.ok(again.has(readFileSync(join(folder, 'handled'), 'utf8').split(' ')[0]!), 'also after a restart');
    again.close();
    const forged = await fetch(url, { method: 'POST', body: '{"id":"ev_1"}', headers: { 'airpay-signature': `t=${Math.floor(Date.now() / 1_000)},v1=${'0'.repeat(64)}` } });
    assert.equal(forged.status, 401);
  } finally {
    server.close();
    server.closeAllConnections();
    handled.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('with two relays each event goes out once, and lag is told while there is none', async () => {
  const consumer = await bench.consumer();
  await bench.endpoint(consumer, { events: ['transfer.posted'] });
  const other = bench.relay();
  await Promise.all(Array.from({ length: 100 }, () => bench.transfer(accounts)));
  await eventually(async () => consumer.positions().length, count => count === 100, 15_000);
  await settled();
  assert.equal(consumer.arrived.length, 100);
  assert.deepEqual([relay.leads, other.leads].filter(Boolean).length, 1);
  await Promise.all([relay.stop(1_000), other.stop(1_000)]);
  await bench.transfer(accounts);
  await bench.transfer(accounts);
  await sleep(30);
  const behind = await bench.store.readings();
  assert.equal(behind.lagPositions, 2);
  assert.ok(behind.lagSeconds > 0.02 && behind.lagSeconds < 30, String(behind.lagSeconds));
  relay = bench.relay();
  await settled();
  assert.equal(consumer.positions().length, 102);
});

test('an answer without an end costs the consumer its connection, and the ledger nothing', async () => {
  let sent = 0;
  const server = createServer((_request, response) => {
    response.writeHead(200);
    const more = setInterval(() => (sent += 1_000, response.write('x'.repeat(1_000))), 5);
    response.on('close', () => clearInterval(more));
  });
  await new Promise<void>(settle => server.listen(0, '127.0.0.1', settle));
  try {
    const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
    assert.deepEqual(await bench.http({ timeoutMs: 5_000 }).post(url, {}, '{}'), { status: 200, error: null });
    await sleep(50);
    assert.ok(sent < 40_000, `${sent} bytes were taken`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

test('webhooks do not reach inside: not by address, not by name, not by a name that changed its mind', async () => {
  const consumer = await startConsumer();
  try {
    const port = new URL(consumer.url).port;
    let addresses = ['93.184.216.34'];
    const http = bench.http({ allowLocal: false, resolve: async () => addresses });
    assert.equal((await http.post(consumer.url, {}, '{}')).error, 'refused: the url is not allowed');
    for (const inside of [['127.0.0.1'], ['93.184.216.34', '10.0.0.1'], ['::1'], ['::ffff:127.0.0.1'], ['169.254.169.254']]) {
      addresses = ['93.184.216.34'];
      assert.equal(await http.whyHostIsRefused(`https://hooks.acme.example:${port}/`), undefined);
      addresses = inside;
      assert.match((await http.whyHostIsRefused(`https://hooks.acme.example:${port}/`))!, /not public/);
      assert.equal((await http.post(`https://hooks.acme.example:${port}/`, {}, '{}')).error, 'refused: the name leads to an address that is not public');
    }
    addresses = [];
    assert.match((await http.whyHostIsRefused('https://hooks.acme.example/'))!, /could not be resolved/);
    assert.equal(consumer.arrived.length, 0);
  } finally {
    await consumer.close();
  }
});
