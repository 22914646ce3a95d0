/** What the schemas of the routes do not say: what each operation is for, what it answers, and why it may refuse. */
import type { ErrorCode } from '../domain/errors.ts';

export interface Operation {
  id: string;
  tag: 'accounts' | 'transfers' | 'holds' | 'settlements' | 'webhooks' | 'journal' | 'operations';
  summary: string;
  description?: string;
  /** `command`: changes something under an Idempotency-Key. `bulk`: under keys in its body. `query`: reads. `open`: needs no caller. */
  kind: 'command' | 'bulk' | 'query' | 'open';
  /** Status -> what it means, and the schema of the body (a component) or its media type. */
  answers: Record<number, [meaning: string, body: string]>;
  /** Beside those that every operation of its kind can give. */
  refusals: ErrorCode[];
  /** A request body. */
  example?: object;
}

/** Of one posting. */
const posting: ErrorCode[] = ['unknown-account', 'same-account', 'currency-mismatch', 'balance-overflow', 'insufficient-funds', 'limit-exceeded', 'amount-too-large'];
const givingBack: ErrorCode[] = ['refund-exceeds-captured', 'balance-overflow', 'insufficient-funds', 'limit-exceeded'];
const running: ErrorCode[] = ['idempotency-key-in-flight'];
const payment = { debitAccountId: 'wallet:ada', creditAccountId: 'shop:books', amountMinor: '2500', currency: 'USD' };

const accounts: Record<string, Operation> = {
  'POST /v1/accounts': {
    id: 'openAccount', tag: 'accounts', summary: 'Open an account', kind: 'command',
    description: 'The same id on the same terms may be opened again under another key: it is answered as it is now.',
    answers: { 201: ['The new account', 'Account'], 200: ['The account existed on the same terms', 'Account'] },
    refusals: [...running, 'account-exists', 'unsupported-currency', 'amount-too-large'],
    example: { id: 'wallet:ada', owner: 'Ada', currency: 'USD', type: 'liability' },
  },
  'GET /v1/accounts/:id': {
    id: 'readAccount', tag: 'accounts', summary: 'Read an account and its balances, now or as they were', kind: 'query',
    description: 'At most one of asOfVersion, asOf and minVersion. `basis` says by which time asOf looks: of recording, or of the business (effectiveAt).',
    answers: { 200: ['The account now; with asOf or asOfVersion its posted balance then', 'Account|BalanceAsOf'] }, refusals: ['unknown-account'],
  },
  'GET /v1/accounts/:id/entries': {
    id: 'readEntries', tag: 'accounts', summary: 'The statement of an account, newest first, with its running balance', kind: 'query',
    answers: { 200: ['One page', 'Entries'] }, refusals: ['unknown-account'],
  },
  'GET /v1/trial-balance': { id: 'readTrialBalance', tag: 'accounts', summary: 'Debits, credits and their difference per currency', kind: 'query', answers: { 200: ['The trial balance', 'TrialBalance'] }, refusals: [] },
};

const transfers: Record<string, Operation> = {
  'POST /v1/transfers': {
    id: 'transfer', tag: 'transfers', summary: 'Move money between two accounts', kind: 'command',
    answers: { 201: ['The posted transfer', 'Transfer'] }, refusals: [...running, ...posting], example: { ...payment, description: 'Order 7', metadata: { order: '7' } },
  },
  'POST /v1/transactions': {
    id: 'transact', tag: 'transfers', summary: 'Several transfers: all of them or none', kind: 'command',
    answers: { 201: ['The posted transfers', 'Transaction'] }, refusals: [...running, ...posting], example: { transfers: [payment, { ...payment, debitAccountId: 'shop:books', creditAccountId: 'fees:usd', amountMinor: '50' }] },
  },
  'POST /v1/conversions': {
    id: 'convert', tag: 'transfers', summary: 'Sell one currency for another at a rate', kind: 'command',
    description: 'Four entries through the two fx accounts. Both amounts and the rate are given; they must fit each other to the minor unit.',
    answers: { 201: ['The two transfers and the rate', 'Conversion'] }, refusals: [...running, ...posting, 'unsupported-currency', 'same-currency', 'rate-mismatch'],
    example: { debitAccountId: 'wallet:ada', creditAccountId: 'wallet:ada:eur', sellAmountMinor: '1000', sellCurrency: 'USD', buyAmountMinor: '920', buyCurrency: 'EUR', rate: '0.92' },
  },
  'POST /v1/transfers/batch': {
    id: 'transferBatch', tag: 'transfers', summary: 'Up to 1,000 transfers, each for itself under its own key', kind: 'bulk',
    description: 'A result for each, in order, with the status and body that it would have had alone. A fault in the body itself refuses the whole request and moves nothing. Counts as so many requests.',
    answers: { 200: ['What became of each', 'BatchResults'] }, refusals: ['amount-too-large'], example: { transfers: [{ key: 'order-8', ...payment }] },
  },
  'POST /v1/transfers/lookup': {
    id: 'lookUpTransfers', tag: 'transfers', summary: 'Which of up to 500 transfers exist', kind: 'query',
    answers: { 200: ['Those found, in the order asked, and the ids of the others', 'TransfersFound'] }, refusals: [], example: { ids: ['tr_019aa5b0-1c00-8000-8000-000000000001'] },
  },
  'GET /v1/transfers/:id': { id: 'readTransfer', tag: 'transfers', summary: 'Read a transfer', kind: 'query', answers: { 200: ['The transfer', 'Transfer'] }, refusals: ['unknown-transfer'] },
  'GET /v1/transactions/:id': {
    id: 'readTransaction', tag: 'transfers', summary: 'Read linked transfers as they were answered', kind: 'query',
    answers: { 200: ['The transfers', 'Transaction|Conversion|Capture'] }, refusals: ['unknown-transfer'],
  },
  'POST /v1/transfers/:id/refunds': {
    id: 'refundTransfer', tag: 'transfers', summary: 'Give back a transfer, or a part of it', kind: 'command', description: 'Without amountMinor: all that is left.',
    answers: { 201: ['The refund', 'Transfer'] }, refusals: [...running, ...givingBack, 'unknown-transfer', 'not-refundable', 'amount-too-large'], example: { amountMinor: '500', description: 'Damaged' },
  },
  'POST /v1/transfers/:id/reversal': {
    id: 'reverseTransfer', tag: 'transfers', summary: 'Undo a transfer as a whole', kind: 'command', description: 'Once, and only while nothing of it was given back.',
    answers: { 201: ['The reversal', 'Transfer'] }, refusals: [...running, ...givingBack, 'unknown-transfer', 'not-refundable', 'already-reversed'], example: { description: 'Entered twice' },
  },
};

const holds: Record<string, Operation> = {
  'POST /v1/holds': {
    id: 'authorise', tag: 'holds', summary: 'Set money aside (authorise)', kind: 'command', description: 'For 7 days unless expiresAt says otherwise, 400 at most.',
    answers: { 201: ['The hold', 'NewHoldAnswer'] }, refusals: [...running, ...posting], example: { ...payment, description: 'Order 9' },
  },
  'GET /v1/holds/:id': { id: 'readHold', tag: 'holds', summary: 'Read a hold and what became of it', kind: 'query', answers: { 200: ['The hold now', 'Hold'] }, refusals: ['unknown-hold'] },
  'GET /v1/holds': { id: 'listHolds', tag: 'holds', summary: 'The holds on the money of an account, newest first', kind: 'query', answers: { 200: ['One page', 'Holds'] }, refusals: ['unknown-account'] },
  'POST /v1/holds/:id/captures': {
    id: 'capture', tag: 'holds', summary: 'Take money that was set aside', kind: 'command',
    description: 'Several times if need be. Without amountMinor: all that is left. `final` releases what is left afterwards. `fee` is taken from the credited account in the same step.',
    answers: { 201: ['The capture', 'Capture'] },
    refusals: [...running, ...posting, 'unknown-hold', 'hold-closed', 'hold-expired', 'capture-exceeds-hold', 'fee-exceeds-capture'], example: { amountMinor: '2000', final: true, fee: { amountMinor: '40' } },
  },
  'POST /v1/holds/:id/void': { id: 'voidHold', tag: 'holds', summary: 'Release what is left of a hold', kind: 'command', answers: { 200: ['What was released', 'Release'] }, refusals: [...running, 'unknown-hold', 'hold-closed'] },
  'POST /v1/holds/:id/refunds': {
    id: 'refundHold', tag: 'holds', summary: 'Give back what a hold captured, or a part of it', kind: 'command', description: 'Without amountMinor: all that is left.',
    answers: { 201: ['The refund', 'Transfer'] }, refusals: [...running, ...givingBack, 'unknown-hold', 'amount-too-large'], example: { amountMinor: '500' },
  },
  'POST /v1/settlements': {
    id: 'settle', tag: 'settlements', summary: 'Pay out all that an account has available', kind: 'command',
    answers: { 201: ['The settlement', 'Transfer'] }, refusals: [...running, 'unknown-account', 'same-account', 'currency-mismatch', 'not-settleable', 'nothing-to-settle', 'limit-exceeded', 'balance-overflow'],
    example: { accountId: 'shop:books', payoutAccountId: 'cash-clearing:usd' },
  },
};

const webhooks: Record<string, Operation> = {
  'POST /v1/webhook-endpoints': {
    id: 'createEndpoint', tag: 'webhooks', summary: 'Have events sent to a URL', kind: 'command', description: 'The secret is told once. Signatures are made with it: see the ledger\'s documentation.',
    answers: { 201: ['The endpoint and its secret', 'NewEndpointAnswer'] }, refusals: ['url-refused', 'endpoint-limit', 'webhooks-off'],
    example: { url: 'https://shop.example/hooks', events: ['transfer.posted', 'payment.declined'] },
  },
  'GET /v1/webhook-endpoints': { id: 'listEndpoints', tag: 'webhooks', summary: 'The tenant\'s endpoints', kind: 'query', answers: { 200: ['The endpoints', 'Endpoints'] }, refusals: [] },
  'GET /v1/webhook-endpoints/:id': { id: 'readEndpoint', tag: 'webhooks', summary: 'Read an endpoint', kind: 'query', answers: { 200: ['The endpoint', 'Endpoint'] }, refusals: ['unknown-endpoint'] },
  'DELETE /v1/webhook-endpoints/:id': { id: 'removeEndpoint', tag: 'webhooks', summary: 'Send nothing more to an endpoint', kind: 'command', answers: { 200: ['It is gone', 'EndpointRemoved'] }, refusals: ['unknown-endpoint', 'webhooks-off'] },
  'POST /v1/webhook-endpoints/:id/rotate-secret': {
    id: 'rotateSecret', tag: 'webhooks', summary: 'Replace the secret', kind: 'command', description: 'For graceSeconds (a day when left out) both sign.',
    answers: { 200: ['The new secret', 'SecretRotated'] }, refusals: ['unknown-endpoint', 'webhooks-off'], example: { graceSeconds: 3600 },
  },
  'GET /v1/webhook-endpoints/:id/deliveries': { id: 'listDeliveries', tag: 'webhooks', summary: 'What was sent, newest first; also what was given up (`state=dead`)', kind: 'query', answers: { 200: ['One page', 'Deliveries'] }, refusals: ['unknown-endpoint'] },
  'POST /v1/webhook-endpoints/:id/deliveries/:position/retry': {
    id: 'retryDelivery', tag: 'webhooks', summary: 'Send one event again', kind: 'command', answers: { 202: ['It will be sent', 'Retrying'] }, refusals: ['unknown-delivery', 'webhooks-off'],
  },
  'POST /v1/webhook-endpoints/:id/replay': {
    id: 'replay', tag: 'webhooks', summary: 'Send everything from a position on again', kind: 'command',
    answers: { 202: ['It will be sent', 'Replaying'] }, refusals: ['unknown-endpoint', 'webhooks-off'], example: { fromPosition: '1' },
  },
};

const journal: Record<string, Operation> = {
  'GET /v1/journal': {
    id: 'readJournal', tag: 'journal', summary: 'The tenant\'s events in order, after a position', kind: 'query',
    description: 'For those who rather ask than be told. Go on from nextAfter; a page may be short or empty before the end.', answers: { 200: ['One page', 'Journal'] }, refusals: [],
  },
  'GET /v1/chain/head': { id: 'readChainHead', tag: 'journal', summary: 'The end of the hash chain, to be noted elsewhere', kind: 'query', answers: { 200: ['The head', 'ChainHead'] }, refusals: [] },
};

const operational: Record<string, Operation> = {
  'GET /livez': { id: 'live', tag: 'operations', summary: 'The process runs', kind: 'open', answers: { 200: ['It does', 'Status'] }, refusals: [] },
  'GET /readyz': { id: 'ready', tag: 'operations', summary: 'The process can take payments', kind: 'open', answers: { 200: ['It can', 'Status'] }, refusals: ['not-ready'] },
  'GET /metrics': { id: 'metrics', tag: 'operations', summary: 'What Prometheus reads', kind: 'open', answers: { 200: ['Series', 'text/plain'] }, refusals: [] },
  'GET /openapi.json': { id: 'describe', tag: 'operations', summary: 'This description', kind: 'open', answers: { 200: ['OpenAPI 3.1', 'application/json'] }, refusals: [] },
};

/** By method and path as Fastify has it. */
export const operations: Record<string, Operation> = { ...accounts, ...transfers, ...holds, ...webhooks, ...journal, ...operational };
