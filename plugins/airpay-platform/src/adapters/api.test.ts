import { exampleList, exampleResult } from '../__testUtils__/fakeApi';
import { exampleSeries, exampleSlo } from '../__testUtils__/slos';
import { HttpPlatformApi } from './api';

function apiAnswering(body: unknown, status = 200) {
  const fetch = jest.fn(async (_url: string, _init?: RequestInit) => ({
    ok: status < 400,
    status,
    statusText: 'status',
    headers: new Headers({ 'content-type': 'application/json' }),
    json: async () => body,
    text: async () => JSON.stringify(body),
  }));
  const api = new HttpPlatformApi({ fetch: fetch as unknown as typeof globalThis.fetch });
  return { api, url: () => fetch.mock.calls[0][0], init: () => fetch.mock.calls[0][1] };
}

it('asks for the SLOs of one entity and gives the parsed answer', async () => {
  const list = exampleList([exampleSlo()]);
  const { api, url } = apiAnswering(list);
  await expect(api.slos({ entityRef: 'component:default/ledger' })).resolves.toEqual(list);
  expect(url()).toBe('plugin://airpay-platform/slos?entityRef=component%3Adefault%2Fledger');
});

it('escapes what stands in the path and in the query', async () => {
  const series = apiAnswering(exampleSeries('7d', 0));
  await series.api.series('a/b?c', '7d');
  expect(series.url()).toBe('plugin://airpay-platform/slos/a%2Fb%3Fc/series?range=7d');
  const ownership = apiAnswering(exampleResult('system=payments&x', []));
  await ownership.api.ownership('system=payments&x');
  expect(ownership.url()).toBe('plugin://airpay-platform/ownership?q=system%3Dpayments%26x');
});

it('names the field of an answer that has another form', async () => {
  const { api } = apiAnswering(exampleList([{ ...exampleSlo(), windowDays: '30' as unknown as number }]));
  await expect(api.slos()).rejects.toThrow('The answer of /slos has an unexpected form at "slos.0.windowDays"');
});

it('hands on the reason of a refusal', async () => {
  const { api } = apiAnswering({ error: { name: 'NotAllowedError', message: 'no' }, response: { statusCode: 403 } }, 403);
  await expect(api.overview()).rejects.toMatchObject({ statusCode: 403 });
});

it('stops the request when the page no longer wants it', async () => {
  const { api, init } = apiAnswering(exampleList([]));
  const stop = new AbortController();
  await api.slos({}, stop.signal);
  expect(init()?.signal?.aborted).toBe(false);
  stop.abort();
  expect(init()?.signal?.aborted).toBe(true);
});
