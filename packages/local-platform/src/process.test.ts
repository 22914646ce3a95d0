import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isAlive, readProcess, withDescendants } from './proc-table.ts';
import { findRunning, launch, launchHash, pidFile, stopProcess, writePidFile, type Launch } from './process.ts';

const folder = mkdtempSync(join(tmpdir(), 'airpay-process-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function shell(name: string, script: string): Launch {
  return { name, command: '/bin/sh', args: ['-c', script], env: { PATH: process.env['PATH']! }, cwd: folder, logFile: join(folder, `${name}.log`) };
}

test('a started program is found again by its pid file, and not once it has ended', async () => {
  const { running } = await launch(shell('sleeper', 'exec sleep 60'), folder);
  const found = findRunning(folder, 'sleeper');
  assert.deepEqual(found, running);
  assert.equal(found?.launchHash, launchHash(shell('sleeper', 'exec sleep 60')));
  assert.notEqual(found?.launchHash, launchHash(shell('sleeper', 'exec sleep 61')));

  assert.equal(await stopProcess(running, { signal: 'SIGTERM', timeoutMs: 3_000 }), 'ended');
  assert.equal(findRunning(folder, 'sleeper'), undefined);
  assert.equal(existsSync(pidFile(folder, 'sleeper')), false);
});

test('a pid that now belongs to another program is not adopted', () => {
  const self = readProcess(process.pid)!;
  writePidFile(folder, 'impostor', { pid: self.pid, startTime: `${self.startTime}9`, launchHash: 'x', startedAt: '' });
  assert.equal(isAlive(self), true);
  assert.equal(findRunning(folder, 'impostor'), undefined);
});

test('a zombie counts as gone', async () => {
  // The shell starts a child that ends at once and then never asks for its result.
  const parent = spawn('/bin/sh', ['-c', 'sleep 0.1 & exec sleep 30'], { stdio: 'ignore' });
  try {
    await new Promise(resolve => setTimeout(resolve, 50));
    const child = withDescendants([parent.pid!]).find(one => one.pid !== parent.pid);
    assert.ok(child, 'the child was seen while it ran');
    await new Promise(resolve => setTimeout(resolve, 400));
    assert.equal(isAlive(child), false);
  } finally {
    parent.kill('SIGKILL');
  }
});

test('what ignores the polite signal is killed with its children', async () => {
  const { running } = await launch(shell('stubborn', 'trap "" TERM; sleep 60 & wait; sleep 60'), folder);
  await new Promise(resolve => setTimeout(resolve, 200));
  const tree = withDescendants([running.pid]);
  assert.ok(tree.length >= 2);
  assert.equal(await stopProcess(running, { signal: 'SIGTERM', timeoutMs: 300 }), 'killed');
  assert.deepEqual(tree.filter(isAlive), []);
});

test('a command that does not exist is a clear error', async () => {
  await assert.rejects(launch({ ...shell('absent', ''), command: '/no/such/program' }, folder), /absent cannot be started/);
});
