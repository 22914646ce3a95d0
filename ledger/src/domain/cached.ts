/**
 * What stands in the cache, and what is believed of it. An entry is one line: version, expiry, seal, payload. The seal is an
 * HMAC over all of it and over the entry's own name, with a key that only the database gives: an entry of another account,
 * of another history, cut, edited or kept beyond its time is not taken for one. docs/adr/0075.
 */
import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import type { Account, AccountType, Balances } from './model.ts';
import { fitsStorage } from './money.ts';

export type NamedBalance = Balances & { tenant: string; id: string };

/** What stays the same about an account. */
export type CachedTerms = Omit<Account, keyof Balances>;

export interface CachedAnswer {
  /** SHA-256 of the canonical request, hex. */
  requestHash: string;
  status: number;
  /** Byte for byte as it was first sent. */
  body: string;
}

/** A stretch of history that one running primary wrote, without a fork. */
export interface Epoch {
  name: string;
  sealKey: KeyObject;
}

export function epochOf(name: string, sealKey: Buffer): Epoch {
  return { name, sealKey: createSecretKey(sealKey) };
}

/** What a process knows of the cache. Times are of `performance.now()`. */
export interface CacheView {
  epoch: Epoch;
  /** When the database was asked which epoch it is in. */
  epochAsOfMs: number;
  /** Everything that was committed before this time is in the cache, or no older state of it is. Undefined: not known. */
  completeAsOfMs: number | undefined;
}

export type EntryKind = 'bal' | 'terms' | 'idem' | 'mark';

/** `name`: `tenant:account id` or `tenant:idempotency key`. A tenant holds no colon, so no two names are alike. */
export function entryKey(epoch: Epoch, kind: EntryKind, name: string): string {
  return `ledger:${epoch.name}:${kind}:${name}`;
}

const sealLength = 43;
const clockSkewMs = 5_000;
/** An entry beyond this is neither written nor read. */
export const entryLengthMax = 65_536;
const entryShape = /^(0|[1-9]\d{0,18}) (\d{13}) ([\w-]{43}) /;

function sealOf(epoch: Epoch, key: string, version: string, notAfterMs: string, payload: string): string {
  return createHmac('sha256', epoch.sealKey).update(`${key}\n${version}\n${notAfterMs}\n${payload}`).digest('base64url');
}

/** Undefined when it would be too large. `version` is 0 or more. */
export function sealEntry(epoch: Epoch, key: string, version: bigint, notAfterMs: number, payload: string): string | undefined {
  const [digits, until] = [version.toString(), notAfterMs.toFixed(0)];
  const text = `${digits} ${until} ${sealOf(epoch, key, digits, until, payload)} ${payload}`;
  return text.length > entryLengthMax ? undefined : text;
}

export type OpenedEntry = { ok: true; version: bigint; payload: string } | { ok: false; fault: 'broken' | 'expired' };

/** `ttlMaxMs`: no honest entry of this kind is good for longer, whatever the clock of its writer said. */
export function openEntry(epoch: Epoch, key: string, text: string, nowMs: number, ttlMaxMs: number): OpenedEntry {
  const match = text.length > entryLengthMax ? null : entryShape.exec(text);
  if (!match) return { ok: false, fault: 'broken' };
  const [head, version, until, seal] = match as unknown as [string, string, string, string];
  const payload = text.slice(head.length);
  const right = Buffer.from(sealOf(epoch, key, version, until, payload));
  const given = Buffer.from(seal);
  if (given.length !== sealLength || !timingSafeEqual(right, given)) return { ok: false, fault: 'broken' };
  const leftMs = Number(until) - nowMs;
  if (leftMs <= 0 || leftMs > ttlMaxMs + clockSkewMs) return { ok: false, fault: 'expired' };
  return { ok: true, version: BigInt(version), payload };
}

export function balancePayload(balance: Balances): string {
  return `${balance.postedMinor} ${balance.pendingOutMinor} ${balance.pendingInMinor}`;
}

/** Undefined when it is no balance: then some version of this service wrote it otherwise. */
export function parseBalance(version: bigint, payload: string): Balances | undefined {
  const parts = payload.split(' ').map(wholeNumber);
  const [postedMinor, pendingOutMinor, pendingInMinor] = parts;
  if (parts.length !== 3 || version > BigInt(Number.MAX_SAFE_INTEGER) || postedMinor === undefined || pendingOutMinor === undefined || pendingInMinor === undefined) return undefined;
  return { version: Number(version), postedMinor, pendingOutMinor, pendingInMinor };
}

function wholeNumber(text: unknown): bigint | undefined {
  if (typeof text !== 'string' || !/^(0|-?[1-9]\d{0,18})$/.test(text)) return undefined;
  const value = BigInt(text);
  return fitsStorage(value) ? value : undefined;
}

export function termsPayload(terms: CachedTerms): string {
  const { number, owner, currency, type, minAvailableMinor, maxAvailableMinor, metadata, createdAtUs } = terms;
  return JSON.stringify([number, owner, currency, type, minAvailableMinor?.toString() ?? null, maxAvailableMinor?.toString() ?? null, metadata, createdAtUs.toString()]);
}

/** Undefined when these are no terms. */
export function parseTerms(tenant: string, id: string, payload: string): CachedTerms | undefined {
  const parts = parseJson(payload);
  if (!Array.isArray(parts) || parts.length !== 8) return undefined;
  const [number, owner, currency, type, min, max, metadata, created] = parts as unknown[];
  if (typeof number !== 'string' || typeof owner !== 'string' || typeof currency !== 'string' || !isAccountType(type)) return undefined;
  if (metadata === null || typeof metadata !== 'object' || Array.isArray(metadata) || !Object.values(metadata).every(value => typeof value === 'string')) return undefined;
  const [minAvailableMinor, maxAvailableMinor, createdAtUs] = [min === null ? null : wholeNumber(min), max === null ? null : wholeNumber(max), wholeNumber(created)];
  if (minAvailableMinor === undefined || maxAvailableMinor === undefined || createdAtUs === undefined) return undefined;
  return { tenant, id, number, owner, currency, type, minAvailableMinor, maxAvailableMinor, metadata: metadata as Record<string, string>, createdAtUs };
}

function isAccountType(text: unknown): text is AccountType {
  return text === 'asset' || text === 'liability' || text === 'equity' || text === 'income' || text === 'expense';
}

export function answerPayload(answer: CachedAnswer): string {
  return `${answer.requestHash} ${answer.status} ${answer.body}`;
}

/** Undefined when it is no answer. */
export function parseAnswer(payload: string): CachedAnswer | undefined {
  const match = /^([0-9a-f]{64}) ([2-4]\d\d) /.exec(payload);
  return match ? { requestHash: match[1]!, status: Number(match[2]), body: payload.slice(match[0].length) } : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
