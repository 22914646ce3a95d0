/** The modest load: chooses payments, keeps a bounded number in flight and believes what it is told. */
import { randomUUID } from 'node:crypto';
import { nextIntent, type Intent } from './payer-plan.ts';
import type { Outcome } from './payer-retry.ts';

export type LoadTools = {
  transfer: (intent: Intent, idempotencyKey: string) => Promise<Outcome>;
  random: () => number;
  skipped: () => void;
  inFlight: (count: number) => void;
};

/**
 * During an outage payments pile up waiting, each asking again twice a second; beyond this no
 * further ones are started, so that the payer's retries do not become the next outage.
 */
export const IN_FLIGHT_MAX = 40;

/** A load over the given balances (minor units by account id), which it keeps up to date. */
export function paymentLoad(balances: Map<string, bigint>, tools: LoadTools) {
  const underWay = new Set<Promise<void>>();
  const one = async (intent: Intent) => {
    // Taken at once: a second payment must not spend the same money while this one is under way.
    move(balances, intent.debitAccountId, -intent.amountMinor);
    const outcome = await tools.transfer(intent, randomUUID());
    if (outcome.state === 'acknowledged') move(balances, intent.creditAccountId, intent.amountMinor);
    else move(balances, intent.debitAccountId, intent.amountMinor);
  };
  return {
    /** Starts the next payment; returns false when it was skipped because too many are waiting. */
    startNext: (): boolean => {
      if (underWay.size >= IN_FLIGHT_MAX) {
        tools.skipped();
        return false;
      }
      const task: Promise<void> = one(nextIntent(balances, tools.random)).finally(() => {
        underWay.delete(task);
        tools.inFlight(underWay.size);
      });
      underWay.add(task);
      tools.inFlight(underWay.size);
      return true;
    },
    /** Ends when nothing is under way. */
    settled: async () => void (await Promise.allSettled(underWay)),
  };
}

function move(balances: Map<string, bigint>, accountId: string, byMinor: bigint): void {
  const now = balances.get(accountId);
  // Accounts the payer does not watch (cash clearing) are left out.
  if (now !== undefined) balances.set(accountId, now + byMinor);
}
