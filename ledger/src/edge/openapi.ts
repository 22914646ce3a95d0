/**
 * The API's description, OpenAPI 3.1: made of the very schemas by which requests are checked, the answers' (openapi-answers.ts) and what
 * each operation is for (openapi-operations.ts). Served at /openapi.json, committed as ledger/openapi.json.
 */
import type { FastifyInstance } from 'fastify';
import { errors, type ErrorCode } from '../domain/errors.ts';
import { answerSchemas, refTo } from './openapi-answers.ts';
import { examples } from './openapi-examples.ts';
import { operations, type Operation } from './openapi-operations.ts';
import * as requests from './schemas.ts';
import * as webhookRequests from './webhook-schemas.ts';

/** The major number grows with a change that breaks clients; test/openapi.test.ts compares with the last release. */
export const apiVersion = '1.0.0';

type Schema = Record<string, unknown>;

/** A route as it was registered. */
export interface DescribedRoute {
  method: string;
  url: string;
  scope: string | undefined;
  schema: { body?: unknown; params?: unknown; querystring?: unknown };
}

/** Remembers every route that is added to `app` from now on, those that only refuse a method left out. */
export function collectRoutes(app: FastifyInstance): readonly DescribedRoute[] {
  const routes: DescribedRoute[] = [];
  app.addHook('onRoute', ({ method, url, config, schema }) => {
    if (config?.refusesMethod) return;
    const { body, params, querystring } = schema ?? {};
    // Every GET answers to HEAD too, which goes without saying.
    for (const one of [method].flat()) if (one !== 'HEAD') routes.push({ method: one, url, scope: config?.scope, schema: { body, params, querystring } });
  });
  return routes;
}

const fields = requests.transferBody.properties;
/** Schemas that are told by name, wherever they stand. */
const named = new Map<unknown, string>([
  [requests.accountBody, 'NewAccount'], [requests.transferBody, 'NewTransfer'], [requests.transactionBody, 'NewTransaction'], [requests.conversionBody, 'NewConversion'],
  [requests.batchBody, 'Batch'], [requests.holdBody, 'NewHold'], [requests.captureBody, 'NewCapture'], [requests.refundBody, 'NewRefund'], [requests.reversalBody, 'NewReversal'],
  [requests.settlementBody, 'NewSettlement'], [requests.lookupBody, 'Lookup'], [webhookRequests.endpointBody, 'NewEndpoint'], [webhookRequests.replayBody, 'Replay'],
  [fields.debitAccountId, 'AccountId'], [fields.amountMinor, 'AmountMinor'], [fields.currency, 'Currency'], [fields.description, 'Description'], [fields.metadata, 'Metadata'], [fields.effectiveAt, 'TimeGiven'],
]);

/** Answers that every caller may get, whatever it asks for. */
const everywhere: ErrorCode[] = ['invalid-request', 'malformed-request', 'unauthenticated', 'forbidden', 'rate-limited', 'token-keys-unavailable'];
const ofDatabase: ErrorCode[] = ['database-unavailable', 'deadline-exceeded', 'overloaded'];
const ofBodies: ErrorCode[] = ['malformed-json', 'body-too-large', 'unsupported-media-type'];
const ofWrites: ErrorCode[] = ['database-read-only', 'account-busy', 'outcome-unknown', 'idempotency-key-reused'];
const ofTexts: ErrorCode[] = ['idempotency-key-missing', 'idempotency-key-invalid', 'card-data-refused'];

/** Every code that the operation can answer with, in the order of the registry. */
function codesOf(operation: Operation, route: DescribedRoute): ErrorCode[] {
  const { kind, refusals } = operation;
  const codes = new Set<ErrorCode>(refusals);
  const add = (more: readonly ErrorCode[], when: boolean) => when && more.forEach(code => codes.add(code));
  add(everywhere, kind !== 'open');
  add(ofBodies, route.method !== 'GET');
  add(ofTexts, kind === 'command' || kind === 'bulk');
  // A bulk's answer tells of each what became of it, these too.
  add(ofDatabase, kind === 'command' || kind === 'query');
  add(ofWrites, kind === 'command');
  add(['uri-too-long'], route.url.includes(':'));
  return (Object.keys(errors) as ErrorCode[]).filter(code => codes.has(code));
}

/** Throws for a route that has no entry in `operations`. */
export function describeApi(routes: readonly DescribedRoute[]): object {
  const schemas: Record<string, Schema> = { ...answerSchemas };
  for (const [schema, example] of Object.entries(examples)) schemas[schema] = { ...schemas[schema], examples: [example] };
  const name = (schema: unknown) => withNames(schema, schemas);
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const operation = operations[`${route.method} ${route.url}`];
    if (!operation) throw new Error(`${route.method} ${route.url} is not described in edge/openapi-operations.ts`);
    (paths[route.url.replace(/:(\w+)/g, '{$1}')] ??= {})[route.method.toLowerCase()] = describeOperation(operation, route, name);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ledger API', version: apiVersion,
      description: 'A double-entry ledger. Money is digits of minor units in a string. Every write has an Idempotency-Key: repeated, it gives the same answer again. Errors are problem documents with a stable code.',
    },
    servers: [{ url: 'https://ledger.pay.airpay.example' }],
    tags: [...new Set(Object.values(operations).map(one => one.tag))].map(tag => ({ name: tag })),
    paths,
    components: { schemas: sorted(schemas), responses: shareProblems(paths), parameters: { IdempotencyKey: idempotencyKey }, headers, securitySchemes },
  };
}

interface Described {
  responses: Record<string, object>;
}

/** Moves problem answers that several operations give alike out of `paths`; returns them by name. */
function shareProblems(paths: Record<string, Record<string, object>>): Record<string, object> {
  const all = Object.values(paths).flatMap(path => Object.values(path) as Described[]).flatMap(({ responses }) => Object.entries(responses).map(([status, response]) => ({ responses, status, response, text: JSON.stringify(response) })));
  const shared: Record<string, object> = {};
  const names = new Map<string, string>();
  for (const { responses, status, response, text } of all) {
    if (!text.includes('application/problem+json') || all.filter(other => other.text === text).length < 2) continue;
    const ofStatus = [...names.values()].filter(one => one.startsWith(`Problem${status}`)).length;
    const name = names.get(text) ?? `Problem${status}${ofStatus > 0 ? `-${ofStatus + 1}` : ''}`;
    names.set(text, name);
    shared[name] = response;
    responses[status] = { $ref: `#/components/responses/${name}` };
  }
  return sorted(shared);
}

function describeOperation(operation: Operation, route: DescribedRoute, name: (schema: unknown) => unknown): object {
  const { id, tag, summary, description, kind, example } = operation;
  const parameters = [...parametersOf('path', route.schema.params, name), ...parametersOf('query', route.schema.querystring, name), ...(kind === 'command' ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : [])];
  const body = bodyOf(route.schema.body, example, name);
  return {
    operationId: id, tags: [tag], summary, ...(description && { description }),
    security: route.scope === undefined ? [] : [{ apiKey: [route.scope] }, { token: [route.scope] }],
    ...(parameters.length > 0 && { parameters }), ...(body && { requestBody: body }),
    responses: { ...answersOf(operation), ...refusalsOf(codesOf(operation, route)), default: problem('Anything else: a problem document with its code') },
  };
}

function parametersOf(place: 'path' | 'query', schema: unknown, name: (schema: unknown) => unknown): object[] {
  const { properties = {}, required = [] } = (schema ?? {}) as { properties?: Record<string, unknown>; required?: string[] };
  return Object.entries(properties).map(([parameter, value]) => ({ name: parameter, in: place, ...((place === 'path' || required.includes(parameter)) && { required: true }), schema: name(value) }));
}

/** A schema that lets null through says that there may be no body at all. Undefined: no body is expected. */
function bodyOf(schema: unknown, example: object | undefined, name: (schema: unknown) => unknown): object | undefined {
  if (schema === undefined) return undefined;
  const { present, mayBeLeftOut } = withoutNull(schema as Schema);
  return { ...(!mayBeLeftOut && { required: true }), content: { 'application/json': { schema: name(present), ...(example && { example }) } } };
}

function withoutNull(schema: Schema): { present: unknown; mayBeLeftOut: boolean } {
  const { anyOf, type } = schema as { anyOf?: Schema[]; type?: string | string[] };
  if (Array.isArray(type) && type.includes('null')) return { present: { ...schema, type: type.find(one => one !== 'null') }, mayBeLeftOut: true };
  if (!anyOf?.some(one => one['type'] === 'null')) return { present: schema, mayBeLeftOut: false };
  const [first] = anyOf.filter(one => one['type'] !== 'null');
  return { present: withoutNull(first!).present, mayBeLeftOut: true };
}

function answersOf({ answers, kind }: Operation): Record<string, object> {
  return Object.fromEntries(Object.entries(answers).map(([status, [description, body]]) => {
    if (body === 'text/plain' || body === 'application/json') return [status, { description, headers: headersOf(), content: { [body]: { schema: body === 'text/plain' ? { type: 'string' } : { type: 'object' } } } }];
    const refs = body.split('|').map(refTo);
    const schema = refs.length > 1 ? { anyOf: refs } : refs[0]!;
    const more = kind === 'open' ? [] : ['RateLimit', 'RateLimit-Policy', ...(kind === 'command' ? ['Idempotent-Replayed'] : [])];
    return [status, { description, headers: headersOf(...more), content: { 'application/json': { schema } } }];
  }));
}

function refusalsOf(codes: readonly ErrorCode[]): Record<string, object> {
  const byStatus: Record<string, ErrorCode[]> = {};
  for (const code of codes) (byStatus[errors[code].status] ??= []).push(code);
  return Object.fromEntries(Object.entries(byStatus).map(([status, ofStatus]) => {
    const more = { '401': ['WWW-Authenticate'], '429': ['Retry-After', 'RateLimit', 'RateLimit-Policy'], '503': ['Retry-After'] }[status] ?? [];
    return [status, problem(ofStatus.map(code => `\`${code}\`: ${errors[code].title}`).join('. '), ofStatus, more)];
  }));
}

function problem(description: string, codes?: readonly ErrorCode[], more: readonly string[] = []): object {
  const schema = codes ? { allOf: [refTo('Problem'), { properties: { code: { enum: codes } } }] } : refTo('Problem');
  return { description, headers: headersOf(...more), content: { 'application/problem+json': { schema } } };
}

function headersOf(...more: readonly string[]): object {
  return Object.fromEntries(['Airpay-Region', 'Airpay-Instance', ...more].map(header => [header, { $ref: `#/components/headers/${header}` }]));
}

/** The same schema with those that have a name as references; the named ones land in `schemas`. */
function withNames(schema: unknown, schemas: Record<string, Schema>, isRoot = false): unknown {
  const name = named.get(schema);
  if (name && !isRoot) {
    schemas[name] ??= withNames(schema, schemas, true) as Schema;
    return refTo(name);
  }
  if (Array.isArray(schema)) return schema.map(item => withNames(item, schemas));
  if (schema === null || typeof schema !== 'object') return schema;
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, withNames(value, schemas)]));
}

function sorted<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const idempotencyKey = {
  name: 'Idempotency-Key', in: 'header', required: true, schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' }, example: 'order-7',
  description: 'Made and stored by the client before its first attempt. The same key and body give the same answer again; not beginning with system/.',
};
const text = { type: 'string' };
const headers = {
  'Airpay-Region': { description: 'The region that answered', required: true, schema: text },
  'Airpay-Instance': { description: 'The process that answered', required: true, schema: text },
  'Idempotent-Replayed': { description: 'The first answer to this key once more', schema: { const: 'true' } },
  'RateLimit': { description: 'What is left of the tenant\'s limit, and when it is full again', required: true, schema: text },
  'RateLimit-Policy': { description: 'The tenant\'s limit', required: true, schema: text },
  'Retry-After': { description: 'Seconds', required: true, schema: { type: 'string', pattern: '^[1-9][0-9]*$' } },
  'WWW-Authenticate': { description: 'How to be recognised', required: true, schema: text },
};
const securitySchemes = {
  apiKey: { type: 'http', scheme: 'bearer', description: 'An API key of the tenant. The scopes that an operation needs are those of its security requirement.' },
  token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'A token of the identity provider, with the tenant and its scopes in it.' },
};
