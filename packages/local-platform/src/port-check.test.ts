import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { describeConflicts, takenPorts } from './port-check.ts';

test('a taken port is told with who should have it, who has it, and how to move', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const conflicts = await takenPorts([{ port, owner: 'payer', what: 'HTTP' }]);
    const text = describeConflicts(conflicts);
    assert.match(text, /A port is taken by another program/);
    assert.ok(text.includes(`${port}  for payer (HTTP), held by pid ${process.pid}: `), text);
    assert.match(text, /AIRPAY_PORT_OFFSET=100 make up/);
    assert.match(text, /platform\.yaml/);
  } finally {
    server.close();
    await new Promise(resolve => server.once('close', resolve));
  }
  assert.deepEqual(await takenPorts([{ port, owner: 'payer', what: 'HTTP' }]), []);
});

test('many conflicts are shortened', () => {
  const text = describeConflicts(Array.from({ length: 20 }, (_, index) => ({ port: 2000 + index, owner: 'x', what: 'y' })));
  assert.match(text, /^20 ports are taken/);
  assert.match(text, /… and 12 more/);
});
