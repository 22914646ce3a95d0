/**
 * Plans one root of live/, the way Atlantis does, and says in a few lines what would happen. Never applies.
 * Usage: node infra/terraform/plan.ts ENV        (ENV: payments-prod/region-a; without one it lists them)
 * Exit 0: there is a plan; 1: Terraform failed; 2: it could not begin.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { accountOf, readEstate } from './checks/estate.ts';
import { advice, summary, type PlanJson } from './plan-summary.ts';

const repository = path.resolve(import.meta.dirname, '../..');
const lockTimeout = '120s';
const planMinutes = 30;

/** ENV -> folder: payments-prod/region-a -> live/project-1-payments-prod/region-a. */
export function environments(live: string): Map<string, string> {
  if (!existsSync(live)) return new Map();
  return new Map(readdirSync(live, { withFileTypes: true }).filter(entry => entry.isDirectory()).flatMap(entry => {
    const project = /^project-\d+-(.+)$/.exec(entry.name)?.[1];
    if (!project) return [];
    const folder = path.join(live, entry.name);
    return readdirSync(folder).filter(region => existsSync(path.join(folder, region, 'backend.hcl'))).map((region): [string, string] => [`${project}/${region}`, path.join(folder, region)]);
  }).sort());
}

/** Runs Terraform; its output goes to the person at once, and its end is kept for advice. */
function terraform(args: string[], env: NodeJS.ProcessEnv, quiet = false): Promise<{ code: number; output: string }> {
  return new Promise(settle => {
    const child = spawn('terraform', args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (stream: NodeJS.WriteStream) => (chunk: Buffer) => {
      output = quiet ? output + chunk.toString() : (output + chunk.toString()).slice(-200_000);
      if (!quiet) stream.write(chunk);
    };
    child.stdout.on('data', keep(process.stdout));
    child.stderr.on('data', keep(process.stderr));
    const timer = setTimeout(() => child.kill('SIGINT'), planMinutes * 60_000);
    // Terraform itself gives the lock back when it is asked to stop; so it, not this process, takes Ctrl-C.
    const wait = () => undefined;
    process.on('SIGINT', wait);
    child.on('error', error => settle({ code: 127, output: error.message }));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      process.off('SIGINT', wait);
      settle({ code: code ?? 1, output: signal ? `${output}\nended by ${signal}` : output });
    });
  });
}

function fail(title: string, output: string): number {
  console.error(`\n${title}`);
  for (const line of advice(output)) console.error(`  ${line}`);
  return 1;
}

export async function main(args: string[], live = path.join(import.meta.dirname, 'live')): Promise<number> {
  const known = environments(live);
  const [name, ...rest] = args;
  const folder = name === undefined ? undefined : known.get(name);
  if (folder === undefined || rest.length > 0) {
    console.error(`${name === undefined ? '' : `No root named ${args.join(' ')}.\n`}Usage: make plan ENV=<root>, one of:`);
    for (const one of known.keys()) console.error(`  ${one}`);
    return 2;
  }
  if (spawnSync('terraform', ['version'], { timeout: 30_000 }).status !== 0) {
    console.error('terraform is missing, or does not run. Install version 1.9 or newer (https://developer.hashicorp.com/terraform/install), then run the same again.');
    return 2;
  }
  const out = path.join(repository, '.local/plans');
  mkdirSync(out, { recursive: true, mode: 0o700 });
  const base = path.join(out, name!.replaceAll('/', '-'));
  const env: NodeJS.ProcessEnv = { ...process.env, TF_INPUT: '0', TF_IN_AUTOMATION: '1' };
  // A plan needs to read and no more; whoever may apply is not asked here. What people apply, they plan as themselves.
  const [project, region] = name!.split('/');
  const planner = accountOf(readEstate(repository), project!, region!, 'planner');
  if (planner !== null) env['GOOGLE_IMPERSONATE_SERVICE_ACCOUNT'] ??= planner;
  console.log(`${name}: ${path.relative(repository, folder)}, as ${env['GOOGLE_IMPERSONATE_SERVICE_ACCOUNT'] ?? 'yourself'}`);

  const chdir = `-chdir=${folder}`;
  const init = await terraform([chdir, 'init', '-no-color', '-input=false', '-backend-config=backend.hcl'], env);
  if (init.code !== 0) return fail('terraform init failed; there is no plan.', init.output);
  const plan = await terraform([chdir, 'plan', '-no-color', '-input=false', `-lock-timeout=${lockTimeout}`, '-detailed-exitcode', `-out=${base}.tfplan`], env);
  // 0: nothing to do, 2: something to do, anything else: no plan.
  if (plan.code !== 0 && plan.code !== 2) return fail('terraform plan failed; there is no plan.', plan.output);
  chmodSync(`${base}.tfplan`, 0o600);
  const shown = await terraform([chdir, 'show', '-json', `${base}.tfplan`], env, true);
  if (shown.code !== 0) return fail('terraform show failed: the plan was written and cannot be read.', shown.output);
  const text = summary(name!, JSON.parse(shown.output) as PlanJson);
  writeFileSync(`${base}.txt`, text, { mode: 0o600 });
  console.log(`\n${text}\nPlan: ${path.relative(repository, base)}.tfplan (it may hold what the state holds: do not pass it on). Nothing was applied.`);
  return 0;
}

if (process.argv[1] === import.meta.filename) process.exitCode = await main(process.argv.slice(2));
