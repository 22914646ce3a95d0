/**
 * Are the tests any good? Each bug in mutants/list.ts is put into a copy of the ledger, and the test that is named for it must fail;
 * without the bug it must pass. LEDGER_MUTANTS=<id,…> runs some of them.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { mutants, type Mutant } from './mutants/list.ts';

const root = resolve(import.meta.dirname, '..');
const lanes = 2;
const timeoutMs = 90_000;
const wanted = process.env['LEDGER_MUTANTS']?.split(',');
const chosen = mutants.filter(({ id }) => !wanted || wanted.includes(id));
const folders: string[] = [];
after(() => folders.forEach(folder => rmSync(folder, { recursive: true, force: true })));

/** What the tests need, apart from the checkout: nothing here is ever changed in place. */
function copy(): string {
  const folder = mkdtempSync(join(tmpdir(), 'airpay-ledger-mutant-'));
  folders.push(folder);
  const ledger = join(folder, 'ledger');
  for (const part of ['src', 'migrations', 'test', 'package.json']) cpSync(join(root, part), join(ledger, part), { recursive: true });
  for (const [modules, place] of [[join(root, 'node_modules'), join(ledger, 'node_modules')], [join(dirname(root), 'node_modules'), join(folder, 'node_modules')]] as const) if (existsSync(modules)) symlinkSync(modules, place);
  return ledger;
}

interface Result {
  passed: boolean;
  /** The named test itself failed, not something else on the way to it. */
  killed: boolean;
  output: string;
}

function run(ledger: string, [file, name]: Mutant['killedBy']): Promise<Result> {
  const pattern = `^${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`;
  // The copies share the server of this run; each makes its database with migrations of its own.
  const env = { PATH: process.env['PATH'], LEDGER_TEST_RUN_PID: String(process.pid), LEDGER_TEST_MIGRATE: 'own', LEDGER_SIMULATION_RUNS: '250', LEDGER_SIMULATION_FROM: '1' };
  return new Promise(settle => {
    const child = spawn(process.execPath, ['--test-reporter=tap', `--test-name-pattern=${pattern}`, file], { cwd: ledger, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk));
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.once('exit', code => {
      clearTimeout(timer);
      const lines = output.split('\n').filter(line => /^(not )?ok \d+ - /.test(line) && line.replace(/^(not )?ok \d+ - /, '').startsWith(name) && !line.includes('# SKIP'));
      settle({ passed: code === 0 && lines.length > 0 && lines.every(line => line.startsWith('ok')), killed: lines.some(line => line.startsWith('not ok')), output });
    });
  });
}

/** Several at a time, each lane in a copy of its own. */
async function inLanes<T>(items: readonly T[], work: (ledger: string, item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  await Promise.all(Array.from({ length: lanes }, async () => {
    const ledger = copy();
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(ledger, item);
  }));
}

test('the list is of bugs that differ, at places that are there exactly once', () => {
  assert.equal(new Set(mutants.map(({ id }) => id)).size, mutants.length);
  assert.ok(mutants.length >= 25);
  for (const { id, file, find, replace } of mutants) {
    assert.equal(readFileSync(join(root, file), 'utf8').split(find).length - 1, 1, `${id}: ${file} has what is to be replaced`);
    assert.notEqual(find, replace, id);
  }
});

test('without a bug each of the named tests passes', { timeout: 600_000 }, async () => {
  const failed: string[] = [];
  const named = new Map(chosen.map(({ killedBy }) => [killedBy.join('\n'), killedBy]));
  await inLanes([...named.values()], async (ledger, killedBy) => {
    const { passed, output } = await run(ledger, killedBy);
    if (!passed) failed.push(`${killedBy.join(': ')}\n${output}`);
  });
  assert.deepEqual(failed, []);
});

test(`each of the ${mutants.length} bugs is found`, { timeout: 900_000 }, async () => {
  const [startedAtMs, alive] = [performance.now(), [] as string[]];
  const slow: [number, string][] = [];
  await inLanes(chosen, async (ledger, { id, file, find, replace, killedBy }) => {
    const [path, begunAtMs] = [join(ledger, file), performance.now()];
    const sound = readFileSync(path, 'utf8');
    writeFileSync(path, sound.replace(find, () => replace));
    const { killed, output } = await run(ledger, killedBy);
    writeFileSync(path, sound);
    if (!killed) alive.push(`${id}: ${output.slice(-1_500)}`);
    slow.push([Math.round(performance.now() - begunAtMs), id]);
  });
  slow.sort(([a], [b]) => b - a);
  console.log(`${chosen.length - alive.length} of ${chosen.length} killed in ${Math.round((performance.now() - startedAtMs) / 1000)} s; the slowest: ${slow.slice(0, 5).map(([ms, id]) => `${id} ${ms} ms`).join(', ')}`);
  assert.deepEqual(alive, []);
});
