/** What the tests of webhooks stand on: a server of their own, a writer, the routes, relays, and consumers that behave as they are told. */
import { randomBytes, randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import pg from 'pg';
import { Database } from '../../src/adapters/db.ts';
import { WebhookHttp, type WebhookHttpOptions } from '../../src/adapters/webhook-http.ts';
import { WebhookStore } from '../../src/adapters/webhooks.ts';
import type { Command } from '../../src/domain/model.ts';
import { Sealer } from '../../src/domain/sealed.ts';
import { scopes, type Caller } from '../../src/domain/scopes.ts';
import { sendProblem, toLedgerError } from '../../src/edge/problems.ts';
import { addWebhookRoutes } from '../../src/edge/webhook-routes.ts';
import { Relay, relayDefaults, type RelayOptions } from '../../src/usecases/relay.ts';
import { Webhooks } from '../../src/usecases/webhooks.ts';
import { Writer } from '../../src/usecases/writer.ts';
import { createServerIn, templateDatabase, type PostgresServer } from './postgres.ts';

export const sealingKey = Buffer.alloc(32, 7);

export interface Arrived {
  headers: IncomingHttpHeaders;
  body: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  event: any;
}

/** A status to answer with, or how else to behave. */
export type Behaviour = number | 'hang' | 'cut' | 'flood' | 'redirect';

export interface Consumer {
  url: string;
  arrived: Arrived[];
  /** Of each event in the order in which they first came. */
  positions(): number[];
  behave: (event: Arrived['event'], times: number) => Behaviour;
  close(): Promise<void>;
}

export async function startConsumer(behave: Consumer['behave'] = () => 200): Promise<Consumer> {
  const arrived: Arrived[] = [];
  const times = new Map<string, number>();
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const event = JSON.parse(body);
    arrived.push({ headers: request.headers, body, event });
    times.set(event.id, (times.get(event.id) ?? 0) + 1);
    const how = consumer.behave(event, times.get(event.id)!);
    if (how === 'cut') request.socket.destroy();
    else if (how === 'redirect') response.writeHead(307, { location: 'http://127.0.0.1:1/elsewhere' }).end();
    else if (how === 'flood') response.writeHead(200).end('x'.repeat(1_000_000));
    else if (how !== 'hang') response.writeHead(how).end('thanks');
  });
  await new Promise<void>(settle => server.listen(0, '127.0.0.1', settle));
  const consumer: Consumer = {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}/hook`,
    arrived,
    positions: () => [...new Set(arrived.map(one => Number(one.event.position)))],
    behave,
    close: () => new Promise(settle => {
      server.close(() => settle());
      server.closeAllConnections();
    }),
  };
  return consumer;
}

export class WebhookBench {
  readonly folder = mkdtempSync(join(tmpdir(), 'airpay-ledger-webhooks-'));
  server!: PostgresServer;
  database!: Database;
  writer!: Writer;
  store!: WebhookStore;
  app!: FastifyInstance;
  readonly logs: object[] = [];
  readonly counted: Record<string, number> = {};
  readonly #relays: Relay[] = [];
  readonly #https: WebhookHttp[] = [];
  readonly #consumers: Consumer[] = [];

  async start(): Promise<void> {
    chmodSync(this.folder, 0o711); // the server may run as another user inside it
    this.server = await createServerIn(join(this.folder, 'server'));
    this.database = openDatabase(this.url('ledger_app'));
    this.writer = new Writer(this.database, {
      region: 'region-a', instance: 'test', batchMax: 500, lanes: 2, queueMax: 5_000, waitMaxMs: 20_000, accountCacheMax: 1_000,
      observer: { batch: () => undefined, retried: () => undefined },
    });
    this.store = new WebhookStore(this.database);
    this.app = await this.routes(new Webhooks(this.store, this.http(), new Sealer([sealingKey]), { allowLocal: true, endpointsMax: 20 }));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#relays.map(relay => relay.stop(100)));
    for (const http of this.#https) http.close();
    await Promise.all(this.#consumers.map(consumer => consumer.close()));
    await this.app?.close();
    await this.database?.close();
    await this.server?.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }

  url(role: string): string {
    return this.server.url(role, templateDatabase);
  }

  async as(role: string, sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: this.url(role) });
    await client.connect();
    try {
      return [await client.query(sql, values)].flat().at(-1)!.rows;
    } finally {
      await client.end();
    }
  }

  http(over: Partial<WebhookHttpOptions> = {}): WebhookHttp {
    const http = new WebhookHttp({ allowLocal: true, timeoutMs: 500, socketsPerHost: 16, ...over });
    this.#https.push(http);
    return http;
  }

  async consumer(behave?: Consumer['behave']): Promise<Consumer> {
    const consumer = await startConsumer(behave);
    this.#consumers.push(consumer);
    return consumer;
  }

  /** Quick about everything but what is asked for. Started. */
  relay(over: Partial<RelayOptions> = {}, http = this.http(), sealer = new Sealer([sealingKey]), store = this.store): Relay {
    const log = (fields: object, message: string) => void this.logs.push({ ...fields, message });
    const metrics = { count: (result: string) => void (this.counted[result] = (this.counted[result] ?? 0) + 1) };
    const relay = new Relay({ store, http, sealer, metrics, log: { info: log, warn: log } }, { ...quick, holder: randomUUID(), ...over });
    this.#relays.push(relay);
    relay.start();
    return relay;
  }

  /** The routes as the service has them, for a caller that says in headers who it is. */
  async routes(webhooks: Webhooks): Promise<FastifyInstance> {
    const app = Fastify({ genReqId: () => randomUUID(), ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } } });
    app.decorateRequest('caller', null as unknown as Caller);
    app.addHook('onRequest', async request => {
      request.caller = { tenant: String(request.headers['x-tenant'] ?? 'default'), actor: 'tester', scopes: new Set(scopes), kind: 'key' };
    });
    app.setErrorHandler((error, request, reply) => sendProblem(request, reply, toLedgerError(error as Parameters<typeof toLedgerError>[0])));
    addWebhookRoutes(app, webhooks);
    await app.ready();
    return app;
  }

  async call(method: 'GET' | 'POST' | 'DELETE', url: string, body?: object, { tenant = 'default', key = randomUUID() as string | null, app = this.app } = {}) {
    const headers = { 'x-tenant': tenant, ...(method !== 'GET' && key !== null && { 'idempotency-key': key }) };
    const reply = await app.inject({ method, url, headers, ...(body && { payload: body }) });
    return { status: reply.statusCode, text: reply.body, headers: reply.headers, json: reply.body ? reply.json() : undefined };
  }

  async endpoint(consumer: { url: string }, over: object = {}, tenant = 'default'): Promise<{ id: string; secret: string }> {
    const reply = await this.call('POST', '/v1/webhook-endpoints', { url: consumer.url, events: ['*'], ...over }, { tenant });
    if (reply.status !== 201) throw new Error(reply.text);
    return reply.json;
  }

  /** So that the consumers of one test do not take part in the next. */
  async removeEndpoints(): Promise<void> {
    for (const { id, tenant } of await this.as('ledger_readonly', 'SELECT id, tenant FROM ledger.webhook_endpoints WHERE disabled_at IS NULL')) {
      const reply = await this.call('DELETE', `/v1/webhook-endpoints/${String(id)}`, undefined, { tenant: String(tenant) });
      if (reply.status !== 200) throw new Error(reply.text);
    }
  }

  async write(command: Command, tenant = 'default') {
    return this.writer.submit(command, { tenant, actor: 'tester', key: randomUUID(), requestHash: randomBytes(32).toString('hex'), requestId: randomUUID() });
  }

  /** Two accounts without a floor. */
  async accounts(tenant = 'default'): Promise<[string, string]> {
    const ids = ['a', 'b'].map(name => `${name}-${randomBytes(4).toString('hex')}`) as [string, string];
    for (const id of ids) await this.write({ kind: 'account', id, owner: 'test', currency: 'USD', type: 'liability', minAvailableMinor: null, maxAvailableMinor: null, metadata: {} }, tenant);
    return ids;
  }

  /** Its position. */
  async transfer([debitAccountId, creditAccountId]: [string, string], amountMinor: bigint | number = 1, tenant = 'default'): Promise<number> {
    const outcome = await this.write({ kind: 'transfer', postings: [{ debitAccountId, creditAccountId, amountMinor: BigInt(amountMinor), currency: 'USD', description: null, metadata: {}, effectiveAtUs: null }] }, tenant);
    if (outcome.status !== 201) throw new Error(outcome.body);
    return Number(outcome.rows[0]!.position);
  }

  /** As if time had passed: what waits for a retry is due now. */
  async passTime(endpointId: string): Promise<void> {
    await this.as('ledger_owner', "UPDATE ledger.webhook_deliveries SET next_attempt_at = clock_timestamp() WHERE endpoint = $1 AND state = 'pending'", [endpointId]);
  }

  async deliveries(endpointId: string, query = '', tenant = 'default') {
    return (await this.call('GET', `/v1/webhook-endpoints/${endpointId}/deliveries${query}`, undefined, { tenant })).json.deliveries;
  }
}

export const quick: Omit<RelayOptions, 'holder'> = { ...relayDefaults, delaysMs: [0, 50, 50, 50, 50], leaseTtlMs: 1_000, pollMs: 20, lookMs: 10, turnMs: 2 };

export function openDatabase(url: string): Database {
  return new Database({
    url, ssl: false, applicationName: 'webhook tests', poolMax: 6, acquireTimeoutMs: 10_000, queueMax: 1_000, statementTimeoutMs: 10_000, lockTimeoutMs: 8_000,
    onConnectionError: () => undefined,
  });
}
