import { HttpTestServer, ReceivedRequest, Reply } from '../__testUtils__/httpServer';
import { callHttp } from '../httpCall';
import { HttpLedger } from './Ledger';
import { HttpPayerLog } from './PayerLog';
import { KubernetesWorkload } from './Workloads';

let server: HttpTestServer;
const serve = async (answer: (request: ReceivedRequest) => Reply) => {
  server = await HttpTestServer.start(answer);
  return server;
};
afterEach(() => server.stop());

describe('HttpLedger', () => {
  const fromB = { 'airpay-region': 'region-b' };
  const ledger = () => new HttpLedger({ baseUrl: server.url, apiKey: 'key' });

  it('moves one dollar under the key it is given, to an account that exists first', async () => {
    await serve(({ path }) => ({ status: 201, headers: fromB, body: path === '/v1/transfers' ? { id: 'tr_1', amountMinor: '100' } : {} }));
    expect(await ledger().payVerification('run:verify')).toEqual({ transferId: 'tr_1', region: 'region-b' });
    const [account, transfer] = server.received;
    expect(account).toMatchObject({ path: '/v1/accounts', headers: { 'idempotency-key': 'run:verify:account' } });
    expect(transfer).toMatchObject({
      method: 'POST', path: '/v1/transfers',
      headers: { 'idempotency-key': 'run:verify', authorization: 'Bearer key' },
      body: { debitAccountId: 'cash-clearing:usd', creditAccountId: 'recovery-verification:usd', amountMinor: '100', currency: 'USD' },
    });
  });

  it('does not take an answer without the region for a proof', async () => {
    await serve(() => ({ status: 200, body: { id: 'tr_1', amountMinor: '100' } }));
    await expect(ledger().find('tr_1')).rejects.toThrow(/Airpay-Region/);
  });

  it('tells apart a payment that is not there, a refusal and an outage', async () => {
    await serve(() => ({ status: 404, headers: fromB, body: {} }));
    expect(await ledger().find('tr_1')).toBeNull();
    server.becomes(() => ({ status: 422, headers: fromB, body: { code: 'insufficient-funds' } }));
    await expect(ledger().payVerification('k')).rejects.toMatchObject({ outcome: 'refused' });
    server.becomes(() => ({ status: 503, body: {} }));
    await expect(ledger().payVerification('k')).rejects.toMatchObject({ outcome: 'unknown' });
  });

  it('learns the region from a read that no cache answers, on an empty ledger too', async () => {
    await serve(() => ({ status: 200, headers: fromB, body: { entries: [] } }));
    expect(await ledger().answeringRegion()).toBe('region-b');
    expect(server.received[0].path).toBe('/v1/accounts/cash-clearing:usd/entries?limit=1');
    server.becomes(() => ({ status: 404, headers: fromB, body: { code: 'unknown-account' } }));
    expect(await ledger().answeringRegion()).toBe('region-b');
    server.becomes(() => ({ status: 503, headers: fromB, body: { code: 'unavailable' } }));
    await expect(ledger().answeringRegion()).rejects.toMatchObject({ outcome: 'unknown' });
  });

  it('looks up any number of payments in questions of 500', async () => {
    await serve(({ body }) => ({ status: 200, headers: fromB, body: { found: [], missing: (body as { ids: string[] }).ids.filter(id => id.endsWith('7')) } }));
    const ids = Array.from({ length: 1_201 }, (_, i) => `tr_${i}`);
    expect(await ledger().missing(ids)).toEqual(ids.filter(id => id.endsWith('7')));
    expect(server.received.map(request => (request.body as { ids: string[] }).ids.length)).toEqual([500, 500, 201]);
    expect(await ledger().missing([])).toEqual([]);
  });
});

describe('HttpPayerLog', () => {
  const payerLog = () => new HttpPayerLog({ baseUrl: server.url });
  const start = Date.parse('2026-11-21T12:00:00Z');

  it('reads a log of many pages whole, also where a page ends inside a millisecond', async () => {
    const all = Array.from({ length: 12_345 }, (_, i) => ({ transferId: `tr_${i}`, at: new Date(start + Math.floor(i / 3)).toISOString() }));
    await serve(({ path }) => {
      const query = new URL(path, 'http://x').searchParams;
      const rows = all.filter(row => row.at >= query.get('from')! && row.at <= query.get('to')!);
      const limit = Number(query.get('limit'));
      return { status: 200, body: { acknowledged: rows.slice(0, limit), truncated: rows.length > limit } };
    });
    const { ids, covered } = await payerLog().acknowledged(start, start + 10_000);
    expect(ids).toEqual(all.map(row => row.transferId));
    expect(covered).toBe(true);
  });

  it('says when the log begins later than the window', async () => {
    await serve(() => ({ status: 200, body: { acknowledged: [], truncated: true } }));
    expect(await payerLog().acknowledged(start, start + 1)).toEqual({ ids: [], covered: false });
  });

  it('says so too when the window has more than one page', async () => {
    const all = Array.from({ length: 7_000 }, (_, i) => ({ transferId: `tr_${i}`, at: new Date(start + 5_000 + i).toISOString() }));
    await serve(({ path }) => {
      const query = new URL(path, 'http://x').searchParams;
      const rows = all.filter(row => row.at >= query.get('from')! && row.at <= query.get('to')!);
      const limit = Number(query.get('limit'));
      return { status: 200, body: { acknowledged: rows.slice(0, limit), truncated: rows.length > limit || query.get('from')! < all[0].at } };
    });
    const { ids, covered } = await payerLog().acknowledged(start, start + 100_000);
    expect([ids.length, covered]).toEqual([7_000, false]);
  });

  it('refuses to check half of too many', async () => {
    await serve(({ path }) => {
      const from = Date.parse(new URL(path, 'http://x').searchParams.get('from')!);
      const rows = Array.from({ length: 5_000 }, (_, i) => ({ transferId: `tr_${from}_${i}`, at: new Date(from + i).toISOString() }));
      return { status: 200, body: { acknowledged: rows, truncated: true } };
    });
    await expect(payerLog().acknowledged(start, start + 1e9)).rejects.toThrow(/more than 200000 payments/);
  });

  it('reads the longest gap', async () => {
    await serve(() => ({ status: 200, body: { longestGapMs: 1500.5, acknowledgedCount: 9 } }));
    expect(await payerLog().gap(start, start + 1)).toEqual({ longestGapMs: 1500.5, acknowledgedCount: 9 });
    expect(server.received[0].path).toBe(`/v1/gap?${new URLSearchParams({ from: '2026-11-21T12:00:00.000Z', to: '2026-11-21T12:00:00.001Z' })}`);
  });
});

describe('KubernetesWorkload', () => {
  const workload = () => new KubernetesWorkload({ url: server.url, token: 't', namespace: 'payments', deployment: 'ledger' });

  it('counts pods that run apart from those that are ready', async () => {
    await serve(({ path }) =>
      path.startsWith('/api/v1')
        ? { status: 200, body: { items: [{ status: { phase: 'Running' } }, { status: { phase: 'Pending' } }, {}] } }
        : { status: 200, body: { spec: { replicas: 3, selector: { matchLabels: { app: 'ledger', tier: '0' } } }, status: { readyReplicas: 1 } } },
    );
    expect(await workload().current()).toEqual({ desired: 3, ready: 1, running: 1 });
    expect(server.received.map(request => request.path)).toEqual([
      '/apis/apps/v1/namespaces/payments/deployments/ledger',
      '/api/v1/namespaces/payments/pods?labelSelector=app%3Dledger%2Ctier%3D0&limit=500',
    ]);
    expect(server.received[0].headers.authorization).toBe('Bearer t');
  });

  it.each([401, 403, 404])('gives %i back as refused', async status => {
    await serve(() => ({ status, body: { kind: 'Status' } }));
    await expect(workload().current()).rejects.toMatchObject({ outcome: 'refused' });
  });
});

describe('callHttp', () => {
  it('ends a call that hangs at its time limit and calls the outcome unknown', async () => {
    await serve(() => null);
    await expect(callHttp(fetch, { source: 's', url: `${server.url}/x`, timeoutMs: 50 })).rejects.toMatchObject({
      outcome: 'unknown', message: 's: GET /x: no answer within 50 ms',
    });
  });

  it('refuses an answer that is too large', async () => {
    await serve(() => ({ status: 200, body: 'x'.repeat(9 * 1024 * 1024) }));
    await expect(callHttp(fetch, { source: 's', url: server.url, timeoutMs: 5_000 })).rejects.toThrow(/larger than/);
  });
});
