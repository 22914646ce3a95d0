/**
 * JSON schemas of what goes out. They describe; they do not make the answers: a serializer built from them would drop a field that
 * is missing here without a word, where the contract test (test/contract.test.ts) shows it. Clients must expect further fields.
 */
import { idPattern } from '../domain/ids.ts';
import { postingKinds } from '../domain/model.ts';
import { errors } from '../domain/errors.ts';
import { event as webhookEvent, answers as webhookAnswers } from './webhook-schemas.ts';
import { accountIdPattern } from './schemas.ts';

type Schema = Record<string, unknown>;

export const refTo = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
const listOf = (items: Schema): Schema => ({ type: 'array', items });
const described = (schema: Schema, description: string): Schema => ({ ...schema, description });

/** All properties are required but those named. */
function object(properties: Record<string, Schema>, optional: readonly string[] = []): Schema {
  return { type: 'object', required: Object.keys(properties).filter(name => !optional.includes(name)), properties };
}

const minor = refTo('Minor');
const at = refTo('Time');
const version = refTo('Version');
const accountId = { type: 'string', pattern: accountIdPattern };
const id = (prefix: string): Schema => ({ type: 'string', pattern: idPattern(prefix) });
const currency = { type: 'string', pattern: '^[A-Z]{3}$' };
const metadata = { type: 'object', additionalProperties: { type: 'string' } };
const texts = { description: orNull({ type: 'string' }), metadata };
const cursor = described(orNull({ type: 'string' }), 'Ask for the next page with it; null on the last');
const region = described({ type: 'string' }, 'Where it was written');

const accountTerms = {
  id: accountId, owner: { type: 'string' }, currency, type: { enum: ['asset', 'liability', 'equity', 'income', 'expense'] },
  minAvailableMinor: orNull(minor), maxAvailableMinor: orNull(minor), metadata,
};
const balances = {
  postedMinor: described(minor, 'On the normal side of the account'),
  availableMinor: described(minor, 'Posted less what open holds have set aside'),
  pendingMinor: described(minor, 'Set aside by open holds on money of this account'),
  incomingMinor: described(minor, 'What open holds would bring to this account'),
  version: described(version, 'Number of entries so far'),
};
const movement = { debitAccountId: accountId, creditAccountId: accountId, amountMinor: minor, currency, ...texts };
const transfer = {
  id: id('tr'), kind: { enum: postingKinds }, ...movement, status: { const: 'posted' }, createdAt: at, effectiveAt: at,
  debitVersion: version, creditVersion: version, region, holdId: id('ho'), ofId: { type: 'string', pattern: `${idPattern('tr')}|${idPattern('ho')}` }, transactionId: id('tx'),
};
const seldom = ['holdId', 'ofId', 'transactionId'];

/** Components by name. */
export const answerSchemas: Record<string, Schema> = {
  Minor: { type: 'string', pattern: '^-?(0|[1-9][0-9]*)$', description: 'Minor units (cents) as digits: "1250" USD is 12.50' },
  Version: { type: 'string', pattern: '^(0|[1-9][0-9]*)$' },
  Time: { type: 'string', format: 'date-time', description: 'UTC' },
  Problem: {
    ...object({
      type: { type: 'string', format: 'uri' }, title: { type: 'string' }, status: { type: 'integer' }, detail: { type: 'string' },
      code: described({ enum: Object.keys(errors) }, 'Stable; treat one that you do not know by its status'),
      retryable: described({ type: 'boolean' }, 'Whether the same request with the same key may succeed later'),
      instance: described({ type: 'string', format: 'uri' }, 'The request, as in the log'),
    }),
    description: 'RFC 9457',
  },
  Account: object({ ...accountTerms, ...balances, createdAt: at }),
  BalanceAsOf: object({ id: accountId, currency, postedMinor: minor, version, asOf: at }),
  Entry: object({
    transferId: { type: 'string', pattern: `${idPattern('tr')}|${idPattern('ho')}` }, kind: { type: 'string' }, direction: { enum: ['debit', 'credit'] }, amountMinor: minor,
    changeMinor: described(minor, 'What it did to the posted balance; "0" for a hold and its release'), currency, balanceMinor: described(minor, 'The posted balance after it'), version,
    counterpartyAccountId: accountId, description: orNull({ type: 'string' }), createdAt: at, effectiveAt: at,
  }),
  Entries: object({ entries: listOf(refTo('Entry')), nextCursor: cursor }),
  TrialBalance: object({ currencies: listOf(object({ currency, debitMinor: minor, creditMinor: minor, differenceMinor: described(minor, 'Always "0"') })), at }),
  ChainHead: object({ n: version, position: version, at, hash: { type: 'string', pattern: '^[0-9a-f]{64}$' } }),
  Transfer: object(transfer, seldom),
  Transaction: object({ id: id('tx'), createdAt: at, transfers: listOf(refTo('Transfer')) }),
  Conversion: object({ id: id('tx'), rate: { type: 'string' }, createdAt: at, transfers: listOf(refTo('Transfer')) }),
  Capture: object({ ...transfer, releasedMinor: minor, fee: orNull(refTo('Transfer')) }, seldom),
  TransfersFound: object({ found: listOf(refTo('Transfer')), missing: listOf(id('tr')) }),
  BatchResults: object({ results: listOf(object({ key: { type: 'string' }, status: { type: 'integer' }, replayed: { type: 'boolean' }, body: { anyOf: [refTo('Transfer'), refTo('Problem')] } })) }),
  NewHoldAnswer: object({ id: id('ho'), ...movement, status: { const: 'authorised' }, createdAt: at, expiresAt: at, debitVersion: version, creditVersion: version, region }),
  Hold: object({
    id: id('ho'), ...movement, status: { enum: ['authorised', 'partially-captured', 'captured', 'released', 'expired'] },
    capturedMinor: minor, releasedMinor: minor, refundedMinor: minor, remainingMinor: minor, createdAt: at, expiresAt: at,
  }),
  Holds: object({ holds: listOf(refTo('Hold')), nextCursor: cursor }),
  Release: object({ id: id('ho'), status: { enum: ['voided', 'expired'] }, releasedMinor: minor, currency, releasedAt: at }),
  Status: object({ status: { type: 'string' } }),
  Event: open(webhookEvent),
  NewEndpointAnswer: open(webhookAnswers.created),
  Endpoint: open(webhookAnswers.endpoint),
  Endpoints: open({ ...webhookAnswers.endpoints, properties: { endpoints: listOf(refTo('Endpoint')) } }),
  SecretRotated: open(webhookAnswers.rotated),
  EndpointRemoved: open(webhookAnswers.removed),
  Replaying: open(webhookAnswers.replaying),
  Retrying: open(webhookAnswers.retrying),
  Deliveries: open(webhookAnswers.deliveries),
  Journal: open({ ...webhookAnswers.journal, properties: { ...webhookAnswers.journal.properties, events: listOf(refTo('Event')) } }),
};

/** Without the promise that there will never be another field. */
function open({ additionalProperties: _, ...schema }: Schema): Schema {
  return schema;
}
