import { Ledger, verificationAmountMinor } from '../adapters/Ledger';
import { OutsideError } from '../outside';
import { Step } from '../step';

/** Caches of the old name and the pods' first connections pass in seconds; after this a person should look. */
const deadlineMs = 60_000;
const pollMs = 50;

/** A real payment through the front, settled in the new region and read back. */
export function verifyStep(ledger: Ledger, region: { id: string; title: string }): Step {
  return {
    id: 'verify',
    deadlineMs,
    pollMs,
    async done(run) {
      const id = run.facts.verificationTransferId;
      if (typeof id !== 'string') return { done: false, text: 'No verification payment yet' };
      const found = await ledger.find(id);
      if (!found) return { done: false, text: `${id} cannot be read back` };
      const right = found.region === region.id && found.amountMinor === verificationAmountMinor;
      return { done: right, text: `${id} of $1.00 read back from ${found.region}` };
    },
    async act(run) {
      const end = run.now() + deadlineMs;
      for (;;) {
        try {
          // The same key in every attempt and after every crash: it is one dollar.
          const paid = await ledger.payVerification(`${run.runId}:verify`);
          if (paid.region === region.id) {
            await run.remember({ verificationTransferId: paid.transferId, verifiedAtMs: run.now() });
            return;
          }
        } catch (error) {
          if (!(error instanceof OutsideError) || error.outcome === 'refused' || run.now() > end) throw error;
        }
        if (run.now() > end) throw new OutsideError('Verification', 'refused', `no payment was answered by ${region.title} within ${deadlineMs} ms`);
        await run.sleep(pollMs);
      }
    },
  };
}
