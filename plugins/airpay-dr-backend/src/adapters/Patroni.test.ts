import { HttpTestServer, ReceivedRequest, Reply } from '../__testUtils__/httpServer';
import { OutsideError } from '../outside';
import { HttpPatroni } from './Patroni';

const cluster = {
  members: [
    { name: 'pg-a2', role: 'sync_standby', state: 'running', api_url: 'http://x', host: '10.0.0.2', port: 5432, timeline: 4, lag: 0 },
    { name: 'pg-a1', role: 'leader', state: 'running', api_url: 'http://x', host: '10.0.0.1', port: 5432, timeline: 4 },
    { name: 'pg-a3', role: 'replica', state: 'starting', api_url: 'http://x', host: '10.0.0.3', port: 5432, lag: 'unknown' },
  ],
};
const dynamicConfig = {
  ttl: 10,
  synchronous_mode: true,
  standby_cluster: null,
  postgresql: { parameters: { default_transaction_read_only: 'on', max_connections: 60 } },
};

/** What Patroni 3.0.2 answers as the leader of its cluster. */
const asLeader = ({ method, path }: ReceivedRequest): Reply => {
  if (method === 'PATCH' || method === 'POST') return { status: 200, body: dynamicConfig };
  if (path === '/cluster') return { status: 200, body: cluster };
  if (path === '/config') return { status: 200, body: dynamicConfig };
  return { status: 200, body: { state: 'running', role: 'master', patroni: { name: 'pg-a1', scope: 'a' } } };
};
const asReplica = (request: ReceivedRequest): Reply => {
  if (request.path === '/primary' || request.path === '/leader') return { status: 503, body: { role: 'replica' } };
  if (request.path === '/patroni') return { status: 200, body: { role: 'replica', patroni: { name: 'pg-a2', scope: 'a' } } };
  return asLeader(request);
};

describe('HttpPatroni', () => {
  let leader: HttpTestServer;
  let replica: HttpTestServer;
  let patroni: HttpPatroni;

  beforeEach(async () => {
    leader = await HttpTestServer.start(asLeader);
    replica = await HttpTestServer.start(asReplica);
    patroni = new HttpPatroni('Patroni of Region A', { members: [replica.url, leader.url], username: 'patroni', password: 'secret' });
  });
  afterEach(async () => {
    await leader.stop();
    await replica.stop();
  });

  it('reads members in order of their names, unknown lag as null', async () => {
    const view = await patroni.cluster();
    expect(view.paused).toBe(false);
    expect(view.members.map(({ name, role, timeline, lagBytes, host }) => [name, role, timeline, lagBytes, host])).toEqual([
      ['pg-a1', 'leader', 4, null, '10.0.0.1:5432'],
      ['pg-a2', 'sync_standby', 4, 0, '10.0.0.2:5432'],
      ['pg-a3', 'replica', null, null, '10.0.0.3:5432'],
    ]);
  });

  it('reads the configuration that matters', async () => {
    expect(await patroni.config()).toEqual({ synchronousMode: true, standbyCluster: null, defaultReadOnly: 'on' });
    leader.becomes(() => ({ status: 200, body: { standby_cluster: { host: '127.0.0.1', port: '15425' } } }));
    replica.becomes(() => ({ status: 503 }));
    expect(await patroni.config()).toEqual({
      synchronousMode: false, standbyCluster: { host: '127.0.0.1', port: 15425 }, defaultReadOnly: null,
    });
  });

  it('answers from the other member at once when one hangs', async () => {
    replica.becomes(() => null);
    const before = Date.now();
    await patroni.cluster();
    expect(Date.now() - before).toBeLessThan(1_000);
  });

  it('names every member when none answers, within the time limit', async () => {
    replica.becomes(() => null);
    leader.becomes(() => ({ status: 503, body: 'no DCS' }));
    await expect(patroni.cluster()).rejects.toThrow(/no member answered: .*no answer within 2000 ms.*answered 503/);
  });

  it('refuses an answer that is not a cluster', async () => {
    replica.becomes(() => ({ status: 200, body: '<html>' }));
    leader.becomes(() => ({ status: 200, body: { members: 'none' } }));
    await expect(patroni.cluster()).rejects.toThrow(/not what its interface promises/);
  });

  it('sends a change once, to the leader first, with the credentials', async () => {
    await patroni.patchConfig({ standby_cluster: null });
    const patches = [...leader.received, ...replica.received].filter(request => request.method === 'PATCH');
    expect(patches).toEqual([expect.objectContaining({ path: '/config', body: { standby_cluster: null } })]);
    expect(patches[0].headers.authorization).toBe(`Basic ${Buffer.from('patroni:secret').toString('base64')}`);
    expect(leader.received).toContain(patches[0]);
  });

  it('tries the next member when one fails, and says so when all do', async () => {
    leader.becomes(({ method }) => (method === 'PATCH' ? { status: 503 } : { status: 200 }));
    await patroni.patchConfig({ pause: true });
    expect(replica.received.filter(request => request.method === 'PATCH')).toHaveLength(1);
    replica.becomes(() => ({ status: 503 }));
    const error = await patroni.patchConfig({ pause: true }).catch(caught => caught);
    expect(error).toBeInstanceOf(OutsideError);
    expect(error.outcome).toBe('unknown');
  });

  it.each([400, 401, 412])('gives a refusal %i back at once, without asking another member', async status => {
    leader.becomes(({ method }) => (method === 'PATCH' ? { status, body: 'leader name does not match' } : { status: 200 }));
    const error = await patroni.patchConfig({ pause: true }).catch(caught => caught);
    expect(error.outcome).toBe('refused');
    expect(error.message).toContain(String(status));
    expect(replica.received.filter(request => request.method === 'PATCH')).toHaveLength(0);
  });

  it('counts as primary only who says so, and names who is silent', async () => {
    expect(await patroni.primaries()).toEqual({ primaries: [leader.url], silent: [] });
    const { url } = leader;
    leader.becomes(() => null);
    expect(await patroni.primaries()).toEqual({ primaries: [], silent: [url] });
  });

  it('asks every member to reload and passes over one that is down', async () => {
    replica.becomes(() => ({ status: 503 }));
    await patroni.reload();
    for (const server of [leader, replica]) {
      expect(server.received.filter(request => request.method === 'POST')).toEqual([expect.objectContaining({ path: '/reload' })]);
    }
  });

  it('rebuilds the member it was asked to and no other', async () => {
    await patroni.reinitialize('pg-a2');
    expect(replica.received.filter(request => request.method === 'POST')).toEqual([
      expect.objectContaining({ path: '/reinitialize', body: { force: true } }),
    ]);
    expect(leader.received.filter(request => request.method === 'POST')).toHaveLength(0);
    await expect(patroni.reinitialize('pg-a9')).rejects.toThrow(/pg-a9/);
  });
});
