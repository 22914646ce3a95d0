/** Holds, what becomes of them, and settlements. */
import type { FastifyInstance } from 'fastify';
import { LedgerError } from '../domain/errors.ts';
import type { Ledger } from '../usecases/ledger.ts';
import { amountOf, callerOf, checkTexts, refOf, sendAnswer, textsOf, timeOf } from './commands.ts';
import { defaultPageSize } from './routes.ts';
import * as schemas from './schemas.ts';

const dayUs = 86_400_000_000n;
/** What card networks give an authorisation. */
const defaultHoldDays = 7n;
const holdDaysMax = 400n;

interface OfId {
  id: string;
}

/** Registers routes under /v1. The caller has guarded them by the scope that each names. */
export function addPaymentRoutes(app: FastifyInstance, ledger: Ledger): void {
  const write = { scope: 'holds:write' } as const;
  const read = { scope: 'transfers:read' } as const;
  const ofHold = (body: object) => ({ config: write, schema: { params: schemas.holdParams, body: { anyOf: [body, { type: 'null' }] }, querystring: schemas.noQuery } });

  app.post<{ Body: schemas.HoldBody }>('/v1/holds', { config: write, schema: { body: schemas.holdBody, querystring: schemas.noQuery } }, async (request, reply) => {
    const caller = callerOf(request);
    const { debitAccountId, creditAccountId, currency, expiresAt } = request.body;
    checkTexts({ debitAccountId, creditAccountId });
    const hold = { kind: 'hold', debitAccountId, creditAccountId, amountMinor: amountOf(request.body.amountMinor), currency, ...textsOf(request.body) } as const;
    const nowUs = BigInt(Date.now()) * 1000n;
    const expiresAtUs = expiresAt === undefined ? nowUs + defaultHoldDays * dayUs : timeOf(expiresAt, 'body/expiresAt');
    if (expiresAtUs > nowUs + holdDaysMax * dayUs) throw new LedgerError('invalid-request', `body/expiresAt is more than ${holdDaysMax} days away.`);
    return sendAnswer(reply, await ledger.run('POST /v1/holds', { ...hold, expiresAtUs }, caller, expiresAt === undefined ? hold : undefined));
  });

  app.get<{ Params: OfId }>('/v1/holds/:id', { config: read, schema: { params: schemas.holdParams, querystring: schemas.noQuery } }, request => ledger.readHold(request.caller.tenant, request.params.id));

  app.get<{ Querystring: schemas.HoldsQuery }>('/v1/holds', { config: read, schema: { querystring: schemas.holdsQuery } }, request => {
    const { accountId, status, cursor, limit } = request.query;
    return ledger.readHolds(request.caller.tenant, accountId, status === undefined ? null : status === 'open', cursor, Number(limit ?? defaultPageSize));
  });

  app.post<{ Params: OfId; Body: schemas.CaptureBody | null }>('/v1/holds/:id/captures', ofHold(schemas.captureBody), async (request, reply) => {
    const caller = callerOf(request);
    const { amountMinor, final = false, fee } = request.body ?? {};
    if (fee?.accountId !== undefined) checkTexts({ 'fee/accountId': fee.accountId });
    const command = { kind: 'capture', hold: refOf(request.params.id), amountMinor: amountMinor === undefined ? null : amountOf(amountMinor), final, fee: fee ? { amountMinor: amountOf(fee.amountMinor), accountId: fee.accountId ?? null } : null } as const;
    return sendAnswer(reply, await ledger.run('POST /v1/holds/:id/captures', { ...command, ...textsOf(request.body ?? {}) }, caller));
  });

  app.post<{ Params: OfId }>('/v1/holds/:id/void', ofHold(schemas.emptyBody), async (request, reply) => {
    const caller = callerOf(request);
    return sendAnswer(reply, await ledger.run('POST /v1/holds/:id/void', { kind: 'void', hold: refOf(request.params.id) }, caller));
  });

  app.post<{ Params: OfId; Body: schemas.RefundBody | null }>('/v1/holds/:id/refunds', ofHold(schemas.refundBody), async (request, reply) => {
    const caller = callerOf(request);
    const { amountMinor } = request.body ?? {};
    return sendAnswer(reply, await ledger.run('POST /v1/holds/:id/refunds', { kind: 'refund', of: refOf(request.params.id), ofKind: 'hold', amountMinor: amountMinor === undefined ? null : amountOf(amountMinor), ...textsOf(request.body ?? {}) }, caller));
  });

  app.post<{ Body: schemas.SettlementBody }>('/v1/settlements', { config: { scope: 'settlements:write' }, schema: { body: schemas.settlementBody, querystring: schemas.noQuery } }, async (request, reply) => {
    const caller = callerOf(request);
    const { accountId, payoutAccountId } = request.body;
    checkTexts({ accountId, payoutAccountId });
    return sendAnswer(reply, await ledger.run('POST /v1/settlements', { kind: 'settlement', accountId, payoutAccountId, ...textsOf(request.body) }, caller));
  });
}
