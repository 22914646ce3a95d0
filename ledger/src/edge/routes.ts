/** Accounts and transfers: parse, call one use case, answer. */
import type { FastifyInstance } from 'fastify';
import { LedgerError, problemOf } from '../domain/errors.ts';
import { minMinor, maxMinor } from '../domain/money.ts';
import type { Ledger } from '../usecases/ledger.ts';
import { amountOf, callerOf, checkTexts, keyOf, postingOf, refOf, sendAnswer, textsOf, timeOf } from './commands.ts';
import { toLedgerError } from './problems.ts';
import * as schemas from './schemas.ts';

export const defaultPageSize = 50;
const batchBodyLimitBytes = 1024 * 1024;

interface OfId {
  id: string;
}

/** Registers everything under /v1 that is about accounts and posted transfers. The caller has guarded them by the scope that each names. */
export function addRoutes(app: FastifyInstance, ledger: Ledger): void {
  addAccountRoutes(app, ledger);
  addTransferRoutes(app, ledger);
  addBatchRoute(app, ledger);
}

function addAccountRoutes(app: FastifyInstance, ledger: Ledger): void {
  const read = { scope: 'accounts:read' } as const;

  app.post<{ Body: schemas.AccountBody }>('/v1/accounts', { config: { scope: 'accounts:write' }, schema: { body: schemas.accountBody, querystring: schemas.noQuery } }, async (request, reply) => {
    const { id, owner, currency, type, minAvailableMinor = '0', maxAvailableMinor = null } = request.body;
    const caller = callerOf(request);
    checkTexts({ id, owner });
    const { metadata } = textsOf({ metadata: request.body.metadata ?? {} });
    const limits = { minAvailableMinor: limitOf(minAvailableMinor), maxAvailableMinor: limitOf(maxAvailableMinor) };
    // The ledger's own accounts are opened by itself; one by this name in another currency would stand in their way.
    const own = /^(?:cash-clearing|equity|fx|fees):([a-z]{3})$/.exec(id);
    if (own && own[1] !== currency.toLowerCase()) throw new LedgerError('invalid-request', 'body/id is the name of an account of the ledger in another currency.');
    if ((limits.minAvailableMinor ?? minMinor) > 0n || (limits.maxAvailableMinor ?? maxMinor) < 0n) throw new LedgerError('invalid-request', 'body/minAvailableMinor must not be above 0, nor body/maxAvailableMinor below: the account begins at 0.');
    return sendAnswer(reply, await ledger.run('POST /v1/accounts', { kind: 'account', id, owner, currency, type, ...limits, metadata }, caller));
  });

  app.get<{ Params: OfId; Querystring: schemas.AccountQuery }>('/v1/accounts/:id', { config: read, schema: { params: schemas.accountParams, querystring: schemas.accountQuery } }, request => {
    const { params: { id }, query: { asOfVersion, asOf, basis, minVersion }, caller: { tenant } } = request;
    if (asOfVersion !== undefined) return ledger.readBalanceAtVersion(tenant, id, Number(asOfVersion));
    if (asOf !== undefined) return ledger.readBalanceAtTime(tenant, id, timeOf(asOf, 'querystring/asOf'), basis === 'effective');
    return ledger.readAccount(tenant, id, Number(minVersion ?? 0));
  });

  app.get<{ Params: OfId; Querystring: schemas.EntriesQuery }>('/v1/accounts/:id/entries', { config: read, schema: { params: schemas.accountParams, querystring: schemas.entriesQuery } }, request =>
    ledger.readEntries(request.caller.tenant, request.params.id, request.query.cursor, Number(request.query.limit ?? defaultPageSize)),
  );

  app.get('/v1/trial-balance', { config: read, schema: { querystring: schemas.noQuery } }, request => ledger.readTrialBalance(request.caller.tenant));

  app.get('/v1/chain/head', { config: { scope: 'journal:read' }, schema: { querystring: schemas.noQuery } }, () => ledger.readHead());
}

function limitOf(digits: string | null): bigint | null {
  if (digits === null) return null;
  const limit = BigInt(digits);
  if (limit > maxMinor || limit < minMinor) throw new LedgerError('amount-too-large', `A limit is between ${minMinor} and ${maxMinor} minor units.`);
  return limit;
}

function addTransferRoutes(app: FastifyInstance, ledger: Ledger): void {
  const read = { scope: 'transfers:read' } as const;
  const write = { scope: 'transfers:write' } as const;

  app.post<{ Body: schemas.TransferBody }>('/v1/transfers', { config: write, schema: { body: schemas.transferBody, querystring: schemas.noQuery } }, async (request, reply) => {
    const caller = callerOf(request);
    return sendAnswer(reply, await ledger.run('POST /v1/transfers', { kind: 'transfer', postings: [postingOf(request.body)] }, caller));
  });

  app.post<{ Body: schemas.TransactionBody }>('/v1/transactions', { config: write, schema: { body: schemas.transactionBody, querystring: schemas.noQuery } }, async (request, reply) => {
    const caller = callerOf(request);
    return sendAnswer(reply, await ledger.run('POST /v1/transactions', { kind: 'transfer', postings: request.body.transfers.map(postingOf) }, caller));
  });

  app.post<{ Body: schemas.ConversionBody }>('/v1/conversions', { config: write, schema: { body: schemas.conversionBody, querystring: schemas.noQuery } }, async (request, reply) => {
    const caller = callerOf(request);
    const { debitAccountId, creditAccountId, sellCurrency, buyCurrency, rate, effectiveAt } = request.body;
    checkTexts({ debitAccountId, creditAccountId });
    const texts = textsOf(request.body);
    if ('fx.rate' in texts.metadata) throw new LedgerError('invalid-request', 'body/metadata must not hold fx.rate: the ledger writes it.');
    const amounts = { sellAmountMinor: amountOf(request.body.sellAmountMinor), buyAmountMinor: amountOf(request.body.buyAmountMinor) };
    const effectiveAtUs = effectiveAt === undefined ? null : timeOf(effectiveAt, 'body/effectiveAt');
    return sendAnswer(reply, await ledger.run('POST /v1/conversions', { kind: 'conversion', debitAccountId, creditAccountId, sellCurrency, buyCurrency, rate, ...amounts, ...texts, effectiveAtUs }, caller));
  });

  app.post<{ Body: schemas.LookupBody }>('/v1/transfers/lookup', { config: read, schema: { body: schemas.lookupBody, querystring: schemas.noQuery } }, request => ledger.lookUpTransfers(request.caller.tenant, request.body.ids));

  app.get<{ Params: OfId }>('/v1/transfers/:id', { config: read, schema: { params: schemas.transferParams, querystring: schemas.noQuery } }, request => ledger.readTransfer(request.caller.tenant, request.params.id));

  app.get<{ Params: OfId }>('/v1/transactions/:id', { config: read, schema: { params: schemas.transactionParams, querystring: schemas.noQuery } }, async (request, reply) =>
    reply.header('content-type', 'application/json; charset=utf-8').send(await ledger.readTransaction(request.caller.tenant, request.params.id)),
  );

  app.post<{ Params: OfId; Body: schemas.RefundBody | null }>('/v1/transfers/:id/refunds', { config: write, schema: { params: schemas.transferParams, body: { anyOf: [schemas.refundBody, { type: 'null' }] }, querystring: schemas.noQuery } }, async (request, reply) => {
    const caller = callerOf(request);
    const { amountMinor } = request.body ?? {};
    return sendAnswer(reply, await ledger.run('POST /v1/transfers/:id/refunds', { kind: 'refund', of: refOf(request.params.id), ofKind: 'transfer', amountMinor: amountMinor === undefined ? null : amountOf(amountMinor), ...textsOf(request.body ?? {}) }, caller));
  });

  app.post<{ Params: OfId; Body: schemas.Texts | null }>('/v1/transfers/:id/reversal', { config: write, schema: { params: schemas.transferParams, body: { anyOf: [schemas.reversalBody, { type: 'null' }] }, querystring: schemas.noQuery } }, async (request, reply) => {
    const caller = callerOf(request);
    return sendAnswer(reply, await ledger.run('POST /v1/transfers/:id/reversal', { kind: 'reversal', of: refOf(request.params.id), ofKind: 'transfer', ...textsOf(request.body ?? {}) }, caller));
  });
}

/** Many transfers in one request, each for itself, under its own key. The answer holds one result for each, in order. */
function addBatchRoute(app: FastifyInstance, ledger: Ledger): void {
  const options = {
    config: { scope: 'transfers:write' as const, cost: (body: schemas.BatchBody) => body.transfers.length },
    schema: { body: schemas.batchBody, querystring: schemas.noQuery },
    bodyLimit: batchBodyLimitBytes,
  };
  app.post<{ Body: schemas.BatchBody }>('/v1/transfers/batch', options, async (request, reply) => {
    // All are looked at before the first is sent: a body with a fault in it moves nothing.
    const commands = request.body.transfers.map(({ key, ...body }, index) => ({ caller: callerOf(request, keyOf(key, `body/transfers/${index}/key`)), posting: postingOf(body) }));
    if (new Set(commands.map(one => one.caller.key)).size < commands.length) throw new LedgerError('invalid-request', 'body/transfers holds a key twice.');
    const results = await Promise.all(commands.map(({ caller, posting }) =>
      ledger.run('POST /v1/transfers', { kind: 'transfer', postings: [posting] }, caller).catch((error: unknown) => {
        const known = toLedgerError(error as Parameters<typeof toLedgerError>[0]);
        const problem = problemOf(known.code, known.message, request.id);
        return { status: problem.status, body: JSON.stringify(problem), replayed: false };
      }),
    ));
    // Put together from the very bytes that a single request would have been answered with.
    const lines = results.map((result, index) => `{"key":${JSON.stringify(commands[index]!.caller.key)},"status":${result.status},"replayed":${result.replayed},"body":${result.body}}`);
    return reply.header('content-type', 'application/json; charset=utf-8').send(`{"results":[${lines.join(',')}]}`);
  });
}
