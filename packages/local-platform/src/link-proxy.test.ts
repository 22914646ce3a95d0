import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { openLink, readLinkChange } from './link-proxy.ts';

/** An echo server behind a link on a free port. */
async function echoBehindLink(latencyMs: number) {
  const echo = createServer(socket => socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const listenPort = (probe.address() as AddressInfo).port;
  probe.close();
  await once(probe, 'close');
  const link = await openLink([{ listenPort, targetPort: (echo.address() as AddressInfo).port }], latencyMs);
  return { link, listenPort, close: () => (link.close(), echo.close()) };
}

test('bytes arrive in order after the latency both ways', async () => {
  const { listenPort, link, close } = await echoBehindLink(30);
  try {
    const socket = connect(listenPort, '127.0.0.1');
    const startedAt = performance.now();
    const sent = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    socket.write(sent);
    const received: Buffer[] = [];
    let firstAt = 0;
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      firstAt ||= performance.now();
      received.push(chunk);
      if (received.reduce((sum, one) => sum + one.length, 0) === sent.length) break;
    }
    assert.ok(firstAt - startedAt >= 58, `first byte after ${firstAt - startedAt} ms`);
    assert.ok(Buffer.concat(received).equals(sent));
    assert.equal(link.state().bytes, sent.length * 2);
  } finally {
    close();
  }
});

test('a stall holds bytes and delivers them afterwards; a cut closes and refuses', async () => {
  const { listenPort, link, close } = await echoBehindLink(0);
  try {
    const socket = connect(listenPort, '127.0.0.1');
    await once(socket, 'connect');
    let received = '';
    socket.on('data', chunk => (received += chunk.toString()));
    link.change({ stalled: true });
    socket.write('held');
    await new Promise(resolve => setTimeout(resolve, 150));
    assert.equal(received, '');
    link.change({ stalled: false });
    await once(socket, 'data');
    assert.equal(received, 'held');

    link.change({ cut: true });
    await once(socket, 'close');
    const refused = connect(listenPort, '127.0.0.1');
    refused.on('error', () => undefined);
    await once(refused, 'close');
    assert.equal(link.state().connections, 0);
  } finally {
    close();
  }
});

test('a change from outside is checked', () => {
  assert.deepEqual(readLinkChange({ latencyMs: 80, cut: false }), { latencyMs: 80, cut: false });
  assert.throws(() => readLinkChange({ latencyMs: -1 }), /0 to 10000/);
  assert.throws(() => readLinkChange({ stalled: 1 }), /true or false/);
  assert.throws(() => readLinkChange({ lat: 1 }), /unknown field: lat/);
});
