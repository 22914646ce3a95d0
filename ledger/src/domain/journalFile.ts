/**
 * A journal as a file: one JSON object per line. First the header, then what the accounts and payments are now, in order of
 * number and position, then the history that must lead there: each link of the chain followed by its rows.
 * Whole numbers that may pass 2^53 are digits as text, hashes hexadecimal, times microseconds since 1970.
 */
import type { Kind, PlacedRow } from './model.ts';

export const fileFormat = 1;

export interface HeaderLine {
  type: 'ledger';
  file: typeof fileFormat;
  /** The hash that the first link follows. */
  genesis: string;
  /** The last link. */
  n: string;
  position: string;
  hash: string;
  totals: Record<string, string>;
}

export interface AccountLine {
  type: 'account';
  number: string;
  tenant: string;
  id: string;
  owner: string;
  currency: string;
  accountType: string;
  minAvailableMinor: string | null;
  maxAvailableMinor: string | null;
  metadata: Record<string, string>;
  postedMinor: string;
  pendingOutMinor: string;
  pendingInMinor: string;
  version: string;
  createdAtUs: string;
}

export interface PaymentLine {
  type: 'payment';
  position: string;
  tenant: string;
  debit: string;
  credit: string;
  authorisedMinor: string;
  capturedMinor: string;
  releasedMinor: string;
  refundedMinor: string;
  expiresAtUs: string | null;
  version: string;
}

export interface LinkLine {
  type: 'link';
  n: string;
  firstPosition: string;
  count: number;
  atUs: string;
  format: number;
  region: string;
  instance: string;
  digest: string;
  totals: Record<string, string>;
  prevHash: string;
  hash: string;
}

export interface RowLine {
  type: 'row';
  position: string;
  kind: string;
  tenant: string;
  actor: string;
  key: string | null;
  requestHash: string | null;
  leg: number;
  legs: number;
  debit: string | null;
  credit: string | null;
  /** Ids and currency of the accounts, for readers; they are not sealed by themselves but follow from the accounts' openings. */
  debitId: string | null;
  creditId: string | null;
  currency: string | null;
  amountMinor: string | null;
  debitVersion: string | null;
  creditVersion: string | null;
  debitBalanceMinor: string | null;
  creditBalanceMinor: string | null;
  payment: string | null;
  description: string | null;
  metadata: Record<string, string> | null;
  effectiveAtUs: string | null;
  expiresAtUs: string | null;
  requestId: string;
  status: number | null;
  answer: string | null;
}

export type FileLine = HeaderLine | AccountLine | PaymentLine | LinkLine | RowLine;

type Shape = 'text' | 'digits' | 'whole' | 'hash' | 'texts' | 'totals';
type Field = Shape | `${Shape}?`;

const shapes: Record<FileLine['type'], Record<string, Field>> = {
  ledger: { file: 'whole', genesis: 'hash', n: 'digits', position: 'digits', hash: 'hash', totals: 'totals' },
  account: {
    number: 'digits', tenant: 'text', id: 'text', owner: 'text', currency: 'text', accountType: 'text', minAvailableMinor: 'digits?', maxAvailableMinor: 'digits?', metadata: 'texts',
    postedMinor: 'digits', pendingOutMinor: 'digits', pendingInMinor: 'digits', version: 'digits', createdAtUs: 'digits',
  },
  payment: {
    position: 'digits', tenant: 'text', debit: 'digits', credit: 'digits', authorisedMinor: 'digits', capturedMinor: 'digits', releasedMinor: 'digits', refundedMinor: 'digits', expiresAtUs: 'digits?', version: 'digits',
  },
  link: { n: 'digits', firstPosition: 'digits', count: 'whole', atUs: 'digits', format: 'whole', region: 'text', instance: 'text', digest: 'hash', totals: 'totals', prevHash: 'hash', hash: 'hash' },
  row: {
    position: 'digits', kind: 'text', tenant: 'text', actor: 'text', key: 'text?', requestHash: 'hash?', leg: 'whole', legs: 'whole', debit: 'digits?', credit: 'digits?', debitId: 'text?', creditId: 'text?', currency: 'text?',
    amountMinor: 'digits?', debitVersion: 'digits?', creditVersion: 'digits?', debitBalanceMinor: 'digits?', creditBalanceMinor: 'digits?', payment: 'digits?', description: 'text?', metadata: 'texts?',
    effectiveAtUs: 'digits?', expiresAtUs: 'digits?', requestId: 'text', status: 'whole?', answer: 'text?',
  },
};

const digits = /^(0|-?[1-9]\d{0,18})$/;
const int64Max = 2n ** 63n - 1n;

function fits(value: unknown, shape: Shape): boolean {
  switch (shape) {
    case 'text': return typeof value === 'string';
    case 'digits': return typeof value === 'string' && digits.test(value) && (value.length < 19 || BigInt(value.replace('-', '')) <= int64Max);
    case 'hash': return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
    case 'whole': return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31;
    case 'texts': return textsOf(value)?.every(one => typeof one === 'string') ?? false;
    // A sum of many amounts may pass 64 bits.
    case 'totals': return textsOf(value)?.every(one => typeof one === 'string' && /^(0|[1-9]\d{0,40})$/.test(one)) ?? false;
  }
}

function textsOf(value: unknown): unknown[] | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.values(value) : undefined;
}

/** A line, or in words why it is none. */
export function parseLine(text: string): FileLine | string {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return 'is no JSON';
  }
  const fields = typeof value === 'object' && value !== null && Object.hasOwn(shapes, String(value['type'])) ? shapes[value['type'] as FileLine['type']] : undefined;
  if (!fields) return 'is of no known type';
  for (const [name, field] of Object.entries(fields)) {
    const optional = field.endsWith('?');
    if (!(optional && value[name] === null) && !fits(value[name], field.replace('?', '') as Shape)) return `has no ${name} that can be read`;
  }
  const strange = Object.keys(value).find(name => name !== 'type' && !Object.hasOwn(fields, name));
  return strange === undefined ? (value as unknown as FileLine) : `has a field ${JSON.stringify(strange.slice(0, 40))} that does not belong there`;
}

/** As the digest and the evaluator take it. `atUs`: of its link. */
export function toRow(line: RowLine, atUs: bigint): PlacedRow {
  const big = (value: string | null) => (value === null ? null : BigInt(value));
  const whole = (value: string | null) => (value === null ? null : Number(value));
  return {
    position: BigInt(line.position), createdAtUs: atUs, kind: line.kind as Kind, tenant: line.tenant, actor: line.actor, key: line.key, requestHash: line.requestHash, leg: line.leg, legs: line.legs,
    debit: line.debit, credit: line.credit, debitId: line.debitId, creditId: line.creditId, currency: line.currency, amountMinor: big(line.amountMinor),
    debitVersion: whole(line.debitVersion), creditVersion: whole(line.creditVersion), debitBalanceMinor: big(line.debitBalanceMinor), creditBalanceMinor: big(line.creditBalanceMinor),
    payment: big(line.payment), paymentAtUs: null, paymentKind: null, description: line.description, metadata: line.metadata, effectiveAtUs: big(line.effectiveAtUs), expiresAtUs: big(line.expiresAtUs),
    requestId: line.requestId, status: line.status, answer: line.answer,
  };
}
