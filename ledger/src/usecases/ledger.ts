/** The use cases: what a command does, in which order, in which transaction. */
import { createHash, randomBytes } from 'node:crypto';
import type { Database, Queryable } from '../adapters/db.ts';
import { errors, LedgerError, problemOf, type ErrorCode } from '../domain/errors.ts';
import { uuidv7 } from '../domain/ids.ts';
import type { Metrics, TransferResult } from '../adapters/metrics.ts';
import { exponentOf } from '../domain/money.ts';
import * as sql from '../adapters/sql.ts';
import { decideTransfer, type Account, type TransferCommand } from '../domain/transfer.ts';
import { accountJson, canonicalJson, decodeCursor, encodeCursor, entryJson, totalsJson, transferJson, type Transfer } from '../domain/wire.ts';

/** Whose command it is and under which key; `requestId` becomes the `instance` of a refusal. */
export interface CommandContext {
  client: string;
  key: string;
  requestId: string;
}

/** An answer that is, or was, stored with its effect. `body` goes out byte for byte. */
export interface CommandAnswer {
  status: number;
  body: string;
  replayed: boolean;
}

export class Ledger {
  readonly #database: Database;
  readonly #metrics: Metrics;
  readonly #region: string;

  constructor(database: Database, metrics: Metrics, region: string) {
    this.#database = database;
    this.#metrics = metrics;
    this.#region = region;
  }

  /**
   * Moves money, or refuses and remembers the refusal. Lock, decide, write, commit: all or nothing, and the
   * answer is part of it. Throws LedgerError when nothing was decided (503, 409, reused key).
   */
  async postTransfer(command: TransferCommand, context: CommandContext): Promise<CommandAnswer> {
    const hash = hashOf('POST /v1/transfers', { ...command, amountMinor: command.amountMinor.toString() });
    const ids = [command.debitAccountId, command.creditAccountId];
    // Made once: a second attempt of the transaction writes the same transfer, never another one.
    const random = randomBytes(10);
    const outcome = await this.#database.transaction(async transaction => {
      const locked = sql.toLocked(await transaction.query(sql.lockForPosting(context.client, context.key, ids)));
      if (locked.stored) return { answer: replay(locked.stored, hash) };

      const decision = decideTransfer(command, locked.accounts);
      if (!decision.ok) return { answer: await refuse(transaction, decision.refusal.code, decision.refusal.detail, hash, context), refused: decision.refusal.code };

      const { debit, credit } = decision;
      const transfer: Transfer = {
        ...command,
        id: `tr_${uuidv7(locked.at.getTime(), random)}`,
        createdAt: locked.at,
        debitVersion: debit.version,
        creditVersion: credit.version,
        region: this.#region,
      };
      const answer = { status: 201, body: JSON.stringify(transferJson(transfer)), resourceId: transfer.id };
      const [row] = await transaction.query(sql.writeTransfer(transfer, [debit, credit], context.client, context.key, hash, answer));
      if (row?.['moved'] !== 2) throw new Error(`transfer ${transfer.id} found ${String(row?.['moved'])} of 2 accounts as it had locked them`);
      return { answer: { ...answer, replayed: false } };
    });
    this.#count(command, outcome.answer, outcome.refused);
    return outcome.answer;
  }

  /** 201 for a new account, 200 for one that exists with the same fields, a stored 409 for other fields. */
  async createAccount(account: sql.NewAccount, context: CommandContext): Promise<CommandAnswer> {
    const hash = hashOf('POST /v1/accounts', { ...account, minAvailableMinor: account.minAvailableMinor?.toString() ?? null });
    const answer = await this.#database.transaction(async transaction => {
      const locked = sql.toLocked(await transaction.query(sql.lockForPosting(context.client, context.key, [account.id])));
      if (locked.stored) return replay(locked.stored, hash);
      if (exponentOf(account.currency) === undefined) return refuse(transaction, 'unsupported-currency', `The ledger keeps no accounts in ${account.currency}.`, hash, context);

      const [made] = await transaction.query(sql.insertAccount(account));
      if (made) return store(transaction, 201, sql.toAccount(made), hash, context);
      const [row] = await transaction.query(sql.selectAccount(account.id));
      if (!row) throw new Error('an account that could not be inserted is not there');
      const existing = sql.toAccount(row);
      const different = (['owner', 'currency', 'type', 'minAvailableMinor'] as const).filter(field => existing[field] !== account[field]);
      if (different.length > 0) return refuse(transaction, 'account-exists', `Account ${account.id} exists with another ${different.join(', ')}.`, hash, context);
      return store(transaction, 200, existing, hash, context);
    });
    if (answer.replayed) this.#metrics.replays.inc();
    return answer;
  }

  /** Throws unknown-account. */
  async readAccount(id: string) {
    const [row] = await this.#database.query(sql.selectAccount(id));
    if (!row) throw new LedgerError('unknown-account', 'There is no account with this id.');
    return accountJson(sql.toAccount(row));
  }

  /** Throws unknown-transfer. */
  async readTransfer(id: string) {
    const [row] = await this.#database.query(sql.selectTransfers([id]));
    if (!row) throw new LedgerError('unknown-transfer', 'There is no transfer with this id.');
    return transferJson(sql.toTransfer(row));
  }

  /** In the order asked; an id asked twice is answered once. */
  async lookUpTransfers(ids: string[]) {
    const rows = await this.#database.query(sql.selectTransfers(ids));
    const found = new Map(rows.map(sql.toTransfer).map(transfer => [transfer.id, transferJson(transfer)]));
    const asked = [...new Set(ids)];
    return { found: asked.flatMap(id => found.get(id) ?? []), missing: asked.filter(id => !found.has(id)) };
  }

  /** One page of an account's history, newest first. Throws unknown-account and, for a foreign cursor, invalid-request. */
  async readEntries(accountId: string, cursor: string | undefined, limit: number) {
    const below = cursor === undefined ? null : decodeCursor(cursor);
    if (below === undefined) throw new LedgerError('invalid-request', 'querystring/cursor is none that this ledger gave out.');
    // One more than asked tells whether there is a next page.
    const rows = await this.#database.query(sql.selectEntries(accountId, below, limit + 1));
    if (rows.length === 0) await this.readAccount(accountId);
    const entries = rows.slice(0, limit).map(sql.toEntry);
    const last = entries.at(-1);
    return { entries: entries.map(entryJson), nextCursor: rows.length > limit && last ? encodeCursor(last.version) : null };
  }

  async readTrialBalance() {
    const rows = await this.#database.query(sql.selectTrialBalance());
    return { currencies: rows.map(row => totalsJson(sql.toTotals(row))), at: (rows[0]?.['at'] as Date).toISOString() };
  }

  #count(command: TransferCommand, answer: CommandAnswer, refused: ErrorCode | undefined): void {
    if (answer.replayed) return void this.#metrics.replays.inc();
    const known = exponentOf(command.currency) !== undefined;
    // An unknown currency is the client's text: as a label it would let anyone grow the number of series.
    const currency = known ? command.currency : 'other';
    const result = refused ? (refused.replaceAll('-', '_') as TransferResult) : 'posted';
    this.#metrics.transfers.inc({ result, currency });
    if (!refused) this.#metrics.transferred.inc({ currency }, Number(command.amountMinor));
  }
}

function hashOf(operation: string, command: object): Buffer {
  return createHash('sha256').update(`${operation}\n${canonicalJson(command)}`).digest();
}

/** The first answer again. Throws idempotency-key-reused when the first request was another one. */
function replay(stored: sql.StoredAnswer, hash: Buffer): CommandAnswer {
  if (!stored.requestHash.equals(hash)) throw new LedgerError('idempotency-key-reused', 'This Idempotency-Key was used before for a request with another path or body.');
  return { status: stored.status, body: stored.body, replayed: true };
}

async function refuse(transaction: Queryable, code: ErrorCode, detail: string, hash: Buffer, context: CommandContext): Promise<CommandAnswer> {
  const answer = { status: errors[code].status, body: JSON.stringify(problemOf(code, detail, context.requestId)), resourceId: null };
  await transaction.query(sql.storeAnswer(context.client, context.key, hash, answer));
  return { ...answer, replayed: false };
}

async function store(transaction: Queryable, status: number, account: Account, hash: Buffer, context: CommandContext): Promise<CommandAnswer> {
  const answer = { status, body: JSON.stringify(accountJson(account)), resourceId: account.id };
  await transaction.query(sql.storeAnswer(context.client, context.key, hash, answer));
  return { ...answer, replayed: false };
}
