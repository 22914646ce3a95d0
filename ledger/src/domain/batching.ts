/** From commands to one batch and back to their answers. Pure. */
import { answerFormat, renderAnswer, type Answer } from './answers.ts';
import { Batch, type Book } from './book.ts';
import { LedgerError, type ErrorCode } from './errors.ts';
import { evaluate, isBeingOpened } from './evaluate.ts';
import { posts, type Command, type CommandContext, type PlacedRow } from './model.ts';
import type { WriteTiming } from './trace.ts';

export interface Request {
  command: Command;
  context: CommandContext;
}

/** What is stored under a key. */
export interface Stored {
  requestHash: string;
  rows: PlacedRow[];
  region: string;
  format: number;
}

export interface Outcome extends Answer {
  /** It was decided by an earlier request. */
  replayed: boolean;
  /** Code of the decline, if it is one and new. */
  refused?: ErrorCode | undefined;
  /** Its rows in the journal. */
  rows: readonly PlacedRow[];
  /** Of a new command. */
  timing?: WriteTiming;
}

/** Ids of the accounts that a command names. Those of payments come with the payment. */
export function accountsNamed(command: Command): string[] {
  switch (command.kind) {
    case 'account': return [command.id];
    case 'transfer': return command.postings.flatMap(one => [one.debitAccountId, one.creditAccountId]);
    case 'conversion': return [command.debitAccountId, command.creditAccountId, `fx:${command.sellCurrency.toLowerCase()}`, `fx:${command.buyCurrency.toLowerCase()}`];
    case 'hold': return [command.debitAccountId, command.creditAccountId];
    case 'settlement': return [command.accountId, command.payoutAccountId];
    case 'capture': return command.fee?.accountId ? [command.fee.accountId] : [];
    default: return [];
  }
}

/** The fee account that a capture without one means is known once the hold's currency is: all of them are asked for. */
export function needsFeeAccounts(command: Command): boolean {
  return command.kind === 'capture' && command.fee !== null && command.fee.accountId === null;
}

export function paymentOf(command: Command): bigint | undefined {
  if (command.kind === 'refund' || command.kind === 'reversal') return command.of.position;
  return command.kind === 'capture' || command.kind === 'void' || command.kind === 'expiry' ? command.hold.position : undefined;
}

/** Rows that a command becomes at most; what the size of a batch is measured in. */
export function rowsOf(command: Command): number {
  return command.kind === 'transfer' ? command.postings.length : command.kind === 'capture' ? 3 : command.kind === 'conversion' ? 2 : 1;
}

export interface Decided<R extends Request> {
  batch: Batch;
  /** New commands with their slice of the batch's rows. */
  fresh: { request: R; from: number; to: number; refused: ErrorCode | undefined }[];
  /** Those whose key was used before: an outcome, or the error that tells so. */
  known: { request: R; outcome: Outcome | LedgerError }[];
  /** Those that must wait for the next batch. */
  later: R[];
}

/** Decides all requests in order, on the book as it is; the book is then as after them. */
export function decideBatch<R extends Request>(book: Book, stored: ReadonlyMap<string, Stored>, requests: readonly R[]): Decided<R> {
  const decided: Decided<R> = { batch: new Batch(), fresh: [], known: [], later: [] };
  for (const request of requests) {
    const { command, context } = request;
    const before = stored.get(`${context.tenant}/${context.key}`);
    if (before) {
      decided.known.push({ request, outcome: replayOf(before, context) });
    } else if (command.kind === 'account' && isBeingOpened(decided.batch, context.tenant, command.id)) {
      decided.later.push(request);
    } else {
      const from = decided.batch.rows.length;
      const refused = evaluate(book, decided.batch, command, context);
      decided.fresh.push({ request, from, to: decided.batch.rows.length, refused });
    }
  }
  return decided;
}

/** The first answer again, byte for byte; another request under the same key is an error. */
export function replayOf(stored: Stored, context: CommandContext): Outcome | LedgerError {
  if (stored.requestHash !== context.requestHash) return new LedgerError('idempotency-key-reused', 'This Idempotency-Key was used before for a request with another path or body.');
  const replayed = stored.rows[0]!.requestId !== context.requestId; // else it is our own, whose answer was lost on the way
  return { ...renderAnswer(stored.format, stored.rows, stored.region), replayed, rows: stored.rows };
}

/** The outcomes of a batch that was written. */
export function outcomesOf<R extends Request>(decided: Decided<R>, firstPosition: bigint, atUs: bigint, region: string): { request: R; outcome: Outcome }[] {
  return decided.fresh.map(({ request, from, to, refused }) => {
    const rows: PlacedRow[] = [];
    for (let index = from; index < to; index++) rows.push(Object.assign(decided.batch.rows[index]!, { position: firstPosition + BigInt(index), createdAtUs: atUs }));
    return { request, outcome: { ...renderAnswer(answerFormat, rows, region), replayed: false, refused, rows } };
  });
}

/** Posted per currency by the batch, in minor units. */
export function totalsOf(batch: Batch): Map<string, bigint> {
  const totals = new Map<string, bigint>();
  for (const row of batch.rows) {
    if (row.currency !== null && posts(row.kind)) totals.set(row.currency, (totals.get(row.currency) ?? 0n) + row.amountMinor!);
  }
  return totals;
}
