/** What the database refuses on its own, whoever writes: the service's role, a reader, the owner, a service with a bug. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { appendStatement, loadStatement, toLoaded, type Seal } from '../src/adapters/journal.ts';
import { answerFormat } from '../src/domain/answers.ts';
import { decideBatch, totalsOf, type Decided, type Request } from '../src/domain/batching.ts';
import { balancesOf, Book } from '../src/domain/book.ts';
import { batchDigest } from '../src/domain/chain.ts';
import type { Command } from '../src/domain/model.ts';
import { currencies, exponentOf } from '../src/domain/money.ts';
import { account, nothingSaid, openWriter, transfer, writeEveryKind, type OpenWriter } from './support/everyKind.ts';
import { createDatabase, type TestDatabase } from './support/ledger.ts';

let database: TestDatabase;
let writer: OpenWriter;
before(async () => {
  database = await createDatabase();
  writer = openWriter(database);
  await writeEveryKind(writer);
});
after(() => writer?.close());

const written = { region: 'region-a', instance: 'by hand', format: answerFormat };

interface Attempt {
  commands?: Command[];
  /** What a service with a bug would make of the batch after deciding it. */
  spoil?: (decided: Decided<Request>) => void;
  seal?: Partial<Seal>;
  key?: string;
  /** Added to what the batch posts. */
  totals?: Record<string, bigint>;
}

/** Decides commands on what the database says now; the statement that would write them. */
async function decide({ commands = [transfer('cash-clearing:usd', 'payer', 100n), transfer('payer', 'shop', 30n)], spoil, seal, key = randomUUID(), totals = {} }: Attempt = {}) {
  const payments = commands.flatMap(command => ('hold' in command ? [command.hold.position] : 'of' in command ? [command.of.position] : []));
  const ids = (await database.as('ledger_readonly', "SELECT id FROM ledger.accounts WHERE tenant = 'default'")).map(row => ({ tenant: 'default', id: String(row['id']) }));
  const { text, values } = loadStatement({ keys: [], accounts: ids, payments, lockHead: false });
  const loaded = toLoaded(await database.as('ledger_app', text, values));
  const book = new Book();
  for (const one of loaded.accounts) book.addAccount(one);
  for (const one of loaded.payments) book.addPayment(one);
  const decided = decideBatch(book, new Map(), commands.map((command, index): Request => ({ command, context: { tenant: 'default', actor: 'tester', key: index === 0 ? key : randomUUID(), requestHash: '0'.repeat(64), requestId: randomUUID() } })));
  const posted = totalsOf(decided.batch);
  for (const [currency, more] of Object.entries(totals)) posted.set(currency, (posted.get(currency) ?? 0n) + more);
  spoil?.(decided);
  return appendStatement(decided.batch, { ...written, digest: batchDigest(decided.batch.rows, written), lease: null, ...seal }, posted);
}

async function append(attempt: Attempt = {}): Promise<unknown> {
  const { text, values } = await decide(attempt);
  return database.as('ledger_app', text, values);
}

const state = async () => JSON.stringify(await database.as('postgres', 'SELECT (SELECT n FROM ledger.head) AS n, (SELECT count(*) FROM ledger.journal) AS rows, (SELECT sum(posted_minor + 3 * pending_out_minor + 7 * version) FROM ledger.accounts) AS balances, (SELECT sum(captured_minor + 3 * released_minor + 7 * refunded_minor) FROM ledger.payments) AS payments'));

test('what a service decided well is written: the refusals below are not of something else', async () => {
  const before = await state();
  await append();
  await append({ commands: [transfer('payer', 'shop', 1n)] });
  assert.notEqual(await state(), before);
});

const openHold = async () => {
  const [row] = await database.as('postgres', "SELECT p.position::text, (extract(epoch FROM j.created_at) * 1000000)::bigint::text AS us FROM ledger.payments p JOIN ledger.journal j USING (position) WHERE j.kind = 'hold' AND captured_minor + released_minor < authorised_minor LIMIT 1");
  return { position: BigInt(String(row!['position'])), atUs: BigInt(String(row!['us'])) };
};
/** So that what is pending suffices for more than the hold in question. */
const hold: Command = { kind: 'hold', debitAccountId: 'payer', creditAccountId: 'shop', amountMinor: 100n, currency: 'USD', expiresAtUs: 4_000_000_000_000_000n, ...nothingSaid };
const refunded = async () => {
  const [row] = await database.as('postgres', "SELECT p.position::text, (extract(epoch FROM j.created_at) * 1000000)::bigint::text AS us FROM ledger.payments p JOIN ledger.journal j USING (position) WHERE j.kind = 'transfer' AND refunded_minor < captured_minor LIMIT 1");
  return { position: BigInt(String(row!['position'])), atUs: BigInt(String(row!['us'])) };
};

/** Raises the amount of the batch's last row and moves the balances along, so that nothing but a rule about payments is broken. */
function inflate(decided: Decided<Request>, byMinor: bigint): void {
  const { batch } = decided;
  const row = batch.rows.at(-1)!;
  row.amountMinor! += byMinor;
  const debitNormal = (number: string) => [...batch.accounts.keys()].find(one => one.number === number)!.type === 'asset';
  if (row.kind !== 'void') row.debitBalanceMinor! += debitNormal(row.debit!) ? byMinor : -byMinor;
  if (row.kind !== 'void') row.creditBalanceMinor! += debitNormal(row.credit!) ? -byMinor : byMinor;
  for (const [one] of batch.accounts) {
    if (one.number !== row.debit && one.number !== row.credit) continue;
    const raises = (one.type === 'asset') === (one.number === row.debit);
    if (row.kind !== 'void') one.postedMinor += raises ? byMinor : -byMinor;
    if (row.kind === 'capture' || row.kind === 'void') one[raises ? 'pendingInMinor' : 'pendingOutMinor'] -= byMinor;
  }
}

/** Has one row credit another account, with everything that belongs to it, so that nothing but the choice of the account is wrong. */
async function crediting(id: string, tenant = 'default', row = 0): Promise<NonNullable<Attempt['spoil']>> {
  const { text, values } = loadStatement({ keys: [], accounts: [{ tenant, id }], payments: [], lockHead: false });
  const [other] = toLoaded(await database.as('ledger_app', text, values)).accounts;
  const before = balancesOf(other!);
  return ({ batch }) => {
    const wrong = batch.rows[row]!;
    const [right, was] = [...batch.accounts].find(([one]) => one.number === wrong.credit)!;
    batch.accounts.delete(right);
    other!.version++;
    other!.postedMinor += right.postedMinor - was.postedMinor;
    other!.pendingInMinor += right.pendingInMinor - was.pendingInMinor;
    batch.accounts.set(other!, before);
    Object.assign(wrong, { credit: other!.number, creditVersion: other!.version, creditBalanceMinor: other!.postedMinor });
  };
}

/** Name, SQLSTATE or constraint, and what goes wrong. */
const refused: [string, string, () => Attempt | Promise<Attempt>][] = [
  ['a row of another amount than its balances moved', 'AP003', () => ({ spoil: ({ batch }) => void (batch.rows[0]!.amountMinor! += 1n) })],
  ['a balance that moves further than its rows say', 'AP003', () => ({ spoil: ({ batch }) => void ([...batch.accounts.keys()][0]!.postedMinor += 5n) })],
  ['money that appears in an account that no row touches', 'AP003', () => ({ spoil: ({ batch }) => void (batch.rows[1]!.credit = batch.rows[0]!.debit) })],
  ['a row whose account does not move', 'AP003', () => ({ spoil: ({ batch }) => void batch.accounts.delete([...batch.accounts.keys()].at(-1)!) })],
  ['money that is held and never was', 'AP003', () => ({ spoil: ({ batch }) => void ([...batch.accounts.keys()][0]!.pendingOutMinor += 5n) })],
  ['versions that do not count the legs', 'AP003', () => ({ spoil: ({ batch }) => void [...batch.accounts.keys()][0]!.version++ })],
  ['a row whose version leaves a gap', 'AP003', () => ({ spoil: ({ batch }) => void (batch.rows[0]!.debitVersion! += 50) })],
  ['two rows whose versions are mixed up', 'AP003', () => ({ commands: [1n, 2n, 3n].map(amountMinor => transfer('payer', 'shop', amountMinor)), spoil: ({ batch }) => void (batch.rows[1]!.debitVersion! += 7) })],
  ['a last row that names another balance', 'AP003', () => ({ spoil: ({ batch }) => void (batch.rows[1]!.creditBalanceMinor! += 50n) })],
  ['a row without an amount', 'AP003', () => ({ commands: [transfer('payer', 'shop', 1n), transfer('payer', 'shop', 2n)], spoil: ({ batch }) => void batch.rows.forEach(row => (row.amountMinor = null)) })],
  ['totals that grow by more than is posted', 'AP003', () => ({ totals: { USD: 5n } })],
  ['totals of a currency that nobody moved', 'AP003', () => ({ totals: { EUR: 5n } })],
  ['totals that grow with nothing but a decline', 'AP003', () => ({ commands: [transfer('payer', 'shop', 10n ** 9n)], totals: { USD: 5n } })],
  ['a decision on an account that has moved since', 'AP001', () => ({ spoil: ({ batch }) => void [...batch.accounts].forEach(([one, was]) => (one.version--, was.version--)) })],
  ['one posting, decided on an account that has moved since', 'AP001', () => ({ commands: [transfer('payer', 'shop', 1n)], spoil: ({ batch: { rows: [row] } }) => void row!.debitVersion!-- })],
  ['one posting whose balance does not follow', 'AP001', () => ({ commands: [transfer('payer', 'shop', 1n)], spoil: ({ batch: { rows: [row] } }) => void (row!.creditBalanceMinor! += 1n) })],
  ['one posting between currencies', 'AP003', async () => ({ commands: [transfer('payer', 'shop', 1n)], spoil: await crediting('euro') })],
  ['postings between currencies, beside others', 'AP003', async () => ({ spoil: await crediting('euro', 'default', 1) })],
  ['a hold between currencies', 'AP003', async () => ({ commands: [hold], spoil: await crediting('euro') })],
  ['one posting to another tenant', 'AP003', async () => ({ commands: [transfer('payer', 'shop', 1n)], spoil: await crediting('payer', 'other') })],
  ['postings to another tenant, beside others', 'AP003', async () => ({ spoil: await crediting('payer', 'other', 1) })],
  ['a row that says it is another tenant\'s', 'AP003', () => ({ spoil: ({ batch }) => void (batch.rows[0]!.tenant = 'other') })],
  ['a lease that another one holds now', 'AP002', () => ({ seal: { lease: { name: 'expiry', epoch: 7n } } })],
  ['a key that was used before', 'journal_key', async () => ({ key: String((await database.as('postgres', "SELECT key FROM ledger.journal WHERE key IS NOT NULL AND tenant = 'default' LIMIT 1"))[0]!['key']) })],
  ['a key that was used before, for one posting', 'journal_key', async () => ({ commands: [transfer('payer', 'shop', 1n)], key: String((await database.as('postgres', "SELECT key FROM ledger.journal WHERE key IS NOT NULL AND tenant = 'default' LIMIT 1"))[0]!['key']) })],
  ['the same key twice in one batch', 'journal_key', () => ({ spoil: ({ batch }) => void (batch.rows[1]!.key = batch.rows[0]!.key) })],
  ['a command without a key', 'journal_posting', () => ({ spoil: ({ batch }) => void (batch.rows[1]!.key = null) })],
  ['a balance below the floor', 'accounts_floor', () => ({ spoil: decided => inflate(decided, 10_000_000n) })],
  ['a balance above the ceiling', 'accounts_ceiling', () => ({ commands: [transfer('payer', 'shop', 1n), transfer('cash-clearing:usd', 'payer', 1n)], spoil: decided => inflate(decided, 10_000_000n) })],
  ['a capture of more than the hold', 'payments_captured', async () => ({ commands: [hold, { kind: 'capture', hold: await openHold(), amountMinor: null, final: false, fee: null, ...nothingSaid }], totals: { USD: 1n }, spoil: decided => inflate(decided, 1n) })],
  ['a release of more than is left', 'payments_captured', async () => ({ commands: [hold, { kind: 'void', hold: await openHold() }], spoil: decided => inflate(decided, 1n) })],
  ['a refund of more than was paid', 'payments_refunded', async () => ({ commands: [transfer('cash-clearing:usd', 'shop', 1_000n), { kind: 'refund', of: await refunded(), amountMinor: null, ...nothingSaid }], totals: { USD: 1n }, spoil: decided => inflate(decided, 1n) })],
  ['a refund of a payment that has changed since', 'AP001', async () => ({ commands: [transfer('cash-clearing:usd', 'shop', 1_000n), { kind: 'refund', of: await refunded(), amountMinor: 1n, ...nothingSaid }], spoil: ({ batch }) => void batch.payments.forEach(before => before.version--) })],
  ['a refund whose payment is not named as changed', 'AP001', async () => ({ commands: [{ kind: 'refund', of: await refunded(), amountMinor: 1n, ...nothingSaid }, transfer('payer', 'shop', 1n)], spoil: ({ batch }) => void batch.payments.set({ ...[...batch.payments.keys()][0]!, position: 1n }, { ...[...batch.payments.keys()][0]!, position: 1n, version: 0 }) })],
  ['a decline on an account that has moved since', 'AP001', () => ({ commands: [transfer('payer', 'shop', 10n ** 9n), transfer('cash-clearing:usd', 'due', 1n)], spoil: ({ batch }) => void batch.seen().accounts.forEach(one => one.version--) })],
  ['an account that exists', 'accounts_id_tenant_key', () => ({ commands: [account('new-one')], spoil: ({ batch }) => void (batch.openings[0]!.id = 'payer') })],
  ['an opening in a currency that is none', 'accounts_currency_fkey', () => ({ commands: [account('new-one')], spoil: ({ batch }) => void (batch.openings[0]!.currency = 'XXX') })],
  ['an account id that is none', 'account_id_check', () => ({ commands: [account('new-one')], spoil: ({ batch }) => void (batch.openings[0]!.id = 'Not An Id') })],
];

for (const [name, expected, make] of refused) {
  test(`ledger.append refuses ${name}`, async () => {
    const before = await state();
    await assert.rejects(append(await make()), (error: { constraint?: string; code?: string; message: string }) => [error.constraint, error.code].includes(expected) || assert.fail(`${expected} expected, got ${error.code} ${error.constraint}: ${error.message}`));
    assert.equal(await state(), before, 'nothing of it was written');
  });
}

const sealed = ['journal', 'chain', 'genesis', 'accounts', 'payments', 'head'];
const everyRole = ['ledger_app', 'ledger_readonly', 'airpay_recovery'] as const;

async function tables(): Promise<{ name: string; column: string }[]> {
  const rows = await database.as('postgres', "SELECT c.relname AS name, (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum LIMIT 1) AS column FROM pg_class c WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1");
  return rows as unknown as { name: string; column: string }[];
}

test('least privilege: the service and the readers can write no table of the ledger at all', async () => {
  const all = await tables();
  assert.ok(all.length >= 12 && sealed.every(name => all.some(one => one.name === name)), JSON.stringify(all));
  for (const role of everyRole) {
    for (const { name, column } of all) {
      for (const sql of [`INSERT INTO ledger.${name} DEFAULT VALUES`, `UPDATE ledger.${name} SET ${column} = ${column}`, `DELETE FROM ledger.${name}`, `TRUNCATE ledger.${name} CASCADE`, `SELECT set_config('ledger.appending', 'on', false); UPDATE ledger.${name} SET ${column} = ${column}`]) {
        await assert.rejects(database.as(role, sql), { code: '42501' }, `${role}: ${sql}`);
      }
    }
  }
});

test('least privilege: the service has no power over the schema, the roles or the guards', async () => {
  const ddl = [
    'DROP TABLE ledger.journal', 'CREATE TABLE ledger.mine (id int)', 'CREATE TABLE public.mine (id int)', 'CREATE SCHEMA mine', 'ALTER TABLE ledger.accounts DISABLE TRIGGER ALL', 'DROP TRIGGER journal_append_only ON ledger.journal',
    'ALTER TABLE ledger.journal DISABLE ROW LEVEL SECURITY', 'DROP POLICY journal_ledger_app ON ledger.journal', 'CREATE INDEX i ON ledger.journal (actor)', 'DROP FUNCTION ledger.append',
    'CREATE OR REPLACE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$', 'SET session_replication_role = replica', 'SET ROLE ledger_owner', 'CREATE ROLE mine', 'ALTER ROLE ledger_app BYPASSRLS',
    "SELECT ledger.change_payments(1, 1, '{1}', '{0}')", "COPY ledger.journal TO '/tmp/journal'",
  ];
  for (const role of everyRole) for (const sql of ddl) await assert.rejects(database.as(role, sql), { code: '42501' }, `${role}: ${sql}`);
  for (const sql of ['SELECT * FROM ledger.append_one()', "SELECT ledger.take_lease('expiry', 'me', 1000)", 'SELECT * FROM ledger.due_holds(1)', "SELECT * FROM ledger.load('{}', '{}', '{}', '{}', '{}', true)"]) {
    for (const role of ['ledger_readonly', 'airpay_recovery'] as const) await assert.rejects(database.as(role, sql), (error: { code: string }) => ['42501', '42883'].includes(error.code), `${role}: ${sql}`);
  }
  const rights = await database.as('postgres', "SELECT rolname, rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication AS mighty, pg_has_role(rolname, 'ledger_owner', 'member') AS owner FROM pg_roles WHERE rolname IN ('ledger_app', 'ledger_readonly', 'airpay_recovery')");
  assert.deepEqual(rights.map(one => [one['mighty'], one['owner']]), [[false, false], [false, false], [false, false]]);
});

test('least privilege: what runs with the owner\'s rights takes no type from the caller\'s temporary schema, and nobody else may call it', async () => {
  const functions = await database.as('postgres', "SELECT p.proname AS name, p.prosecdef AS definer, p.proconfig::text AS config, has_function_privilege('public', p.oid, 'EXECUTE') AS everybody FROM pg_proc p WHERE p.pronamespace = 'ledger'::regnamespace");
  assert.ok(functions.filter(one => one['definer']).length >= 15, 'too few were looked at');
  assert.deepEqual(functions.filter(one => one['everybody']), []);
  assert.deepEqual(functions.filter(one => one['definer'] && !String(one['config']).includes('search_path=pg_catalog, ledger, pg_temp')), []);
  // In a session that can make temporary types, one named like a type that such a function uses: its check would run as the owner.
  const { text, values } = await decide();
  const client = new pg.Client({ connectionString: database.url('ledger_app') });
  await client.connect();
  const ran: string[] = [];
  client.on('notice', notice => ran.push(String(notice.message)));
  try {
    await client.query("CREATE FUNCTION pg_temp.spy(pg_catalog.text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'runs as %', current_user; RETURN true; END $$");
    for (const type of ['text', 'jsonb', 'timestamptz']) await client.query(`CREATE DOMAIN pg_temp.${type} AS pg_catalog.${type} CHECK (pg_temp.spy(VALUE::pg_catalog.text))`);
    await client.query("SELECT 'mine'::text");
    assert.deepEqual(ran.splice(0), ['runs as ledger_app'], 'the trap works');
    await client.query(text, values);
    await client.query("SELECT ledger.take_lease('trap', 'me', 1)");
    assert.deepEqual(ran, []);
  } finally {
    await client.end();
  }
});

test('the owner too changes nothing but through ledger.append, and never a row of the journal or a link', async () => {
  const columnOf = async (name: string) => (await tables()).find(one => one.name === name)!.column;
  for (const name of sealed) for (const sql of [`DELETE FROM ledger.${name}`, `TRUNCATE ledger.${name} CASCADE`]) await assert.rejects(database.as('ledger_owner', sql), { code: '42501' }, sql);
  for (const name of ['journal', 'accounts', 'chain', 'genesis']) {
    const sql = `UPDATE ledger.${name} SET ${await columnOf(name)} = ${await columnOf(name)}`;
    await assert.rejects(database.as('ledger_owner', sql), { code: '42501' }, sql);
  }
  await assert.rejects(database.as('ledger_owner', 'INSERT INTO ledger.journal SELECT * FROM ledger.journal'), { code: '42501' });
  await assert.rejects(database.as('ledger_owner', "INSERT INTO ledger.accounts (number) VALUES (999)"), { code: '42501' });
  for (const name of ['journal', 'chain', 'genesis']) {
    const { column } = (await tables()).find(one => one.name === name)!;
    for (const sql of [`UPDATE ledger.${name} SET ${column} = ${column}`, `DELETE FROM ledger.${name}`]) await assert.rejects(database.as('ledger_owner', `BEGIN; SET LOCAL ledger.appending = 'on'; ${sql}`), { code: '42501' }, sql);
  }
  for (const sql of ["SET min_available_minor = NULL", "SET currency = 'EUR'", "SET id = 'x' || id", "SET owner = 'me'"]) await assert.rejects(database.as('ledger_owner', `BEGIN; SET LOCAL ledger.appending = 'on'; UPDATE ledger.accounts ${sql}`), { code: '42501' }, sql);
});

test('row-level security: a tenant sees its own rows, nobody sees any without saying who it is', async () => {
  const count = async (tenant: string | null, from: string) => {
    const rows = await database.as('ledger_app', `${tenant === null ? '' : `SET ledger.tenant = '${tenant}';`} SELECT count(*)::int AS n FROM ledger.${from}`);
    return Number(rows[0]!['n']);
  };
  for (const from of ['accounts', 'journal', 'payments', 'transfers', 'entries']) {
    const [all, own, others] = [Number((await database.as('ledger_readonly', `SELECT count(*)::int AS n FROM ledger.${from}`))[0]!['n']), await count('default', from), await count('other', from)];
    assert.ok(all > 0 && own > 0, from);
    assert.equal(own + others, all, from);
    assert.equal(await count(null, from), 0, from);
    assert.equal(await count('nobody', from), 0, from);
    assert.equal(await count('', from), 0, from);
  }
  assert.ok((await count('other', 'accounts')) > 0);
  for (const name of ['webhook_endpoints', 'webhook_deliveries', 'webhook_requests']) assert.equal((await database.as('postgres', `SELECT relrowsecurity AS on FROM pg_class WHERE oid = 'ledger.${name}'::regclass`))[0]!['on'], true, name);
});

test('a ledger\'s chain begins with a hash of its own: two ledgers never share a history', async () => {
  const genesis = async (one: TestDatabase) => String((await one.as('ledger_readonly', "SELECT encode(hash, 'hex') AS hash FROM ledger.genesis"))[0]!['hash']);
  // The tests' databases are copies of one template, whose beginning was made by the migration.
  assert.match(await genesis(database), /^[0-9a-f]{64}$/);
  const [head] = await database.as('ledger_readonly', "SELECT encode(prev_hash, 'hex') AS hash FROM ledger.chain WHERE n = 1");
  assert.equal(head!['hash'], await genesis(database));
});

test('the currencies in the database are those of the code', async () => {
  const rows = await database.as('ledger_readonly', 'SELECT code, exponent FROM ledger.currencies ORDER BY code');
  assert.deepEqual(rows, [...currencies].sort().map(code => ({ code, exponent: exponentOf(code) })));
});
