/** The HTTP server: limits, authentication, identity headers, logs, metrics, health. Routes stand in routes.ts. */
import { randomUUID } from 'node:crypto';
import Fastify, { LogController, type FastifyInstance, type FastifyReply, type FastifyRequest, type HTTPMethods } from 'fastify';
import { errors, LedgerError, problemOf } from '../domain/errors.ts';
import type { Health } from '../usecases/health.ts';
import type { Ledger } from '../usecases/ledger.ts';
import type { Metrics } from '../adapters/metrics.ts';
import type { RequestSpan, Tracing } from '../adapters/tracing.ts';
import { parseTraceparent } from '../domain/trace.ts';
import { guardRoutes, type Authenticator } from './auth.ts';
import type { Limiter } from './limits.ts';
import { collectRoutes, describeApi } from './openapi.ts';
import { codeOfParserError, problemType, sendProblem, toLedgerError } from './problems.ts';
import { addPaymentRoutes } from './payment-routes.ts';
import { addRoutes } from './routes.ts';
import type { Webhooks } from '../usecases/webhooks.ts';
import { addWebhookRoutes } from './webhook-routes.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Only while this request is traced. */
    span?: RequestSpan | undefined;
  }
}

export interface HttpOptions {
  region: string;
  instance: string;
  authenticator: Authenticator;
  limiter: Limiter;
  /** Null: nobody collects spans. */
  tracing: Tracing | null;
  logLevel: string;
  /** Where log lines go; standard output when left out. */
  logStream?: { write(line: string): void };
}

/** As pino has them, loudest last. */
const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const bodyLimitBytes = 64 * 1024;
const allMethods: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'];

export function buildHttp(options: HttpOptions, { ledger, webhooks }: { ledger: Ledger; webhooks: Webhooks }, health: Health, metrics: Metrics): FastifyInstance {
  const identity = { 'airpay-region': options.region, 'airpay-instance': options.instance };
  const app = Fastify({
    logger: { level: options.logLevel, base: { service: 'ledger', region: options.region, instance: options.instance }, ...(options.logStream && { stream: options.logStream }) },
    // Our own line says what an operator needs, without the URL: an id in it could be anything a client sent.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    bodyLimit: bodyLimitBytes,
    routerOptions: { maxParamLength: 100 },
    // Whole request within 10 s; idle connections live a little longer than a balancer keeps them.
    requestTimeout: 10_000,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    // While draining, what arrives is still served.
    return503OnClosing: false,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false } },
    clientErrorHandler(error, socket) {
      if (!socket.writable) return;
      const code = codeOfParserError(error);
      const body = JSON.stringify(problemOf(code, `${errors[code].title}.`, randomUUID()));
      const headers = { ...identity, 'content-type': problemType, 'content-length': Buffer.byteLength(body), connection: 'close' };
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');
      socket.end(`HTTP/1.1 ${errors[code].status} ${errors[code].title}\r\n${lines}\r\n${body}`);
    },
    frameworkErrors: (error, request, reply) => void sendProblem(request, reply.headers(identity), toLedgerError(error)),
  });
  app.removeContentTypeParser('text/plain');
  const { tracing } = options;
  if (tracing) app.decorateRequest('span', undefined);
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(identity);
    const route = request.routeOptions.url;
    if (tracing && route?.startsWith('/v1/')) request.span = tracing.request(request.method, route, request.headers);
    done();
  });
  // A line that is not written need not be put together either.
  const written = new Set(['debug', 'info'].filter(level => levels.indexOf(level) >= levels.indexOf(options.logLevel)));
  // With callbacks: a promise for each hook of each payment adds up.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    // Decided when the answer goes out: a request that came before the drain must not keep its connection past it.
    if (health.draining) reply.header('connection', 'close');
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    observe(request, reply, metrics, written);
    done();
  });
  app.setErrorHandler((error, request, reply) => sendProblem(request, reply, toLedgerError(error as Parameters<typeof toLedgerError>[0])));
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, new LedgerError('not-found', 'There is nothing at this path.')));

  const methodsOf = watchRoutes(app);
  const routes = collectRoutes(app);
  let description: object | undefined;
  app.get('/openapi.json', () => (description ??= describeApi(routes)));
  addOperations(app, health, metrics);
  guardRoutes(app, options.authenticator, options.limiter);
  app.register(async api => {
    addRoutes(api, ledger);
    addPaymentRoutes(api, ledger);
    addWebhookRoutes(api, webhooks);
  });
  // Last: by then all paths are known.
  app.register(async rest => refuseOtherMethods(rest, methodsOf));
  return app;
}

/** Outside /v1, without a key, and not part of the service's objectives. */
function addOperations(app: FastifyInstance, health: Health, metrics: Metrics): void {
  app.get('/livez', () => ({ status: 'alive' }));
  app.get('/readyz', async () => {
    const { ready, reason } = await health.readiness();
    if (!ready) throw new LedgerError('not-ready', reason);
    return { status: 'ready' };
  });
  app.get('/metrics', async (_request, reply) => reply.header('content-type', metrics.registry.contentType).send(await metrics.registry.metrics()));
}

/** Remembers which methods each path was given. */
function watchRoutes(app: FastifyInstance): ReadonlyMap<string, Set<string>> {
  const methodsOf = new Map<string, Set<string>>();
  app.addHook('onRoute', route => {
    const methods = methodsOf.get(route.url) ?? new Set();
    for (const method of [route.method].flat()) methods.add(method);
    methodsOf.set(route.url, methods);
  });
  return methodsOf;
}

/** A known path with another method is 405 with Allow, not 404. */
function refuseOtherMethods(app: FastifyInstance, methodsOf: ReadonlyMap<string, Set<string>>): void {
  for (const [url, known] of [...methodsOf]) {
    const allow = [...known].sort().join(', ');
    app.route({
      method: allMethods.filter(method => !known.has(method)),
      url,
      config: { refusesMethod: true },
      // Before the body is read: it does not matter what is in it.
      onRequest: async (request, reply) => sendProblem(request, reply.header('allow', allow), new LedgerError('method-not-allowed', `This path answers to ${allow}.`)),
      handler: () => undefined,
    });
  }
}

function observe(request: FastifyRequest, reply: FastifyReply, metrics: Metrics, written: ReadonlySet<string>): void {
  const method = request.method;
  // The pattern, never the path: a path would make a series per account, and may hold what must not be logged.
  const route = request.routeOptions.url ?? 'unmatched';
  request.span?.end(reply.statusCode, request.id, request.caller?.tenant);
  metrics.countRequest(method, route, reply.statusCode, reply.elapsedTime / 1000);
  const level = !route.startsWith('/v1/') && reply.statusCode < 400 ? 'debug' : 'info';
  if (!written.has(level)) return;
  request.log[level]({ method, route, status: reply.statusCode, durationMs: Math.round(reply.elapsedTime * 10) / 10, tenant: request.caller?.tenant, client: request.caller?.actor, traceId: request.span?.traceId ?? parseTraceparent(request.headers['traceparent'])?.traceId }, 'request');
}
