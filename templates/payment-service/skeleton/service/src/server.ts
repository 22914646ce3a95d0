import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { type Ledger, LedgerUnavailable } from './ledger.ts';
import type { Metrics } from './metrics.ts';
import { CURRENCY, inWords, type Payment, refusalOf } from './payment.ts';

/** A payment has seven short fields; more is not a payment. */
const BODY_LIMIT_BYTES = 16 * 1024;

const ACCOUNT_ID = { type: 'string', pattern: '^[a-z0-9][a-z0-9:_-]{0,62}$' };
const PAYMENT_SCHEMA = {
  headers: {
    type: 'object',
    required: ['idempotency-key'],
    properties: { 'idempotency-key': { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' } },
  },
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['payerAccountId', 'merchantAccountId', 'amountMinor', 'currency', 'reference'],
    properties: {
      payerAccountId: ACCOUNT_ID,
      merchantAccountId: ACCOUNT_ID,
      // A string: JSON numbers lose cents above 2^53.
      amountMinor: { type: 'string', pattern: '^[0-9]{1,19}$' },
      currency: { type: 'string', pattern: '^[A-Z]{3}$' },
      reference: { type: 'string', minLength: 1, maxLength: 140 },
    },
  },
};

type PaymentBody = Omit<Payment, 'amountMinor'> & { amountMinor: string };

/** The HTTP face of the service. Starts listening only when told to. */
export function createServer(options: { ledger: Ledger; metrics: Metrics; logLevel: string }): FastifyInstance {
  const { ledger, metrics } = options;
  const server = Fastify({
    logger: { level: options.logLevel, redact: ['req.headers.authorization'] },
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: 10_000,
    forceCloseConnections: 'idle',
    // Types are exact: "100" is not turned into 100, nor an unknown field dropped.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
  });
  let draining = false;

  server.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown';
    const labels = { method: request.method, route, code: String(reply.statusCode) };
    metrics.requests.inc(labels);
    metrics.durations.observe(labels, reply.elapsedTime / 1000);
  });
  server.addHook('preClose', async () => {
    draining = true;
  });
  server.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode !== undefined && error.statusCode < 500 ? error.statusCode : 500;
    if (status === 500) request.log.error(error);
    return problem(reply, status, status === 500 ? 'internal-error' : 'invalid-request', status === 500 ? 'Something broke on our side.' : error.message);
  });
  server.setNotFoundHandler((_request, reply) => problem(reply, 404, 'not-found', 'There is nothing here.'));

  server.get('/livez', async () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    if (draining) return problem(reply, 503, 'draining', 'This instance is shutting down.');
    if (!(await ledger.isReady())) return problem(reply, 503, 'ledger-unavailable', 'The ledger does not answer.');
    return { status: 'ok' };
  });
  server.get('/metrics', async (_request, reply) => {
    reply.type(metrics.registry.contentType);
    return metrics.registry.metrics();
  });
  addPaymentRoute(server, ledger, metrics);
  return server;
}

function addPaymentRoute(server: FastifyInstance, ledger: Ledger, metrics: Metrics): void {
  server.post<{ Body: PaymentBody; Headers: { 'idempotency-key': string } }>(
    '/v1/payments',
    { schema: PAYMENT_SCHEMA },
    async (request, reply) => {
      const payment: Payment = { ...request.body, amountMinor: BigInt(request.body.amountMinor) };
      const refusal = refusalOf(payment);
      if (refusal) {
        metrics.payments.inc({ result: refusal, currency: CURRENCY });
        return problem(reply, 422, refusal, inWords(refusal));
      }
      try {
        const posting = await ledger.post(payment, request.headers['idempotency-key']);
        metrics.payments.inc({ result: posting.outcome, currency: CURRENCY });
        if (posting.outcome === 'key-reused') return problem(reply, 422, 'idempotency-key-reused', posting.detail);
        if (posting.outcome === 'declined') return problem(reply, 422, posting.code, posting.detail);
        if (posting.replayed) reply.header('idempotent-replayed', 'true');
        return await reply.code(201).send({ id: posting.transferId, status: 'posted' });
      } catch (error) {
        if (!(error instanceof LedgerUnavailable)) throw error;
        request.log.warn(error);
        metrics.payments.inc({ result: 'unknown', currency: CURRENCY });
        return problem(reply, 503, 'outcome-unknown', 'Repeat with the same Idempotency-Key.', true);
      }
    },
  );
}

/** An answer in the form of RFC 9457. */
function problem(reply: FastifyReply, status: number, code: string, detail: string, retryable = false): FastifyReply {
  return reply
    .code(status)
    .type('application/problem+json')
    .send({ type: `https://docs.airpay.example/errors/${code}`, title: code, status, detail, code, retryable });
}
