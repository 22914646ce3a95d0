/**
 * The reverse proxy payers talk to. It sends each request once to one ledger process of the region
 * that DNS names and passes the answer on. It never retries: only the payer, who owns the
 * idempotency key, may repeat a payment.
 */
import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { chooseBackend, type Backend } from './front-balance.ts';
import type { FrontMetrics } from './front-metrics.ts';
import { HttpError, renderProblem } from './http-kit.ts';

export type ProxyParts = {
  backends: Backend[];
  activeRegion: () => string | undefined;
  /** Asked once for each payment-path request; see front-faults.ts. */
  fault: () => { fail: boolean; delayMs: number };
  metrics: FrontMetrics;
};

/** Longer than the ledger's own limits, so that its answer wins over a timeout here. */
export const UPSTREAM_TIMEOUT_MS = 15_000;
/** A caller that leaves after waiting this long gave up on us: a failure no ledger process can count. */
export const GIVEN_UP_AFTER_MS = 1_000;
/** The ledger's own limits. Refused here too, since a server that answers before the body has come breaks the connection. */
export const MAX_BODY_BYTES = 64 * 1024;
export const MAX_BATCH_BYTES = 1024 * 1024;
/** What the public route lets through; metrics and everything else stay inside. */
const PUBLIC_PATH = /^\/(v1\/|livez$|readyz$)/;
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade'];

/** The request handler of the public port, and `close` for its upstream connections. */
export function proxy(parts: ProxyParts) {
  const agent = new Agent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 32, timeout: UPSTREAM_TIMEOUT_MS });
  let turn = 0;
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const region = parts.activeRegion();
    observe(parts.metrics, region ?? 'none', response);
    const refuse = (error: HttpError) => answerItself(parts.metrics, region ?? 'none', request, response, error);
    const path = (request.url ?? '/').split('?')[0]!;
    if (!PUBLIC_PATH.test(path)) {
      renderProblem(response, new HttpError(404, 'not-found', `no such path: ${path.slice(0, 200)}`));
      request.resume();
      return;
    }
    const maxBytes = path === '/v1/transfers/batch' ? MAX_BATCH_BYTES : MAX_BODY_BYTES;
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) {
      return refuse(new HttpError(413, 'body-too-large', `a request body may have at most ${maxBytes} bytes`, { connection: 'close' }));
    }
    const { fail, delayMs } = path.startsWith('/v1/') ? parts.fault() : { fail: false, delayMs: 0 };
    if (delayMs > 0) await wait(delayMs);
    if (fail) {
      parts.metrics.faults.inc();
      return refuse(new HttpError(503, 'injected-fault', 'a test fault is switched on at the traffic front'));
    }
    const backend = region === undefined ? undefined : chooseBackend(parts.backends, region, turn);
    turn = (turn + 1) % 1_000_000;
    if (backend === undefined) {
      const why = region === undefined ? 'the name payers use points at no known region' : `no ledger process answers in ${region}`;
      return refuse(new HttpError(503, 'no-backend', why, { 'retry-after': '1' }));
    }
    const startedMs = performance.now();
    const left = () => {
      const waitedMs = performance.now() - startedMs;
      if (waitedMs >= GIVEN_UP_AFTER_MS) countOwn(parts.metrics, backend.region, request, 504);
    };
    forward(agent, backend, request, response, refuse, left);
  };
  return {
    handle: (request: IncomingMessage, response: ServerResponse) => void handle(request, response),
    close: () => agent.destroy(),
  };
}

type Refuse = (error: HttpError) => void;

function forward(agent: Agent, backend: Backend, request: IncomingMessage, response: ServerResponse, refuse: Refuse, left: () => void) {
  const { method, url: path } = request;
  const headers = forwardedHeaders(request);
  const upstream = httpRequest({ host: '127.0.0.1', port: backend.port, method, path, headers, agent });
  const limit = setTimeout(() => upstream.destroy(new Error('timeout')), UPSTREAM_TIMEOUT_MS);
  upstream.on('response', answer => {
    response.writeHead(answer.statusCode ?? 502, withoutHopByHop(answer.headers));
    answer.pipe(response);
    // An answer cut off half way must look cut off to the caller too.
    answer.on('error', () => response.destroy());
    answer.on('aborted', () => response.destroy());
  });
  upstream.on('error', (error: NodeJS.ErrnoException) => {
    // Nobody is there any more to be answered.
    if (response.headersSent || response.destroyed) return response.destroy();
    if (error.message === 'timeout') {
      return refuse(new HttpError(504, 'upstream-timeout', `no answer within ${UPSTREAM_TIMEOUT_MS} ms; the payment may have happened: repeat it with the same key`));
    }
    if (error.code === 'ECONNREFUSED') {
      backend.health = 'dead';
      return refuse(new HttpError(503, 'no-backend', `the ledger process on port ${backend.port} does not answer`, { 'retry-after': '1' }));
    }
    refuse(new HttpError(502, 'upstream-lost', 'the connection broke; the payment may have happened: repeat it with the same key'));
  });
  upstream.on('close', () => clearTimeout(limit));
  response.on('close', () => {
    // The payer went away: nothing more to do for it here, and the ledger decides what it does.
    if (response.writableFinished) return;
    if (!response.headersSent) left();
    upstream.destroy();
  });
  request.pipe(upstream);
}

function forwardedHeaders(request: IncomingMessage) {
  const client = request.socket.remoteAddress ?? '';
  const before = request.headers['x-forwarded-for'];
  return {
    ...withoutHopByHop(request.headers),
    ...(request.headers['transfer-encoding'] === undefined ? {} : { 'transfer-encoding': 'chunked' }),
    'x-forwarded-for': before === undefined ? client : `${String(before)}, ${client}`,
  };
}

/** Drops headers that belong to one connection, those named by `Connection` included. */
function withoutHopByHop<T extends NodeJS.Dict<string | string[]>>(headers: T): T {
  const named = String(headers.connection ?? '').toLowerCase().split(',').map(name => name.trim());
  const dropped = new Set([...HOP_BY_HOP, ...named]);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.has(name))) as T;
}

function answerItself(metrics: FrontMetrics, region: string, request: IncomingMessage, response: ServerResponse, error: HttpError) {
  countOwn(metrics, region, request, error.status);
  renderProblem(response, error);
  request.resume();
}

/** Counts a request that ended here and not in the ledger. */
function countOwn(metrics: FrontMetrics, region: string, request: IncomingMessage, status: number) {
  const path = (request.url ?? '/').split('?')[0]!;
  // Two parts of the path at most: ids must not become label values.
  const route = /^\/v1\/(accounts|transfers|trial-balance)\b/.exec(path)?.[0] ?? (path.startsWith('/v1/') ? '/v1/other' : path);
  metrics.ownAnswers.inc({ service: 'ledger', region, instance: 'front', method: request.method ?? '', route, code: String(status) });
}

function observe(metrics: FrontMetrics, region: string, response: ServerResponse) {
  const startedAt = process.hrtime.bigint();
  response.on('close', () => {
    // 499 as load balancers note it: the caller left before the answer.
    const code = response.writableFinished ? String(response.statusCode) : '499';
    metrics.requests.inc({ region, code });
    metrics.duration.observe({ region }, Number(process.hrtime.bigint() - startedAt) / 1e9);
  });
}
