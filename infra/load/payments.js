/** One payment, as payers send it: between two accounts that exist, small, under its own idempotency key. */

/** A request for POST /v1/transfers. `random` gives 0 to 1, `id` a unique text. */
export function payment(accounts, random, id) {
  if (accounts.length < 2) throw new Error('a payment needs two accounts');
  const debit = Math.floor(random() * accounts.length);
  // Another one: a step of 1 to n - 1 on.
  const credit = (debit + 1 + Math.floor(random() * (accounts.length - 1))) % accounts.length;
  return {
    path: '/v1/transfers',
    headers: { 'content-type': 'application/json', 'idempotency-key': id },
    body: JSON.stringify({ debitAccountId: accounts[debit], creditAccountId: accounts[credit], amountMinor: String(1 + Math.floor(random() * 500)), currency: 'USD', description: 'load test' }),
  };
}
