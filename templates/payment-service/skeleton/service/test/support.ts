import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as the ledger saw it. */
export interface Seen {
  path: string;
  key: string | undefined;
  authorization: string | undefined;
  body: Record<string, unknown>;
}

/** A ledger over real HTTP whose answers a test sets; it remembers what it was asked. */
export async function startLedger(
  answer: (seen: Seen) => { status: number; body: unknown; headers?: Record<string, string>; delayMs?: number },
): Promise<{ url: URL; seen: Seen[]; stop: () => Promise<void> }> {
  const seen: Seen[] = [];
  const server: Server = createHttpServer(async (request, response) => {
    const one = await read(request);
    seen.push(one);
    const { status, body, headers, delayMs = 0 } = answer(one);
    setTimeout(() => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    }, delayMs);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    seen,
    stop: () =>
      new Promise(resolve => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function read(request: IncomingMessage): Promise<Seen> {
  let text = '';
  for await (const chunk of request) text += chunk;
  const { authorization, 'idempotency-key': key } = request.headers;
  return { path: request.url ?? '', key: key as string | undefined, authorization, body: text ? JSON.parse(text) : {} };
}
