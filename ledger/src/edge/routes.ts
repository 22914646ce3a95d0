/** What the ledger answers to: parse, call one use case, answer. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LedgerError } from '../domain/errors.ts';
import type { CommandAnswer, CommandContext, Ledger } from '../usecases/ledger.ts';
import { maxMinor } from '../domain/money.ts';
import { problemType } from './problems.ts';
import * as schemas from './schemas.ts';
import { holdsCardNumber, isStorable } from '../domain/text.ts';
import type { TransferCommand } from '../domain/transfer.ts';

const defaultPageSize = 50;

/** Registers everything under /v1. The caller guards it with the API key check. */
export function addRoutes(app: FastifyInstance, ledger: Ledger): void {
  app.post<{ Body: schemas.AccountBody }>('/v1/accounts', { config: { scope: 'accounts:write' }, schema: { body: schemas.accountBody, querystring: schemas.noQuery } }, async (request, reply) => {
    const { id, owner, currency, type, minAvailableMinor = '0' } = request.body;
    const context = contextOf(request);
    checkTexts({ id, owner });
    const account = { id, owner, currency, type, minAvailableMinor: minAvailableMinor === null ? null : BigInt(minAvailableMinor) };
    return sendAnswer(reply, await ledger.createAccount(account, context));
  });

  app.post<{ Body: schemas.TransferBody }>('/v1/transfers', { config: { scope: 'transfers:write' }, schema: { body: schemas.transferBody, querystring: schemas.noQuery } }, async (request, reply) => {
    const context = contextOf(request);
    return sendAnswer(reply, await ledger.postTransfer(commandOf(request.body), context));
  });

  app.post<{ Body: schemas.LookupBody }>('/v1/transfers/lookup', { config: { scope: 'transfers:read' }, schema: { body: schemas.lookupBody, querystring: schemas.noQuery } }, request => ledger.lookUpTransfers(request.body.ids));

  app.get<{ Params: { id: string } }>('/v1/transfers/:id', { config: { scope: 'transfers:read' }, schema: { params: schemas.transferParams, querystring: schemas.noQuery } }, request => ledger.readTransfer(request.params.id));

  app.get<{ Params: { id: string } }>('/v1/accounts/:id', { config: { scope: 'accounts:read' }, schema: { params: schemas.accountParams, querystring: schemas.noQuery } }, request => ledger.readAccount(request.params.id));

  app.get<{ Params: { id: string }; Querystring: schemas.EntriesQuery }>(
    '/v1/accounts/:id/entries',
    { config: { scope: 'accounts:read' }, schema: { params: schemas.accountParams, querystring: schemas.entriesQuery } },
    request => ledger.readEntries(request.params.id, request.query.cursor, Number(request.query.limit ?? defaultPageSize)),
  );

  app.get('/v1/trial-balance', { config: { scope: 'accounts:read' }, schema: { querystring: schemas.noQuery } }, () => ledger.readTrialBalance());
}

function commandOf(body: schemas.TransferBody): TransferCommand {
  const { debitAccountId, creditAccountId, currency, description = null, metadata = {} } = body;
  checkTexts({ debitAccountId, creditAccountId, description: description ?? '' });
  for (const [name, value] of Object.entries(metadata)) checkTexts({ 'metadata key': name, [`metadata/${name}`]: value });
  const amountMinor = BigInt(body.amountMinor);
  if (amountMinor > maxMinor) throw new LedgerError('amount-too-large', `An amount is at most ${maxMinor} minor units.`);
  return { debitAccountId, creditAccountId, amountMinor, currency, description, metadata };
}

/** Throws card-data-refused or invalid-request; the message names the field, never its value. */
function checkTexts(fields: Record<string, string>): void {
  for (const [name, value] of Object.entries(fields)) {
    if (!isStorable(value)) throw new LedgerError('invalid-request', `body/${holdsCardNumber(name) ? 'metadata' : name} holds characters that cannot be stored.`);
    if (holdsCardNumber(value)) throw new LedgerError('card-data-refused', `${holdsCardNumber(name) ? 'metadata' : name} looks like a card number. Send a token instead.`);
  }
}

/** Throws idempotency-key-missing, idempotency-key-invalid or card-data-refused. */
function contextOf(request: FastifyRequest): CommandContext {
  const key = request.headers['idempotency-key'];
  if (key === undefined || key === '') throw new LedgerError('idempotency-key-missing', 'Send an Idempotency-Key header that you made and stored before the first attempt.');
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) throw new LedgerError('idempotency-key-invalid', 'The Idempotency-Key header must be 1 to 255 visible ASCII characters.');
  if (holdsCardNumber(key)) throw new LedgerError('card-data-refused', 'Idempotency-Key looks like a card number.');
  return { client: request.caller.actor, key, requestId: request.id };
}

function sendAnswer(reply: FastifyReply, answer: CommandAnswer): FastifyReply {
  if (answer.replayed) reply.header('idempotent-replayed', 'true');
  return reply
    .code(answer.status)
    .header('content-type', answer.status < 300 ? 'application/json; charset=utf-8' : problemType)
    .send(answer.body);
}
