import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ask, readLock, resolve, write } from './pin.ts';

const index = JSON.stringify({ schemaVersion: 2, manifests: [{ platform: { architecture: 'amd64', os: 'linux' } }] });
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const OCI = 'application/vnd.oci.image.index.v1+json';

describe('digests from a registry', () => {
  let server: Server;
  let base: string;
  let asked: string[] = [];
  before(async () => {
    server = createServer((request, response) => {
      asked.push(request.url!);
      if (request.url!.startsWith('/token')) {
        const { searchParams } = new URL(request.url!, base);
        response.end(JSON.stringify({ token: `${searchParams.get('service')} ${searchParams.get('scope')}` }));
      } else if (request.url!.startsWith('/v2/closed/')) {
        if (request.headers.authorization === 'Bearer local repository:closed/image:pull') response.writeHead(200, { 'content-type': OCI }).end(index);
        else response.writeHead(401, { 'www-authenticate': `Bearer realm="${base}/token",service="local"` }).end();
      } else if (request.url!.startsWith('/v2/lying/')) response.writeHead(200, { 'content-type': OCI, 'docker-content-digest': digestOf('other') }).end(index);
      else if (request.url!.startsWith('/v2/single/')) response.writeHead(200, { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }).end('{}');
      else if (request.url!.startsWith('/v2/endless/')) response.writeHead(200, { 'content-type': OCI }).end(Buffer.alloc(5 * 1024 * 1024));
      else if (request.url!.startsWith('/v2/gone/')) response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': OCI, 'docker-content-digest': digestOf(index) }).end(index);
    });
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());
  const local = (name: string) => resolve(`registry.example/${name}`, 'v1', new Map([['registry.example', base]]));

  it('are of the content, with and without a token', async () => {
    assert.equal(await local('open/image'), digestOf(index));
    asked = [];
    assert.equal(await local('closed/image'), digestOf(index));
    assert.deepEqual(asked.map(url => url.split('?')[0]), ['/v2/closed/image/manifests/v1', '/token', '/v2/closed/image/manifests/v1']);
  });

  it('are refused when the registry says another than its content has, has no index, no end or no such tag', async () => {
    await assert.rejects(local('lying/image'), /its content is/);
    await assert.rejects(local('single/image'), /no index/);
    await assert.rejects(local('endless/image'), /more than/);
    await assert.rejects(local('gone/image'), /answers 404/);
  });

  it('go into the lock, values and manifests of their component, and into no others', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'pin-'));
    try {
      for (const part of ['components.lock.yaml', 'platform-components', 'devops-components']) cpSync(path.join(import.meta.dirname, part), path.join(folder, part), { recursive: true });
      const lock = readLock(path.join(folder, 'components.lock.yaml'));
      const hosts = new Set(lock.components.flatMap(({ images }) => images.map(({ name }) => name.split('/')[0]!)));
      const mirrors = new Map([...hosts].map(host => [host, base] as const));
      const atlantis = await ask(lock, mirrors, 'atlantis');
      const thanos = await ask(lock, mirrors, 'thanos');
      assert.deepEqual(write([...atlantis, ...thanos], folder, '2026-01-02'), ['atlantis ghcr.io/runatlantis/atlantis', 'thanos quay.io/thanos/thanos']);
      const after = readLock(path.join(folder, 'components.lock.yaml')).components;
      assert.equal(after.find(item => item.component === 'atlantis')!.images[0]!.digest, digestOf(index));
      assert.equal(after.find(item => item.component === 'thanos')!.images[0]!.date, '2026-01-02');
      assert.deepEqual(after.filter(item => !['atlantis', 'thanos'].includes(item.component)), lock.components.filter(item => !['atlantis', 'thanos'].includes(item.component)));
      assert.match(readFileSync(path.join(folder, 'devops-components/atlantis/workload.yaml'), 'utf8'), new RegExp(`runatlantis/atlantis:v[0-9.]+@${digestOf(index)}`));
      assert.ok(readFileSync(path.join(folder, 'devops-components/thanos/query.yaml'), 'utf8').includes(digestOf(index)));
      // Asked again, nothing changes.
      assert.deepEqual(write(await ask(readLock(path.join(folder, 'components.lock.yaml')), mirrors, 'thanos'), folder), []);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('of a registry that is not there change nothing', async () => {
    const found = await ask(readLock(), new Map([['quay.io', 'http://127.0.0.1:1']]), 'thanos');
    assert.equal(found[0]!.digest, undefined);
    assert.ok(found[0]!.error);
  });
});
