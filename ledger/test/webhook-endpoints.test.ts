/** Webhook endpoints and the journal feed as callers meet them, and what the database lets the service do. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { WebhookMetrics } from '../src/adapters/webhook-metrics.ts';
import { WebhookStore } from '../src/adapters/webhooks.ts';
import { Sealer } from '../src/domain/sealed.ts';
import { verify } from '../src/domain/webhook-signature.ts';
import { Webhooks } from '../src/usecases/webhooks.ts';
import { eventually } from './support/process.ts';
import { sealingKey, WebhookBench } from './support/webhooks.ts';

const bench = new WebhookBench();
let accounts: [string, string];
before(async () => {
  await bench.start();
  accounts = await bench.accounts();
});
afterEach(() => bench.removeEndpoints());
after(() => bench.stop());

const path = '/v1/webhook-endpoints';
const url = 'http://127.0.0.1:9/hook';
const body = { url, events: ['hold.voided', 'transfer.posted'] };

test('the secret is told once, the same request again gets the same bytes, another one under its key is refused', async () => {
  const key = randomUUID();
  const first = await bench.call('POST', path, body, { key });
  assert.equal(first.status, 201, first.text);
  assert.match(first.json.secret, /^whsec_[\w-]{43}$/);
  assert.deepEqual({ ...first.json, id: '', secret: '', createdAt: '' }, { id: '', url, events: ['transfer.posted', 'hold.voided'], maxInFlight: 4, secret: '', createdAt: '' });
  assert.equal(first.headers['cache-control'], 'no-store');
  const again = await bench.call('POST', path, body, { key });
  assert.deepEqual([again.status, again.text, again.headers['idempotent-replayed']], [201, first.text, 'true']);
  const other = await bench.call('POST', path, { ...body, maxInFlight: 1 }, { key });
  assert.deepEqual([other.status, other.json.code], [422, 'idempotency-key-reused']);
  assert.equal((await bench.call('POST', path, body, { key, tenant: 'acme' })).status, 201, 'keys belong to a tenant');
  assert.deepEqual((await bench.call('GET', path)).json.endpoints.map((one: object) => Object.keys(one).join()), ['id,url,events,maxInFlight,catchingUpFrom,failingSince,previousSecretUntil,createdAt']);
});

test('fifty equal requests at once make one endpoint', async () => {
  const key = randomUUID();
  const replies = await Promise.all(Array.from({ length: 50 }, () => bench.call('POST', path, body, { key })));
  assert.deepEqual(new Set(replies.map(reply => `${reply.status} ${reply.text}`)).size, 1);
  assert.equal(replies.filter(reply => reply.headers['idempotent-replayed'] === undefined).length, 1);
  assert.equal((await bench.call('GET', path)).json.endpoints.length, 1);
});

test('every change needs a key, and is replayed', async () => {
  const { id } = await bench.endpoint({ url });
  const changes = [
    ['POST', path, body], ['POST', `${path}/${id}/rotate-secret`, { graceSeconds: 60 }], ['POST', `${path}/${id}/replay`, { fromPosition: '1' }], ['DELETE', `${path}/${id}`, undefined],
  ] as const;
  for (const [method, to, sent] of changes) {
    assert.equal((await bench.call(method, to, sent, { key: null })).json.code, 'idempotency-key-missing', to);
    assert.equal((await bench.call(method, to, sent, { key: 'a b' })).json.code, 'idempotency-key-invalid', to);
    const key = randomUUID();
    const first = await bench.call(method, to, sent, { key });
    assert.ok(first.status < 300, first.text);
    const again = await bench.call(method, to, sent, { key });
    assert.deepEqual([again.status, again.text, again.headers['idempotent-replayed']], [first.status, first.text, 'true'], to);
  }
  assert.equal((await bench.call('GET', `${path}/${id}`)).json.code, 'unknown-endpoint', 'it is gone');
  assert.equal((await bench.call('POST', `${path}/${id}/replay`, { fromPosition: '1' })).json.code, 'unknown-endpoint');
});

test('a tenant sees and changes its own endpoints only, and has at most twenty', async () => {
  const { id } = await bench.endpoint({ url }, {}, 'acme');
  assert.deepEqual((await bench.call('GET', path)).json.endpoints, []);
  for (const [method, to, sent] of [
    ['GET', `${path}/${id}`], ['GET', `${path}/${id}/deliveries`], ['DELETE', `${path}/${id}`], ['POST', `${path}/${id}/rotate-secret`, {}], ['POST', `${path}/${id}/replay`, { fromPosition: '1' }],
  ] as const) {
    const reply = await bench.call(method, to, sent);
    assert.deepEqual([reply.status, reply.json.code], [404, 'unknown-endpoint'], to);
  }
  assert.equal((await bench.call('POST', `${path}/${id}/deliveries/1/retry`)).json.code, 'unknown-delivery');
  const replies = await Promise.all(Array.from({ length: 25 }, () => bench.call('POST', path, body)));
  assert.deepEqual([201, 422].map(status => replies.filter(reply => reply.status === status).length), [20, 5]);
  assert.equal(replies.find(reply => reply.status === 422)!.json.code, 'endpoint-limit');
});

test('what does not fit is refused, and so are urls that lead inside', async () => {
  const wrong: object[] = [
    {}, { url }, { events: ['*'] }, { url, events: [] }, { url, events: ['transfer.undone'] }, { url, events: ['*'], maxInFlight: 0 }, { url, events: ['*'], maxInFlight: 5 }, { url, events: ['*'], maxInFlight: '1' },
    { url, events: ['*'], fromPosition: 1 }, { url, events: ['*'], fromPosition: '0' }, { url, events: ['*'], fromPosition: '999999999' }, { url, events: ['*'], secret: 'mine' }, { url: 5, events: ['*'] },
  ];
  for (const sent of wrong) assert.deepEqual([(await bench.call('POST', path, sent)).json.code], ['invalid-request'], JSON.stringify(sent));
  assert.equal((await bench.call('POST', path, { url: 'http://127.0.0.1/?card=4111111111111111', events: ['*'] })).json.code, 'card-data-refused');
  for (const query of ['state=lost', 'limit=0', 'limit=1001', 'cursor=x', 'x=1']) assert.equal((await bench.call('GET', `${path}/we_${'0'.repeat(32)}/deliveries?${query}`)).json.code, 'invalid-request', query);
  assert.equal((await bench.call('GET', `${path}/we_1`)).json.code, 'invalid-request');
  assert.equal((await bench.call('GET', '/v1/journal?after=-1')).json.code, 'invalid-request');

  let addresses = ['93.184.216.34'];
  const strict = await bench.routes(new Webhooks(bench.store, bench.http({ allowLocal: false, resolve: async () => addresses }), new Sealer([sealingKey]), { allowLocal: false, endpointsMax: 20 }));
  for (const inside of ['http://hooks.acme.example/', 'https://127.0.0.1/', 'https://localhost/', 'https://[::1]/', 'https://169.254.169.254/']) {
    assert.equal((await bench.call('POST', path, { url: inside, events: ['*'] }, { app: strict })).json.code, 'url-refused', inside);
  }
  const named = { url: 'https://hooks.acme.example/', events: ['*'] };
  const key = randomUUID();
  assert.equal((await bench.call('POST', path, named, { app: strict, key })).status, 201);
  addresses = ['10.0.0.7'];
  assert.equal((await bench.call('POST', path, named, { app: strict })).json.code, 'url-refused');
  assert.equal((await bench.call('POST', path, named, { app: strict, key })).headers['idempotent-replayed'], 'true', 'the answer to a key does not change with a name');
  await strict.close();

  const off = await bench.routes(new Webhooks(bench.store, bench.http(), undefined, { allowLocal: true, endpointsMax: 20 }));
  assert.equal((await bench.call('POST', path, body, { app: off })).json.code, 'webhooks-off');
  assert.equal((await bench.call('GET', '/v1/journal', undefined, { app: off })).status, 200);
  await off.close();
});

test('while a secret is replaced both sign, afterwards the new one alone', async () => {
  const consumer = await bench.consumer();
  const relay = bench.relay();
  const { id, secret: old } = await bench.endpoint(consumer);
  const key = randomUUID();
  const { json } = await bench.call('POST', `${path}/${id}/rotate-secret`, { graceSeconds: 1 }, { key });
  assert.notEqual(json.secret, old);
  const verdicts = async () => {
    const position = await bench.transfer(accounts);
    const { headers, body: sent } = await eventually(async () => consumer.arrived.find(one => one.event.position === String(position)), one => one !== undefined) as typeof consumer.arrived[0];
    return [old, json.secret].map(secret => verify(String(headers['airpay-signature']), sent, [secret], Date.now() / 1_000));
  };
  assert.deepEqual(await verdicts(), ['valid', 'valid']);
  assert.equal((await bench.call('GET', `${path}/${id}`)).json.previousSecretUntil, json.previousUntil);
  await sleep(1_000);
  assert.deepEqual(await verdicts(), ['wrong', 'valid']);
  assert.equal((await bench.call('GET', `${path}/${id}`)).json.previousSecretUntil, null);

  // With another sealing key the ledger can neither sign nor tell: it says so, and the delivery waits for the right key.
  await relay.stop(1_000);
  const stranger = bench.relay({}, bench.http(), new Sealer([randomBytes(32)]));
  const position = await bench.transfer(accounts);
  const [lost] = await eventually(() => bench.deliveries(id), list => list[0]?.position === String(position) && list[0].attempts > 0);
  assert.match(lost.lastError, /secret could not be opened/);
  await stranger.stop(1_000);
});

test('secrets are nowhere in the clear: not in tables, not in logs', async () => {
  const key = randomUUID();
  const { secret, id } = (await bench.call('POST', path, body, { key })).json;
  const second = (await bench.call('POST', `${path}/${id}/rotate-secret`)).json.secret;
  const rows = await bench.as('postgres', 'SELECT to_jsonb(e)::text AS t FROM ledger.webhook_endpoints e UNION ALL SELECT to_jsonb(r)::text FROM ledger.webhook_requests r');
  assert.ok(rows.length >= 3);
  for (const text of [...rows.map(row => String(row['t'])), ...bench.logs.map(line => JSON.stringify(line))]) for (const one of [secret, second]) assert.ok(!text.includes(one.slice(6)), text);
});

test('a removed endpoint is sent nothing more, and what waited for it is given up', async () => {
  const consumer = await bench.consumer(() => 500);
  const relay = bench.relay({ delaysMs: [0, 60_000] });
  const { id } = await bench.endpoint(consumer);
  await bench.transfer(accounts);
  await eventually(async () => consumer.arrived.length, count => count === 1);
  await bench.call('DELETE', `${path}/${id}`);
  await bench.transfer(accounts);
  await eventually(() => bench.store.readings(), now => now.lagPositions === 0);
  const rows = await bench.as('ledger_readonly', 'SELECT state, last_error FROM ledger.webhook_deliveries WHERE endpoint = $1', [id]);
  assert.deepEqual(rows, [{ state: 'dead', last_error: 'the endpoint was removed' }]);
  assert.equal((await bench.store.readings()).dead, 0, 'nobody is to look after these');
  assert.equal(consumer.arrived.length, 1);
  await relay.stop(1_000);
});

test('the service reads its tenant only, no secrets, and writes through functions alone', async () => {
  await bench.endpoint({ url }, {}, 'acme');
  const tables = ['webhook_endpoints', 'webhook_deliveries', 'webhook_requests', 'webhook_relay'];
  for (const table of tables) {
    for (const attempt of [`UPDATE ledger.${table} SET tenant = 'x'`.replace("tenant = 'x'", table === 'webhook_relay' ? 'cursor = 0' : "tenant = 'x'"), `DELETE FROM ledger.${table}`, `TRUNCATE ledger.${table}`, `INSERT INTO ledger.${table} DEFAULT VALUES`]) {
      await assert.rejects(bench.as('ledger_app', attempt), /permission denied/, attempt);
    }
  }
  for (const secret of ['SELECT secret FROM ledger.webhook_endpoints', 'SELECT previous_secret FROM ledger.webhook_endpoints', 'SELECT answer FROM ledger.webhook_requests']) {
    for (const role of ['ledger_app', 'ledger_readonly', 'airpay_recovery']) await assert.rejects(bench.as(role, secret), /permission denied/, `${role}: ${secret}`);
  }
  const count = (tenant: string) => bench.database.queryAs(tenant, { text: 'SELECT count(*)::int AS n FROM ledger.webhook_endpoints WHERE disabled_at IS NULL' });
  assert.deepEqual([await count('acme'), await count('default'), await count('')], [[{ n: 1 }], [{ n: 0 }], [{ n: 0 }]]);
  for (const inner of ["SELECT ledger.webhook_begin('acme', 'k')", "SELECT ledger.webhook_holds('x', 1)"]) await assert.rejects(bench.as('ledger_app', inner), /permission denied/, inner);
  await assert.rejects(bench.as('ledger_readonly', "SELECT * FROM ledger.webhook_due('{}', 1)"), /permission denied/);
});

test('the journal is read in pages, to the end, by position, each tenant its own', async () => {
  const [a, b] = [await bench.accounts('paging'), await bench.accounts('other')];
  const mine: number[] = [];
  for (let index = 0; index < 12; index++) {
    mine.push(await bench.transfer(a, 1, 'paging'));
    await bench.transfer(b, 1, 'other');
  }
  // Six positions at a time, so that some pages are short, as for a small tenant in a long journal.
  const narrow = await bench.routes(new Webhooks(new WebhookStore(bench.database, 6), bench.http(), undefined, { allowLocal: true, endpointsMax: 1 }));
  const seen: number[] = [];
  let after = String(mine[0]! - 1);
  for (let pages = 0; pages < 100; pages++) {
    const { json } = await bench.call('GET', `/v1/journal?after=${after}&limit=2`, undefined, { tenant: 'paging', app: narrow });
    assert.ok(json.events.length <= 2 && json.events.every((event: { tenant: string }) => event.tenant === 'paging'));
    seen.push(...json.events.map((event: { position: string }) => Number(event.position)));
    if (json.nextAfter === after) break;
    after = json.nextAfter;
  }
  assert.deepEqual(seen, mine);
  const { json: end } = await bench.call('GET', `/v1/journal?after=999999999999999999`, undefined, { app: narrow });
  assert.deepEqual([end.events, end.nextAfter], [[], '999999999999999999']);
  await narrow.close();
  // Asked for again, an account that exists is answered, but nothing was opened.
  const command = { kind: 'account', id: a[0], owner: 'test', currency: 'USD', type: 'liability', minAvailableMinor: null, maxAvailableMinor: null, metadata: {} } as const;
  assert.equal((await bench.write(command, 'paging')).status, 200);
  const events = (await bench.call('GET', '/v1/journal?limit=1000', undefined, { tenant: 'paging' })).json.events as { type: string }[];
  assert.equal(events.filter(event => event.type === 'account.opened').length, 2);
});

test('deliveries come in pages, newest first; old ones are forgotten, dead ones later', async () => {
  const consumer = await bench.consumer(event => (Number(event.data.amountMinor) > 3 ? 500 : 200));
  let relay = bench.relay({ delaysMs: [0, 20] });
  const { id } = await bench.endpoint(consumer, { events: ['transfer.posted'] });
  const positions: string[] = [];
  for (const amount of [1, 2, 3, 4, 5]) positions.push(String(await bench.transfer(accounts, amount)));
  await eventually(() => bench.deliveries(id, '?state=dead'), list => list.length === 2);
  await eventually(() => bench.deliveries(id, '?state=delivered'), list => list.length === 3);
  const page = (await bench.call('GET', `${path}/${id}/deliveries?limit=3`)).json;
  const rest = (await bench.call('GET', `${path}/${id}/deliveries?limit=3&cursor=${page.nextCursor}`)).json;
  assert.deepEqual([...page.deliveries, ...rest.deliveries].map(one => one.position), positions.toReversed());
  assert.equal(rest.nextCursor, null);
  await relay.stop(1_000);
  relay = bench.relay({ keepDeliveredMs: 0 });
  await eventually(() => bench.deliveries(id), list => list.length === 2);
  assert.deepEqual((await bench.deliveries(id)).map((one: { state: string }) => one.state), ['dead', 'dead']);
  await relay.stop(1_000);
  relay = bench.relay({ keepDeliveredMs: 0, keepDeadMs: 0 });
  await eventually(() => bench.deliveries(id), list => list.length === 0);
  await relay.stop(1_000);
});

test('metrics tell lag and letters, and are silent when they cannot know', async () => {
  const registry = new Registry();
  let known = true;
  const metrics = new WebhookMetrics(registry, async () => (known ? { lagPositions: 3, lagSeconds: 1.5, pending: 2, dead: 1 } : Promise.reject(new Error('no database'))));
  metrics.count('delivered');
  const text = await registry.metrics();
  for (const line of ['ledger_outbox_lag_positions 3', 'ledger_outbox_lag_seconds 1.5', 'ledger_webhook_pending 2', 'ledger_webhook_dead 1', 'ledger_webhook_deliveries_total{result="delivered"} 1', 'ledger_webhook_deliveries_total{result="dead"} 0']) assert.ok(text.split('\n').includes(line), `${line} is not in\n${text}`);
  known = false;
  await sleep(2_050);
  const later = await registry.metrics();
  assert.doesNotMatch(later, /^ledger_outbox_lag_seconds/m);
  assert.match(later, /^ledger_webhook_deliveries_total/m);
});
