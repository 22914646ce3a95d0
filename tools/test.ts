/**
 * Runs every check of the repository, two at a time, and ends with `N passed, N failed`.
 * Usage: node tools/test.ts [suite …]     (no name: all of them)
 * A suite that ends with an error but reports no failed test counts as one failure; a suite that
 * reports no test at all counts as one failure too, so that nothing is skipped silently.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const logs = join(root, '.local/test');
const cli = ['node', 'node_modules/@backstage/cli/bin/backstage-cli'];
const tsc = ['node', 'node_modules/typescript/bin/tsc'];

interface Suite {
  name: string;
  command: string[];
  timeoutMs: number;
  /** Needs the machine for itself: it measures, or it starts the whole platform. */
  alone?: boolean;
  /** One pass when the command ends well; the command prints no count of its own. */
  single?: boolean;
}

const minute = 60_000;
const suites: Suite[] = [
  // First, because it takes longest and waits more than it computes: the other lane does all the rest beside it.
  { name: 'ansible', command: ['node', '--test', '--test-concurrency=1', 'infra/ansible/test/*.test.ts'], timeoutMs: 25 * minute },
  { name: 'structure', command: ['node', '--test', 'tools/*.test.ts'], timeoutMs: 3 * minute },
  { name: 'types-portal', command: tsc, timeoutMs: 8 * minute, single: true },
  { name: 'types-ledger', command: [...tsc, '-p', 'ledger'], timeoutMs: 4 * minute, single: true },
  { name: 'types-local-platform', command: [...tsc, '-p', 'packages/local-platform'], timeoutMs: 4 * minute, single: true },
  { name: 'types-infra', command: [...tsc, '-p', 'infra'], timeoutMs: 4 * minute, single: true },
  { name: 'types-journeys', command: [...tsc, '-p', 'e2e'], timeoutMs: 4 * minute, single: true },
  { name: 'types-tools', command: [...tsc, '-p', 'tools'], timeoutMs: 4 * minute, single: true },
  { name: 'lint', command: [...cli, 'repo', 'lint', '--max-warnings', '0'], timeoutMs: 8 * minute, single: true },
  { name: 'ledger', command: ['node', '--test', 'ledger/src/**/*.test.ts', 'ledger/test/**/*.test.ts', 'ledger/bench/*.test.ts'], timeoutMs: 20 * minute },
  // Everything under infra/ but the plays: those start whole database clusters.
  { name: 'infra', command: ['node', '--test', 'infra/*.test.ts', 'infra/!(ansible)/**/*.test.ts'], timeoutMs: 8 * minute },
  { name: 'plugins', command: [...cli, 'repo', 'test', '--no-watch', '--maxWorkers', '2'], timeoutMs: 15 * minute },
  { name: 'local-platform', command: ['node', '--test', '--test-concurrency=1', 'packages/local-platform/src/**/*.test.ts'], timeoutMs: 10 * minute, alone: true },
  { name: 'journeys', command: ['node', 'e2e/run.ts'], timeoutMs: 18 * minute, alone: true },
];

interface Result {
  name: string;
  passed: number;
  failed: number;
  seconds: number;
  log: string;
}

/** Reads the closing lines of node:test, Jest and Playwright; sums several of them. */
export function count(output: string): { passed: number; failed: number } {
  // eslint-disable-next-line no-control-regex
  const text = output.replace(/\u001b\[[0-9;]*m/g, '');
  const sum = (pattern: RegExp) => [...text.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0);
  return {
    passed: sum(/^[#ℹ] pass (\d+)$/gm) + sum(/^Tests:.*?(\d+) passed/gm) + sum(/^\s+(\d+) passed \(/gm),
    failed:
      sum(/^[#ℹ] (?:fail|cancelled) (\d+)$/gm) + sum(/^Tests:\s+(\d+) failed/gm) + sum(/^\s+(\d+) failed$/gm) + sum(/^\s+(\d+) did not run$/gm),
  };
}

function runSuite(suite: Suite): Promise<Result> {
  const log = join(logs, `${suite.name}.log`);
  const startedAt = Date.now();
  return new Promise(settle => {
    // A file and not a pipe: a runner that ends with process.exit would lose what a pipe still holds, its counts among it.
    const file = openSync(log, 'w');
    // Its own process group, so that a suite over its time is ended with all it started.
    const child = spawn(suite.command[0]!, suite.command.slice(1), {
      cwd: root,
      detached: true,
      stdio: ['ignore', file, file],
      env: { ...process.env, CI: '1', NODE_ENV: undefined, FORCE_COLOR: '0', NODE_OPTIONS: '--max-old-space-size=4096' },
    });
    closeSync(file);
    const timer = setTimeout(() => {
      appendFileSync(log, `\nended after ${suite.timeoutMs / minute} minutes\n`);
      if (child.pid) process.kill(-child.pid, 'SIGKILL');
    }, suite.timeoutMs);
    child.on('close', code => {
      clearTimeout(timer);
      const { passed, failed } = suite.single ? { passed: code === 0 ? 1 : 0, failed: 0 } : count(readFileSync(log, 'utf8'));
      const nothingRan = passed + failed === 0;
      const failures = failed === 0 && (code !== 0 || nothingRan) ? 1 : failed;
      settle({ name: suite.name, passed, failed: failures, seconds: (Date.now() - startedAt) / 1000, log });
    });
  });
}

function report(result: Result): void {
  const mark = result.failed === 0 ? '✓' : '✗';
  console.log(`${mark} ${result.name.padEnd(22)} ${String(result.passed).padStart(5)} passed ${String(result.failed).padStart(3)} failed  ${result.seconds.toFixed(0).padStart(4)} s`);
  if (result.failed === 0) return;
  const lines = readFileSync(result.log, 'utf8').trimEnd().split('\n');
  console.log(lines.slice(-150).map(line => `    ${line}`).join('\n'));
  console.log(`    the whole log: ${result.log}`);
}

async function main(): Promise<void> {
  mkdirSync(logs, { recursive: true });
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter(name => !suites.some(suite => suite.name === name));
  if (unknown.length > 0) {
    console.error(`No suite named ${unknown.join(', ')}. There are: ${suites.map(suite => suite.name).join(', ')}`);
    process.exitCode = 2;
    return;
  }
  const chosen = suites.filter(suite => wanted.length === 0 || wanted.includes(suite.name));
  const results: Result[] = [];
  const queue = chosen.filter(suite => !suite.alone);
  const lane = async () => {
    for (let suite = queue.shift(); suite; suite = queue.shift()) {
      const result = await runSuite(suite);
      report(result);
      results.push(result);
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, cpus().length) }, lane));
  for (const suite of chosen.filter(one => one.alone)) {
    const result = await runSuite(suite);
    report(result);
    results.push(result);
  }
  const passed = results.reduce((total, result) => total + result.passed, 0);
  const failed = results.reduce((total, result) => total + result.failed, 0);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

if (process.argv[1] === import.meta.filename) await main();
