/** From a request to a command: what every mutation shares. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LedgerError } from '../domain/errors.ts';
import { parsePublicId } from '../domain/ids.ts';
import type { Posting, RowRef } from '../domain/model.ts';
import { maxMinor } from '../domain/money.ts';
import { holdsCardNumber, isStorable } from '../domain/text.ts';
import { parseTimeUs } from '../domain/time.ts';
import { systemKeyPrefix, type Caller, type CommandAnswer } from '../usecases/ledger.ts';
import { problemType } from './problems.ts';
import type { Texts, TransferBody } from './schemas.ts';

/** Throws card-data-refused or invalid-request; the message names the field, never its value. */
export function checkTexts(fields: Record<string, string>): void {
  for (const [name, value] of Object.entries(fields)) {
    if (!isStorable(value)) throw new LedgerError('invalid-request', `body/${holdsCardNumber(name) ? 'metadata' : name} holds characters that cannot be stored.`);
    if (holdsCardNumber(value)) throw new LedgerError('card-data-refused', `${holdsCardNumber(name) ? 'metadata' : name} looks like a card number. Send a token instead.`);
  }
}

export function textsOf({ description = null, metadata = {} }: Texts): { description: string | null; metadata: Record<string, string> } {
  if (description !== null) checkTexts({ description });
  for (const [name, value] of Object.entries(metadata)) checkTexts({ 'metadata key': name, [`metadata/${name}`]: value });
  return { description, metadata };
}

/** Throws amount-too-large. */
export function amountOf(digits: string): bigint {
  const amountMinor = BigInt(digits);
  if (amountMinor > maxMinor) throw new LedgerError('amount-too-large', `An amount is at most ${maxMinor} minor units.`);
  return amountMinor;
}

/** Microseconds. Throws invalid-request. */
export function timeOf(text: string, field: string): bigint {
  const atUs = parseTimeUs(text);
  if (atUs === undefined) throw new LedgerError('invalid-request', `${field} is not a time as RFC 3339 has it, such as 2026-01-31T12:00:00Z.`);
  return atUs;
}

export function postingOf(body: TransferBody): Posting {
  const { debitAccountId, creditAccountId, currency, effectiveAt } = body;
  checkTexts({ debitAccountId, creditAccountId });
  return { debitAccountId, creditAccountId, amountMinor: amountOf(body.amountMinor), currency, ...textsOf(body), effectiveAtUs: effectiveAt === undefined ? null : timeOf(effectiveAt, 'body/effectiveAt') };
}

/** The schema has let only such ids through. */
export function refOf(id: string): RowRef {
  const ref = parsePublicId(id);
  if (!ref) throw new LedgerError('invalid-request', 'params/id is no id of this ledger.');
  return { position: ref.position, atUs: ref.atUs };
}

/** Throws idempotency-key-missing, idempotency-key-invalid or card-data-refused. */
export function keyOf(key: unknown, field = 'The Idempotency-Key header'): string {
  if (key === undefined || key === '') throw new LedgerError('idempotency-key-missing', `${field} is missing. Make one and store it before the first attempt.`);
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) throw new LedgerError('idempotency-key-invalid', `${field} must be 1 to 255 visible ASCII characters.`);
  if (key.startsWith(systemKeyPrefix)) throw new LedgerError('idempotency-key-invalid', `${field} must not begin with ${systemKeyPrefix}: those are the ledger's own.`);
  if (holdsCardNumber(key)) throw new LedgerError('card-data-refused', 'Idempotency-Key looks like a card number.');
  return key;
}

export function callerOf(request: FastifyRequest, key = keyOf(request.headers['idempotency-key'])): Caller {
  return { tenant: request.caller.tenant, actor: request.caller.actor, key, requestId: request.id };
}

export function sendAnswer(reply: FastifyReply, answer: CommandAnswer): FastifyReply {
  if (answer.timing) reply.request.span?.written(answer.timing);
  if (answer.replayed) reply.header('idempotent-replayed', 'true');
  return reply
    .code(answer.status)
    .header('content-type', answer.status < 300 ? 'application/json; charset=utf-8' : problemType)
    .send(answer.body);
}
