/**
 * What every small HTTP server of the platform needs: a router over path patterns, bodies with a
 * limit, JSON and problem answers, bearer tokens compared in constant time, and a close that ends
 * within a second. One place, so that a limit cannot be forgotten in one server.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An answer that is an error; thrown by handlers, rendered by the server's `renderError`. */
export class HttpError extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Record<string, string>;

  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** One request as handlers see it. `params` are the decoded `{name}` parts of the pattern. */
export type Call = {
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  params: Record<string, string>;
};

export type Route = {
  method: string;
  /** `/v1/zones/{zone}`; a last part `{name*}` takes the rest of the path, slashes included. */
  pattern: string;
  handle: (call: Call) => Promise<void> | void;
};

/** Renders an error in the dialect of one API (problem+json, Google's error object, Status …). */
export type RenderError = (response: ServerResponse, error: HttpError) => void;

export const BODY_MAX_BYTES = 1024 * 1024;

/** Sends `body` as JSON. Does nothing when the client is already gone. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  sendText(response, status, 'application/json; charset=utf-8', JSON.stringify(body), headers);
}

/** Sends text of the given media type with its length. */
export function sendText(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  });
  response.end(body);
}

/** RFC 9457 problem document; `retryable` is true for the 5xx family and 429. */
export const renderProblem: RenderError = (response, error) => {
  const body = JSON.stringify({
    type: `https://docs.airpay.example/errors/${error.code}`,
    title: error.code.replaceAll('-', ' '),
    status: error.status,
    detail: error.message,
    code: error.code,
    retryable: error.status >= 500 || error.status === 429,
  });
  sendText(response, error.status, 'application/problem+json', body, error.headers);
};

/**
 * Reads a whole body.
 * @throws HttpError 413 beyond `maxBytes`, 400 when the client breaks off
 */
export async function readBody(request: IncomingMessage, maxBytes = BODY_MAX_BYTES): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw new HttpError(400, 'body-incomplete', 'the request body ended early');
  }
  return Buffer.concat(chunks);
}

/**
 * Reads a JSON object.
 * @throws HttpError 400 when it is not JSON or not an object, 413 beyond `maxBytes`
 */
export async function readJsonObject(
  request: IncomingMessage,
  maxBytes = BODY_MAX_BYTES,
): Promise<Record<string, unknown>> {
  const text = (await readBody(request, maxBytes)).toString('utf8');
  let value: unknown;
  try {
    value = text === '' ? {} : JSON.parse(text);
  } catch {
    throw new HttpError(400, 'body-not-json', 'the request body is not valid JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HttpError(400, 'body-not-object', 'the request body must be a JSON object');
  }
  return value as Record<string, unknown>;
}

/** Whether the request carries `Authorization: Bearer <token>`; compares in constant time. */
export function hasBearer(request: IncomingMessage, token: string): boolean {
  const header = request.headers.authorization ?? '';
  const match = /^bearer (.+)$/i.exec(header);
  return match !== null && sameSecret(match[1]!, token);
}

/** Whether the request carries this user name and password by Basic authentication. */
export function hasBasic(request: IncomingMessage, username: string, password: string): boolean {
  const match = /^basic ([a-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '');
  if (match === null) return false;
  return sameSecret(Buffer.from(match[1]!, 'base64').toString('utf8'), `${username}:${password}`);
}

/** Compares secrets of any length without telling by time how much of them agrees. */
export function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return expected !== '' && timingSafeEqual(digest(given), digest(expected));
}

/** A request handler that finds the route; 404 for an unknown path, 405 for an unknown method. */
export function router(routes: Route[], renderError: RenderError = renderProblem) {
  const compiled = routes.map(route => ({ ...route, expression: compile(route.pattern) }));
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const url = new URL(request.url ?? '/', 'http://platform.invalid');
      const onPath = compiled.filter(route => route.expression.test(url.pathname));
      const route = onPath.find(candidate => candidate.method === request.method);
      if (route === undefined) {
        if (onPath.length === 0) throw new HttpError(404, 'not-found', `no such path: ${url.pathname}`);
        const allow = onPath.map(candidate => candidate.method).join(', ');
        throw new HttpError(405, 'method-not-allowed', `allowed here: ${allow}`, { allow });
      }
      const params = decodeParams(route.expression.exec(url.pathname)?.groups ?? {});
      await route.handle({ request, response, url, params });
    } catch (error) {
      renderError(response, toHttpError(error));
      // A body that was refused is not read to its end; the connection cannot be used again.
      if (!request.complete) request.unpipe().resume();
    }
  };
}

/** What an unexpected error becomes for the caller: 500 with its message, the stack in the log. */
export function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof URIError || (error as NodeJS.ErrnoException)?.code === 'ERR_INVALID_URL') {
    return new HttpError(400, 'bad-path', 'the path is not valid');
  }
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return new HttpError(500, 'internal', 'something went wrong here; the log has the details');
}

export type RunningServer = { server: Server; port: number; close: () => Promise<void> };

/**
 * Listens on 127.0.0.1 only, with limits on header size, connections and idle times.
 * @throws Error naming the port when another program holds it
 */
export async function listen(
  name: string,
  port: number,
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  host = '127.0.0.1',
): Promise<RunningServer> {
  const server = createServer({
    maxHeaderSize: 16 * 1024,
    requestTimeout: 60_000,
    headersTimeout: 10_000,
    keepAliveTimeout: 30_000,
  });
  server.maxConnections = 1_000;
  server.on('request', handler);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code === 'EADDRINUSE' ? 'is taken by another program' : error.message;
      reject(new Error(`${name}: port ${port} ${reason}`));
    });
    server.listen(port, host, resolve);
  });
  return { server, port: (server.address() as AddressInfo).port, close: () => closeServer(server) };
}

/** Stops accepting, lets requests in flight end for up to a second, then cuts what is left. */
function closeServer(server: Server): Promise<void> {
  return new Promise(resolve => {
    const cut = setTimeout(() => server.closeAllConnections(), 1_000);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function compile(pattern: string): RegExp {
  const source = pattern
    .split('/')
    .map(part => {
      const rest = /^\{(\w+)\*\}$/.exec(part);
      if (rest !== null) return `(?<${rest[1]}>.*)`;
      const escaped = part.replace(/[.*+?^$()|[\]\\]/g, '\\$&');
      return escaped.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)');
    })
    .join('/');
  return new RegExp(`^${source}$`);
}

function decodeParams(groups: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]),
  );
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError(413, 'body-too-large', `the request body may have ${maxBytes} bytes`, {
    connection: 'close',
  });
}
