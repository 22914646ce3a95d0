/**
 * The database's side of the writer, in memory: what ledger.load, ledger.append and ledger.append_one do to well-formed calls, with the
 * refusals that they are there for. Decides nothing about money. One copy may be read and written by many simulated connections.
 */
import { parseTimeUs } from '../../src/domain/time.ts';

export interface MemoryAccount {
  number: bigint;
  tenant: string;
  id: string;
  currency: string;
  debitNormal: boolean;
  min: bigint | null;
  max: bigint | null;
  posted: bigint;
  out: bigint;
  incoming: bigint;
  version: number;
  /** The rest of its terms, as they were opened. */
  terms: { owner: string; type: string; metadata: object };
  atUs: bigint;
}

export interface MemoryRow {
  position: bigint;
  atUs: bigint;
  region: string;
  kind: string;
  tenant: string;
  actor: string;
  key: string | null;
  requestHash: string | null;
  leg: number;
  legs: number;
  debit: bigint | null;
  credit: bigint | null;
  amount: bigint | null;
  debitVersion: number | null;
  creditVersion: number | null;
  debitBalance: bigint | null;
  creditBalance: bigint | null;
  payment: bigint | null;
  description: string | null;
  metadata: object | null;
  effectiveAtUs: bigint | null;
  expiresAtUs: bigint | null;
  requestId: string;
  status: number | null;
  answer: string | null;
}

interface MemoryPayment {
  authorised: bigint;
  captured: bigint;
  released: bigint;
  refunded: bigint;
  version: number;
}

type Values = readonly unknown[];

export function databaseError(code: string, message: string, constraint?: string): Error {
  return Object.assign(new Error(message), { code, constraint });
}

const postingKinds = new Set(['transfer', 'conversion', 'fee', 'settlement', 'capture', 'refund', 'reversal']);
const [low, high] = [-(2n ** 63n), 2n ** 63n - 1n];

/** Elements of an array literal; null for NULL. */
export function elements(literal: unknown): (string | null)[] {
  const found: (string | null)[] = [];
  const text = (literal as string).slice(1, -1);
  for (const match of text.matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/gs)) found.push(match[1] !== undefined ? match[1].replace(/\\(.)/gs, '$1') : match[2] === 'NULL' ? null : match[2]!);
  return found;
}

const bigints = (literal: unknown) => elements(literal).map(text => (text === null ? null : BigInt(text)));
const numbers = (literal: unknown) => elements(literal).map(text => (text === null ? null : Number(text)));

export class MemoryJournal {
  readonly rows: MemoryRow[] = [];
  readonly accounts = new Map<bigint, MemoryAccount>();
  readonly byId = new Map<string, MemoryAccount>();
  readonly keys = new Map<string, MemoryRow>();
  readonly payments = new Map<bigint, MemoryPayment>();
  atUs = 1_800_000_000_000_000n;

  load([keyTenants, keys, accountTenants, accountIds, positions]: Values): Record<string, unknown>[] {
    const found: Record<string, unknown>[] = [];
    const tenants = elements(keyTenants);
    elements(keys).forEach((key, index) => {
      const first = this.keys.get(`${tenants[index]}/${key}`);
      for (let leg = 0; first && leg < first.legs; leg++) found.push({ body: this.#rowJson(this.rows[Number(first.position) - 1 + leg]!, key!) });
    });
    const accounts = new Set<MemoryAccount>();
    for (const position of bigints(positions)) {
      const row = this.rows[Number(position) - 1];
      if (!row?.debit) continue;
      const payment = this.payments.get(position!);
      found.push({ body: {
        position: String(position), kind: row.kind, tenant: row.tenant, debit: String(row.debit), credit: String(row.credit), atUs: String(row.atUs), payment: text(row.payment), authorised: String(row.amount),
        captured: text(payment?.captured), released: text(payment?.released), refunded: text(payment?.refunded), expired: payment && row.expiresAtUs !== null ? row.expiresAtUs <= this.atUs : null, version: text(payment?.version),
      } });
      for (const number of [row.debit, row.credit!]) accounts.add(this.accounts.get(number)!);
    }
    const ofTenant = elements(accountTenants);
    elements(accountIds).forEach((id, index) => {
      const account = this.byId.get(`${ofTenant[index]}/${id}`);
      if (account) accounts.add(account);
    });
    for (const one of accounts) {
      found.push({
        body: null, number: String(one.number), tenant: one.tenant, id: one.id, owner: one.terms.owner, currency: one.currency, type: one.terms.type, min: text(one.min), max: text(one.max), metadata: one.terms.metadata,
        posted: String(one.posted), pending_out: String(one.out), pending_in: String(one.incoming), version: String(one.version), created_us: String(one.atUs),
      });
    }
    return found;
  }

  /** All or nothing. */
  write(name: string, values: Values): Record<string, unknown>[] {
    if (name === 'append_one') return this.#append(this.#toMany(values));
    if (name === 'append') return this.#append(values);
    throw new Error(`no statement ${name} is known here`);
  }

  #append(values: Values): Record<string, unknown>[] {
    const [region, , , , , , , , kinds, tenants, actors, keys, hashes, leg, legs, debits, credits, amounts, debitVersions, creditVersions, debitBalances, creditBalances, rowPayments, descriptions, metadata, effective, expires, requests, statuses, answers,
      accounts, versions, postedBefore, outBefore, inBefore, legCounts, posted, out, incoming, payments, paymentVersions, seen, seenStates, seenPayments, seenPaymentStates, opened] = values;
    const first = BigInt(this.rows.length + 1);
    const atUs = this.atUs + 1n;
    const column = [tenants, actors, keys, hashes, descriptions, metadata, effective, expires, requests, answers].map(elements);
    const big = [debits, credits, amounts, debitBalances, creditBalances, rowPayments].map(bigints);
    const small = [leg, legs, debitVersions, creditVersions, statuses].map(numbers);
    const rows = elements(kinds).map((kind, n): MemoryRow => ({
      position: first + BigInt(n), atUs, region: region as string, kind: kind!, tenant: column[0]![n]!, actor: column[1]![n]!, key: column[2]![n]!, requestHash: column[3]![n]?.slice(2) ?? null, leg: small[0]![n]!, legs: small[1]![n]!,
      debit: big[0]![n]!, credit: big[1]![n]!, amount: big[2]![n]!, debitVersion: small[2]![n]!, creditVersion: small[3]![n]!, debitBalance: big[3]![n]!, creditBalance: big[4]![n]!, payment: big[5]![n]!,
      description: column[4]![n]!, metadata: column[5]![n] ? JSON.parse(column[5]![n]!) : null, effectiveAtUs: timeUs(column[6]![n]!), expiresAtUs: timeUs(column[7]![n]!), requestId: column[8]![n]!, status: small[4]![n]!, answer: column[9]![n]!,
    }));
    const movedAccounts = this.#move(rows, bigints(accounts), numbers(versions), numbers(legCounts), [posted, out, incoming].map(bigints), [postedBefore, outBefore, inBefore].map(bigints));
    if (!same(seen, seenStates, number => stateOf(this.accounts.get(number)!))) throw databaseError('AP001', 'an account moved meanwhile');
    if (!same(seenPayments, seenPaymentStates, position => paymentStateOf(this.payments.get(position) ?? { captured: this.rows[Number(position) - 1]!.amount!, released: 0n, refunded: 0n, version: -1 }))) throw databaseError('AP001', 'a payment moved meanwhile');
    for (const row of rows) if (row.key !== null && this.keys.has(`${row.tenant}/${row.key}`)) throw databaseError('23505', 'duplicate key', 'journal_key');
    if (new Set(rows.filter(row => row.key !== null).map(row => `${row.tenant}/${row.key}`)).size < rows.filter(row => row.key !== null).length) throw databaseError('23505', 'duplicate key', 'journal_key');
    const changed = this.#changePayments(rows, bigints(payments), numbers(paymentVersions));
    const made = (opened === null ? [] : (JSON.parse(opened as string) as Opened[])).map(one => toAccount(one, first + BigInt(one.row), atUs));
    for (const one of made) if (this.byId.has(`${one.tenant}/${one.id}`)) throw databaseError('23505', 'duplicate key', 'accounts_id_tenant_key');
    // Nothing refuses from here on.
    for (const row of rows) {
      this.rows.push(row);
      if (row.key !== null) this.keys.set(`${row.tenant}/${row.key}`, row);
      if (row.kind === 'hold') this.payments.set(row.position, { authorised: row.amount!, captured: 0n, released: 0n, refunded: 0n, version: 0 });
    }
    for (const one of movedAccounts) Object.assign(this.accounts.get(one.number)!, one);
    for (const [position, payment] of changed) this.payments.set(position, payment);
    for (const one of made) {
      this.accounts.set(one.number, one);
      this.byId.set(`${one.tenant}/${one.id}`, one);
    }
    this.atUs = atUs;
    return [{ first_position: String(first), at_us: String(atUs) }];
  }

  /** The call of ledger.append that says what this call of ledger.append_one says. */
  #toMany(values: Values): Values {
    const [region, instance, format, digest, kind, tenant, actor, key, hash, debit, credit, amount, debitVersion, creditVersion, debitBalance, creditBalance, description, metadata, effective, request] = values;
    const [one, other] = [this.accounts.get(BigInt(debit as string)), this.accounts.get(BigInt(credit as string))];
    const deltas = ([[debit, debitBalance, amount as bigint], [credit, creditBalance, -(amount as bigint)]] as const).map(([number, balance, signed]) => {
      const account = this.accounts.get(BigInt(number as string));
      const delta = account?.debitNormal ? signed : -signed;
      if (!account || account.posted + delta !== balance) throw databaseError('AP001', 'an account moved meanwhile');
      return delta;
    });
    const list = (...items: unknown[]) => `{${items.map(item => (item === null ? 'NULL' : `"${String(item).replace(/["\\]/g, '\\$&')}"`)).join(',')}}`;
    return [
      region, instance, format, digest, '{}', '{}', null, null, list(kind), list(tenant), list(actor), list(key), list(`\\x${(hash as Buffer).toString('hex')}`), list(0), list(1), list(debit), list(credit), list(amount), list(debitVersion), list(creditVersion),
      list(debitBalance), list(creditBalance), list(null), list(description), list(metadata), list(effective), list(null), list(request), list(null), list(null),
      list(debit, credit), list(Number(debitVersion) - 1, Number(creditVersion) - 1), list(one?.posted, other?.posted), list(one?.out, other?.out), list(one?.incoming, other?.incoming), list(1, 1), list(...deltas), list(0, 0), list(0, 0), '{}', '{}', '{}', '{}', '{}', '{}', null,
    ];
  }

  #move(rows: MemoryRow[], named: (bigint | null)[], versions: (number | null)[], legCounts: (number | null)[], deltas: (bigint | null)[][], before: (bigint | null)[][]): MemoryAccount[] {
    const said = new Map<bigint, { legs: number; signed: bigint; pending: bigint }>();
    for (const { kind, debit, credit, amount } of rows) {
      if (debit === null) continue;
      const pending = kind === 'hold' ? amount! : ['capture', 'void', 'expiry'].includes(kind) ? -amount! : 0n;
      for (const [number, signed] of [[debit, amount!], [credit!, -amount!]] as const) {
        const sum = said.get(number) ?? { legs: 0, signed: 0n, pending: 0n };
        said.set(number, { legs: sum.legs + 1, signed: sum.signed + (postingKinds.has(kind) ? signed : 0n), pending: sum.pending + pending });
      }
    }
    if (said.size !== named.length) throw databaseError('AP003', 'the balances do not move by what the rows say');
    return named.map((number, index) => {
      const account = this.accounts.get(number!);
      if (!account || stateOf(account) !== [versions, ...before].map(list => list[index]).join('/')) throw databaseError('AP001', 'an account moved meanwhile');
      const [posted, out, incoming] = deltas.map(list => list[index]!) as [bigint, bigint, bigint];
      const sum = said.get(number!);
      if (!sum || sum.legs !== legCounts[index] || sum.signed !== (account.debitNormal ? posted : -posted) || sum.pending !== out + incoming) throw databaseError('AP003', 'the balances do not move by what the rows say');
      const after = { ...account!, posted: account.posted + posted, out: account.out + out, incoming: account.incoming + incoming, version: account.version + legCounts[index]! };
      const fits = [after.posted, after.out, after.incoming, after.posted - after.out, after.posted + after.incoming, posted].every(one => one >= low && one <= high);
      if (!fits) throw databaseError('22003', 'bigint out of range');
      if (after.out < 0n || after.incoming < 0n) throw databaseError('23514', 'check', 'accounts_pending');
      if (after.min !== null && after.posted - after.out < after.min) throw databaseError('23514', 'check', 'accounts_floor');
      if (after.max !== null && after.posted + after.incoming > after.max) throw databaseError('23514', 'check', 'accounts_ceiling');
      return after;
    });
  }

  #changePayments(rows: MemoryRow[], named: (bigint | null)[], versions: (number | null)[]): Map<bigint, MemoryPayment> {
    const changed = new Map<bigint, MemoryPayment>();
    named.forEach((position, index) => {
      const row = this.rows[Number(position) - 1]!;
      const payment = this.payments.get(position!) ?? { authorised: row.amount!, captured: row.amount!, released: 0n, refunded: 0n, version: -1 };
      if (payment.version !== versions[index]) throw databaseError('AP001', 'a payment moved meanwhile');
      const sum = (...kinds: string[]) => rows.filter(one => one.payment === position && kinds.includes(one.kind)).reduce((total, one) => total + one.amount!, 0n);
      const after = { ...payment, captured: payment.captured + sum('capture'), released: payment.released + sum('void', 'expiry'), refunded: payment.refunded + sum('refund', 'reversal'), version: payment.version + 1 };
      if (after.captured + after.released > after.authorised || after.refunded > after.captured) throw databaseError('23514', 'check', 'payments_captured');
      changed.set(position!, after);
    });
    if (changed.size !== new Set(rows.flatMap(row => row.payment ?? [])).size) throw databaseError('AP001', 'a payment moved meanwhile');
    return changed;
  }

  #rowJson(row: MemoryRow, foundBy: string) {
    const [debit, credit, of] = [row.debit && this.accounts.get(row.debit), row.credit && this.accounts.get(row.credit), row.payment === null ? undefined : this.rows[Number(row.payment) - 1]];
    return {
      position: String(row.position), kind: row.kind, tenant: row.tenant, foundBy, key: row.key, requestHash: row.requestHash, leg: row.leg, legs: row.legs, debit: text(row.debit), credit: text(row.credit),
      debitId: debit ? debit.id : null, creditId: credit ? credit.id : null, currency: debit ? debit.currency : null, amount: text(row.amount), debitVersion: text(row.debitVersion), creditVersion: text(row.creditVersion),
      debitBalance: text(row.debitBalance), creditBalance: text(row.creditBalance), payment: text(row.payment), paymentAtUs: text(of?.atUs), paymentKind: of?.kind ?? null, atUs: String(row.atUs), effectiveAtUs: text(row.effectiveAtUs),
      expiresAtUs: text(row.expiresAtUs), requestId: row.requestId, actor: row.actor, description: row.description, metadata: row.metadata, status: row.status, answer: row.answer, region: row.region, format: 1,
    };
  }
}

interface Opened {
  row: number;
  tenant: string;
  id: string;
  owner: string;
  currency: string;
  type: string;
  min: string | null;
  max: string | null;
  metadata: object;
}

function toAccount({ tenant, id, owner, currency, type, min, max, metadata }: Opened, number: bigint, atUs: bigint): MemoryAccount {
  return {
    number, tenant, id, currency, debitNormal: type === 'asset' || type === 'expense', min: min === null ? null : BigInt(min), max: max === null ? null : BigInt(max),
    posted: 0n, out: 0n, incoming: 0n, version: 0, terms: { owner, type, metadata }, atUs,
  };
}

const text = (value: bigint | number | null | undefined) => (value === null || value === undefined ? null : value.toString());
const timeUs = (value: string | null) => (value === null ? null : parseTimeUs(value)!);

const stateOf = (one: MemoryAccount) => [one.version, one.posted, one.out, one.incoming].join('/');
const paymentStateOf = (one: Omit<MemoryPayment, 'authorised'>) => [one.version, one.captured, one.released, one.refunded].join('/');

function same(named: unknown, states: unknown, stateNow: (one: bigint) => string): boolean {
  const wanted = elements(states);
  return bigints(named).every((one, index) => stateNow(one!) === wanted[index]);
}
