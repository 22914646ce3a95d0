/**
 * Thousands of histories of two writers before a database that delays, breaks off before or after a commit, commits behind their backs,
 * and refuses. Each is made of one seed and nothing else: LEDGER_SIMULATION_SEED=<seed> has that one again, LEDGER_SIMULATION_RUNS=<n> more of them.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, renderAnswer } from '../src/domain/answers.ts';
import { appendStatement, toPlacedRow } from '../src/adapters/journal.ts';
import { decideBatch, type Request } from '../src/domain/batching.ts';
import { Book } from '../src/domain/book.ts';
import { errors, LedgerError } from '../src/domain/errors.ts';
import type { Command, CommandContext, PlacedRow, RowRef } from '../src/domain/model.ts';
import { MemoryJournal } from './support/memory.ts';
import { Model } from './support/model.ts';
import { Head, SimulatedDatabase, Simulation, takeClocks } from './support/simulation.ts';
import { hotStep, opened, opening, step, system, tenants, type Step } from './support/steps.ts';

// Before the writer is loaded, so that it takes the time from the simulation.
const realNow = performance.now.bind(performance);
takeClocks();
const { Writer } = await import('../src/usecases/writer.ts');
type CommittedBatch = import('../src/usecases/writer.ts').CommittedBatch;

const runs = Number(process.env['LEDGER_SIMULATION_RUNS'] ?? 2_000);
const only = process.env['LEDGER_SIMULATION_SEED'];
const firstSeed = only === undefined ? Number(process.env['LEDGER_SIMULATION_FROM'] ?? 1) : Number(only);
let pool: Step[];
/** A few accounts that everybody wants. */
let hot: Step[];
/** The write that opens all accounts, before anything goes wrong. */
let openAll: unknown[];
const openings: Request[] = tenants.flatMap(tenant => [...opened, ...system].map(terms => {
  const command = opening(terms);
  return { command, context: { tenant, key: `open/${terms.id}`, actor: 'tester', requestHash: hashOf(command), requestId: 'open' } };
}));
before(() => {
  pool = fc.sample(step, { seed: 20261121, numRuns: 4_000 });
  hot = fc.sample(hotStep, { seed: 20261121, numRuns: 2_000 });
  const { batch } = decideBatch(new Book(), new Map(), openings);
  openAll = appendStatement(batch, { region: 'region-a', instance: 'w0', format: 1, digest: Buffer.alloc(32), lease: null }, new Map()).values;
});

function hashOf(command: Command): string {
  return createHash('sha256').update(canonicalJson(command)).digest('hex');
}

interface Answered {
  command: Command;
  context: CommandContext;
  status: number;
  body: string;
  /** Steps of the simulation, not time: two things at once are still one after the other. */
  sentAt: number;
  answeredAt: number;
}

const met: Record<string, number> = {};

/** One history: clients send, and send again until they have an answer that stays. */
async function live(seed: number): Promise<void> {
  const simulation = new Simulation(seed);
  const { random } = simulation;
  const [journal, head, faults] = [new MemoryJournal(), new Head(), { rate: [0, 0.02, 0.1, 0.25][Math.floor(random() * 4)]!, met }];
  journal.write('append', openAll);
  const batches: CommittedBatch[] = [];
  const writers = (simulation.chance(0.25) ? [1] : [1, 2]).map(n => new Writer(new SimulatedDatabase(simulation, journal, head, faults).asDatabase(), {
    region: 'region-a', instance: `w${n}`, batchMax: [1, 2, 5, 40][Math.floor(random() * 4)]!, lanes: 1 + Math.floor(random() * 2), queueMax: simulation.chance(0.1) ? 4 : 200, waitMaxMs: simulation.chance(0.1) ? 5 : 2_000, accountCacheMax: simulation.chance(0.3) ? 3 : 1_000,
    observer: { batch: (batch, way) => { batches.push(batch); met[way] = (met[way] ?? 0) + 1; }, retried: () => undefined },
  }));
  let ticks = 0;
  const [answered, known] = [[] as Answered[], Object.fromEntries(tenants.map(tenant => [tenant, [] as RowRef[]]))];
  const send = async (command: Command, context: CommandContext) => {
    const sentAt = ticks++; // for the first time: any of its tries may be the one that is in the journal
    for (let tries = 0; ; tries++) {
      if (tries > 200) throw new Error('a client never got an answer');
      try {
        const { status, body, rows } = await writers[Math.floor(random() * writers.length)]!.submit(command, { ...context, requestId: `${context.requestId}.${tries}` });
        answered.push({ command, context, status, body, sentAt, answeredAt: ticks++ });
        for (const row of rows) if (row.debit) known[context.tenant]!.push({ position: row.position, atUs: row.createdAtUs });
        return;
      } catch (error) {
        if (!(error instanceof LedgerError)) throw error;
        met[error.code] = (met[error.code] ?? 0) + 1;
        if (!errors[error.code].retryable) {
          answered.push({ command, context, status: errors[error.code].status, body: error.code, sentAt, answeredAt: ticks++ });
          return;
        }
        await simulation.wait(random() * 50);
        if (tries > 30) faults.rate = 0;
      }
    }
  };
  const contextOf = (tenant: string, key: string, command: Command): CommandContext => ({ tenant, key, actor: 'tester', requestHash: hashOf(command), requestId: `${seed}-${ticks}` });
  const history = (async () => {
    const [steps, clients, keys] = simulation.chance(0.15) ? [hot, 50, 10_000] : [pool, 2 + Math.floor(random() * 14), 60];
    await Promise.all(Array.from({ length: clients }, async () => {
      for (let left = 1 + Math.floor(random() * (steps === hot ? 2 : 4)); left > 0; left--) {
        // Long enough for a writer to forget that it has met another one.
        if (steps === hot && simulation.chance(0.3)) await simulation.wait(1_500 - 4 * random());
        const { tenant, key, make } = steps[Math.floor(random() * steps.length)]!;
        const command = make(known[tenant]!);
        const context = contextOf(tenant, `k${key % keys}`, command);
        // Now and then twice at the same time, perhaps to both writers.
        await Promise.all(simulation.chance(0.2) ? [send(command, context), send(command, { ...context, requestId: `${context.requestId}b` })] : [send(command, context)]);
      }
    }));
    await Promise.all(writers.map(writer => writer.drained()));
  })();
  await simulation.run(history);
  check(journal, answered, batches);
}

function check(journal: MemoryJournal, answered: Answered[], batches: CommittedBatch[]): void {
  const commands = new Map<string, { command: Command; sentAt: number; position: number; answeredAt: number }>(openings.map(({ command, context }, index) => [`${context.tenant}/${context.key}`, { command, sentAt: -2, answeredAt: -1, position: index + 1 }]));
  const answers = new Map<string, string>();
  for (const { command, context, status, body, sentAt, answeredAt } of answered) {
    const key = `${context.tenant}/${context.key}`;
    const stored = journal.keys.get(key);
    assert.ok(stored, `${key} was answered and is not there`);
    if (body === 'idempotency-key-reused') {
      // Perhaps for one that was running and came to nothing; but there was one.
      assert.ok(answered.some(other => `${other.context.tenant}/${other.context.key}` === key && other.context.requestHash !== context.requestHash), `${key} was refused as another request`);
      continue;
    }
    assert.equal(stored.requestHash, context.requestHash, `${key} was answered with another request's answer`);
    const rows = journal.load([`{"${context.tenant}"}`, `{"${context.key}"}`, '{}', '{}', '{}', false]).map(row => toPlacedRow(row['body']));
    assert.deepEqual(renderAnswer(1, rows, 'region-a'), { status, body }, 'acknowledged is not what is stored');
    assert.equal(answers.get(key) ?? body, body, 'one key, two answers');
    answers.set(key, body);
    const position = Number(stored.position);
    const before = commands.get(key);
    commands.set(key, { command, position, sentAt: Math.min(sentAt, before?.sentAt ?? sentAt), answeredAt: Math.min(answeredAt, before?.answeredAt ?? answeredAt) });
  }
  checkOrder([...commands.values()]);
  replay(journal, commands);
  checkTold(journal, batches);
  met['checked'] = (met['checked'] ?? 0) + answered.length;
}

/** Answered before another was sent: before it in the journal, too. */
function checkOrder(commands: { sentAt: number; answeredAt: number; position: number }[]): void {
  for (const one of commands) for (const other of commands) if (one.answeredAt < other.sentAt) assert.ok(one.position < other.position, 'an earlier command stands behind a later one');
}

/** Decided anew in the order of the journal, by a model that knows nothing of writers: every verdict and balance is the same. */
function replay(journal: MemoryJournal, commands: Map<string, { command: Command }>): void {
  const model = new Model();
  for (const [index, row] of journal.rows.entries()) {
    assert.equal(row.position, BigInt(index + 1));
    if (row.key === null) continue;
    const { command } = commands.get(`${row.tenant}/${row.key}`) ?? {};
    assert.ok(command, `${row.tenant}/${row.key} is in the journal and nobody was answered`);
    const verdict = row.kind === 'decline' ? JSON.parse(row.answer!).code : row.kind === 'account' ? (row.status === 201 ? 'opened' : 'exists') : 'posted';
    const expired = 'hold' in command && journal.rows[Number(command.hold.position) - 1]?.expiresAtUs === 1_000_000n;
    assert.equal(verdict, model.run(row.tenant, command, row.position, expired), `position ${row.position}: ${command.kind}`);
    met[verdict] = (met[verdict] ?? 0) + 1;
  }
  for (const name of model.names) {
    const { tenant, id, posted, out, incoming, version } = journal.byId.get(name)!;
    assert.deepEqual([posted, posted - out, out, incoming, BigInt(version)], model.balances(tenant, id), name);
  }
}

/** What caches and relays were told after commits is what the journal says. */
function checkTold(journal: MemoryJournal, batches: CommittedBatch[]): void {
  const balanceAt = new Map<string, bigint>();
  for (const row of journal.rows) {
    if (row.debit === null) continue;
    balanceAt.set(`${row.debit} ${row.debitVersion}`, row.debitBalance!);
    balanceAt.set(`${row.credit} ${row.creditVersion}`, row.creditBalance!);
  }
  for (const { firstPosition, rows, accounts } of batches) {
    rows.forEach((row: PlacedRow, index) => assert.equal(row.requestId, journal.rows[Number(firstPosition) - 1 + index]!.requestId));
    for (const { account, version, postedMinor } of accounts) assert.equal(balanceAt.get(`${account.number} ${version}`), postedMinor, 'a balance that never was');
  }
}

test(`seeds ${firstSeed} to ${firstSeed + (only === undefined ? runs : 1) - 1}: exactly once, acknowledged is stored, the order is kept, every decision is the model's`, async () => {
  const startedAtMs = realNow();
  for (let seed = firstSeed; seed < firstSeed + (only === undefined ? runs : 1); seed++) {
    try {
      await live(seed);
    } catch (error) {
      throw new Error(`LEDGER_SIMULATION_SEED=${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
  console.log(`${runs} histories, ${met['checked']} answers checked in ${Math.round(realNow() - startedAtMs)} ms: ${JSON.stringify(met)}`);
  if (only !== undefined || runs < 500) return;
  const wanted = ['fast', 'careful', 'read lost', 'write lost before', 'write lost after', 'write abandoned', 'failover', 'serialization failure', 'deadlock', 'statement timeout', 'fenced', 'lock timeout', 'begin lost', 'lost in a transaction', 'deadlock in a transaction', 'commit lost after', 'posted', 'insufficient-funds', 'limit-exceeded', 'hold-closed', 'refund-exceeds-captured', 'idempotency-key-reused', 'overloaded', 'exists'];
  assert.deepEqual(wanted.filter(one => !met[one]), [], 'the histories must have gone everywhere, or they prove nothing');
});
