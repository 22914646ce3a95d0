import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { until } from './probes.ts';
import { isAlive, withDescendants } from './proc-table.ts';
import { findRunning } from './process.ts';
import { Supervisor, type ProcessSpec } from './supervisor.ts';

const folder = mkdtempSync(join(tmpdir(), 'airpay-supervisor-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function sleeper(name: string, change: Partial<ProcessSpec> = {}): ProcessSpec {
  return {
    launch: { name, command: '/bin/sh', args: ['-c', 'exec sleep 60'], env: { PATH: process.env['PATH']! }, cwd: folder, logFile: join(folder, `${name}.log`) },
    kind: 'test', region: null, role: null, port: 1, healthy: async () => true,
    startTimeoutMs: 2_000, stopSignal: 'SIGTERM', stopTimeoutMs: 1_000, restartDelayMs: 200, restartDelayFixed: true, ...change,
  };
}

test('what dies is started again with another pid; what is stopped on purpose stays down', async () => {
  const supervisor = new Supervisor(folder, () => undefined);
  supervisor.watch();
  try {
    supervisor.add(sleeper('one'));
    assert.equal(await supervisor.start('one'), 'started');
    const first = supervisor.get('one')!.pid!;
    assert.equal(supervisor.kill('one', 'SIGKILL', false), true);
    assert.ok(await until(() => ![first, null].includes(supervisor.get('one')!.pid), 3_000, 50));
    assert.equal(supervisor.get('one')!.restarts, 1);
    assert.equal(supervisor.get('one')!.lastExit, 'SIGKILL');

    await supervisor.stop('one');
    await new Promise(resolve => setTimeout(resolve, 1_200));
    assert.deepEqual([supervisor.get('one')!.state, supervisor.get('one')!.pid], ['stopped', null]);
  } finally {
    supervisor.close();
    await supervisor.stop('one');
  }
});

test('another supervisor adopts what runs, unless it was started differently', async () => {
  const first = new Supervisor(folder, () => undefined);
  first.add(sleeper('two'));
  await first.start('two');
  const pid = first.get('two')!.pid;
  first.close();

  const second = new Supervisor(folder, () => undefined);
  second.add(sleeper('two'));
  assert.equal(await second.start('two'), 'adopted');
  assert.equal(second.get('two')!.pid, pid);

  const third = new Supervisor(folder, () => undefined);
  const changed = sleeper('two');
  changed.launch = { ...changed.launch, args: ['-c', 'exec sleep 61'] };
  third.add(changed);
  assert.equal(await third.start('two'), 'started');
  assert.notEqual(third.get('two')!.pid, pid);
  await third.stop('two');
  assert.equal(findRunning(folder, 'two'), undefined);
});

test('a start that never gets healthy is an error that names the log', async () => {
  const supervisor = new Supervisor(folder, () => undefined);
  supervisor.add(sleeper('three', { healthy: async () => false, startTimeoutMs: 300 }));
  await assert.rejects(supervisor.start('three'), /three did not become healthy within 0.3 s; see .*three\.log/);
  await supervisor.stop('three');
});

test('a stop during a start leaves nothing running', async () => {
  const supervisor = new Supervisor(folder, () => undefined);
  supervisor.add(sleeper('early', { prepare: () => new Promise(resolve => setTimeout(resolve, 300)) }));
  const started = assert.rejects(supervisor.start('early'), /early was stopped while it started/);
  supervisor.close();
  await supervisor.stop('early');
  await started;
  assert.equal(findRunning(folder, 'early'), undefined);
  assert.equal(supervisor.get('early')!.pid, null);
});

test('a child that outlives its program is ended before the program starts again', async () => {
  const supervisor = new Supervisor(folder, () => undefined);
  supervisor.watch();
  const spec = sleeper('parent');
  spec.launch = { ...spec.launch, args: ['-c', 'sleep 61 & wait'] };
  supervisor.add(spec);
  try {
    await supervisor.start('parent');
    const first = supervisor.get('parent')!.pid!;
    assert.ok(await until(() => withDescendants([first]).length === 2, 2_000, 50));
    const child = withDescendants([first])[1]!;
    supervisor.kill('parent', 'SIGKILL', false);
    assert.ok(await until(() => !isAlive(child), 3_000, 50));
  } finally {
    supervisor.close();
    await supervisor.stop('parent');
  }
});

test('a program that keeps dying is given up early, with the end of its log', async () => {
  const supervisor = new Supervisor(folder, () => undefined);
  supervisor.watch();
  const spec = sleeper('dying', { healthy: async () => false, startTimeoutMs: 60_000 });
  spec.launch = { ...spec.launch, args: ['-c', 'echo no such option; exit 3'] };
  supervisor.add(spec);
  try {
    await assert.rejects(supervisor.start('dying'), /dying ended 3 times while starting \(code 3\); see .*dying\.log\n    no such option/);
  } finally {
    supervisor.close();
    await supervisor.stop('dying');
  }
});

test('everything of a program dies with it when it is stopped by SIGKILL', async () => {
  const supervisor = new Supervisor(folder, () => undefined);
  const spec = sleeper('four');
  spec.launch = { ...spec.launch, args: ['-c', 'sleep 60 & wait'] };
  supervisor.add(spec);
  await supervisor.start('four');
  const running = findRunning(folder, 'four')!;
  await supervisor.stop('four', 'SIGKILL');
  assert.equal(isAlive(running), false);
});

test('two starts in the same instant are one process', async () => {
  const supervisor = new Supervisor(folder, () => undefined);
  let prepared = 0;
  supervisor.add(sleeper('twice', { prepare: () => void (prepared += 1) }));
  try {
    await Promise.all([supervisor.startSoon('twice'), supervisor.startSoon('twice')]);
    assert.equal(prepared, 1);
    assert.equal(findRunning(folder, 'twice')?.pid, supervisor.get('twice')!.pid);
  } finally {
    await supervisor.stop('twice');
    supervisor.close();
  }
});
