import { HttpTestServer, ReceivedRequest, Reply } from '../__testUtils__/httpServer';
import { CloudDnsTraffic } from './Traffic';

const record = (target: string) => ({ name: 'ledger.pay.airpay.example.', type: 'CNAME', ttl: 30, rrdatas: [target] });

/** Cloud DNS v1 as documented: a change names exactly what it replaces, and is pending before it is done. */
class Zone {
  target = 'a.';
  pendingLooks = 0;

  answer = ({ method, path, body, headers }: ReceivedRequest): Reply => {
    if (headers.authorization !== 'Bearer token') return { status: 401, body: { error: { message: 'Login Required.' } } };
    if (method === 'GET' && path.startsWith('/dns/v1/projects/p/managedZones/z/rrsets')) return { status: 200, body: { rrsets: [record(this.target)] } };
    if (method === 'POST' && path.endsWith('/changes')) {
      const change = body as { deletions: ReturnType<typeof record>[]; additions: ReturnType<typeof record>[] };
      if (change.deletions[0].rrdatas[0] !== this.target) return { status: 412, body: { error: { message: 'precondition not met' } } };
      this.target = change.additions[0].rrdatas[0];
      return { status: 200, body: { id: '7', status: this.pendingLooks > 0 ? 'pending' : 'done' } };
    }
    if (method === 'GET' && path.endsWith('/changes/7')) {
      this.pendingLooks -= 1;
      return { status: 200, body: { id: '7', status: this.pendingLooks > 0 ? 'pending' : 'done' } };
    }
    return { status: 404 };
  };
}

describe('CloudDnsTraffic', () => {
  let server: HttpTestServer;
  let zone: Zone;
  const traffic = (token = 'token') =>
    new CloudDnsTraffic({ project: 'p', managedZone: 'z', record: 'ledger.pay.airpay.example.', apiEndpoint: server.url, token }, fetch, async () => undefined);

  beforeEach(async () => {
    zone = new Zone();
    server = await HttpTestServer.start(zone.answer);
  });
  afterEach(() => server.stop());

  it('reads where the record leads', async () => {
    expect(await traffic().current()).toEqual({ target: 'a.', ttlSeconds: 30 });
  });

  it('replaces exactly what it read and waits until the change is done', async () => {
    zone.pendingLooks = 3;
    await traffic().pointTo('b.');
    expect(zone.target).toBe('b.');
    const [change] = server.received.filter(request => request.method === 'POST');
    expect(change.body).toEqual({ deletions: [record('a.')], additions: [record('b.')] });
    expect(server.received.filter(request => request.path.endsWith('/changes/7'))).toHaveLength(3);
  });

  it('changes nothing when the record is already right', async () => {
    await traffic().pointTo('a.');
    expect(server.received.filter(request => request.method === 'POST')).toHaveLength(0);
  });

  it('is refused when somebody else changed the record in between', async () => {
    server.becomes(request => {
      const reply = zone.answer(request);
      if (request.method === 'GET') zone.target = 'elsewhere.';
      return reply;
    });
    await expect(traffic().pointTo('b.')).rejects.toMatchObject({ outcome: 'refused' });
    expect(zone.target).toBe('elsewhere.');
  });

  it('calls the outcome unknown when the change is answered in another form: it may have been made', async () => {
    server.becomes(request => (request.method === 'POST' ? { status: 200, body: { kind: 'dns#change' } } : zone.answer(request)));
    await expect(traffic().pointTo('b.')).rejects.toMatchObject({ name: 'OutsideError', outcome: 'unknown' });
  });

  it('says that the token is refused', async () => {
    await expect(traffic('other').current()).rejects.toThrow(/answered 401/);
  });

  it('refuses to make a record that does not exist', async () => {
    server.becomes(() => ({ status: 200, body: {} }));
    expect(await traffic().current()).toEqual({ target: null, ttlSeconds: null });
    await expect(traffic().pointTo('b.')).rejects.toThrow(/has no CNAME record/);
  });
});
