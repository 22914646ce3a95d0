/** A ledger without a database or a clock, for tests of what is decided: batches over one book, each committed at once. */
import { createHash } from 'node:crypto';
import { answerFormat, canonicalJson } from '../../src/domain/answers.ts';
import { decideBatch, outcomesOf, paymentOf, type Decided, type Outcome, type Request, type Stored } from '../../src/domain/batching.ts';
import { Book } from '../../src/domain/book.ts';
import type { LedgerError } from '../../src/domain/errors.ts';
import { posts, type Account, type Command, type CommandContext, type PlacedRow, type Posting, type RowRef } from '../../src/domain/model.ts';

export const region = 'region-a';
export const requestIdOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** A posting without trimmings. */
export function posting(debitAccountId: string, creditAccountId: string, amountMinor: bigint, over: Partial<Posting> = {}): Posting {
  return { debitAccountId, creditAccountId, amountMinor, currency: 'USD', description: null, metadata: {}, effectiveAtUs: null, ...over };
}

export const plain = { description: null, metadata: {} };

export class World {
  readonly book = new Book();
  readonly rows: PlacedRow[] = [];
  readonly stored = new Map<string, Stored>();
  nowUs = 1_800_000_000_000_000n;
  last: Decided<Request> | undefined;
  #requests = 0;

  /** An account as if opened long ago: liability in USD with a floor of 0 unless said otherwise. */
  open(id: string, over: Partial<Account> = {}): Account {
    this.rows.push({ kind: 'account' } as PlacedRow); // takes a position
    const account: Account = {
      tenant: 'default', id, owner: 'test', currency: 'USD', type: 'liability', minAvailableMinor: 0n, maxAvailableMinor: null, metadata: {},
      postedMinor: 0n, pendingOutMinor: 0n, pendingInMinor: 0n, version: 0, number: String(this.rows.length), createdAtUs: this.nowUs, ...over,
    };
    this.book.addAccount(account);
    return account;
  }

  request(command: Command, over: Partial<CommandContext> = {}): Request {
    const n = ++this.#requests;
    return { command, context: { tenant: 'default', actor: 'tester', key: `key-${n}`, requestHash: createHash('sha256').update(canonicalJson(command)).digest('hex'), requestId: requestIdOf(n), ...over } };
  }

  /** One batch of these. Outcomes in the order asked; undefined for what has to wait. */
  batch(requests: Request[]): (Outcome | LedgerError | undefined)[] {
    for (const { command } of requests) this.#readPayment(paymentOf(command));
    const decided = decideBatch(this.book, this.stored, requests);
    this.last = decided;
    const outcomes = new Map<Request, Outcome | LedgerError>(decided.known.map(one => [one.request, one.outcome]));
    this.nowUs += 1_001n;
    const first = BigInt(this.rows.length + 1);
    for (const { request, outcome } of outcomesOf(decided, first, this.nowUs, region)) {
      outcomes.set(request, outcome);
      this.stored.set(`${request.context.tenant}/${request.context.key}`, { requestHash: request.context.requestHash, rows: [...outcome.rows], region, format: answerFormat });
    }
    this.rows.push(...(decided.batch.rows as PlacedRow[]));
    for (const { row, ...terms } of decided.batch.openings) {
      this.book.addAccount({ ...terms, postedMinor: 0n, pendingOutMinor: 0n, pendingInMinor: 0n, version: 0, number: String(first + BigInt(row)), createdAtUs: this.nowUs });
    }
    return requests.map(request => outcomes.get(request));
  }

  send(command: Command, over: Partial<CommandContext> = {}): Outcome {
    const [outcome] = this.batch([this.request(command, over)]);
    if (outcome === undefined || outcome instanceof Error) throw outcome ?? new Error('it has to wait');
    return outcome;
  }

  /** `posted`, or the code of the refusal. */
  verdict(command: Command, over: Partial<CommandContext> = {}): string {
    return this.send(command, over).refused ?? 'posted';
  }

  transfer(debit: string, credit: string, amountMinor: bigint, over: Partial<Posting> = {}): Outcome {
    return this.send({ kind: 'transfer', postings: [posting(debit, credit, amountMinor, over)] });
  }

  hold(debit: string, credit: string, amountMinor: bigint, expiresAtUs = this.nowUs + 10n ** 12n): RowRef {
    const { rows: [row], refused } = this.send({ kind: 'hold', debitAccountId: debit, creditAccountId: credit, amountMinor, currency: 'USD', expiresAtUs, ...plain });
    if (refused) throw new Error(refused);
    return refOf(row!);
  }

  /** As the database does: a hold's own state, or a transfer that was not given back so far. */
  #readPayment(position: bigint | undefined): void {
    if (position === undefined) return;
    const known = this.book.payment(position);
    const row = this.rows[Number(position) - 1];
    if (known) known.expired = row!.expiresAtUs !== null && row!.expiresAtUs <= this.nowUs;
    if (known || !row?.debit) return;
    this.book.addPayment({
      position, atUs: row.createdAtUs, kind: row.kind, tenant: row.tenant, debit: row.debit, credit: row.credit!, authorisedMinor: row.amountMinor!, capturedMinor: posts(row.kind) ? row.amountMinor! : 0n,
      releasedMinor: 0n, refundedMinor: 0n, expired: row.expiresAtUs !== null && row.expiresAtUs <= this.nowUs, version: row.kind === 'hold' ? 0 : -1,
    });
  }
}

export function refOf(row: PlacedRow): RowRef {
  return { position: row.position, atUs: row.createdAtUs };
}
