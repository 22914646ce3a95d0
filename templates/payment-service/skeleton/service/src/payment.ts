/** What a payment is, and which requests are one. Pure: no clock, no network. */

/** ISO 4217 code this service takes. */
export const CURRENCY = '${{ values.currency }}';
/** Largest amount of one payment, in minor units. Raise it by a decision, not by accident. */
export const MAX_AMOUNT_MINOR = 100_000_000n;

/** A payment from a payer's account to a merchant's, both accounts of the ledger. */
export interface Payment {
  payerAccountId: string;
  merchantAccountId: string;
  /** Positive, in minor units (cents). */
  amountMinor: bigint;
  currency: string;
  /** Shown on statements; at most 140 characters. */
  reference: string;
}

/** Why a well-formed request is not a payment we take. */
export type Refusal = 'same-account' | 'amount-not-positive' | 'amount-too-large' | 'currency-not-taken';

const WORDS: Record<Refusal, string> = {
  'same-account': 'Payer and merchant are the same account.',
  'amount-not-positive': 'The amount must be at least one minor unit.',
  'amount-too-large': `The amount is above the limit of ${MAX_AMOUNT_MINOR} minor units.`,
  'currency-not-taken': `Only ${CURRENCY} is taken here.`,
};

/** @returns the first reason against the payment, in a fixed order; undefined when there is none */
export function refusalOf(payment: Payment): Refusal | undefined {
  if (payment.currency !== CURRENCY) return 'currency-not-taken';
  if (payment.amountMinor <= 0n) return 'amount-not-positive';
  if (payment.amountMinor > MAX_AMOUNT_MINOR) return 'amount-too-large';
  if (payment.payerAccountId === payment.merchantAccountId) return 'same-account';
  return undefined;
}

/** The refusal in a sentence for the caller. */
export function inWords(refusal: Refusal): string {
  return WORDS[refusal];
}
