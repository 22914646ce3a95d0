import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { hasBasic, hasBearer, listen, readJsonObject, router, sendJson, type RunningServer } from './http-kit.ts';
import { stateFile } from './state-file.ts';

describe('http kit', () => {
  let server: RunningServer;
  let base: string;
  before(async () => {
    const routes = router([
      { method: 'POST', pattern: '/echo/{name}', handle: async call => sendJson(call.response, 200, { name: call.params.name, body: await readJsonObject(call.request, 1_000) }) },
      { method: 'GET', pattern: '/files/{path*}', handle: call => sendJson(call.response, 200, { path: call.params.path }) },
      { method: 'GET', pattern: '/broken', handle: () => { throw new TypeError('secret detail'); } },
      { method: 'GET', pattern: '/hangs', handle: () => new Promise(() => {}) },
      { method: 'GET', pattern: '/who', handle: call => sendJson(call.response, 200, { bearer: hasBearer(call.request, 'tok'), basic: hasBasic(call.request, 'u', 'p:w') }) },
    ]);
    server = await listen('test', 0, (request, response) => void routes(request, response));
    base = `http://127.0.0.1:${server.port}`;
  });
  after(() => server.close());

  const send = async (method: string, route: string, body?: string) => {
    const response = await fetch(base + route, { method, body });
    return { status: response.status, type: response.headers.get('content-type'), allow: response.headers.get('allow'), body: await response.json() as any };
  };

  it('finds routes, decodes their parts and takes the rest of a path', async () => {
    assert.deepEqual((await send('POST', '/echo/a%20b', '{"x":1}')).body, { name: 'a b', body: { x: 1 } });
    assert.deepEqual((await send('GET', '/files/a/b%2Fc/d')).body, { path: 'a/b/c/d' });
    assert.equal((await send('POST', '/echo/a/b', '{}')).status, 404);
  });

  it('answers what it cannot serve with a problem document', async () => {
    const cases: [string, string, string | undefined, number, string][] = [
      ['GET', '/none', undefined, 404, 'not-found'],
      ['DELETE', '/echo/a', undefined, 405, 'method-not-allowed'],
      ['POST', '/echo/a', '{', 400, 'body-not-json'],
      ['POST', '/echo/a', '[]', 400, 'body-not-object'],
      ['POST', '/echo/a', JSON.stringify('x'.repeat(1_001)), 413, 'body-too-large'],
      ['POST', '/echo/%', '{}', 400, 'bad-path'],
    ];
    for (const [method, route, body, status, code] of cases) {
      const answer = await send(method, route, body);
      assert.deepEqual([answer.status, answer.body.code, answer.type], [status, code, 'application/problem+json'], `${method} ${route}`);
    }
    assert.equal((await send('DELETE', '/echo/a')).allow, 'POST');
  });

  it('tells callers nothing of an unexpected error', async () => {
    const answer = await send('GET', '/broken');
    assert.equal(answer.status, 500);
    assert.doesNotMatch(JSON.stringify(answer.body), /secret/);
  });

  it('stops a body without a length at the limit', async () => {
    const status = await new Promise<number>((resolve, reject) => {
      const call = httpRequest(`${base}/echo/a`, { method: 'POST', headers: { 'transfer-encoding': 'chunked' } }, response => resolve(response.statusCode!));
      call.on('error', reject);
      for (let index = 0; index < 20; index += 1) call.write('x'.repeat(100));
      call.end();
    });
    assert.equal(status, 413);
  });

  it('accepts only the right token or password', async () => {
    const who = async (authorization: string) => (await (await fetch(`${base}/who`, { headers: { authorization } })).json());
    assert.deepEqual(await who('Bearer tok'), { bearer: true, basic: false });
    assert.deepEqual(await who('Bearer tokx'), { bearer: false, basic: false });
    assert.deepEqual(await who(`Basic ${Buffer.from('u:p:w').toString('base64')}`), { bearer: false, basic: true });
    assert.deepEqual(await who(`Basic ${Buffer.from('u:p').toString('base64')}`), { bearer: false, basic: false });
    assert.deepEqual(await who('Bearer '), { bearer: false, basic: false });
  });

  it('names the port that is taken', async () => {
    await assert.rejects(listen('front', server.port, () => {}), new RegExp(`front: port ${server.port} is taken by another program`));
  });

  it('closes within a second and a half although a request hangs', async () => {
    const routes = router([{ method: 'GET', pattern: '/hangs', handle: () => new Promise(() => {}) }]);
    const other = await listen('test', 0, (request, response) => void routes(request, response));
    const hanging = fetch(`http://127.0.0.1:${other.port}/hangs`).catch(error => error);
    await new Promise(resolve => setTimeout(resolve, 50));
    const startedMs = Date.now();
    await other.close();
    assert.ok(Date.now() - startedMs < 1_500);
    assert.ok((await hanging) instanceof Error);
  });
});

describe('state file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'state-'));
  after(() => rmSync(folder, { recursive: true }));

  it('keeps what was written, privately, and leaves nothing half written beside it', () => {
    const name = path.join(folder, 'deep', 'state.json');
    const file = stateFile<{ n: number }>(name, () => ({ n: 0 }));
    assert.deepEqual(file.read(), { n: 0 });
    file.write({ n: 1 });
    file.write({ n: 2 });
    assert.deepEqual(stateFile(name, () => ({ n: 0 })).read(), { n: 2 });
    assert.equal(statSync(name).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(path.dirname(name)), ['state.json']);
  });

  it('says which file is damaged instead of starting from nothing', () => {
    const name = path.join(folder, 'damaged.json');
    writeFileSync(name, '{"n":');
    assert.throws(() => stateFile(name, () => ({})).read(), /damaged\.json is damaged/);
  });
});
