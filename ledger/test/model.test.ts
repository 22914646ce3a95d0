/**
 * The ledger against a model: random histories of two tenants with the same ids and keys, over HTTP, with repeated keys and edge amounts. One after the other
 * every answer is foretold; many at once, at two processes, every answer is the one that the order of the journal gives.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { parsePublicId, publicId } from '../src/domain/ids.ts';
import type { Command, Posting, RowRef } from '../src/domain/model.ts';
import { currencies } from '../src/domain/money.ts';
import { toIsoUs } from '../src/domain/time.ts';
import { Api, assertAudited, createDatabase, startLedger, type Reply, type TestDatabase, type TestLedger } from './support/ledger.ts';
import { Model } from './support/model.ts';
import { opened, opening, step, tenants, type Step } from './support/steps.ts';

let database: TestDatabase;
let ledgers: TestLedger[];
/** Each history has two tenants of its own. */
const historiesMax = 400;
let histories = 0;
const secretOf = (tenant: string, history: number) => `secret-of-${tenant}-${history}`;
const scopes = ['accounts:read', 'accounts:write', 'transfers:read', 'transfers:write', 'holds:write', 'settlements:write'];

before(async () => {
  const keys = Array.from({ length: historiesMax }, (_, history) => tenants.map(tenant => ({ client: 'tester', tenant: `${tenant}${history}`, secret: secretOf(tenant, history), scopes }))).flat();
  keys.push({ client: 'tester', tenant: 'default', secret: 'test-secret-0123456789', scopes });
  database = await createDatabase();
  ledgers = await Promise.all(['1', '2'].map(number => startLedger(database, { LEDGER_INSTANCE: `ledger-test-${number}`, LEDGER_API_KEYS: JSON.stringify(keys) })));
});
after(() => Promise.all(ledgers.map(ledger => ledger.close())));

const runs = Number(process.env['LEDGER_TEST_RUNS'] ?? 30);
const met: Record<string, number> = {};
const note = (what: string) => void (met[what] = (met[what] ?? 0) + 1);

interface Sent {
  tenant: string;
  key: string;
  command: Command;
  reply: Reply;
}

class History {
  readonly model = new Model();
  readonly number = histories++;
  readonly known: Record<string, RowRef[]> = Object.fromEntries(tenants.map(tenant => [tenant, []]));
  readonly sent: Sent[] = [];

  async open(): Promise<void> {
    assert.ok(this.number < historiesMax, 'a shrinking that is out of tenants');
    await Promise.all(tenants.flatMap(tenant => opened.map(terms => this.send(0, tenant, `open-${terms.id}`, opening(terms)))));
  }

  async send(index: number, tenant: string, key: string, command: Command): Promise<Sent> {
    const [path, body] = routeOf(command);
    const reply = await new Api(ledgers[index % ledgers.length]!.url, secretOf(tenant, this.number)).post(path, body, key);
    const sent = { tenant, key, command, reply };
    this.sent.push(sent);
    if (reply.status < 300 && command.kind !== 'account' && reply.headers.get('idempotent-replayed') === null) {
      const rows = [reply.json, ...(reply.json.transfers ?? []), ...(reply.json.fee ? [reply.json.fee] : [])];
      for (const { id } of rows) if (parsePublicId(id)!.prefix !== 'tx') this.known[tenant]!.push(parsePublicId(id)!);
    }
    return sent;
  }

  commandOf({ tenant, key, make }: Step): [string, string, Command] {
    const command = make(this.known[tenant]!);
    // What has no route of its own, or says more than a route can.
    if (command.kind === 'expiry') return [tenant, `k${key}`, { kind: 'void', hold: command.hold }];
    if (command.kind === 'refund') return [tenant, `k${key}`, { ...command, ofKind: command.ofKind ?? 'transfer' }];
    if (command.kind === 'reversal') return [tenant, `k${key}`, { ...command, ofKind: 'transfer' }];
    return [tenant, `k${key}`, command];
  }

  /** Decides everything again in the order of the journal, and compares each verdict, then each balance. */
  async replay(): Promise<void> {
    const decided = new Map<string, Sent>();
    for (const sent of this.sent) {
      const id = `${sent.tenant}/${sent.key}`;
      if (sent.reply.json.code === 'idempotency-key-reused') {
        note('idempotency-key-reused');
        continue;
      }
      const before = decided.get(id);
      if (before) assert.deepEqual([sent.reply.status, sent.reply.text, same(sent.command)], [before.reply.status, before.reply.text, same(before.command)], 'one key, one answer');
      if (before) note('replayed');
      decided.set(id, sent);
    }
    const rows = await database.as('ledger_readonly', "SELECT tenant, position, key, kind, extract(epoch FROM expires_at) AS expires FROM ledger.journal WHERE tenant = ANY ($1) AND key IS NOT NULL ORDER BY position", [tenants.map(tenant => `${tenant}${this.number}`)]);
    const expired = new Set(rows.filter(row => row['expires'] !== null && Number(row['expires']) < 1_000).map(row => BigInt(row['position'] as string)));
    for (const row of rows) {
      const tenant = tenants.find(one => row['tenant'] === `${one}${this.number}`)!;
      const key = row['key'] as string;
      if (key.startsWith('system/open/')) {
        const [name, currency] = key.slice('system/open/'.length).split(':') as [string, string];
        const type = { 'cash-clearing': 'asset', equity: 'equity', fx: 'asset', fees: 'income' }[name] as 'asset';
        this.model.run(tenant, opening({ id: `${name}:${currency}`, type, currency: currency.toUpperCase(), minAvailableMinor: null, maxAvailableMinor: null }, 'system'), 0n);
        continue;
      }
      if (key.startsWith('system/expire/')) {
        // The worker has seen one whose time has passed.
        const hold = parsePublicId(key.split('/')[2]!)!;
        const verdict = this.model.run(tenant, { kind: 'expiry', hold }, BigInt(row['position'] as string), expired.has(hold.position));
        assert.equal(row['kind'] === 'decline' ? 'declined' : 'expiry', verdict === 'posted' ? 'expiry' : 'declined');
        continue;
      }
      const sent = decided.get(`${tenant}/${key}`);
      assert.ok(sent, `${tenant}/${key} is in the journal and nobody was answered`);
      decided.delete(`${tenant}/${key}`);
      const verdict = sent.command.kind === 'account' && sent.reply.status < 300 ? (sent.reply.status === 201 ? 'opened' : 'exists') : sent.reply.status < 300 ? 'posted' : sent.reply.json.code;
      assert.equal(verdict, this.model.run(tenant, sent.command, BigInt(row['position'] as string), 'hold' in sent.command && expired.has(sent.command.hold.position)), `position ${row['position']}: ${same(sent.command)}`);
      note(verdict);
    }
    assert.deepEqual([...decided.keys()], [], 'answered, and not in the journal');
    const accounts = await database.as('ledger_readonly', 'SELECT tenant, id, posted_minor, pending_out_minor, pending_in_minor, version FROM ledger.accounts WHERE tenant = ANY ($1)', [tenants.map(tenant => `${tenant}${this.number}`)]);
    assert.equal(accounts.length, this.model.names.length);
    for (const { tenant, id, posted_minor: posted, pending_out_minor: out, pending_in_minor: incoming, version } of accounts as Record<string, string>[]) {
      const [, available] = [0, BigInt(posted!) - BigInt(out!)];
      assert.deepEqual([BigInt(posted!), available, BigInt(out!), BigInt(incoming!), BigInt(version!)], this.model.balances(tenant!.replace(/\d+$/, ''), id!), `${tenant}/${id}`);
    }
  }
}

const same = (command: Command) => JSON.stringify(command, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
const bodyOf = ({ debitAccountId, creditAccountId, amountMinor, currency }: Pick<Posting, 'debitAccountId' | 'creditAccountId' | 'amountMinor' | 'currency'>) => ({ debitAccountId, creditAccountId, amountMinor: String(amountMinor), currency });
const amountOf = ({ amountMinor }: { amountMinor: bigint | null }) => (amountMinor === null ? {} : { amountMinor: String(amountMinor) });

function routeOf(command: Command): [path: string, body: object] {
  switch (command.kind) {
    case 'account': {
      const { id, owner, currency, type, minAvailableMinor, maxAvailableMinor } = command;
      return ['/v1/accounts', { id, owner, currency, type, minAvailableMinor: minAvailableMinor === null ? null : String(minAvailableMinor), maxAvailableMinor: maxAvailableMinor === null ? null : String(maxAvailableMinor) }];
    }
    case 'transfer': return command.postings.length === 1 ? ['/v1/transfers', bodyOf(command.postings[0]!)] : ['/v1/transactions', { transfers: command.postings.map(bodyOf) }];
    case 'conversion': {
      const { debitAccountId, creditAccountId, sellCurrency, buyCurrency, rate, sellAmountMinor, buyAmountMinor } = command;
      return ['/v1/conversions', { debitAccountId, creditAccountId, sellCurrency, buyCurrency, rate, sellAmountMinor: String(sellAmountMinor), buyAmountMinor: String(buyAmountMinor) }];
    }
    case 'hold': return ['/v1/holds', { ...bodyOf(command), ...(command.expiresAtUs === 1_000_000n && { expiresAt: toIsoUs(command.expiresAtUs) }) }];
    case 'capture': return [`/v1/holds/${publicId('ho', command.hold)}/captures`, { ...amountOf(command), final: command.final, ...(command.fee && { fee: { amountMinor: String(command.fee.amountMinor), ...(command.fee.accountId && { accountId: command.fee.accountId }) } }) }];
    case 'void': case 'expiry': return [`/v1/holds/${publicId('ho', command.hold)}/void`, {}];
    case 'refund': return [command.ofKind === 'hold' ? `/v1/holds/${publicId('ho', command.of)}/refunds` : `/v1/transfers/${publicId('tr', command.of)}/refunds`, amountOf(command)];
    case 'reversal': return [`/v1/transfers/${publicId('tr', command.of)}/reversal`, {}];
    case 'settlement': return ['/v1/settlements', { accountId: command.accountId, payoutAccountId: command.payoutAccountId }];
  }
}

test('one after the other: every answer and every balance is the model\'s', { timeout: 300_000 }, async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async steps => {
    const history = new History();
    await history.open();
    for (const [index, one] of steps.entries()) await history.send(index, ...history.commandOf(one));
    await history.replay();
  }), { numRuns: runs, endOnFailure: true }); // each history is of a journal that is there no more
});

test('many at once, at two processes, in any interleaving: every answer is what the order of the journal gives', { timeout: 300_000 }, async () => {
  const rounds = fc.array(fc.array(step, { minLength: 5, maxLength: 40 }), { minLength: 2, maxLength: 6 });
  await fc.assert(fc.asyncProperty(fc.scheduler(), rounds, fc.boolean(), async (scheduler, list, doubled) => {
    const history = new History();
    await history.open();
    for (const steps of list) {
      const commands = steps.map(one => history.commandOf(one));
      // The order in which they leave is fast-check's; what they meet on the way is not.
      const all = (doubled ? [...commands, ...commands] : commands).map((one, index) => scheduler.schedule(Promise.resolve()).then(() => history.send(index, ...one)));
      await scheduler.waitAll();
      await Promise.all(all);
    }
    await history.replay();
  }), { numRuns: runs, endOnFailure: true }); // each history is of a journal that is there no more
});

test('the histories went everywhere, or they prove nothing; the whole journal passes the audit, the trial balance is zero', async () => {
  const wanted = ['posted', 'opened', 'replayed', 'idempotency-key-reused', 'same-account', 'unknown-account', 'currency-mismatch', 'insufficient-funds', 'unknown-hold', 'unknown-transfer', 'capture-exceeds-hold', 'refund-exceeds-captured'];
  assert.deepEqual(wanted.filter(one => !met[one]), [], JSON.stringify(met));
  await assertAudited(database, 1_000);
  for (let history = 0; history < histories; history += 5) {
    const { json } = await new Api(ledgers[0]!.url, secretOf('alpha', history)).get('/v1/trial-balance');
    assert.deepEqual(json.currencies.map((row: { currency: string; differenceMinor: string }) => [row.currency, row.differenceMinor]), [...currencies].sort().map(code => [code, '0']));
  }
});

test('a walk over the pages of an account adds up to its balance, also while entries arrive', async () => {
  const { api } = ledgers[0]!;
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
