/**
 * Measures the ledger's write path against pgbench, a stored function and the usual handler, all in one run on one server.
 * `make bench-ledger`, `make bench-ledger LONG=1`; options in plan.ts. The last line printed is one JSON object of ratios. A
 * variant that fails, or a payment that cannot be found afterwards, ends the run with an error and without figures.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeCapacityPage } from './capacity.ts';
import { auditLedgers } from './audit.ts';
import { checkpoints, createBenchServer, walSyncs, type BenchServer } from './database.ts';
import { goals, judge, summaryLine, type Measurement } from './goals.ts';
import { readMachine } from './machine.ts';
import { assertPgbench, scale } from './pgbench.ts';
import { orderOf, readPlan, type Plan } from './plan.ts';
import { endAll } from './processes.ts';
import { conditions, goalLines, replaceSection, section, table, type Facts, type Line } from './report.ts';
import { Bench, variants, type Variant } from './variants.ts';

const documentPath = resolve(import.meta.dirname, '../../docs/benchmarks.md');
const say = (text: string) => console.log(text);

/** What a signal has to clear away. */
let server: BenchServer | undefined;
let folder: string | undefined;
let clearing: Promise<void> | undefined;

async function clear(): Promise<void> {
  clearing ??= (async () => {
    await endAll();
    await server?.remove();
    if (folder) rmSync(folder, { recursive: true, force: true });
  })();
  return clearing;
}

async function measureAll(bench: Bench, chosen: readonly Variant[], plan: Plan): Promise<Measurement[]> {
  const measured: Measurement[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    const flushesBefore = await walSyncs(bench.server);
    for (const variant of orderOf(chosen, round)) {
      const turn = { prefix: `r${round}-${variant.name}`, warmupS: round === 0 ? plan.firstWarmupS : plan.warmupS, measureS: variant.latencyOnly ? plan.latencyS : plan.measureS };
      const figures = await variant.run(bench, turn).catch(error => {
        throw new Error(`${variant.name}, round ${round + 1}: ${(error as Error).message}`, { cause: error });
      });
      measured.push({ ...figures, variant: variant.name });
      say(`  round ${round + 1}  ${variant.name.padEnd(18)} ${Math.round(figures.perSecond).toString().padStart(7)}/s`);
    }
    await sleep(1_100); // the server's statistics arrive up to a second late
    if (!((await walSyncs(bench.server)) > flushesBefore)) throw new Error('the log was not flushed once in a round: nothing of it was durable');
  }
  return measured;
}

async function measureOn(bench: Bench, chosen: readonly Variant[], plan: Plan): Promise<void> {
  const startedAt = Date.now();
  const seconds = () => `${Math.round((Date.now() - startedAt) / 1000)} s`;
  const machine = readMachine(bench.server.folder);
  const parts = new Set(chosen.map(variant => variant.part));
  await bench.prepare(parts);
  say(`prepared in ${seconds()}`);
  const checkpointsBefore = await checkpoints(bench.server);
  const measured = await measureAll(bench, chosen, plan);
  machine.loadAtEnd = loadavg()[0]!;
  say(`measured after ${seconds()}`);

  if (parts.has('tpcb')) await assertPgbench(bench.server, bench.transactions);
  const [checked, audited] = await Promise.all([bench.books.assertAll(), parts.has('inProcess') || parts.has('http') ? auditLedgers(bench, parts) : 'No ledger was part of the run.']);
  const facts: Facts = {
    date: new Date().toISOString().slice(0, 10),
    form: plan.name,
    rounds: plan.rounds,
    accounts: plan.accounts,
    scale,
    settleS: plan.settleS,
    machine,
    versions: `PostgreSQL ${bench.server.version}, Node ${process.versions.node}`,
    settings: bench.server.settings,
    checkpoints: (await checkpoints(bench.server)) - checkpointsBefore,
    checked,
    audited,
  };
  const lines: Line[] = chosen.map(({ name, title, inFlight }) => ({ name, title, inFlight: inFlight(bench), measured: measured.filter(one => one.variant === name) }));
  const results = goals.map(goal => judge(goal, measured)).filter(result => result !== undefined);
  say(`\n${conditions(facts)}\n\n${table(lines)}\n\n${goalLines(results)}`);
  if (results.length === goals.length && plan.write) {
    writeFileSync(documentPath, replaceSection(readFileSync(documentPath, 'utf8'), section(facts, lines, results)));
    writeCapacityPage();
    say('\ndocs/benchmarks.md and docs/ledger-capacity.md are written.');
  }
  await bench.close();
  say(`\nin ${seconds()}`);
  say(summaryLine(results));
}

async function main(): Promise<number> {
  const plan = readPlan(process.argv.slice(2));
  const chosen = variants.filter(variant => (plan.only.length === 0 ? plan.name === 'long' || !variant.longOnly : plan.only.some(name => variant.name === name || variant.name.startsWith(`${name}-`))));
  if (chosen.length === 0) throw new Error(`no variant is named ${plan.only.join(', ')}; there are ${variants.map(variant => variant.name).join(', ')}`);
  let interrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      interrupted = true;
      void clear().then(() => process.exit(130));
    });
  }
  // A promise that nobody waited for any more must not end the process before everything is cleared away.
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, error => {
      if (!interrupted) console.error(`bench-ledger: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      void clear().then(() => process.exit(interrupted ? 130 : 1));
    });
  }
  try {
    server = await createBenchServer(made => (folder = made));
    await measureOn(new Bench(server, plan), chosen, plan);
    return 0;
  } catch (error) {
    // What fails since everything was just taken away from it is no finding.
    if (!interrupted) throw error;
    return 130;
  } finally {
    await clear();
  }
}

main().then(
  code => process.exit(code),
  error => {
    console.error(`bench-ledger: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    process.exit(1);
  },
);
