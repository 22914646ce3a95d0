/**
 * Who pays whom: the sample customers and merchants, and the choice of the next payment. Pure;
 * randomness is an argument. Amounts are minor units.
 */

export type AccountPlan = {
  id: string;
  owner: string;
  currency: string;
  type: 'liability';
  /** "0": may not go below zero. */
  minAvailableMinor: '0';
};

export type Intent = {
  kind: 'payment' | 'refund' | 'top-up' | 'payout' | 'decline';
  debitAccountId: string;
  creditAccountId: string;
  amountMinor: bigint;
  currency: string;
  description: string;
  metadata: Record<string, string>;
};

const NAMES: Record<string, { customers: string[]; merchants: string[] }> = {
  USD: {
    customers: ['Alice Morgan', 'Ben Carter', 'Chloe Nguyen', 'Daniel Brooks', 'Ella Simmons', 'Frank Delgado', 'Grace Whitfield', 'Henry Osei'],
    merchants: ['Blue Harbor Books', 'Cedar Street Coffee', 'Northwind Hardware', 'Prairie Bicycle Co', 'Sunset Pharmacy'],
  },
  EUR: {
    customers: ['Anna Keller', 'Bruno Rossi', 'Clara Dubois', 'Dirk Janssen', 'Eva Novak', 'Finn Larsen', 'Giulia Conti', 'Hugo Martin'],
    merchants: ['Alpen Outdoor', 'Boulangerie Mirabelle', 'Kaffeehaus Linde', 'Libreria Centrale', 'Tulip Electronics'],
  },
  MXN: {
    customers: ['Adriana Lopez', 'Beto Ramirez', 'Carmen Ortiz', 'Diego Herrera', 'Elena Vargas', 'Fernando Cruz', 'Gabriela Soto', 'Hector Luna'],
    merchants: ['Abarrotes La Esquina', 'Cafe Jacaranda', 'Farmacia del Valle', 'Libros y Letras', 'Mercado San Juan'],
  },
};

export const CURRENCIES = Object.keys(NAMES);
const START_MINOR = 500_000n;
const TOP_UP_BELOW_MINOR = 50_000n;
const TOP_UP_MINOR = 300_000n;
const PAYOUT_ABOVE_MINOR = 10_000_000n;
const AMOUNT_MIN_MINOR = 100;
const AMOUNT_MAX_MINOR = 25_000;
const CHANNELS = ['web', 'app', 'point-of-sale'];

/** The pair of accounts only the synthetic payment uses, so that its balances can be checked. */
export const SYNTHETIC_CUSTOMER = plan('customer', 'Synthetic Payer', 'USD');
export const SYNTHETIC_MERCHANT = plan('merchant', 'Synthetic Shop', 'USD');

/** Every account of the load: 24 customers and 15 merchants in three currencies. */
export function accountPlans(): AccountPlan[] {
  return CURRENCIES.flatMap(currency => [
    ...NAMES[currency]!.customers.map(name => plan('customer', name, currency)),
    ...NAMES[currency]!.merchants.map(name => plan('merchant', name, currency)),
  ]);
}

/** The first money of a customer, so that it can pay. */
export function initialFunding(account: AccountPlan): Intent {
  return fromClearing(account.id, account.currency, START_MINOR, 'Opening top-up');
}

/** Money from outside into an account; `amountMinor` above zero. */
export function fromClearing(accountId: string, currency: string, amountMinor: bigint, description: string): Intent {
  return {
    kind: 'top-up',
    debitAccountId: `cash-clearing:${currency.toLowerCase()}`,
    creditAccountId: accountId,
    amountMinor,
    currency,
    description,
    metadata: { kind: 'top-up' },
  };
}

/**
 * The next thing to do. Mostly a payment of a customer to a merchant; a customer low on money tops
 * up first, a merchant with much is paid out, one in 50 is a refund and one in 200 asks for more
 * than there is (the ledger must decline it).
 * @param balances what the payer believes each account holds, in minor units
 * @param random returns numbers in [0, 1)
 */
export function nextIntent(balances: Map<string, bigint>, random: () => number): Intent {
  const currency = pickCurrency(random());
  const { customers, merchants } = NAMES[currency]!;
  const customer = plan('customer', pick(customers, random()), currency);
  const merchant = plan('merchant', pick(merchants, random()), currency);
  const customerMinor = balances.get(customer.id) ?? 0n;
  const merchantMinor = balances.get(merchant.id) ?? 0n;
  const amountMinor = amount(random());
  const order = `order-${Math.floor(random() * 1e9).toString(36)}`;
  const metadata = { order, channel: pick(CHANNELS, random()) };
  const what = random();
  const payment = { debitAccountId: customer.id, creditAccountId: merchant.id, currency };
  if (what < 0.005) {
    const tooMuch = customerMinor + 1_000_000_000n;
    return { ...payment, kind: 'decline', amountMinor: tooMuch, description: `Order at ${merchant.owner}`, metadata: { ...metadata, kind: 'payment' } };
  }
  if (what < 0.025 && merchantMinor > amountMinor) {
    return { kind: 'refund', debitAccountId: merchant.id, creditAccountId: customer.id, amountMinor, currency, description: `Refund from ${merchant.owner}`, metadata: { ...metadata, kind: 'refund' } };
  }
  if (merchantMinor > PAYOUT_ABOVE_MINOR) {
    return { kind: 'payout', debitAccountId: merchant.id, creditAccountId: `cash-clearing:${currency.toLowerCase()}`, amountMinor: merchantMinor / 2n, currency, description: `Payout to ${merchant.owner}`, metadata: { kind: 'payout' } };
  }
  if (customerMinor < TOP_UP_BELOW_MINOR) return fromClearing(customer.id, currency, TOP_UP_MINOR, 'Top-up');
  return { ...payment, kind: 'payment', amountMinor, description: `Order at ${merchant.owner}`, metadata: { ...metadata, kind: 'payment' } };
}

/** Milliseconds to the next payment of a Poisson stream, so that arrivals bunch as real ones do. */
export function nextPauseMs(ratePerSecond: number, random: number): number {
  return Math.min((-Math.log(1 - random) / ratePerSecond) * 1_000, 10_000);
}

function plan(kind: 'customer' | 'merchant', name: string, currency: string): AccountPlan {
  const slug = name.toLowerCase().replaceAll(' ', '-');
  return { id: `${kind}:${slug}`, owner: name, currency, type: 'liability', minAvailableMinor: '0' };
}

function pick<T>(items: T[], random: number): T {
  return items[Math.floor(random * items.length)]!;
}

function pickCurrency(random: number): string {
  if (random < 0.5) return 'USD';
  return random < 0.8 ? 'EUR' : 'MXN';
}

/** 1.00 to 250.00, small amounts more often than large ones. */
function amount(random: number): bigint {
  return BigInt(Math.round(AMOUNT_MIN_MINOR * (AMOUNT_MAX_MINOR / AMOUNT_MIN_MINOR) ** random));
}
