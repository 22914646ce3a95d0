/**
 * A consumer of webhooks: `WEBHOOK_SECRET=whsec_… node webhook-consumer.ts <port> <file>`. It checks who sent the event, handles
 * it once however often it arrives, and answers 2xx only when that is safe on disk. It listens on 127.0.0.1: TLS ends
 * in front of it. `verify` is all it takes from the ledger; src/domain/webhook-signature.ts may be copied as it is.
 */
import { closeSync, existsSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { signatureHeader, verify } from '../src/domain/webhook-signature.ts';

interface Event {
  id: string;
  type: string;
  position: string;
  data: Record<string, unknown>;
}

const bodyBytesMax = 256 * 1024;

/** Remembers what was handled: here a file, in a service the database, in the transaction of the effect. */
export class Handled {
  readonly #ids = new Set<string>();
  readonly #file: number;

  constructor(path: string) {
    if (existsSync(path)) {
      // A line that a crash cut off was not acknowledged: its event comes again.
      for (const line of readFileSync(path, 'utf8').split('\n').slice(0, -1)) this.#ids.add(line.split(' ')[0]!);
    }
    this.#file = openSync(path, 'a');
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(event: Event): void {
    writeSync(this.#file, `${event.id} ${event.position} ${event.type}\n`);
    fdatasyncSync(this.#file);
    this.#ids.add(event.id);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** The bytes as they came: what was signed is not what a parser makes of it. Undefined when they are too many. */
async function read(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > bodyBytesMax) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/**
 * @param secrets one, or two while the old one is still being used
 * @param handle is called once per event; an event that it throws for comes again
 */
export function createConsumer(secrets: readonly string[], handled: Handled, handle: (event: Event) => void) {
  const answer = async (request: IncomingMessage): Promise<number> => {
    const body = await read(request);
    if (!body) return 413;
    const verdict = verify(request.headers[signatureHeader]?.toString(), body, secrets, Date.now() / 1_000);
    if (verdict !== 'valid') return 401;
    const event = JSON.parse(body.toString('utf8')) as Event;
    if (handled.has(event.id)) return 200; // it was handled, and the answer did not get through
    handle(event);
    handled.add(event);
    return 200;
  };
  return createServer((request, response) => {
    answer(request).then(
      status => response.writeHead(status).end(),
      error => {
        console.error((error as Error).message);
        response.writeHead(500).end();
      },
    );
  });
}

if (import.meta.main) {
  const [port, file] = process.argv.slice(2);
  const secrets = (process.env['WEBHOOK_SECRET'] ?? '').split(',').filter(Boolean);
  if (!port || !file || secrets.length === 0) {
    console.error('WEBHOOK_SECRET=whsec_… node webhook-consumer.ts <port> <file of handled events>');
    process.exit(2);
  }
  const handled = new Handled(file);
  const server = createConsumer(secrets, handled, event => console.log(`${event.position} ${event.type} ${event.id}`));
  server.listen(Number(port), '127.0.0.1', () => console.log('listening'));
  process.on('SIGTERM', () => server.close(() => process.exit(0)));
}
