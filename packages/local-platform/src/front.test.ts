import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startFront } from './front-server.ts';

const TOKEN = 'dns-token';
const ZONE = '/dns/v1/projects/airpay-payments-local/managedZones/pay-airpay-example';
const NAME = 'ledger.pay.airpay.example.';
const record = (to: string, ttl = 30) => ({ name: NAME, type: 'CNAME', ttl, rrdatas: [`ledger.${to}.pay.airpay.example.`] });

const region = (id: string, ledgerPorts: number[]) => ({ id, trafficTarget: `ledger.${id}.pay.airpay.example.`, ledgerPorts });

/** A ledger process reduced to what the front sees of it. */
function backend(region: string) {
  const seen: string[] = [];
  let ready = true;
  const server: Server = createServer((request, response) => {
    if (request.url === '/readyz') return void response.writeHead(ready ? 200 : 503).end();
    let body = '';
    request.on('data', chunk => (body += chunk));
    request.on('end', () => {
      const key = String(request.headers['idempotency-key']);
      seen.push(key);
      response.writeHead(ready ? 201 : 503, { 'airpay-region': region, 'content-type': 'application/json' });
      response.end(JSON.stringify({ id: key, echoed: body, forwardedFor: request.headers['x-forwarded-for'] }));
    });
  });
  return {
    seen,
    server,
    setReady: (value: boolean) => (ready = value),
    listen: () => new Promise<number>(resolve => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))),
    close: () => { server.closeAllConnections(); server.close(); },
  };
}

describe('traffic front', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'front-'));
  const [a1, a2, b1] = [backend('region-a'), backend('region-a'), backend('region-b')];
  let front: Awaited<ReturnType<typeof startFront>>;
  let dns: string;
  let pub: string;

  before(async () => {
    const regions = [region('region-a', [await a1.listen(), await a2.listen()]), region('region-b', [await b1.listen()])];
    front = await startFront(
      { publicPort: 0, dnsPort: 0, regions, stateFile: path.join(folder, 'dns.json'), dnsToken: TOKEN, controlToken: 'control' },
      () => {},
    );
    dns = `http://127.0.0.1:${front.dnsPort}`;
    pub = `http://127.0.0.1:${front.publicPort}`;
  });
  after(async () => {
    for (const item of [a1, a2, b1]) item.close();
    await front.stop();
    rmSync(folder, { recursive: true });
  });

  const call = async (method: string, route: string, body?: unknown, token = TOKEN) => {
    const response = await fetch(dns + route, {
      method,
      headers: { authorization: `Bearer ${token}` },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() as any };
  };
  const pay = (key: string) =>
    fetch(`${pub}/v1/transfers`, { method: 'POST', headers: { 'idempotency-key': key }, body: `body ${key}` });
  const point = async (to: string) => {
    const { body } = await call('GET', `${ZONE}/rrsets/${NAME}/CNAME`);
    if (body.rrdatas[0] === record(to).rrdatas[0]) return;
    const { name, type, ttl, rrdatas } = body;
    const done = await call('POST', `${ZONE}/changes`, { additions: [record(to)], deletions: [{ name, type, ttl, rrdatas }] });
    assert.equal(done.status, 200, JSON.stringify(done.body));
  };
  beforeEach(async () => {
    for (const item of [a1, a2, b1]) item.setReady(true);
    await point('region-a');
    await front.checkNow();
  });

  it('answers every request under load while traffic is switched, none lost silently', async () => {
    const before = a1.seen.length + a2.seen.length + b1.seen.length;
    const answers: { status: number; region: string | null; id: string; body: string }[] = [];
    let switched = 0;
    const loop = async (worker: number) => {
      for (let index = 0; index < 100; index += 1) {
        const key = `load-${worker}-${index}`;
        const response = await pay(key);
        const body = await response.json() as any;
        answers.push({ status: response.status, region: response.headers.get('airpay-region'), id: body.id, body: body.echoed });
        assert.equal(body.id, key);
        assert.equal(body.echoed, `body ${key}`);
      }
    };
    const switcher = async () => {
      for (const to of ['region-b', 'region-a', 'region-b', 'region-a', 'region-b']) {
        await wait(40);
        await point(to);
        switched += 1;
      }
    };
    await Promise.all([...[0, 1, 2, 3].map(loop), switcher()]);
    assert.equal(answers.length, 400);
    assert.deepEqual([...new Set(answers.map(answer => answer.status))], [201]);
    assert.deepEqual([...new Set(answers.map(answer => answer.region))].sort(), ['region-a', 'region-b']);
    assert.equal(switched, 5);
    // Each reached exactly one process exactly once: nothing was retried on the payers' behalf.
    const keys = [...a1.seen, ...a2.seen, ...b1.seen].filter(key => key.startsWith('load-'));
    assert.equal(keys.length, 400);
    assert.equal(new Set(keys).size, 400);
    assert.equal(a1.seen.length + a2.seen.length + b1.seen.length - before, 400);
  });

  it('spreads over ready processes and passes by one that is not ready', async () => {
    a1.setReady(false);
    await front.checkNow();
    const before = a1.seen.length;
    for (let index = 0; index < 6; index += 1) assert.equal((await pay(`ready-${index}`)).status, 201);
    assert.equal(a1.seen.length, before);
    a1.setReady(true);
    await front.checkNow();
    for (let index = 0; index < 6; index += 1) await pay(`both-${index}`);
    assert.equal(a1.seen.filter(key => key.startsWith('both-')).length, 3);
  });

  it("fails open: with none ready callers see the ledger's own 503", async () => {
    for (const item of [a1, a2]) item.setReady(false);
    await front.checkNow();
    const response = await pay('not-ready');
    assert.equal(response.status, 503);
    assert.equal(response.headers.get('airpay-region'), 'region-a');
  });

  it('answers 503 with Retry-After when none is alive, and counts it against the ledger', async () => {
    const dead = await startFront(
      { publicPort: 0, dnsPort: 0, regions: [region('region-a', [1])], stateFile: path.join(folder, 'dead.json'), dnsToken: TOKEN, controlToken: 'c' },
      () => {},
    );
    try {
      const response = await fetch(`http://127.0.0.1:${dead.publicPort}/v1/transfers/tr_1`);
      assert.equal(response.status, 503);
      assert.equal(response.headers.get('retry-after'), '1');
      assert.equal((await response.json() as any).code, 'no-backend');
      const metrics = await (await fetch(`http://127.0.0.1:${dead.dnsPort}/metrics`)).text();
      assert.match(metrics, /http_requests_total\{service="ledger",region="region-a",instance="front",method="GET",route="\/v1\/transfers",code="503"\} 1/);
      assert.match(metrics, /front_active_region\{region="region-a"\} 1/);
    } finally {
      await dead.stop();
    }
  });

  it('counts a caller that gave up waiting as failed, and one that just left not at all', async () => {
    const hanging = createServer((request, response) => void (request.url === '/readyz' ? response.end() : undefined));
    const port = await new Promise<number>(resolve => hanging.listen(0, '127.0.0.1', () => resolve((hanging.address() as AddressInfo).port)));
    const slow = await startFront(
      { publicPort: 0, dnsPort: 0, regions: [region('region-a', [port])], stateFile: path.join(folder, 'slow.json'), dnsToken: TOKEN, controlToken: 'c' },
      () => {},
    );
    try {
      const leave = (afterMs: number) => assert.rejects(fetch(`http://127.0.0.1:${slow.publicPort}/v1/transfers`, { method: 'POST', signal: AbortSignal.timeout(afterMs) }));
      await Promise.all([leave(200), leave(1_300)]);
      await wait(100);
      const metrics = await (await fetch(`http://127.0.0.1:${slow.dnsPort}/metrics`)).text();
      assert.match(metrics, /front_requests_total\{region="region-a",code="499"\} 2/);
      const own = metrics.split('\n').filter(line => line.startsWith('http_requests_total{'));
      assert.equal(own.length, 1, own.join());
      assert.match(own[0]!, /code="504"\} 1$/);
    } finally {
      await slow.stop();
      hanging.closeAllConnections();
      hanging.close();
    }
  });

  it('keeps metrics and unknown paths inside', async () => {
    assert.equal((await fetch(`${pub}/metrics`)).status, 404);
    assert.equal((await fetch(`${pub}/v1x`)).status, 404);
  });

  it('refuses a body beyond the ledger\'s limit itself, with an answer the caller can read', async () => {
    const answer = await fetch(`${pub}/v1/transfers`, { method: 'POST', body: 'x'.repeat(1024 * 1024) });
    assert.equal(answer.status, 413);
    assert.equal(((await answer.json()) as any).code, 'body-too-large');
  });

  it('lets a batch of a thousand transfers through, and no more than that', async () => {
    const send = async (bytes: number) => (await fetch(`${pub}/v1/transfers/batch`, { method: 'POST', headers: { 'idempotency-key': 'batch' }, body: 'x'.repeat(bytes) })).status;
    assert.notEqual(await send(1024 * 1024), 413);
    assert.equal(await send(1024 * 1024 + 1), 413);
  });

  it('injects a fault only with the token, for a limited time, and counts it', async () => {
    const refused = await call('POST', '/admin/faults', { errorRatio: 1, forSeconds: 5 }, TOKEN);
    assert.equal(refused.status, 401);
    assert.equal((await call('POST', '/admin/faults', { errorRatio: 2, forSeconds: 5 }, 'control')).status, 400);
    assert.equal((await call('POST', '/admin/faults', { errorRatio: 1, forSeconds: 601 }, 'control')).status, 400);
    assert.equal((await call('POST', '/admin/faults', { errorRatio: 1, forSeconds: 1 }, 'control')).status, 200);
    const during = await pay('fault-1');
    assert.equal(during.status, 503);
    assert.equal((await during.json() as any).code, 'injected-fault');
    assert.ok(!a1.seen.includes('fault-1') && !a2.seen.includes('fault-1'));
    await wait(1_050);
    assert.equal((await pay('fault-2')).status, 201);
    assert.match(await (await fetch(`${dns}/metrics`)).text(), /front_injected_faults_total 1/);
  });

  it('speaks Cloud DNS: zones, record sets, changes that become done', async () => {
    assert.equal((await call('GET', ZONE)).body.dnsName, 'pay.airpay.example.');
    const listed = await call('GET', `${ZONE}/rrsets?name=${NAME}&type=CNAME`);
    assert.deepEqual(listed.body.rrsets[0].rrdatas, record('region-a').rrdatas);
    const made = await call('POST', `${ZONE}/changes`, { additions: [record('region-b')], deletions: [record('region-a')] });
    assert.equal(made.body.status, 'pending');
    await wait(200);
    assert.equal((await call('GET', `${ZONE}/changes/${made.body.id}`)).body.status, 'done');
    const newest = await call('GET', `${ZONE}/changes?sortOrder=descending&maxResults=1`);
    assert.equal(newest.body.changes[0].id, made.body.id);
    assert.deepEqual(JSON.parse(readFileSync(path.join(folder, 'dns.json'), 'utf8')).records[0].rrdatas, record('region-b').rrdatas);
    const patched = await call('PATCH', `${ZONE}/rrsets/${NAME}/CNAME`, { rrdatas: record('region-a').rrdatas });
    assert.equal(patched.body.ttl, 30);
  });

  it('refuses changes as the real service does, and changes nothing', async () => {
    const cases: [string, unknown, number, string][] = [
      ['exists', { additions: [record('region-b')] }, 409, 'alreadyExists'],
      ['deletes other data', { deletions: [record('region-b')] }, 412, 'conditionNotMet'],
      ['deletes other ttl', { deletions: [record('region-a', 60)] }, 412, 'conditionNotMet'],
      ['deletes what is not there', { deletions: [{ ...record('region-a'), name: 'x.pay.airpay.example.' }] }, 404, 'notFound'],
      ['beside a CNAME', { additions: [{ name: NAME, type: 'A', ttl: 5, rrdatas: ['192.0.2.1'] }] }, 400, 'cnameResourceRecordSetConflict'],
      ['outside the zone', { additions: [{ ...record('region-a'), name: 'x.example.' }] }, 400, 'invalid'],
      ['bad ttl', { additions: [{ ...record('region-a'), ttl: '30' }] }, 400, 'invalid'],
      ['nothing', {}, 400, 'required'],
    ];
    for (const [what, body, status, reason] of cases) {
      const answer = await call('POST', `${ZONE}/changes`, body);
      assert.equal(answer.status, status, `${what}: ${JSON.stringify(answer.body)}`);
      assert.equal(answer.body.error.errors[0].reason, reason, what);
      assert.equal(answer.body.error.code, status, what);
    }
    assert.deepEqual((await call('GET', `${ZONE}/rrsets/${NAME}/CNAME`)).body.rrdatas, record('region-a').rrdatas);
    assert.equal((await call('GET', ZONE, undefined, 'wrong')).status, 401);
    assert.equal((await call('GET', ZONE.replace('pay-airpay', 'other'))).status, 404);
    assert.equal((await call('POST', `${ZONE}/changes`, 'x'.repeat(1024 * 1024 + 10))).status, 413);
  });
});
