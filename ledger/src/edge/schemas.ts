/** JSON schemas of what comes in. Nothing is coerced, nothing unknown is let through, every text has a limit. */

export const accountIdPattern = '^[a-z0-9][a-z0-9:_-]{0,62}$';
const transferIdPattern = '^tr_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$';
/** No control characters: they have no business in a payment and break the logs of others. */
const text = (maxLength: number, minLength = 0) => ({ type: 'string', minLength, maxLength, pattern: '^[^\\u0000-\\u001f\\u007f]*$' });

const accountId = { type: 'string', pattern: accountIdPattern };
const transferId = { type: 'string', pattern: transferIdPattern };
const currency = { type: 'string', pattern: '^[A-Z]{3}$' };

export interface AccountBody {
  id: string;
  owner: string;
  currency: string;
  type: 'asset' | 'liability' | 'equity' | 'income' | 'expense';
  minAvailableMinor?: '0' | null;
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
    minAvailableMinor: { enum: ['0', null] },
  },
};

export interface TransferBody {
  debitAccountId: string;
  creditAccountId: string;
  amountMinor: string;
  currency: string;
  description?: string | null;
  metadata?: Record<string, string>;
}

export const transferBody = {
  type: 'object',
  required: ['debitAccountId', 'creditAccountId', 'amountMinor', 'currency'],
  additionalProperties: false,
  properties: {
    debitAccountId: accountId,
    creditAccountId: accountId,
    // Digits of a positive whole number. Longer ones than 64 bits hold are a refusal with its own code.
    amountMinor: { type: 'string', pattern: '^[1-9][0-9]{0,29}$' },
    currency,
    description: { anyOf: [text(500), { type: 'null' }] },
    metadata: {
      type: 'object',
      maxProperties: 20,
      propertyNames: { pattern: '^[A-Za-z0-9_.-]{1,40}$' },
      additionalProperties: text(500),
    },
  },
};

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

export interface EntriesQuery {
  cursor?: string;
  limit?: string;
}

/** Query values are text; `limit` is made a number after this check. */
export const entriesQuery = {
  type: 'object',
  additionalProperties: false,
  properties: {
    cursor: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' },
    limit: { type: 'string', pattern: '^([1-9][0-9]?|1[0-9][0-9]|200)$' },
  },
};

export const noQuery = { type: 'object', additionalProperties: false };
