/**
 * An exported journal recomputed without its database: digests of the rows, hashes of the links, totals, and every row replayed
 * twice, by plain arithmetic and by the evaluator. Takes the file line by line; memory grows with accounts, payments that can
 * change, and some 64 bytes per idempotency key, not with the rows.
 *
 * What cannot be found from a file alone: a history that was rewritten from some point to its end, every hash made anew. That is
 * what a head noted elsewhere is for (`head`, `from`).
 */
import { batchDigest, linkHash } from './chain.ts';
import { parseLine, toRow, type HeaderLine, type LinkLine, type RowLine } from './journalFile.ts';
import { KeySet } from './keySet.ts';
import type { PlacedRow } from './model.ts';
import { Reevaluation } from './reevaluate.ts';
import { Replay, termsOf } from './replay.ts';

export interface Noted {
  /** Hash of the last link, hex: the journal must end here. */
  head?: string | undefined;
  /** Hash of any link, or of the beginning: the chain must run through it. */
  from?: string | undefined;
}

export interface Verdict {
  links: number;
  rows: number;
  commands: number;
  accounts: number;
  payments: number;
  /** Of the last link, as recomputed. */
  head: string | null;
  faults: number;
  /** The first of them, in words, with the line they were seen at. */
  examples: string[];
}

const examplesMax = 20;
/** Formats of rows and answers that this version can read. */
const knownFormats = new Set([1]);

export class Verifier {
  readonly #noted: Noted;
  readonly #verdict: Verdict = { links: 0, rows: 0, commands: 0, accounts: 0, payments: 0, head: null, faults: 0, examples: [] };
  readonly #replay = new Replay((row, what) => this.#fault(row === null ? what : `position ${row.position} ${what}`, row === null ? undefined : this.#lineOf(row)));
  readonly #reevaluation = new Reevaluation();
  readonly #keys = new KeySet();
  #lines = 0;
  #header: HeaderLine | undefined;
  #lastNumber = -1n;
  #lastPayment = -1n;
  #link: LinkLine | undefined;
  #linkAt = 0;
  #rows: RowLine[] = [];
  #before: { n: bigint; end: bigint; atUs: bigint; hash: string; totals: Record<string, string> } | undefined;
  #sawFrom = false;

  constructor(noted: Noted = {}) {
    this.#noted = noted;
  }

  take(text: string): void {
    this.#lines++;
    const line = parseLine(text);
    if (typeof line === 'string') return this.#fault(line);
    if (!this.#header !== (line.type === 'ledger')) return this.#fault(this.#header ? 'is a second header' : 'comes before the header');
    switch (line.type) {
      case 'ledger': return this.#begin(line);
      case 'account':
        if (this.#link || this.#lastPayment >= 0n || BigInt(line.number) <= this.#lastNumber) this.#fault(`account ${line.number} is out of order`);
        this.#lastNumber = BigInt(line.number);
        this.#verdict.accounts++;
        return this.#replay.addAccount(line);
      case 'payment':
        if (this.#link || BigInt(line.position) <= this.#lastPayment) this.#fault(`payment ${line.position} is out of order`);
        this.#lastPayment = BigInt(line.position);
        this.#verdict.payments++;
        return this.#replay.addPayment(line);
      case 'link':
        this.#closeLink();
        this.#link = line;
        this.#linkAt = this.#lines;
        return;
      case 'row':
        if (this.#link) this.#rows.push(line);
        else this.#fault(`position ${line.position} is in no link`);
    }
  }

  finish(): Verdict {
    this.#closeLink();
    const header = this.#header;
    if (!header) {
      this.#fault('there is no header');
      return this.#verdict;
    }
    this.#replay.finish();
    const last = this.#before!;
    this.#verdict.head = last.hash;
    if (header.n !== last.n.toString() || header.position !== (last.end - 1n).toString() || header.hash !== last.hash || !sameTotals(header.totals, last.totals)) this.#fault(`the journal ends with link ${last.n} at position ${last.end - 1n}, its header names link ${header.n} at ${header.position}`);
    const { head, from } = this.#noted;
    if (head !== undefined && head !== last.hash) this.#fault(`the journal does not end with the hash that was noted, ${head}`);
    if (from !== undefined && !this.#sawFrom) this.#fault(`no link has the hash that was noted, ${from}`);
    return this.#verdict;
  }

  #begin(header: HeaderLine): void {
    this.#header = header;
    if (header.file !== 1) this.#fault(`is of format ${header.file}, which this version does not know`);
    this.#before = { n: 0n, end: 1n, atUs: -1n, hash: header.genesis, totals: {} };
    this.#see(header.genesis);
  }

  #see(hash: string): void {
    if (hash === this.#noted.from) this.#sawFrom = true;
  }

  #closeLink(): void {
    const link = this.#link;
    if (!link) return;
    const before = this.#before!;
    const [n, first, atUs] = [BigInt(link.n), BigInt(link.firstPosition), BigInt(link.atUs)];
    const fault = (what: string) => this.#fault(`link ${link.n} ${what}`, this.#linkAt);
    if (n !== before.n + 1n) fault(`follows link ${before.n}`);
    if (first !== before.end) fault(`begins at position ${first}, the one before ends at ${before.end - 1n}`);
    if (link.prevHash !== before.hash) fault('does not name the hash of the one before');
    if (atUs <= before.atUs) fault('is not later than the one before');
    if (!knownFormats.has(link.format)) fault(`is of format ${link.format}, which this version does not know`);
    if (this.#rows.length !== link.count) fault(`says ${link.count} rows, there are ${this.#rows.length}`);
    const rows = this.#rows.map(line => toRow(line, atUs));
    rows.forEach((row, index) => {
      if (row.position !== first + BigInt(index)) this.#fault(`position ${row.position} stands where ${first + BigInt(index)} should`, this.#lineAt(index));
    });
    if (batchDigest(rows, link).toString('hex') !== link.digest) fault('has other rows than were sealed');
    const hash = linkHash({ n, firstPosition: first, count: link.count, atUs, digest: Buffer.from(link.digest, 'hex'), totals: link.totals, prevHash: Buffer.from(link.prevHash, 'hex') }).toString('hex');
    if (hash !== link.hash) fault('has another hash than its contents');
    const totals = this.#replayRows(rows, n, before.totals);
    if (!sameTotals(totals, link.totals)) fault(`says other totals than its rows make: ${JSON.stringify(totals)}`);
    this.#see(hash);
    this.#before = { n, end: first + BigInt(link.count), atUs, hash: link.hash, totals: link.totals };
    this.#verdict.links++;
    this.#verdict.rows += rows.length;
    this.#link = undefined;
    this.#rows = [];
  }

  #replayRows(rows: readonly PlacedRow[], link: bigint, before: Record<string, string>): Record<string, string> {
    const totals = { ...before };
    for (let from = 0; from < rows.length; ) {
      const first = rows[from]!;
      const legs = Math.max(1, first.legs);
      const command = rows.slice(from, from + legs);
      this.#checkCommand(command, first);
      const differs = this.#reevaluation.check(command);
      if (differs !== undefined) this.#fault(`position ${first.position}, decided again, ${differs}`, this.#lineAt(from));
      for (const row of command) {
        const posted = this.#replay.row(row, link);
        const currency = this.#replay.account(row.debit)?.currency;
        if (posted > 0n && currency !== undefined) totals[currency] = (BigInt(totals[currency] ?? '0') + posted).toString();
        if (row.debit !== null && this.#replay.isPayment(row.position) && this.#replay.payment(row.position)) this.#reevaluation.payable(row);
        const opened = row.kind === 'account' && row.status === 201 ? this.#replay.account(row.position.toString()) : undefined;
        if (opened) this.#reevaluation.opened(termsOf(opened), opened.number, row.createdAtUs);
      }
      from += legs;
    }
    return totals;
  }

  #checkCommand(command: readonly PlacedRow[], first: PlacedRow): void {
    this.#verdict.commands++;
    const at = this.#lineOf(first);
    if (command.length !== first.legs) this.#fault(`position ${first.position} has ${first.legs} legs, ${command.length} are in its batch`, at);
    if (first.key === null || first.requestHash === null) this.#fault(`position ${first.position} has no key or no request`, at);
    else if (!this.#keys.add(`${first.tenant}/${first.key}`)) this.#fault(`position ${first.position} uses a key of ${first.tenant} for the second time: ${first.key}`, at);
    command.forEach((row, leg) => {
      const fits = row.leg === leg && row.legs === first.legs && row.tenant === first.tenant && row.actor === first.actor && row.requestId === first.requestId && (leg === 0 || (row.key === null && row.requestHash === null));
      if (!fits) this.#fault(`position ${row.position} is not leg ${leg} of the command at ${first.position}`, this.#lineOf(row));
    });
  }

  #lineAt(index: number): number {
    return this.#linkAt + 1 + index;
  }

  #lineOf(row: PlacedRow): number {
    return this.#lineAt(Number(row.position - BigInt(this.#link?.firstPosition ?? row.position)));
  }

  #fault(what: string, line = this.#lines): void {
    this.#verdict.faults++;
    if (this.#verdict.examples.length < examplesMax) this.#verdict.examples.push(`line ${line}: ${what}`);
  }
}

function sameTotals(a: Record<string, string>, b: Record<string, string>): boolean {
  const currencies = Object.keys(a);
  return currencies.length === Object.keys(b).length && currencies.every(currency => a[currency] === b[currency]);
}
