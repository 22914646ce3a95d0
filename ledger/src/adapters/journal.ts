/**
 * The writer's own SQL: what a batch needs to know, and the one statement that writes it. Arrays go out as PostgreSQL's
 * array literals, made here: the driver's own conversion takes longer than the evaluation of the batch.
 */
import type { Batch } from '../domain/book.ts';
import type { Account, AccountType, Balances, JournalRow, Kind, Payment, PlacedRow } from '../domain/model.ts';
import { toIsoUs } from '../domain/time.ts';

export interface Statement {
  name: string;
  text: string;
  values: unknown[];
}

export interface Wanted {
  keys: { tenant: string; key: string }[];
  accounts: { tenant: string; id: string }[];
  payments: bigint[];
  /** Inside a transaction: nobody else writes until it ends. */
  lockHead: boolean;
}

export interface StoredCommand {
  /** In hexadecimal. */
  requestHash: string;
  rows: PlacedRow[];
  region: string;
  format: number;
}

export interface Loaded {
  /** `tenant/key` -> the command that was decided under it. */
  stored: Map<string, StoredCommand>;
  accounts: Account[];
  payments: Payment[];
}

/** See ledger.load in migrations/000001_init.sql. */
export function loadStatement({ keys, accounts, payments, lockHead }: Wanted): Statement {
  return {
    name: 'load',
    text: 'SELECT * FROM ledger.load($1, $2, $3, $4, $5, $6)',
    values: [texts(keys.map(one => one.tenant)), texts(keys.map(one => one.key)), texts(accounts.map(one => one.tenant)), texts(accounts.map(one => one.id)), literal(payments), lockHead],
  };
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- JSON of our own function
type Json = any;

export function toLoaded(rows: Record<string, unknown>[]): Loaded {
  const loaded: Loaded = { stored: new Map(), accounts: [], payments: [] };
  for (const row of rows) {
    const body = row['body'] as Json;
    if (body === null) loaded.accounts.push(toLoadedAccount(row));
    else if ('authorised' in body) loaded.payments.push(toPayment(body));
    else addStored(loaded.stored, body);
  }
  return loaded;
}

function addStored(stored: Loaded['stored'], body: Json): void {
  const key = `${body.tenant}/${body.foundBy}`;
  const command: StoredCommand = stored.get(key) ?? { requestHash: body.requestHash, rows: [], region: body.region, format: body.format };
  command.rows.push(toPlacedRow(body));
  stored.set(key, command);
}

function toLoadedAccount(row: Json): Account {
  return {
    number: row.number, tenant: shared(row.tenant), id: row.id, owner: shared(row.owner), currency: shared(row.currency), type: shared(row.type) as AccountType,
    minAvailableMinor: toBigint(row.min), maxAvailableMinor: toBigint(row.max), metadata: row.metadata ?? noMetadata,
    postedMinor: whole(row.posted), pendingOutMinor: whole(row.pending_out), pendingInMinor: whole(row.pending_in), version: Number(row.version), createdAtUs: BigInt(row.created_us),
  };
}

const noMetadata: Record<string, string> = Object.freeze({});
/** Most balances of holds, and many others, are nothing: one nothing serves them all. */
const whole = (digits: string): bigint => (digits === '0' ? 0n : BigInt(digits));

/** The same few texts come with every account; hundreds of thousands of accounts are remembered. */
const sharedTexts = new Map<string, string>();
const sharedTextsMax = 10_000;
function shared(text: string): string {
  const known = sharedTexts.get(text);
  if (known !== undefined) return known;
  if (sharedTexts.size < sharedTextsMax) sharedTexts.set(text, text);
  return text;
}

/** The array of ledger.account_json. */
export function toAccount(fields: Json): Account {
  const [number, tenant, id, owner, currency, type, min, max, metadata, posted, pendingOut, pendingIn, version, createdAtUs] = fields;
  return {
    number, tenant, id, owner, currency, type: type as AccountType, minAvailableMinor: toBigint(min), maxAvailableMinor: toBigint(max), metadata: metadata ?? {},
    postedMinor: BigInt(posted), pendingOutMinor: BigInt(pendingOut), pendingInMinor: BigInt(pendingIn), version: Number(version), createdAtUs: BigInt(createdAtUs),
  };
}

function toPayment(body: Json): Payment {
  const captured = body.kind === 'hold' ? 0n : BigInt(body.authorised);
  return {
    position: BigInt(body.position), atUs: BigInt(body.atUs), kind: body.kind as Kind, tenant: body.tenant, debit: body.debit, credit: body.credit, authorisedMinor: BigInt(body.authorised),
    capturedMinor: body.captured === null ? captured : BigInt(body.captured), releasedMinor: BigInt(body.released ?? 0), refundedMinor: BigInt(body.refunded ?? 0),
    expired: body.expired === true, version: body.version === null ? -1 : Number(body.version),
  };
}

/** The object of ledger.row_json. */
export function toPlacedRow(body: Json): PlacedRow {
  return {
    position: BigInt(body.position), createdAtUs: BigInt(body.atUs), kind: body.kind as Kind, tenant: body.tenant, actor: body.actor, key: body.key, requestHash: body.requestHash, leg: body.leg, legs: body.legs,
    debit: body.debit, credit: body.credit, debitId: body.debitId, creditId: body.creditId, currency: body.currency, amountMinor: toBigint(body.amount),
    debitVersion: body.debitVersion === null ? null : Number(body.debitVersion), creditVersion: body.creditVersion === null ? null : Number(body.creditVersion),
    debitBalanceMinor: toBigint(body.debitBalance), creditBalanceMinor: toBigint(body.creditBalance), payment: toBigint(body.payment), paymentAtUs: toBigint(body.paymentAtUs), paymentKind: body.paymentKind,
    description: body.description, metadata: body.metadata, effectiveAtUs: toBigint(body.effectiveAtUs), expiresAtUs: toBigint(body.expiresAtUs), requestId: body.requestId, status: body.status, answer: body.answer,
  };
}

const toBigint = (value: string | null): bigint | null => (value === null ? null : whole(value));

export interface Seal {
  region: string;
  instance: string;
  format: number;
  digest: Buffer;
  /** A lease that must still be held when this is written. */
  lease: { name: string; epoch: bigint } | null;
}

/** For one posted transfer and nothing else, as most batches of an idle ledger are. See ledger.append_one. */
function appendOneStatement(row: JournalRow, seal: Seal): Statement {
  return {
    name: 'append_one',
    text: 'SELECT first_position, at_us FROM ledger.append_one($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)',
    values: [
      seal.region, seal.instance, seal.format, seal.digest, row.kind, row.tenant, row.actor, row.key, Buffer.from(row.requestHash!, 'hex'), row.debit, row.credit, row.amountMinor,
      row.debitVersion, row.creditVersion, row.debitBalanceMinor, row.creditBalanceMinor, row.description, row.metadata && JSON.stringify(row.metadata), timeOf(row.effectiveAtUs), row.requestId,
    ],
  };
}

const parameters = Array.from({ length: 46 }, (_, index) => `$${index + 1}`).join(', ');

/** See ledger.append in migrations/000001_init.sql: the order of its parameters. */
export function appendStatement(batch: Batch, seal: Seal, totals: ReadonlyMap<string, bigint>): Statement {
  const { rows } = batch;
  const [only] = rows;
  // Not a settlement: its amount comes from what is held too, which append_one does not compare.
  if (rows.length === 1 && only!.kind === 'transfer' && seal.lease === null) return appendOneStatement(only!, seal);
  const column = (value: (row: JournalRow) => string | number | bigint | null) => literalOf(rows, value);
  const text = (value: (row: JournalRow) => string | null) => literalOf(rows, row => quoted(value(row)));
  const moved = batch.moved();
  const seen = batch.seen();
  const delta = (value: (balances: Balances) => bigint) => literal(moved.map(([account, before]) => value(account) - value(before)));
  return {
    name: 'append',
    text: `SELECT first_position, at_us FROM ledger.append(${parameters})`,
    values: [
      seal.region, seal.instance, seal.format, seal.digest, literal([...totals.keys()]), literal([...totals.values()]), seal.lease?.name ?? null, seal.lease?.epoch ?? null,
      column(row => row.kind), text(row => row.tenant), text(row => row.actor), text(row => row.key), column(row => (row.requestHash === null ? null : `"\\\\x${row.requestHash}"`)), column(row => row.leg), column(row => row.legs),
      column(row => row.debit), column(row => row.credit), column(row => row.amountMinor), column(row => row.debitVersion), column(row => row.creditVersion), column(row => row.debitBalanceMinor), column(row => row.creditBalanceMinor),
      column(row => row.payment), text(row => row.description), text(row => (row.metadata === null ? null : JSON.stringify(row.metadata))), text(row => timeOf(row.effectiveAtUs)), text(row => timeOf(row.expiresAtUs)),
      column(row => row.requestId), column(row => row.status), text(row => row.answer),
      literal(moved.map(([account]) => account.number)), literal(moved.map(([, before]) => before.version)), literal(moved.map(([, before]) => before.postedMinor)), literal(moved.map(([, before]) => before.pendingOutMinor)), literal(moved.map(([, before]) => before.pendingInMinor)),
      literal(moved.map(([account, before]) => account.version - before.version)),
      delta(one => one.postedMinor), delta(one => one.pendingOutMinor), delta(one => one.pendingInMinor),
      literal([...batch.payments.keys()].map(payment => payment.position)), literal([...batch.payments.values()].map(before => before.version)),
      literal(seen.accounts.map(one => one.number)), literal(seen.accounts.map(one => `${one.version}/${one.postedMinor}/${one.pendingOutMinor}/${one.pendingInMinor}`)),
      literal(seen.payments.map(one => one.position)), literal(seen.payments.map(one => `${one.version}/${one.capturedMinor}/${one.releasedMinor}/${one.refundedMinor}`)),
      batch.openings.length === 0 ? null : JSON.stringify(batch.openings.map(({ row, tenant, id, owner, currency, type, minAvailableMinor, maxAvailableMinor, metadata }) => ({ row, tenant, id, owner, currency, type, min: minAvailableMinor?.toString() ?? null, max: maxAvailableMinor?.toString() ?? null, metadata }))),
    ],
  };
}

const timeOf = (us: bigint | null) => (us === null ? null : toIsoUs(us));

function literalOf<T>(items: readonly T[], value: (item: T) => string | number | bigint | null): string {
  let list = '';
  for (let index = 0; index < items.length; index++) list += `${index === 0 ? '' : ','}${value(items[index]!) ?? 'NULL'}`;
  return `{${list}}`;
}

function literal(values: readonly (string | number | bigint)[]): string {
  return `{${values.join(',')}}`;
}

function texts(values: readonly string[]): string {
  return literalOf(values, quoted);
}

/** An element of an array literal: quoted, so that no text can end it. */
function quoted(text: string | null): string | null {
  if (text === null) return null;
  return /["\\]/.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
}
