/** Answers as they look, one of each of the main kinds. test/openapi.test.ts holds them to their schemas. */
const at = '2026-11-21T12:00:00.000Z';
const transfer = {
  id: 'tr_01a1fe5b-fef5-8300-8000-00000000001c', kind: 'transfer', debitAccountId: 'wallet:ada', creditAccountId: 'shop:books', amountMinor: '2500', currency: 'USD', description: 'Order 7', metadata: { order: '7' },
  status: 'posted', createdAt: at, effectiveAt: at, debitVersion: '2', creditVersion: '1', region: 'region-a',
};

export const examples: Record<string, object> = {
  Account: {
    id: 'wallet:ada', owner: 'Ada', currency: 'USD', type: 'liability', minAvailableMinor: '0', maxAvailableMinor: null, metadata: {},
    postedMinor: '17500', availableMinor: '12500', pendingMinor: '5000', incomingMinor: '0', version: '3', createdAt: at,
  },
  Entry: {
    transferId: transfer.id, kind: 'transfer', direction: 'debit', amountMinor: '2500', changeMinor: '-2500', currency: 'USD', balanceMinor: '17500', version: '2',
    counterpartyAccountId: 'shop:books', description: 'Order 7', createdAt: at, effectiveAt: at,
  },
  Transfer: transfer,
  Hold: {
    id: 'ho_01a1fe5c-5261-82e6-8000-000000000024', debitAccountId: 'wallet:ada', creditAccountId: 'shop:books', amountMinor: '5000', currency: 'USD', description: null, metadata: {}, status: 'captured',
    capturedMinor: '3000', releasedMinor: '2000', refundedMinor: '1000', remainingMinor: '0', createdAt: at, expiresAt: '2026-11-28T12:00:00.000Z',
  },
  Event: {
    id: 'ev_01a1fe5b-fef5-8300-8000-00000000001c', type: 'transfer.posted', createdAt: at, position: '28', tenant: 'default', actor: 'checkout', requestId: '4d769b70-a4cd-4b84-ab5e-388eed4a00fd', idempotencyKey: 'order-7', data: transfer,
  },
  Problem: {
    type: 'https://docs.airpay.example/errors/insufficient-funds', title: 'The account has too little available', status: 422, detail: 'Account wallet:ada has 125.00 USD available, the transfer takes 999,999.99 USD.',
    code: 'insufficient-funds', retryable: false, instance: 'urn:uuid:4d769b70-a4cd-4b84-ab5e-388eed4a00fd',
  },
};
