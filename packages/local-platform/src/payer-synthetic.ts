/**
 * The synthetic payment: one dollar from an account only it uses to another, checked to the cent
 * and given back. It notices what status codes hide: a payment confirmed but not booked.
 */
import { randomUUID } from 'node:crypto';
import type { Answer } from './payer-http.ts';
import type { Outcome } from './payer-retry.ts';
import { fromClearing, SYNTHETIC_CUSTOMER, SYNTHETIC_MERCHANT, type Intent } from './payer-plan.ts';

export type SyntheticTools = {
  /** `minVersion`: the answer must not be older than this version of the account. */
  read: (accountId: string, minVersion: string) => Promise<Answer>;
  /** Carries a transfer through and notes its acknowledgement. */
  transfer: (intent: Intent, idempotencyKey: string) => Promise<Outcome>;
};

export type Checked = { ok: true } | { ok: false; reason: string };

export const SYNTHETIC_MINOR = 100n;
/** An answer after this long is no success for the person waiting. */
export const SYNTHETIC_LIMIT_MS = 5_000;
const FUND_BELOW_MINOR = 1_000n;
const FUND_MINOR = 10_000n;

type Balance = { postedMinor: bigint; version: bigint };

/** Pays, verifies and gives back. Never throws: every fault is a reason. */
export async function syntheticPayment(tools: SyntheticTools): Promise<Checked> {
  try {
    return await payAndVerify(tools);
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

async function payAndVerify(tools: SyntheticTools): Promise<Checked> {
  const [payer, shop] = [SYNTHETIC_CUSTOMER.id, SYNTHETIC_MERCHANT.id];
  let fundedVersion = '0';
  if ((await balance(tools, payer)).postedMinor < FUND_BELOW_MINOR) {
    const funding = fromClearing(payer, 'USD', FUND_MINOR, 'Synthetic top-up');
    const funded = await tools.transfer({ ...funding, metadata: { ...funding.metadata, synthetic: 'true' } }, randomUUID());
    if (funded.state === 'acknowledged') fundedVersion = String(funded.body.creditVersion);
  }
  const [payerBefore, shopBefore] = await Promise.all([balance(tools, payer, fundedVersion), balance(tools, shop)]);
  const outcome = await tools.transfer(synthetic(payer, shop, 'Synthetic payment'), randomUUID());
  if (outcome.state !== 'acknowledged') {
    return { ok: false, reason: outcome.state === 'declined' ? `declined: ${outcome.code}` : outcome.reason };
  }
  // What is read may come from a cache; not older than the answer, or it would say nothing about it.
  const [payerAfter, shopAfter] = await Promise.all([balance(tools, payer, String(outcome.body.debitVersion)), balance(tools, shop, String(outcome.body.creditVersion))]);
  const checked = verify(outcome.body, [payerBefore, payerAfter], [shopBefore, shopAfter]);
  const back = await tools.transfer(synthetic(shop, payer, 'Synthetic payment returned'), randomUUID());
  if (checked.ok && back.state === 'declined') return { ok: false, reason: `return declined: ${back.code}` };
  return checked;
}

/** Both balances moved by exactly the amount and both versions by exactly one, as the answer said. */
export function verify(
  answer: Record<string, unknown>,
  [payerBefore, payerAfter]: [Balance, Balance],
  [shopBefore, shopAfter]: [Balance, Balance],
): Checked {
  const checks: [string, unknown, unknown][] = [
    ['payer balance', payerAfter.postedMinor, payerBefore.postedMinor - SYNTHETIC_MINOR],
    ['shop balance', shopAfter.postedMinor, shopBefore.postedMinor + SYNTHETIC_MINOR],
    ['payer version', payerAfter.version, payerBefore.version + 1n],
    ['shop version', shopAfter.version, shopBefore.version + 1n],
    ['version in the answer (debit)', String(answer.debitVersion), String(payerAfter.version)],
    ['version in the answer (credit)', String(answer.creditVersion), String(shopAfter.version)],
    ['amount in the answer', answer.amountMinor, String(SYNTHETIC_MINOR)],
  ];
  const wrong = checks.find(([, actual, expected]) => actual !== expected);
  if (wrong === undefined) return { ok: true };
  return { ok: false, reason: `${wrong[0]}: ${String(wrong[1])} instead of ${String(wrong[2])}` };
}

async function balance(tools: SyntheticTools, accountId: string, minVersion = '0'): Promise<Balance> {
  const { status, body } = await tools.read(accountId, minVersion);
  if (status !== 200) throw new Error(`reading ${accountId}: status ${status}`);
  return { postedMinor: BigInt(String(body.postedMinor)), version: BigInt(String(body.version)) };
}

function synthetic(debitAccountId: string, creditAccountId: string, description: string): Intent {
  return {
    kind: 'payment',
    debitAccountId,
    creditAccountId,
    amountMinor: SYNTHETIC_MINOR,
    currency: 'USD',
    description,
    // Left out of revenue by whoever counts payments.
    metadata: { synthetic: 'true' },
  };
}
