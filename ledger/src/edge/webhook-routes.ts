/** Webhook endpoints, their deliveries, and the journal for those who rather ask than be told. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { WebhookAnswer, Webhooks } from '../usecases/webhooks.ts';
import { callerOf, checkTexts, sendAnswer } from './commands.ts';
import * as schemas from './webhook-schemas.ts';

const defaultPageSize = 100;
const defaultInFlight = 4;
/** How long an old secret signs beside the new one: time to roll a consumer out. */
const defaultGraceSeconds = 86_400;

interface OfEndpoint {
  id: string;
}

/** Registers routes under /v1. The caller has guarded them by the scope that each names. */
export function addWebhookRoutes(app: FastifyInstance, webhooks: Webhooks): void {
  addEndpointRoutes(app, webhooks);
  addDeliveryRoutes(app, webhooks);

  app.get<{ Querystring: schemas.JournalQuery }>('/v1/journal', { config: { scope: 'journal:read' }, schema: { querystring: schemas.journalQuery } }, request =>
    webhooks.journal(request.caller.tenant, BigInt(request.query.after ?? 0), Number(request.query.limit ?? defaultPageSize)),
  );
}

function addEndpointRoutes(app: FastifyInstance, webhooks: Webhooks): void {
  const read = { scope: 'webhooks:read' } as const;
  const write = { scope: 'webhooks:write' } as const;

  app.post<{ Body: schemas.EndpointBody }>('/v1/webhook-endpoints', { config: write, schema: { body: schemas.endpointBody, querystring: schemas.noQuery } }, async (request, reply) => {
    const context = callerOf(request);
    const { url, events, maxInFlight = defaultInFlight, fromPosition } = request.body;
    checkTexts({ url });
    const endpoint = { url, events, maxInFlight, ...(fromPosition !== undefined && { fromPosition: BigInt(fromPosition) }) };
    return send(reply, await webhooks.create(endpoint, context));
  });

  app.get('/v1/webhook-endpoints', { config: read, schema: { querystring: schemas.noQuery } }, request => webhooks.list(request.caller.tenant));

  app.get<{ Params: OfEndpoint }>('/v1/webhook-endpoints/:id', { config: read, schema: { params: schemas.endpointParams, querystring: schemas.noQuery } }, request =>
    webhooks.read(request.caller.tenant, request.params.id),
  );

  app.delete<{ Params: OfEndpoint }>('/v1/webhook-endpoints/:id', { config: write, schema: { params: schemas.endpointParams, querystring: schemas.noQuery } }, async (request, reply) =>
    send(reply, await webhooks.remove(request.params.id, callerOf(request))),
  );

  app.post<{ Params: OfEndpoint; Body: schemas.RotateBody | null }>(
    '/v1/webhook-endpoints/:id/rotate-secret',
    { config: write, schema: { params: schemas.endpointParams, body: schemas.rotateBody, querystring: schemas.noQuery } },
    async (request, reply) => send(reply, await webhooks.rotateSecret(request.params.id, request.body?.graceSeconds ?? defaultGraceSeconds, callerOf(request))),
  );
}

function addDeliveryRoutes(app: FastifyInstance, webhooks: Webhooks): void {
  app.get<{ Params: OfEndpoint; Querystring: schemas.DeliveriesQuery }>(
    '/v1/webhook-endpoints/:id/deliveries',
    { config: { scope: 'webhooks:read' }, schema: { params: schemas.endpointParams, querystring: schemas.deliveriesQuery } },
    request => {
      const { state, cursor, limit } = request.query;
      return webhooks.deliveries(request.caller.tenant, request.params.id, state, cursor === undefined ? undefined : BigInt(cursor), Number(limit ?? defaultPageSize));
    },
  );

  app.post<{ Params: OfEndpoint & { position: string } }>(
    '/v1/webhook-endpoints/:id/deliveries/:position/retry',
    { config: { scope: 'webhooks:write' }, schema: { params: schemas.deliveryParams, body: schemas.emptyBody, querystring: schemas.noQuery } },
    async (request, reply) => send(reply, await webhooks.retry(request.params.id, BigInt(request.params.position), callerOf(request))),
  );

  app.post<{ Params: OfEndpoint; Body: schemas.ReplayBody }>(
    '/v1/webhook-endpoints/:id/replay',
    { config: { scope: 'webhooks:write' }, schema: { params: schemas.endpointParams, body: schemas.replayBody, querystring: schemas.noQuery } },
    async (request, reply) => send(reply, await webhooks.replay(request.params.id, BigInt(request.body.fromPosition), callerOf(request))),
  );
}

function send(reply: FastifyReply, answer: WebhookAnswer): FastifyReply {
  // The answer can hold a secret.
  return sendAnswer(reply.header('cache-control', 'no-store'), answer);
}
