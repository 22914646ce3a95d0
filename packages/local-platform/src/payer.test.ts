import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { ledgerHttp } from './payer-http.ts';
import { IN_FLIGHT_MAX, paymentLoad } from './payer-load.ts';
import { acknowledgedLog } from './payer-log.ts';
import { accountPlans, nextIntent } from './payer-plan.ts';
import { untilAnswered, type Attempt, type RetryTools } from './payer-retry.ts';
import { startPayer } from './payer-server.ts';
import { verify } from './payer-synthetic.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'payer-'));
after(() => rmSync(folder, { recursive: true }));

function tools(clock = { nowMs: 0 }): RetryTools & { pauses: number[]; statuses: number[] } {
  const pauses: number[] = [];
  const statuses: number[] = [];
  return {
    pauses,
    statuses,
    nowMs: () => clock.nowMs,
    pause: async ms => { pauses.push(ms); clock.nowMs += ms; },
    random: () => 1,
    observe: status => statuses.push(status),
    stopped: () => false,
  };
}
const answers = (list: (Attempt | Error)[]) => async () => {
  const next = list.length > 1 ? list.shift()! : list[0]!;
  if (next instanceof Error) throw next;
  return next;
};

describe('carrying a payment through', () => {
  it('asks again while the outcome is unknown, with a pause of at most half a second', async () => {
    const used = tools();
    const outcome = await untilAnswered(
      answers([{ status: 503, body: {} }, new Error('reset'), { status: 409, body: { code: 'in-flight', retryable: true } }, ...Array(6).fill({ status: 502, body: {} }), { status: 201, body: { id: 'tr_1' } }]),
      used,
    );
    assert.equal(outcome.state, 'acknowledged');
    assert.equal(outcome.attempts, 10);
    assert.deepEqual(used.statuses.slice(0, 4), [503, 0, 409, 502]);
    assert.deepEqual(used.pauses, [50, 100, 200, 400, 500, 500, 500, 500, 500]);
  });

  it('takes a 4xx as final and a 201 without an id as no acknowledgement', async () => {
    const declined = await untilAnswered(answers([{ status: 422, body: { code: 'insufficient-funds' } }]), tools());
    assert.deepEqual(declined, { state: 'declined', status: 422, code: 'insufficient-funds', attempts: 1 });
    assert.equal((await untilAnswered(answers([{ status: 201, body: {} }]), tools())).state, 'declined');
    assert.equal((await untilAnswered(answers([{ status: 200, body: { id: 'tr_1' } }]), tools())).state, 'declined');
  });

  it('gives up after a minute and calls the outcome unknown', async () => {
    const clock = { nowMs: 0 };
    const outcome = await untilAnswered(answers([{ status: 503, body: { code: 'read-only' } }]), tools(clock));
    assert.equal(outcome.state, 'unknown');
    assert.ok(clock.nowMs > 59_000 && clock.nowMs <= 60_000, String(clock.nowMs));
  });
});

describe('the record of acknowledgements', () => {
  const entry = (index: number, atMs: number) => ({ transferId: `tr_${index}`, idempotencyKey: `k${index}`, amountMinor: '100', currency: 'USD', at: new Date(atMs).toISOString(), kind: 'payment' });

  it('rotates, keeps three files, and is read back after a restart without a torn last line', () => {
    const file = path.join(folder, 'rotate.jsonl');
    const now = Date.now();
    const log = acknowledgedLog(file, () => now, { fileMaxBytes: 2_000, memoryMax: 1_000 });
    for (let index = 0; index < 100; index += 1) log.add(entry(index, now - 100 + index));
    log.close();
    assert.ok(existsSync(`${file}.1`) && existsSync(`${file}.2`) && !existsSync(`${file}.3`));
    assert.ok(statSync(file).size <= 2_000);
    const again = acknowledgedLog(file, () => now);
    const kept = again.recent().map(item => item.transferId);
    assert.equal(kept.at(-1), 'tr_99');
    assert.deepEqual(kept, [...kept].sort((a, b) => Number(a.slice(3)) - Number(b.slice(3))));
    again.close();
  });

  it('stays within its memory and says from when on it is complete', () => {
    const now = Date.now();
    const log = acknowledgedLog(path.join(folder, 'bounded.jsonl'), () => now, { fileMaxBytes: 1e9, memoryMax: 50 });
    for (let index = 0; index < 500; index += 1) log.add(entry(index, now - 500 + index));
    assert.ok(log.recent().length <= 55);
    assert.equal(log.recent().at(-1)!.transferId, 'tr_499');
    assert.ok(log.coversSinceMs() <= Date.parse(log.recent()[0]!.at));
    assert.ok(log.coversSinceMs() > now - 500);
    log.close();
  });
});

describe('choosing payments', () => {
  it('never spends what an account does not hold, except the deliberate declines', () => {
    const balances = new Map(accountPlans().map(account => [account.id, account.id.startsWith('customer') ? 500_000n : 0n]));
    const kinds = new Map<string, number>();
    for (let index = 0; index < 20_000; index += 1) {
      const intent = nextIntent(balances, Math.random);
      kinds.set(intent.kind, (kinds.get(intent.kind) ?? 0) + 1);
      assert.ok(intent.amountMinor > 0n);
      if (intent.kind === 'decline') {
        assert.ok(intent.amountMinor > balances.get(intent.debitAccountId)!);
        continue;
      }
      for (const [id, sign] of [[intent.debitAccountId, -1n], [intent.creditAccountId, 1n]] as const) {
        const before = balances.get(id);
        if (before === undefined) continue;
        balances.set(id, before + sign * intent.amountMinor);
        assert.ok(balances.get(id)! >= 0n, `${intent.kind} overdraws ${id}`);
      }
      if (intent.kind === 'payment') assert.ok(intent.amountMinor >= 100n && intent.amountMinor <= 25_000n);
    }
    assert.ok(kinds.get('decline')! > 40 && kinds.get('decline')! < 200, JSON.stringify([...kinds]));
    for (const kind of ['payment', 'refund', 'top-up']) assert.ok(kinds.get(kind)! > 100, kind);
  });

  it('has account ids the ledger accepts, each once', () => {
    const ids = accountPlans().map(account => account.id);
    assert.equal(new Set(ids).size, 39);
    for (const id of ids) assert.match(id, /^[a-z0-9][a-z0-9:_-]{0,62}$/);
  });

  it('starts nothing more when too many payments wait', async () => {
    let skipped = 0;
    let release = () => {};
    const hang = new Promise<void>(resolve => (release = resolve));
    const load = paymentLoad(new Map(), {
      transfer: async () => { await hang; return { state: 'unknown', reason: '', attempts: 1 }; },
      random: Math.random, skipped: () => (skipped += 1), inFlight: () => {},
    });
    for (let index = 0; index < IN_FLIGHT_MAX + 5; index += 1) load.startNext();
    assert.equal(skipped, 5);
    release();
    await load.settled();
    assert.equal(load.startNext(), true);
  });
});

describe('the synthetic payment', () => {
  const answer = { amountMinor: '100', debitVersion: 8, creditVersion: 4 };
  const good: Parameters<typeof verify> = [
    answer,
    [{ postedMinor: 5_000n, version: 7n }, { postedMinor: 4_900n, version: 8n }],
    [{ postedMinor: 0n, version: 3n }, { postedMinor: 100n, version: 4n }],
  ];
  it('accepts only balances, versions and an answer that all agree', () => {
    assert.deepEqual(verify(...good), { ok: true });
    assert.equal(verify(good[0], good[1], [good[2][0], good[2][0]]).ok, false, 'confirmed but not booked');
    assert.equal(verify(good[0], [good[1][0], { postedMinor: 4_800n, version: 8n }], good[2]).ok, false, 'booked twice');
    assert.equal(verify(good[0], [good[1][0], { postedMinor: 4_900n, version: 9n }], good[2]).ok, false);
    assert.equal(verify({ ...answer, amountMinor: '1' }, good[1], good[2]).ok, false);
  });
});

/** A ledger in memory that now and then books a payment and loses the answer. */
function faultyLedger(keys = ['key']) {
  const accounts = new Map<string, { posted: bigint; version: number }>();
  const stored = new Map<string, { status: number; body: object }>();
  const sent = new Map<string, { bodies: Set<string>; times: number }>();
  let requests = 0;
  let next = 1;
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', chunk => (text += chunk));
    request.on('end', () => {
      requests += 1;
      const reply = (status: number, body: object) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      const body = text === '' ? {} : JSON.parse(text);
      if (!keys.some(key => request.headers.authorization === `Bearer ${key}`)) return reply(401, { code: 'unauthorized' });
      if (request.url === '/v1/accounts') {
        const account = accounts.get(body.id) ?? { posted: 0n, version: 0 };
        accounts.set(body.id, account);
        return reply(201, { ...body, postedMinor: String(account.posted), version: account.version });
      }
      if (request.method === 'GET') {
        const account = accounts.get(decodeURIComponent(request.url!.split(/[/?]/)[3]!))!;
        return reply(200, { postedMinor: String(account.posted), version: account.version });
      }
      const key = String(request.headers['idempotency-key']);
      const history = sent.get(key) ?? { bodies: new Set(), times: 0 };
      history.bodies.add(text);
      history.times += 1;
      sent.set(key, history);
      if (requests % 5 === 0) return reply(503, { code: 'unavailable' });
      const debit = accounts.get(body.debitAccountId);
      const credit = accounts.get(body.creditAccountId);
      if (!stored.has(key)) {
        const amount = BigInt(body.amountMinor);
        if (debit !== undefined && debit.posted < amount) {
          stored.set(key, { status: 422, body: { code: 'insufficient-funds' } });
        } else {
          if (debit !== undefined) { debit.posted -= amount; debit.version += 1; }
          if (credit !== undefined) { credit.posted += amount; credit.version += 1; }
          stored.set(key, { status: 201, body: { ...body, id: `tr_${next++}`, debitVersion: debit?.version ?? 0, creditVersion: credit?.version ?? 0 } });
        }
        // Booked, but the answer is lost: the payer cannot know.
        if (requests % 7 === 0) return void request.socket.destroy();
      }
      const { status, body: answer } = stored.get(key)!;
      reply(status, answer);
    });
  });
  return { server, stored, sent, accounts };
}

describe('the payer against a ledger that fails', () => {
  it('repeats with the same key and body, and records exactly what the ledger booked', async () => {
    const ledger = faultyLedger();
    const port = await new Promise<number>(resolve => ledger.server.listen(0, '127.0.0.1', () => resolve((ledger.server.address() as AddressInfo).port)));
    const logFile = path.join(folder, 'acknowledged.jsonl');
    const payer = await startPayer({ port: 0, front: port, apiKey: 'key', hostName: 'ledger.pay.airpay.example', logFile, paymentsPerSecond: 150, syntheticEveryMs: 300 }, () => {});
    const base = `http://127.0.0.1:${payer.port}`;
    const deadlineMs = Date.now() + 20_000;
    const enough = async () => {
      const text = await (await fetch(`${base}/metrics`)).text();
      return ((await (await fetch(`${base}/v1/gap`)).json()) as any).acknowledgedCount > 250 && /synthetic_payments_total\{result="ok"\} [1-9]/.test(text);
    };
    while (Date.now() < deadlineMs && !(await enough())) await wait(200);
    const listed = await (await fetch(`${base}/v1/acknowledged?limit=10000`)).json() as any;
    const cut = await (await fetch(`${base}/v1/acknowledged?limit=5`)).json() as any;
    const gap = await (await fetch(`${base}/v1/gap`)).json() as any;
    const metrics = await (await fetch(`${base}/metrics`)).text();
    const bad = await Promise.all(['acknowledged?from=yesterday', 'acknowledged?limit=0', 'gap?from=2999-01-01T00:00:00Z'].map(query => fetch(`${base}/v1/${query}`)));
    assert.deepEqual(bad.map(response => response.status), [400, 400, 400]);
    await payer.stop();
    ledger.server.closeAllConnections();
    ledger.server.close();
    const repeated = [...ledger.sent.values()].filter(history => history.times > 1);
    assert.ok(repeated.length > 10, `only ${repeated.length} were repeated`);
    assert.ok([...ledger.sent.values()].every(history => history.bodies.size === 1), 'a key was used for two payments');
    const onDisk = readFileSync(logFile, 'utf8').trim().split('\n').map(line => JSON.parse(line));
    assert.ok(onDisk.length > 150, String(onDisk.length));
    for (const entry of onDisk) {
      const booked = ledger.stored.get(entry.idempotencyKey)!;
      assert.equal(booked.status, 201);
      assert.equal((booked.body as any).id, entry.transferId);
      assert.equal((booked.body as any).amountMinor, entry.amountMinor);
    }
    assert.equal(new Set(onDisk.map(entry => entry.transferId)).size, onDisk.length);
    assert.ok(listed.acknowledged.length > 100 && listed.truncated === false);
    assert.ok(cut.acknowledged.length === 5 && cut.truncated === true, 'a cut list must say so');
    assert.ok(gap.acknowledgedCount >= listed.acknowledged.length);
    assert.match(metrics, /synthetic_payments_total\{result="ok"\} [1-9]/);
    assert.match(metrics, /payer_requests_total\{kind="load",code="503"\} [1-9]/);
    assert.match(metrics, /payer_requests_total\{kind="load",code="0"\} [1-9]/);
  });

  it('alone, opens its own two accounts and no other, and takes up a changed key while it runs', async () => {
    const ledger = faultyLedger(['first', 'second']);
    const keys = new Set<string>();
    ledger.server.prependListener('request', request => keys.add(String(request.headers.authorization)));
    const port = await new Promise<number>(resolve => ledger.server.listen(0, '127.0.0.1', () => resolve((ledger.server.address() as AddressInfo).port)));
    let key = 'first';
    const logFile = path.join(folder, 'alone.jsonl');
    const payer = await startPayer({ port: 0, front: new URL(`http://localhost:${port}`), apiKey: () => key, hostName: 'ledger.pay.airpay.example', logFile, paymentsPerSecond: 0, syntheticEveryMs: 100 }, () => {});
    const metrics = async () => (await fetch(`http://127.0.0.1:${payer.port}/metrics`)).text();
    const deadlineMs = Date.now() + 20_000;
    while (Date.now() < deadlineMs && !/result="ok"\} [1-9]/.test(await metrics())) await wait(50);
    key = 'second';
    while (Date.now() < deadlineMs && !keys.has('Bearer second')) await wait(50);
    await payer.stop();
    ledger.server.closeAllConnections();
    ledger.server.close();
    assert.deepEqual([...ledger.accounts.keys()].sort(), ['customer:synthetic-payer', 'merchant:synthetic-shop']);
    assert.deepEqual([...keys], ['Bearer first', 'Bearer second']);
  });

  it('does not wait for ever on a server that never answers', async () => {
    const server = createServer(() => {});
    const port = await new Promise<number>(resolve => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
    const client = ledgerHttp(port, 'key', 'host');
    await assert.rejects(client.call('GET', '/v1/accounts/x'), /no answer within 3000 ms/);
    client.close();
    server.closeAllConnections();
    server.close();
  });
});
