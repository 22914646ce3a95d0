/** The ledger against a model of a few lines, over random histories with repeated keys and edge amounts. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import pg from 'pg';
import { runChecks } from '../src/adapters/checks.ts';
import { createDatabase, startLedger, type TestDatabase, type TestLedger } from './support/ledger.ts';

let database: TestDatabase;
let ledger: TestLedger;
let history = 0;
before(async () => {
  database = await createDatabase();
  ledger = await startLedger(database);
});
after(() => ledger.close());

const max = 2n ** 63n - 1n;
type Name = 'cash' | 'wallet' | 'shop' | 'fees' | 'euros' | 'nobody';
interface Command {
  debit: Name;
  credit: Name;
  amount: bigint;
  currency: 'USD' | 'EUR';
  /** Few keys, so that they repeat. */
  key: number;
}

/** Written apart from the ledger's own decision on purpose: signed balances, debits positive. */
class Model {
  readonly signed: Record<string, bigint> = { cash: 0n, wallet: 0n, shop: 0n, fees: 0n, euros: 0n };
  readonly answers = new Map<number, { request: string; answer: string }>();

  balance(name: string): bigint {
    return name === 'cash' || name === 'fees' ? this.signed[name]! : -this.signed[name]!;
  }

  /** `posted`, the code of the refusal, or `reused`. */
  send(command: Command): { answer: string; replayed: boolean } {
    const request = JSON.stringify({ ...command, amount: String(command.amount) });
    const stored = this.answers.get(command.key);
    if (stored) return stored.request === request ? { answer: stored.answer, replayed: true } : { answer: 'idempotency-key-reused', replayed: false };
    const answer = this.decide(command);
    this.answers.set(command.key, { request, answer });
    return { answer, replayed: false };
  }

  decide({ debit, credit, amount, currency }: Command): string {
    if (debit === credit) return 'same-account';
    if (debit === 'nobody' || credit === 'nobody') return 'unknown-account';
    for (const name of [debit, credit]) if ((name === 'euros') !== (currency === 'EUR')) return 'currency-mismatch';
    const after = { [debit]: this.signed[debit]! + amount, [credit]: this.signed[credit]! - amount };
    const balances = Object.entries(after).map(([name, signed]) => [name, name === 'cash' || name === 'fees' ? signed : -signed] as const);
    if (balances.some(([, balance]) => balance > max || balance < -max - 1n)) return 'balance-overflow';
    if (balances.some(([name, balance]) => name !== 'cash' && balance < 0n)) return 'insufficient-funds';
    Object.assign(this.signed, after);
    return 'posted';
  }
}

const names: Name[] = ['cash', 'wallet', 'shop', 'fees', 'euros', 'nobody'];
const amount = fc.oneof({ weight: 6, arbitrary: fc.bigInt({ min: 1n, max: 50n }) }, { weight: 1, arbitrary: fc.constantFrom(max, max - 1n, 2n ** 53n + 1n, 2n ** 62n) });
const command: fc.Arbitrary<Command> = fc.record({
  debit: fc.oneof({ weight: 3, arbitrary: fc.constant<Name>('cash') }, { weight: 4, arbitrary: fc.constantFrom(...names) }),
  credit: fc.constantFrom(...names),
  amount,
  currency: fc.oneof({ weight: 9, arbitrary: fc.constant('USD' as const) }, { weight: 1, arbitrary: fc.constant('EUR' as const) }),
  key: fc.nat({ max: 25 }),
});

/** A history that meets every answer once, whatever chance brings besides. */
const everyAnswer: Command[] = [
  { debit: 'cash', credit: 'wallet', amount: max, currency: 'USD', key: 0 },
  { debit: 'cash', credit: 'wallet', amount: max, currency: 'USD', key: 0 },
  { debit: 'cash', credit: 'wallet', amount: 1n, currency: 'USD', key: 0 },
  { debit: 'cash', credit: 'wallet', amount: 1n, currency: 'USD', key: 1 },
  { debit: 'shop', credit: 'cash', amount: 1n, currency: 'USD', key: 2 },
  { debit: 'wallet', credit: 'wallet', amount: 1n, currency: 'USD', key: 3 },
  { debit: 'wallet', credit: 'nobody', amount: 1n, currency: 'USD', key: 4 },
  { debit: 'wallet', credit: 'euros', amount: 1n, currency: 'USD', key: 5 },
];

/** A replay of an earlier command now and then, word for word. */
const commands = fc.array(command, { minLength: 5, maxLength: 40 }).chain(list => fc.array(fc.nat({ max: list.length - 1 }), { maxLength: 10 }).map(again => [...list, ...again.map(index => list[index]!)]));

test('random histories: every answer and every balance is the model\'s', { timeout: 150_000 }, async () => {
  const seen: Record<string, number> = {};
  await fc.assert(fc.asyncProperty(commands, async list => {
    const prefix = `h${history++}:`;
    const model = new Model();
    const { api } = ledger;
    await Promise.all([
      api.account(`${prefix}cash`, { type: 'asset', minAvailableMinor: null }), api.account(`${prefix}wallet`), api.account(`${prefix}shop`, { type: 'income' }),
      api.account(`${prefix}fees`, { type: 'expense' }), api.account(`${prefix}euros`, { currency: 'EUR' }),
    ]);
    const bodies = new Map<number, string>();
    for (const { debit, credit, amount: minor, currency, key } of list) {
      const expected = model.send({ debit, credit, amount: minor, currency, key });
      const reply = await api.transfer(prefix + debit, prefix + credit, minor, { currency }, `${prefix}${key}`);
      const answer = reply.status === 201 ? 'posted' : reply.json.code;
      assert.deepEqual([answer, reply.headers.get('idempotent-replayed') === 'true'], [expected.answer, expected.replayed]);
      if (expected.replayed) assert.equal(reply.text, bodies.get(key));
      else if (answer !== 'idempotency-key-reused') bodies.set(key, reply.text);
      seen[expected.replayed ? 'replayed' : answer] = (seen[expected.replayed ? 'replayed' : answer] ?? 0) + 1;
    }
    for (const name of Object.keys(model.signed)) assert.equal(await api.posted(prefix + name), model.balance(name), name);
  }), { numRuns: 25, examples: [[everyAnswer]] });
  // The histories must have gone everywhere, or they prove nothing.
  for (const answer of ['posted', 'replayed', 'idempotency-key-reused', 'same-account', 'unknown-account', 'currency-mismatch', 'balance-overflow', 'insufficient-funds']) assert.ok((seen[answer] ?? 0) > 0, `${answer}: ${JSON.stringify(seen)}`);
});

test('after all of them the whole journal passes the audit, and the trial balance is zero', async () => {
  const client = new pg.Client({ connectionString: database.url('ledger_readonly') });
  await client.connect();
  const results = await runChecks(client);
  await client.end();
  assert.deepEqual(results.filter(result => result.faults > 0), []);
  assert.ok(results[0]!.checked >= 30, `only ${results[0]!.checked} entries`);
  const { json } = await ledger.api.get('/v1/trial-balance');
  assert.deepEqual(json.currencies.map((row: { currency: string; differenceMinor: string }) => [row.currency, row.differenceMinor]), [['EUR', '0'], ['GBP', '0'], ['MXN', '0'], ['USD', '0']]);
  assert.ok(BigInt(json.currencies[3].debitMinor) > 0n);
});

test('a walk over the pages of an account adds up to its balance, also while entries arrive', async () => {
  const { api } = ledger;
  await api.account('walked');
  const expected = Array.from({ length: 25 }, (_, index) => BigInt(index + 1));
  for (const minor of expected) await api.fund('walked', minor);
  const seen: bigint[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page = await api.get(`/v1/accounts/walked/entries?limit=10${cursor && `&cursor=${cursor}`}`);
    assert.equal(page.status, 200, page.text);
    seen.push(...page.json.entries.map((entry: { amountMinor: string }) => BigInt(entry.amountMinor)));
    if (seen.length === 10) await api.fund('walked', 1_000); // newer than all pages
    cursor = page.json.nextCursor;
  }
  assert.deepEqual(seen, expected.reverse());
  assert.equal(await api.posted('walked'), seen.reduce((sum, minor) => sum + minor) + 1_000n);
});
