import { Answer, Asked, listen, LocalServer, matrix, vector } from './__testUtils__/upstreams';
import { HttpPrometheus } from './Prometheus';
import { UpstreamError } from './upstream';

describe('HttpPrometheus', () => {
  let server: LocalServer;
  let answer: (asked: Asked) => Answer;
  let now = 0;
  const prometheus = () => new HttpPrometheus({ baseUrl: `${server.url}/`, token: 'secret', now: () => now });

  beforeEach(async () => {
    now = 0;
    server = await listen(asked => answer(asked));
  });
  afterEach(() => server.close());

  it('reads samples with labels and time, and leaves NaN and infinity out', async () => {
    answer = () => vector([[{ a: '1' }, 0.5], [{ a: '2' }, 'NaN'], [{ a: '3' }, '+Inf']], 1_000);
    await expect(prometheus().instant('up')).resolves.toEqual([{ labels: { a: '1' }, value: 0.5, at: 1_000_000 }]);
    expect(server.asked[0]).toMatchObject({ method: 'POST', path: '/api/v1/query', authorization: 'Bearer secret' });
    expect(server.asked[0].form.get('query')).toBe('up');
  });

  it('reads nothing as an empty list, not as zero', async () => {
    answer = () => vector([]);
    await expect(prometheus().instant('absent')).resolves.toEqual([]);
  });

  it('puts range values on the grid, with null for gaps and NaN', async () => {
    answer = () => matrix([[{ le: '1' }, [[100, 1], [160, 'NaN'], [220, 3]]]]);
    const series = await prometheus().range('x', { startMs: 100_000, endMs: 280_000, stepSeconds: 60 });
    expect(series).toEqual([{ labels: { le: '1' }, values: [1, null, 3, null] }]);
  });

  it('refuses a range of more than 300 points without asking', async () => {
    answer = () => matrix([]);
    await expect(prometheus().range('x', { startMs: 0, endMs: 301_000, stepSeconds: 1 })).rejects.toThrow(/302 points/);
    expect(server.asked).toHaveLength(0);
  });

  it('asks the same question once while it is being answered and for 2 s after, then again', async () => {
    answer = () => ({ ...vector([[{}, 1]]), delayMs: 20 });
    const client = prometheus();
    await Promise.all([client.instant('up'), client.instant('up'), client.instant('up')]);
    now = 1_999;
    await client.instant('up');
    expect(server.asked).toHaveLength(1);
    now = 2_000;
    await client.instant('up');
    expect(server.asked).toHaveLength(2);
  });

  it('does not keep a failure', async () => {
    const client = prometheus();
    answer = () => ({ status: 503, text: 'starting up' });
    await expect(client.instant('up')).rejects.toThrow(UpstreamError);
    answer = () => vector([[{}, 1]]);
    await expect(client.instant('up')).resolves.toHaveLength(1);
  });

  it('gives every failure as UpstreamError with the reason', async () => {
    answer = () => ({ status: 422, body: { status: 'error', errorType: 'bad_data', error: 'parse error at char 3' } });
    await expect(prometheus().instant('up{')).rejects.toThrow('Prometheus refused the query (bad_data): parse error at char 3');
    answer = () => ({ body: { status: 'success', data: { resultType: 'surprise' } } });
    await expect(prometheus().instant('up')).rejects.toThrow(/200 in a form that was not expected/);
    answer = () => ({ text: '<html>' });
    await expect(prometheus().instant('other')).rejects.toThrow(/not JSON/);
    const gone = await listen(() => ({}));
    await gone.close();
    const nobody = new HttpPrometheus({ baseUrl: gone.url });
    await expect(nobody.instant('up')).rejects.toMatchObject({ name: 'UpstreamError', source: 'Prometheus', message: expect.stringMatching(/ECONNREFUSED/) });
  });

  it('reads alert rules and skips recording rules', async () => {
    answer = () => ({
      body: {
        status: 'success',
        data: {
          groups: [
            {
              rules: [
                { type: 'recording', name: 'r', query: '1' },
                { type: 'alerting', name: 'LedgerDown', query: 'up == 0', state: 'firing', labels: { component: 'ledger' }, annotations: { summary: 's' }, lastEvaluation: '2026-01-01T00:00:00Z' },
              ],
            },
          ],
        },
      },
    });
    await expect(prometheus().alertRules()).resolves.toEqual([
      { name: 'LedgerDown', query: 'up == 0', state: 'firing', labels: { component: 'ledger' }, annotations: { summary: 's' }, evaluatedAt: '2026-01-01T00:00:00Z' },
    ]);
    expect(server.asked[0]).toMatchObject({ method: 'GET', path: '/api/v1/rules?type=alert' });
  });
});
