/**
 * Strict checks of everything that is applied to a cluster or a cloud: each kustomization and each Terraform folder, by tools that know the real
 * schemas and stand beside the repository. Two at a time; ends with `N passed, N failed`.
 * Usage: node tools/strict.ts TOOLS     (TOOLS: the folder of check-manifests.mjs and check-terraform.mjs)
 * What cannot run counts as failed: a tool that is missing, a check that says nothing, one that takes too long.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { writeExamples } from '../infra/terraform/checks/examples.ts';

const minute = 60_000;

export interface Job {
  name: string;
  command: string[];
  timeoutMs: number;
  /** Run before it, and counted as its failure when it fails. */
  first?: string[];
}

export interface Outcome {
  name: string;
  passed: number;
  failed: number;
  seconds: number;
  output: string;
}

/** The last `N passed, N failed` of an output; null when there is none. */
export function counts(output: string): { passed: number; failed: number } | null {
  const last = [...output.matchAll(/^(\d+) passed, (\d+) failed/gm)].at(-1);
  return last ? { passed: Number(last[1]), failed: Number(last[2]) } : null;
}

/** What a finished command is worth: an error that counts no failure is one, and so is silence. */
export function judge(code: number, output: string): { passed: number; failed: number } {
  const found = counts(output);
  if (!found) return { passed: 0, failed: 1 };
  const nothing = found.passed + found.failed === 0;
  return { passed: found.passed, failed: found.failed === 0 && (code !== 0 || nothing) ? 1 : found.failed };
}

function run(command: string[], timeoutMs: number, cwd: string): Promise<{ code: number; output: string }> {
  return new Promise(settle => {
    const child = spawn(command[0]!, command.slice(1), { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', chunk => chunks.push(chunk as Buffer));
    child.stderr.on('data', chunk => chunks.push(chunk as Buffer));
    let late = '';
    const timer = setTimeout(() => {
      late = `\nended after ${timeoutMs / minute} minutes\n`;
      if (child.pid) process.kill(-child.pid, 'SIGKILL');
    }, timeoutMs);
    child.on('error', error => settle({ code: 127, output: `${command[0]}: ${error.message}\n` }));
    child.on('close', code => {
      clearTimeout(timer);
      settle({ code: code ?? 1, output: Buffer.concat(chunks).toString() + late });
    });
  });
}

export async function runJobs(jobs: Job[], lanes: number, cwd: string, report: (outcome: Outcome) => void): Promise<Outcome[]> {
  const queue = [...jobs];
  const outcomes: Outcome[] = [];
  const lane = async () => {
    for (let job = queue.shift(); job; job = queue.shift()) {
      const startedAt = Date.now();
      const first = job.first ? await run(job.first, job.timeoutMs, cwd) : { code: 0, output: '' };
      const { code, output } = first.code === 0 ? await run(job.command, job.timeoutMs, cwd) : first;
      const outcome = { name: job.name, ...(first.code === 0 ? judge(code, output) : { passed: 0, failed: 1 }), seconds: (Date.now() - startedAt) / 1000, output };
      outcomes.push(outcome);
      report(outcome);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return outcomes;
}

/** Lists of at most `size`, so that neither lane waits long for the other at the end. */
export const chunks = <T>(list: readonly T[], size: number): T[][] => Array.from({ length: Math.ceil(list.length / size) }, (_, index) => list.slice(index * size, (index + 1) * size));

/** Everything there is to check. @param work a folder for what is rendered first */
export async function jobsOf(root: string, tools: string, work: string): Promise<Job[]> {
  const manifests = (name: string, folder: string, first?: string[]): Job => ({ name: `manifests ${name}`, command: ['node', join(tools, 'check-manifests.mjs'), '--kustomize', folder], timeoutMs: 9 * minute, ...(first && { first }) });
  const terraform = (name: string, folders: string[], first?: string[]): Job => ({ name: `terraform ${name}`, command: ['node', join(tools, 'check-terraform.mjs'), '--test', ...folders], timeoutMs: 9 * minute, ...(first && { first }) });
  const folders = (pattern: string) => [...new Set(globSync(pattern, { cwd: root }).map(file => resolve(root, file, '..')))].sort();
  const named = (kind: string, list: string[], size: number) => chunks(list, size).map((chunk, index) => terraform(`${kind} ${index * size + 1}-${index * size + chunk.length} of ${list.length}`, chunk));
  const templates = globSync('templates/payment-service/tests/valid/*.yaml', { cwd: root }).sort().flatMap(input => {
    const name = input.replace(/^.*\/|\.yaml$/g, '');
    const render = (part: string) => ['tools/run', 'template:render', 'payment-service', name, join(work, `${name}-${part}`)];
    // Of Terraform it brings none: what its infrastructure is made with is among the roots.
    return [manifests(`template ${name}`, join(work, `${name}-gitops`, 'gitops'), render('gitops'))];
  });
  return [
    manifests('infra/gitops', join(root, 'infra/gitops')),
    ...named('roots', [...folders('infra/terraform/live/*/*/versions.tf'), ...folders('infra/terraform/services/*/versions.tf')], 3),
    ...named('modules', folders('infra/terraform/modules/*/versions.tf'), 5),
    // As deep as in the repository: what climbs out of a module's folder stays within the work.
    ...named('examples', await writeExamples(root, join(work, 'infra/terraform')), 8),
    ...templates,
  ];
}

/** Tools without which a check would be left out: each is a failure of its own. */
export function missing(tools: string, has: (command: string[]) => boolean): string[] {
  const files = ['check-manifests.mjs', 'check-terraform.mjs'].filter(name => !existsSync(join(tools, name))).map(name => `${join(tools, name)} is not there`);
  const programs: [string, string[]][] = [['kubectl', ['kubectl', 'version', '--client']], ['terraform', ['terraform', 'version']]];
  return [...files, ...programs.filter(([, command]) => !has(command)).map(([name]) => `${name} is not installed`)];
}

const succeeds = (command: string[]): boolean => spawnSync(command[0]!, command.slice(1), { stdio: 'ignore', timeout: minute }).status === 0;

async function main(tools: string | undefined): Promise<void> {
  const root = resolve(import.meta.dirname, '..');
  if (!tools) {
    console.error('Usage: node tools/strict.ts TOOLS');
    process.exitCode = 2;
    return;
  }
  const lacking = missing(resolve(tools), succeeds);
  for (const problem of lacking) console.log(`✗ ${problem}: its checks were not made`);
  const work = mkdtempSync(join(tmpdir(), 'strict-'));
  try {
    const able = (job: Job) => !lacking.some(problem => problem.includes(job.name.startsWith('terraform') ? 'terraform' : 'manifests') || (job.name.startsWith('manifests') && problem.startsWith('kubectl')));
    const jobs = (await jobsOf(root, resolve(tools), work)).filter(able);
    const outcomes = await runJobs(jobs, Math.max(1, Math.min(2, cpus().length)), root, outcome => {
      console.log(`${outcome.failed === 0 ? '✓' : '✗'} ${outcome.name.padEnd(34)} ${String(outcome.passed).padStart(4)} passed ${String(outcome.failed).padStart(3)} failed ${outcome.seconds.toFixed(0).padStart(4)} s`);
      if (outcome.failed > 0) console.log(outcome.output.trimEnd().split('\n').filter(line => !/^ok /.test(line)).slice(-150).map(line => `    ${line}`).join('\n'));
    });
    // Beside the logs of the suites, where `make checklist` reads what was proved.
    mkdirSync(join(root, '.local/test'), { recursive: true });
    writeFileSync(join(root, '.local/test/strict.log'), outcomes.map(outcome => outcome.output).join('\n'));
    const sum = (key: 'passed' | 'failed') => outcomes.reduce((total, outcome) => total + outcome[key], 0);
    const failed = sum('failed') + lacking.length;
    console.log(`${sum('passed')} passed, ${failed} failed`);
    process.exitCode = failed === 0 ? 0 : 1;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (process.argv[1] === import.meta.filename) await main(process.argv[2]);
