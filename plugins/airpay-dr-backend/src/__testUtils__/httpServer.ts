import { createServer, IncomingMessage, Server } from 'node:http';
import { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: unknown;
}

/** `null` = hang: the request is taken and never answered. */
export type Reply = { status: number; body?: unknown; headers?: Record<string, string> } | null;

/** A real HTTP server on a free port; `answer` plays the other side of the wire. */
export class HttpTestServer {
  readonly received: ReceivedRequest[] = [];
  private readonly server: Server;

  private constructor(private answer: (request: ReceivedRequest) => Reply) {
    this.server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      const seen = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: text ? JSON.parse(text) : undefined };
      this.received.push(seen);
      const reply = this.answer(seen);
      if (!reply) return;
      const body = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? {});
      response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
      response.end(body);
    });
  }

  static async start(answer: (request: ReceivedRequest) => Reply): Promise<HttpTestServer> {
    const started = new HttpTestServer(answer);
    await new Promise<void>(resolve => started.server.listen(0, '127.0.0.1', resolve));
    return started;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** From now on the other side behaves like this. */
  becomes(answer: (request: ReceivedRequest) => Reply): void {
    this.answer = answer;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
  }
}
