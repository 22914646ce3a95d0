/** What callers do with their endpoints: make, list, rotate, remove, replay, retry; and reading the journal themselves. */
import { createHash, randomBytes } from 'node:crypto';
import type { WebhookHttp } from '../adapters/webhook-http.ts';
import type { Change, Delivery, DeliveryState, Endpoint, WebhookStore } from '../adapters/webhooks.ts';
import { LedgerError } from '../domain/errors.ts';
import { nonceBytes, type Sealer } from '../domain/sealed.ts';
import { whyUrlIsRefused } from '../domain/webhook-url.ts';
import { eventTypeOf, kindsOf, secretPlace, typesOf } from '../domain/webhook.ts';

export interface WebhookContext {
  tenant: string;
  actor: string;
  /** A UUID. */
  requestId: string;
  key: string;
}

/** `body` goes out byte for byte. */
export interface WebhookAnswer {
  status: number;
  body: string;
  replayed: boolean;
}

export interface NewEndpoint {
  url: string;
  /** Types of events, or `*`. */
  events: string[];
  maxInFlight: number;
  /** The first event it gets is that at this position or the next; the end of the journal when left out. */
  fromPosition?: bigint;
}

export interface WebhooksOptions {
  /** Plain http and any address: for a platform on one machine. */
  allowLocal: boolean;
  endpointsMax: number;
}

type Decided = Omit<Change, 'tenant' | 'actor' | 'requestId' | 'key' | 'hash' | 'answer'> & { body: object };

export class Webhooks {
  readonly #store: WebhookStore;
  readonly #http: Pick<WebhookHttp, 'whyHostIsRefused'>;
  readonly #sealer: Sealer | undefined;
  readonly #options: WebhooksOptions;

  /** @param sealer undefined: this ledger has no key to keep secrets with, so it has no endpoints */
  constructor(store: WebhookStore, http: Pick<WebhookHttp, 'whyHostIsRefused'>, sealer: Sealer | undefined, options: WebhooksOptions) {
    this.#store = store;
    this.#http = http;
    this.#sealer = sealer;
    this.#options = options;
  }

  /** 201 with the secret, once and never again but in the replay of this very request. Throws url-refused, endpoint-limit. */
  async create(endpoint: NewEndpoint, context: WebhookContext): Promise<WebhookAnswer> {
    const sealer = this.#sealing();
    const kinds = kindsOf(endpoint.events);
    const request = [endpoint.url, kinds, endpoint.maxInFlight, endpoint.fromPosition?.toString()];
    const refused = whyUrlIsRefused(endpoint.url, this.#options.allowLocal) ?? (await this.#http.whyHostIsRefused(endpoint.url));
    // What a name resolves to changes; the answer to a key does not.
    if (refused) return this.#change('create', request, context, { what: 'look', status: 200, endpointId: '', body: {} }, new LedgerError('url-refused', refused));
    const { at, head } = await this.#store.now();
    if (endpoint.fromPosition !== undefined && endpoint.fromPosition > head) throw new LedgerError('invalid-request', `body/fromPosition is after the end of the journal, ${head}.`);
    const id = `we_${randomBytes(16).toString('hex')}`;
    const secret = newSecret();
    const cursor = endpoint.fromPosition === undefined ? head : endpoint.fromPosition - 1n;
    return this.#change('create', request, context, {
      what: 'create',
      status: 201,
      endpointId: id,
      details: {
        url: endpoint.url, kinds, maxInFlight: endpoint.maxInFlight, cursor: cursor.toString(), createdAt: at.toISOString(), limit: this.#options.endpointsMax,
        secret: sealer.seal(secret, secretPlace(context.tenant, id), randomBytes(nonceBytes)),
      },
      body: { id, url: endpoint.url, events: typesOf(kinds), maxInFlight: endpoint.maxInFlight, secret, createdAt: at.toISOString() },
    });
  }

  /** 200 with the new secret. The old one signs too for `graceSeconds`. */
  async rotateSecret(id: string, graceSeconds: number, context: WebhookContext): Promise<WebhookAnswer> {
    const sealer = this.#sealing();
    const { at } = await this.#store.now();
    const previousUntil = new Date(at.getTime() + graceSeconds * 1_000).toISOString();
    const secret = newSecret();
    return this.#change(`rotate ${id}`, [graceSeconds], context, {
      what: 'rotate',
      status: 200,
      endpointId: id,
      details: { secret: sealer.seal(secret, secretPlace(context.tenant, id), randomBytes(nonceBytes)), previousUntil },
      body: { id, secret, previousUntil },
    });
  }

  /** For good. What was waiting for it is given up. */
  async remove(id: string, context: WebhookContext): Promise<WebhookAnswer> {
    return this.#change(`remove ${id}`, [], context, { what: 'disable', status: 200, endpointId: id, body: { id, removed: true } });
  }

  /** Everything from a position on goes out again, as fast as the consumer takes it. */
  async replay(id: string, fromPosition: bigint, context: WebhookContext): Promise<WebhookAnswer> {
    const body = { id, fromPosition: fromPosition.toString() };
    return this.#change(`replay ${id}`, [body.fromPosition], context, { what: 'replay', status: 202, endpointId: id, details: { cursor: (fromPosition - 1n).toString() }, body });
  }

  /** One delivery again, with all its attempts, whatever became of it. */
  async retry(id: string, position: bigint, context: WebhookContext): Promise<WebhookAnswer> {
    const body = { id, position: position.toString(), state: 'pending' };
    return this.#change(`retry ${id} ${position}`, [], context, { what: 'retry', status: 202, endpointId: id, position, body }, new LedgerError('unknown-delivery', 'There is no delivery of this position to this endpoint.'));
  }

  async list(tenant: string) {
    return { endpoints: (await this.#store.endpoints(tenant)).map(endpointJson) };
  }

  async read(tenant: string, id: string) {
    return endpointJson(await this.#endpoint(tenant, id));
  }

  /** Newest first. Throws unknown-endpoint. */
  async deliveries(tenant: string, id: string, state: DeliveryState | undefined, below: bigint | undefined, limit: number) {
    await this.#endpoint(tenant, id);
    // One more than asked tells whether there is a next page.
    const found = await this.#store.deliveries(tenant, id, state, below, limit + 1);
    const page = found.slice(0, limit);
    return { deliveries: page.map(deliveryJson), nextCursor: found.length > limit ? (page.at(-1)?.position.toString() ?? null) : null };
  }

  /** The tenant's events after a position. A page may be short or empty before the end: `nextAfter` says where to go on. */
  async journal(tenant: string, after: bigint, limit: number) {
    const { events, nextAfter, head } = await this.#store.journal(tenant, after, limit);
    return { events, nextAfter: nextAfter.toString(), head: head.toString() };
  }

  async #endpoint(tenant: string, id: string): Promise<Endpoint> {
    const endpoint = await this.#store.endpoint(tenant, id);
    if (!endpoint) throw unknownEndpoint();
    return endpoint;
  }

  /** @param unknown thrown when what is to be changed is not there */
  async #change(operation: string, request: unknown[], context: WebhookContext, decided: Decided, unknown = unknownEndpoint()): Promise<WebhookAnswer> {
    const sealer = this.#sealing();
    const { body: content, ...change } = decided;
    const body = JSON.stringify(content);
    const hash = createHash('sha256').update(JSON.stringify([operation, ...request])).digest();
    // The answer can hold a secret, so it is kept like one.
    const place = `answer/${context.tenant}/${context.key}`;
    const result = await this.#store.change({ ...change, ...context, hash, answer: sealer.seal(body, place, randomBytes(nonceBytes)) });
    switch (result.outcome) {
      case 'done':
        return { status: decided.status, body, replayed: false };
      case 'limit':
        throw new LedgerError('endpoint-limit', `A tenant has at most ${this.#options.endpointsMax} webhook endpoints.`);
      case 'unknown':
        throw unknown;
      case 'replayed': {
        if (!result.hash.equals(hash)) throw new LedgerError('idempotency-key-reused', 'This Idempotency-Key was used before for a request with another path or body.');
        const stored = sealer.open(result.answer, place);
        if (stored === undefined) throw new Error('a stored answer could not be opened: was its key removed from LEDGER_WEBHOOK_KEY?');
        return { status: result.status, body: stored, replayed: true };
      }
      default:
        throw new Error('the database gave an outcome that is not known');
    }
  }

  #sealing(): Sealer {
    if (!this.#sealer) throw new LedgerError('webhooks-off', 'This ledger was given no key to keep webhook secrets with (LEDGER_WEBHOOK_KEY).');
    return this.#sealer;
  }
}

function unknownEndpoint(): LedgerError {
  return new LedgerError('unknown-endpoint', 'There is no webhook endpoint with this id.');
}

/** 256 bits, as consumers get it. */
function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64url')}`;
}

function endpointJson(endpoint: Endpoint) {
  return {
    id: endpoint.id,
    url: endpoint.url,
    events: typesOf(endpoint.kinds),
    maxInFlight: endpoint.maxInFlight,
    catchingUpFrom: endpoint.cursor === null ? null : (endpoint.cursor + 1n).toString(),
    failingSince: endpoint.failingSince?.toISOString() ?? null,
    previousSecretUntil: endpoint.previousUntil?.toISOString() ?? null,
    createdAt: endpoint.createdAt.toISOString(),
  };
}

function deliveryJson(delivery: Delivery) {
  return {
    position: delivery.position.toString(),
    eventId: delivery.eventId,
    type: eventTypeOf(delivery.kind),
    state: delivery.state,
    attempts: delivery.attempts,
    nextAttemptAt: delivery.nextAttemptAt?.toISOString() ?? null,
    lastAttemptAt: delivery.lastAttemptAt?.toISOString() ?? null,
    lastStatus: delivery.lastStatus,
    lastError: delivery.lastError,
  };
}
