/** The use cases: every command through the writer, every read for its tenant. */
import { hash } from 'node:crypto';
import type { Database, Rows } from '../adapters/db.ts';
import { toAccount, toPlacedRow } from '../adapters/journal.ts';
import type { Metrics } from '../adapters/metrics.ts';
import * as reads from '../adapters/reads.ts';
import { accountJson, canonicalJson, renderAnswer, transferJson } from '../domain/answers.ts';
import type { Outcome } from '../domain/batching.ts';
import type { BalanceCache } from '../domain/cache.ts';
import { LedgerError } from '../domain/errors.ts';
import { parsePublicId, publicId } from '../domain/ids.ts';
import { posts, type Account, type Command, type CommandContext, type Kind, type RowRef, type Side } from '../domain/model.ts';
import { currencies } from '../domain/money.ts';
import { decodeCursor, encodeCursor, entryJson, holdJson, totalsJson } from '../domain/pages.ts';
import { toIso, toIsoUs } from '../domain/time.ts';
import type { WriteTiming } from '../domain/trace.ts';

/** A client's command before its hash is known. */
export type Caller = Omit<CommandContext, 'requestHash'>;

/** An answer that is, or was, decided with its effect. `body` goes out byte for byte. */
export interface CommandAnswer {
  status: number;
  body: string;
  replayed: boolean;
  timing?: WriteTiming;
}

/** What the writer does for the ledger. */
export interface Commands {
  submit(command: Command, context: CommandContext, lease?: { name: string; epoch: bigint } | null): Promise<Outcome>;
}

/** Clients' keys never begin so. */
export const systemKeyPrefix = 'system/';

export class Ledger {
  readonly #database: Database;
  readonly #commands: Commands;
  readonly #metrics: Metrics;
  readonly #cache: BalanceCache;
  /** Tenant -> its system accounts, opened or being opened. */
  readonly #tenants = new Map<string, Promise<void>>();
  /** Of the database, since which the tenants are known. */
  #generation: number;

  constructor(database: Database, commands: Commands, metrics: Metrics, cache: BalanceCache) {
    this.#database = database;
    this.#generation = database.generation;
    this.#commands = commands;
    this.#metrics = metrics;
    this.#cache = cache;
  }

  /**
   * Moves money, opens an account … or refuses and remembers the refusal. All or nothing, and the answer with it. `operation`: method
   * and path, so that a key belongs to one of them. `asked`: what the client said, where the command holds more than that, such as a
   * default that depends on today. Throws LedgerError when nothing was decided (503, 409, reused key).
   */
  async run(operation: string, command: Command, caller: Caller, asked: object = command): Promise<CommandAnswer> {
    const context = { ...caller, requestHash: hash('sha256', `${operation}\n${canonicalJson(asked)}`) };
    const cached = await this.#cache.readAnswer(caller.tenant, caller.key);
    if (cached) {
      if (cached.requestHash !== context.requestHash) throw new LedgerError('idempotency-key-reused', 'This Idempotency-Key was used before for a request with another path or body.');
      this.#metrics.replays.inc();
      return { status: cached.status, body: cached.body, replayed: true };
    }
    if (this.#generation !== this.#database.generation) {
      // Their openings may be among what a failover lost.
      this.#tenants.clear();
      this.#generation = this.#database.generation;
    }
    const ready = this.#tenants.get(caller.tenant);
    if (!ready) await this.#openTenant(caller.tenant);
    else await ready;
    const outcome = await this.#commands.submit(command, context);
    this.#cache.answered(caller.tenant, caller.key, { requestHash: context.requestHash, status: outcome.status, body: outcome.body });
    this.#metrics.countOutcome(command, outcome);
    return outcome;
  }

  /** The accounts every tenant has: through them money enters and leaves, changes its currency and pays fees. Opened once, through the journal. */
  #openTenant(tenant: string): Promise<void> {
    const opening = (async () => {
      const terms = { owner: 'system', minAvailableMinor: null, maxAvailableMinor: null, metadata: {} };
      const kinds = [['cash-clearing', 'asset'], ['equity', 'equity'], ['fx', 'asset'], ['fees', 'income']] as const;
      await Promise.all(currencies.flatMap(currency => kinds.map(([name, type]) => {
        const command: Command = { kind: 'account', id: `${name}:${currency.toLowerCase()}`, currency, type, ...terms };
        const key = `${systemKeyPrefix}open/${command.id}`;
        return this.#commands.submit(command, { tenant, actor: 'system', key, requestHash: hash('sha256', key), requestId: '00000000-0000-0000-0000-000000000000' });
      })));
    })();
    // Tried again by the next request if the database was not there.
    const remembered = opening.catch(error => {
      this.#tenants.delete(tenant);
      throw error;
    });
    this.#tenants.set(tenant, remembered);
    return remembered;
  }

  /** Throws unknown-account. `minVersion`: at least so new. */
  async readAccount(tenant: string, id: string, minVersion = 0) {
    const { tenant: _, ...json } = accountJson(await this.#account(tenant, id, minVersion));
    return json;
  }

  async #account(tenant: string, id: string, minVersion = 0): Promise<Account> {
    const cached = await this.#cache.readAccount(tenant, id, minVersion);
    if (cached) return cached;
    const [row] = await this.#database.queryAs(tenant, reads.selectAccount(tenant, id));
    if (!row) throw new LedgerError('unknown-account', 'There is no account with this id.');
    const account = toAccount(row['account']);
    this.#cache.accountRead(account);
    return account;
  }

  /** The posted balance after the account's `version`-th entry. Throws unknown-account, and invalid-request for a version to come. */
  async readBalanceAtVersion(tenant: string, id: string, version: number) {
    const account = await this.#account(tenant, id, version);
    if (version === 0) return { id, currency: account.currency, postedMinor: '0', version: '0', asOf: toIso(account.createdAtUs) };
    const [row] = await this.#database.queryAs(tenant, reads.selectBalanceAtVersion(account.number, version));
    if (!row) throw new LedgerError('invalid-request', `The account has not had ${version} entries yet.`);
    return { id, currency: account.currency, postedMinor: row['balance_minor'] as string, version: row['version'] as string, asOf: (row['created_at'] as Date).toISOString() };
  }

  /** By the time of recording, or, with `effective`, by the time of the business. Throws unknown-account. */
  async readBalanceAtTime(tenant: string, id: string, atUs: bigint, effective: boolean) {
    const account = await this.#account(tenant, id);
    const at = toIsoUs(atUs);
    const [row] = await this.#database.queryAs(tenant, effective ? reads.selectBalanceEffectiveAt(tenant, id, at) : reads.selectBalanceAtTime(account.number, at));
    return { id, currency: account.currency, postedMinor: (row?.['balance_minor'] as string | undefined) ?? '0', version: (row?.['version'] as string | null | undefined) ?? '0', asOf: toIso(atUs) };
  }

  /** One page of an account's history, newest first. Throws unknown-account and, for a foreign cursor, invalid-request. */
  async readEntries(tenant: string, id: string, cursor: string | undefined, limit: number) {
    const below = placeOf(cursor);
    const account = await this.#account(tenant, id);
    // One more than asked tells whether there is a next page.
    const rows = await this.#database.queryAs(tenant, reads.selectEntries(account.number, below, limit + 1));
    const entries = rows.slice(0, limit).map(toEntry);
    const last = entries.at(-1);
    return { entries: entries.map(entry => entryJson(entry, account)), nextCursor: rows.length > limit && last ? encodeCursor(last.version) : null };
  }

  /** Throws unknown-transfer. */
  async readTransfer(tenant: string, id: string) {
    const { found } = await this.lookUpTransfers(tenant, [id]);
    if (!found[0]) throw new LedgerError('unknown-transfer', 'There is no transfer with this id.');
    return found[0];
  }

  /** In the order asked; an id asked twice is answered once. */
  async lookUpTransfers(tenant: string, ids: string[]) {
    const asked = [...new Set(ids)];
    const refs = asked.flatMap(id => refOf(id, 'tr') ?? []);
    const found = new Map<string, ReturnType<typeof transferJson>>();
    for (const { row } of await this.#database.queryAs(tenant, reads.selectRows(tenant, refs))) {
      const placed = toPlacedRow(row);
      if (posts(placed.kind)) found.set(publicId('tr', { position: placed.position, atUs: placed.createdAtUs }), transferJson(placed, (row as { region: string }).region));
    }
    return { found: asked.flatMap(id => found.get(id) ?? []), missing: asked.filter(id => !found.has(id)) };
  }

  /** Linked transfers as they were answered. Throws unknown-transfer. */
  async readTransaction(tenant: string, id: string): Promise<string> {
    const ref = refOf(id, 'tx');
    const rows = ref ? await this.#database.queryAs(tenant, reads.selectCommand(tenant, ref.position)) : [];
    const placed = rows.map(({ row }) => toPlacedRow(row));
    if (placed.length < 2 || placed[0]!.createdAtUs !== ref!.atUs) throw new LedgerError('unknown-transfer', 'There is no transaction with this id.');
    const { region, format } = rows[0]!['row'] as { region: string; format: number };
    return renderAnswer(format, placed, region).body;
  }

  /** Throws unknown-hold. */
  async readHold(tenant: string, id: string) {
    const ref = refOf(id, 'ho');
    const [row] = ref ? await this.#database.queryAs(tenant, reads.selectHold(tenant, ref.position)) : [];
    const hold = row && toHold(row);
    if (!hold || hold.row.createdAtUs !== ref!.atUs) throw new LedgerError('unknown-hold', 'There is no hold with this id.');
    return holdJson(hold);
  }

  /** One page of the holds on an account's money, newest first. Throws as readEntries. */
  async readHolds(tenant: string, accountId: string, open: boolean | null, cursor: string | undefined, limit: number) {
    const below = placeOf(cursor);
    const account = await this.#account(tenant, accountId);
    const rows = await this.#database.queryAs(tenant, reads.selectHolds(tenant, account.number, open, below, limit + 1));
    const holds = rows.slice(0, limit).map(toHold);
    const last = holds.at(-1);
    return { holds: holds.map(holdJson), nextCursor: rows.length > limit && last ? encodeCursor(last.row.position) : null };
  }

  async readTrialBalance(tenant: string) {
    const rows = await this.#database.queryAs(tenant, reads.selectTrialBalance(tenant));
    return { currencies: rows.map(row => totalsJson({ currency: row['currency'] as string, debitMinor: BigInt(row['debit_minor'] as string), creditMinor: BigInt(row['credit_minor'] as string) })), at: (rows[0]?.['at'] as Date).toISOString() };
  }

  /**
   * What an auditor notes elsewhere: no later history can be made to end here without being this one. Without the totals, though the
   * hash seals them: they are those of all tenants.
   */
  async readHead() {
    const [row] = await this.#database.query(reads.selectHead());
    return { n: row!['n'] as string, position: row!['position'] as string, at: toIso(BigInt(row!['at_us'] as string)), hash: row!['hash'] as string };
  }
}

function refOf(id: string, prefix: string): RowRef | undefined {
  const parsed = parsePublicId(id);
  return parsed?.prefix === prefix ? parsed : undefined;
}

function placeOf(cursor: string | undefined): bigint | null {
  const place = cursor === undefined ? null : decodeCursor(cursor);
  if (place === undefined) throw new LedgerError('invalid-request', 'querystring/cursor is none that this ledger gave out.');
  return place;
}

function toEntry(row: Rows[number]) {
  return {
    position: BigInt(row['position'] as string), atUs: BigInt(row['at_us'] as string), effectiveAtUs: row['effective_at_us'] === null ? null : BigInt(row['effective_at_us'] as string), kind: row['kind'] as Kind, leg: row['leg'] as number,
    side: row['direction'] as Side, amountMinor: BigInt(row['amount_minor'] as string), balanceMinor: BigInt(row['balance_minor'] as string), version: Number(row['version']), otherAccountId: row['other_id'] as string, description: row['description'] as string | null,
  };
}

function toHold(row: Rows[number]) {
  return {
    row: toPlacedRow(row['row']), capturedMinor: BigInt(row['captured_minor'] as string), releasedMinor: BigInt(row['released_minor'] as string), refundedMinor: BigInt(row['refunded_minor'] as string), expired: row['expired'] as boolean,
  };
}
