import { Answer, Asked, listen, LocalServer } from './__testUtils__/upstreams';
import { HttpKubernetes, tokenSource } from './Kubernetes';

const lists: Record<string, unknown[]> = {
  '/api/v1/namespaces': [{ metadata: { name: 'payments', labels: { system: 'payments' } }, status: { phase: 'Active' } }],
  '/api/v1/pods': [
    { metadata: { name: 'ledger-1', namespace: 'payments', labels: { 'backstage.io/kubernetes-id': 'ledger' } }, spec: { containers: [] }, status: { phase: 'Running', podIP: '10.0.0.7' } },
  ],
  '/apis/apps/v1/deployments': [{ metadata: { name: 'ledger', namespace: 'payments' }, spec: { replicas: 2 }, status: {} }],
};

describe('HttpKubernetes', () => {
  let server: LocalServer;
  let answer: (asked: Asked) => Answer;
  let now = 0;
  const kubernetes = () => new HttpKubernetes({ region: 'region-a', url: server.url, token: tokenSource('secret'), now: () => now });
  const ordinary = ({ path }: Asked): Answer => {
    const items = lists[path.split('?')[0]];
    return items ? { body: { kind: 'List', items } } : { status: 404, text: '404 page not found' };
  };
  beforeEach(async () => {
    now = 1_000;
    server = await listen(asked => answer(asked));
  });
  afterEach(() => server.close());

  it('reads four kinds with the token; a cluster without Gateway API has no routes', async () => {
    answer = asked => (asked.path.includes('httproutes') ? { status: 404, body: { kind: 'Status' } } : ordinary(asked));
    const reading = await kubernetes().read();
    expect(reading).toMatchObject({ region: 'region-a', at: '1970-01-01T00:00:01.000Z', errors: [] });
    expect(reading.objects.map(one => `${one.kind} ${one.namespace}/${one.name} ${one.state}`)).toEqual([
      'Namespace /payments Active',
      'Pod payments/ledger-1 Running',
      'Deployment payments/ledger 0 of 2 ready',
    ]);
    expect(reading.objects[1].ip).toBe('10.0.0.7');
    expect(server.asked.every(one => one.authorization === 'Bearer secret')).toBe(true);
  });

  it('without a configured token asks with the one of the moment, and says when there is none', async () => {
    answer = asked => (asked.path.includes('httproutes') ? { body: { items: [] } } : ordinary(asked));
    let current: string | Error = 'first';
    const token = async () => {
      if (current instanceof Error) throw current;
      return current;
    };
    const own = new HttpKubernetes({ region: 'region-a', url: server.url, token, now: () => now });
    expect((await own.read()).errors).toEqual([]);
    current = 'second';
    now += 10_000;
    await own.read();
    expect(new Set(server.asked.map(one => one.authorization))).toEqual(new Set(['Bearer first', 'Bearer second']));
    current = new Error('no metadata server');
    now += 10_000;
    const asked = server.asked.length;
    expect((await own.read()).errors.map(one => one.message)).toEqual(['Kubernetes API, region-a was not asked, no credentials: no metadata server']);
    expect(server.asked).toHaveLength(asked);
  });

  it('reads hosts and backends of routes', async () => {
    const route = { metadata: { name: 'r', namespace: 'payments' }, spec: { hostnames: ['a.example'], rules: [{ backendRefs: [{ name: 'ledger', port: 80 }] }] } };
    answer = asked => (asked.path.includes('httproutes') ? { body: { items: [route] } } : ordinary(asked));
    const found = (await kubernetes().read()).objects.find(one => one.kind === 'HTTPRoute');
    expect(found).toMatchObject({ hosts: ['a.example'], backends: ['ledger'] });
  });

  it('keeps what could be read beside what could not', async () => {
    answer = asked => (asked.path.includes('/pods') ? { status: 403, body: { kind: 'Status' } } : ordinary(asked));
    const reading = await kubernetes().read();
    expect(reading.objects.map(one => one.kind)).toEqual(['Namespace', 'Deployment']);
    expect(reading.errors.map(one => one.message)).toContain('Kubernetes API, region-a answered 403 to the list of Pods');
  });

  it('waits 2 s for a cluster that hangs, then says so', async () => {
    answer = () => ({ body: { items: [] }, delayMs: 4_000 });
    const startedAt = Date.now();
    const reading = await kubernetes().read();
    expect(Date.now() - startedAt).toBeLessThan(3_500);
    expect(reading.errors).toEqual([{ source: 'Kubernetes API, region-a', message: expect.stringContaining('none within 2000 ms') }]);
  });

  it('asks once in 5 s', async () => {
    answer = ordinary;
    const client = kubernetes();
    await Promise.all([client.read(), client.read()]);
    now += 4_999;
    await client.read();
    expect(server.asked).toHaveLength(4);
    now += 1;
    await client.read();
    expect(server.asked).toHaveLength(8);
  });
});
