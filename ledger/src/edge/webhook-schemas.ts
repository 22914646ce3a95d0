/** JSON schemas of webhook endpoints and of the journal as a feed. */
import { urlLengthMax } from '../domain/webhook-url.ts';
import { everyEvent, eventTypeNames } from '../domain/webhook.ts';

const endpointId = { type: 'string', pattern: '^we_[0-9a-f]{32}$' };
/** Fits 64 bits with room to add. */
const position = { type: 'string', pattern: '^[1-9][0-9]{0,17}$' };
const limit = { type: 'string', pattern: '^([1-9][0-9]{0,2}|1000)$' };
const time = { type: 'string', format: 'date-time' };
const orNull = (schema: object) => ({ anyOf: [schema, { type: 'null' }] });

export interface EndpointBody {
  url: string;
  events: string[];
  maxInFlight?: number;
  fromPosition?: string;
}

const events = { type: 'array', minItems: 1, maxItems: 20, uniqueItems: true, items: { enum: [everyEvent, ...eventTypeNames] } };
const maxInFlight = { type: 'integer', minimum: 1, maximum: 4 };
const url = { type: 'string', minLength: 1, maxLength: urlLengthMax };

export const endpointBody = {
  type: 'object',
  required: ['url', 'events'],
  additionalProperties: false,
  properties: { url, events, maxInFlight, fromPosition: position },
};

export interface RotateBody {
  graceSeconds?: number;
}

/** A week at most: an old secret that is needed longer is not being replaced. */
export const rotateBody = { type: ['object', 'null'], additionalProperties: false, properties: { graceSeconds: { type: 'integer', minimum: 0, maximum: 604_800 } } };

export interface ReplayBody {
  fromPosition: string;
}

export const replayBody = { type: 'object', required: ['fromPosition'], additionalProperties: false, properties: { fromPosition: position } };
export const emptyBody = { type: ['object', 'null'], additionalProperties: false };

export const endpointParams = { type: 'object', required: ['id'], properties: { id: endpointId } };
export const deliveryParams = { type: 'object', required: ['id', 'position'], properties: { id: endpointId, position } };

const states = ['pending', 'delivered', 'dead'] as const;

export interface DeliveriesQuery {
  state?: (typeof states)[number];
  cursor?: string;
  limit?: string;
}

export const deliveriesQuery = { type: 'object', additionalProperties: false, properties: { state: { enum: states }, cursor: position, limit } };

export interface JournalQuery {
  after?: string;
  limit?: string;
}

export const journalQuery = { type: 'object', additionalProperties: false, properties: { after: { type: 'string', pattern: '^(0|[1-9][0-9]{0,17})$' }, limit } };
export const noQuery = { type: 'object', additionalProperties: false };

const object = (properties: Record<string, object>) => ({ type: 'object', required: Object.keys(properties), additionalProperties: false, properties });
const endpoint = object({
  id: endpointId, url, events, maxInFlight, catchingUpFrom: orNull(position), failingSince: orNull(time), previousSecretUntil: orNull(time), createdAt: time,
});
const delivery = object({
  position, eventId: { type: 'string' }, type: { type: 'string' }, state: { enum: states }, attempts: { type: 'integer' },
  nextAttemptAt: orNull(time), lastAttemptAt: orNull(time), lastStatus: orNull({ type: 'integer' }), lastError: orNull({ type: 'string' }),
});
const secret = { type: 'string', pattern: '^whsec_[A-Za-z0-9_-]{43}$' };

/** Also what a webhook carries. `data` depends on `type`. */
export const event = object({
  id: { type: 'string', pattern: '^ev_' }, type: { type: 'string' }, createdAt: time, position, tenant: { type: 'string' },
  actor: { type: 'string' }, requestId: { type: 'string', format: 'uuid' }, idempotencyKey: orNull({ type: 'string' }), data: { type: 'object' },
});

/** What the routes answer, for the API's description. */
export const answers = {
  created: object({ id: endpointId, url, events, maxInFlight, secret, createdAt: time }),
  rotated: object({ id: endpointId, secret, previousUntil: time }),
  removed: object({ id: endpointId, removed: { const: true } }),
  replaying: object({ id: endpointId, fromPosition: position }),
  retrying: object({ id: endpointId, position, state: { const: 'pending' } }),
  endpoint,
  endpoints: object({ endpoints: { type: 'array', items: endpoint } }),
  deliveries: object({ deliveries: { type: 'array', items: delivery }, nextCursor: orNull(position) }),
  journal: object({ events: { type: 'array', items: event }, nextAfter: { type: 'string' }, head: { type: 'string' } }),
};
