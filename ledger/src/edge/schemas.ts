/** JSON schemas of what comes in. Nothing is coerced, nothing unknown is let through, every text has a limit. */
import { idPattern } from '../domain/ids.ts';

export const accountIdPattern = '^[a-z0-9][a-z0-9:_-]{0,62}$';
/** No control characters: they have no business in a payment and break the logs of others. */
const text = (maxLength: number, minLength = 0) => ({ type: 'string', minLength, maxLength, pattern: '^[^\\u0000-\\u001f\\u007f]*$' });

const accountId = { type: 'string', pattern: accountIdPattern };
const transferId = { type: 'string', pattern: idPattern('tr') };
const time = { type: 'string', maxLength: 40, pattern: '^\\d{4}-\\d\\d-\\d\\dT' };
/** Digits of a positive whole number. Longer ones than 64 bits hold are a refusal with its own code. */
const amountMinor = { type: 'string', pattern: '^[1-9][0-9]{0,29}$' };
/** Of a balance: zero and below too. */
const balanceMinor = { anyOf: [{ type: 'string', pattern: '^(0|-?[1-9][0-9]{0,18})$' }, { type: 'null' }] };
const description = { anyOf: [text(500), { type: 'null' }] };
const metadata = {
  type: 'object',
  maxProperties: 20,
  propertyNames: { pattern: '^[A-Za-z0-9_.-]{1,40}$' },
  additionalProperties: text(500),
};
const currency = { type: 'string', pattern: '^[A-Z]{3}$' };

export interface AccountBody {
  id: string;
  owner: string;
  currency: string;
  type: 'asset' | 'liability' | 'equity' | 'income' | 'expense';
  minAvailableMinor?: string | null;
  maxAvailableMinor?: string | null;
  metadata?: Record<string, string>;
}

export const accountBody = {
  type: 'object',
  required: ['id', 'owner', 'currency', 'type'],
  additionalProperties: false,
  properties: {
    id: accountId,
    owner: text(128, 1),
    currency,
    type: { enum: ['asset', 'liability', 'equity', 'income', 'expense'] },
    minAvailableMinor: balanceMinor,
    maxAvailableMinor: balanceMinor,
    metadata,
  },
};

export interface Texts {
  description?: string | null;
  metadata?: Record<string, string>;
}

export interface TransferBody extends Texts {
  debitAccountId: string;
  creditAccountId: string;
  amountMinor: string;
  currency: string;
  effectiveAt?: string;
}

const transferFields = { debitAccountId: accountId, creditAccountId: accountId, amountMinor, currency, description, metadata, effectiveAt: time };
const transferRequired = ['debitAccountId', 'creditAccountId', 'amountMinor', 'currency'];

export const transferBody = { type: 'object', required: transferRequired, additionalProperties: false, properties: transferFields };

export interface TransactionBody {
  transfers: TransferBody[];
}

export const transactionBody = {
  type: 'object',
  required: ['transfers'],
  additionalProperties: false,
  properties: { transfers: { type: 'array', minItems: 2, maxItems: 20, items: transferBody } },
};

export interface BatchBody {
  transfers: (TransferBody & { key: string })[];
}

export const batchTransfersMax = 1_000;
export const batchBody = {
  type: 'object',
  required: ['transfers'],
  additionalProperties: false,
  properties: {
    transfers: {
      type: 'array',
      minItems: 1,
      maxItems: batchTransfersMax,
      items: { type: 'object', required: ['key', ...transferRequired], additionalProperties: false, properties: { key: { type: 'string', maxLength: 255 }, ...transferFields } },
    },
  },
};

export interface ConversionBody extends Texts {
  debitAccountId: string;
  creditAccountId: string;
  sellAmountMinor: string;
  sellCurrency: string;
  buyAmountMinor: string;
  buyCurrency: string;
  rate: string;
  effectiveAt?: string;
}

export const conversionBody = {
  type: 'object',
  required: ['debitAccountId', 'creditAccountId', 'sellAmountMinor', 'sellCurrency', 'buyAmountMinor', 'buyCurrency', 'rate'],
  additionalProperties: false,
  properties: {
    debitAccountId: accountId, creditAccountId: accountId, sellAmountMinor: amountMinor, sellCurrency: currency, buyAmountMinor: amountMinor, buyCurrency: currency,
    rate: { type: 'string', pattern: '^(0|[1-9][0-9]{0,11})(\\.[0-9]{1,12})?$' }, description, metadata, effectiveAt: time,
  },
};

export interface HoldBody extends Texts {
  debitAccountId: string;
  creditAccountId: string;
  amountMinor: string;
  currency: string;
  expiresAt?: string;
}

export const holdBody = {
  type: 'object',
  required: transferRequired,
  additionalProperties: false,
  properties: { debitAccountId: accountId, creditAccountId: accountId, amountMinor, currency, description, metadata, expiresAt: time },
};

export interface CaptureBody extends Texts {
  amountMinor?: string;
  final?: boolean;
  fee?: { amountMinor: string; accountId?: string };
}

export const captureBody = {
  type: 'object',
  additionalProperties: false,
  properties: {
    amountMinor, final: { type: 'boolean' }, description, metadata,
    fee: { type: 'object', required: ['amountMinor'], additionalProperties: false, properties: { amountMinor, accountId } },
  },
};

export interface RefundBody extends Texts {
  amountMinor?: string;
}

export const refundBody = { type: 'object', additionalProperties: false, properties: { amountMinor, description, metadata } };
export const reversalBody = { type: 'object', additionalProperties: false, properties: { description, metadata } };
/** No body, or an empty object. */
export const emptyBody = { anyOf: [{ type: 'object', additionalProperties: false }, { type: 'null' }] };

export interface SettlementBody extends Texts {
  accountId: string;
  payoutAccountId: string;
}

export const settlementBody = { type: 'object', required: ['accountId', 'payoutAccountId'], additionalProperties: false, properties: { accountId, payoutAccountId: accountId, description, metadata } };

export interface LookupBody {
  ids: string[];
}

export const lookupBody = {
  type: 'object',
  required: ['ids'],
  additionalProperties: false,
  properties: { ids: { type: 'array', minItems: 1, maxItems: 500, items: transferId } },
};

export const accountParams = { type: 'object', required: ['id'], properties: { id: accountId } };
export const transferParams = { type: 'object', required: ['id'], properties: { id: transferId } };
export const transactionParams = { type: 'object', required: ['id'], properties: { id: { type: 'string', pattern: idPattern('tx') } } };
export const holdParams = { type: 'object', required: ['id'], properties: { id: { type: 'string', pattern: idPattern('ho') } } };

export interface AccountQuery {
  asOfVersion?: string;
  asOf?: string;
  basis?: 'recorded' | 'effective';
  minVersion?: string;
}

const version = { type: 'string', pattern: '^(0|[1-9][0-9]{0,14})$' };
/** At most one of the three ways to look. */
export const accountQuery = {
  type: 'object',
  additionalProperties: false,
  properties: { asOfVersion: version, asOf: time, basis: { enum: ['recorded', 'effective'] }, minVersion: version },
  dependencies: { basis: ['asOf'] },
  not: { anyOf: [{ required: ['asOfVersion', 'asOf'] }, { required: ['asOfVersion', 'minVersion'] }, { required: ['asOf', 'minVersion'] }] },
};

export interface EntriesQuery {
  cursor?: string;
  limit?: string;
}

/** Query values are text; `limit` is made a number after this check. */
const page = { cursor: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' }, limit: { type: 'string', pattern: '^([1-9][0-9]?|1[0-9][0-9]|200)$' } };
export const entriesQuery = { type: 'object', additionalProperties: false, properties: page };

export interface HoldsQuery extends EntriesQuery {
  accountId: string;
  status?: 'open' | 'closed';
}

export const holdsQuery = { type: 'object', required: ['accountId'], additionalProperties: false, properties: { ...page, accountId, status: { enum: ['open', 'closed'] } } };

export const noQuery = { type: 'object', additionalProperties: false };
