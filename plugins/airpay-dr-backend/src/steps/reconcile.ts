import { Ledger } from '../adapters/Ledger';
import { PayerLog } from '../adapters/PayerLog';
import { OutsideError } from '../outside';
import { Step, StepRun } from '../step';

/** Payments acknowledged before the run are checked too: the standby may have been behind. */
const lookBackMs = 60_000;
/** The gap is looked for from shortly before the fence, so that the last payment before it bounds it. */
const gapLeadMs = 2_000;
const payerReturnsMs = 60_000;
const pollMs = 250;

const numberFact = (run: StepRun, name: string) => (typeof run.facts[name] === 'number' ? (run.facts[name] as number) : null);

/** Waits until the payer itself was acknowledged again, so that the gap has an end. */
async function payerIsBack(payerLog: PayerLog, run: StepRun, sinceMs: number): Promise<void> {
  const end = run.now() + payerReturnsMs;
  for (;;) {
    const { acknowledgedCount } = await payerLog.gap(Math.min(sinceMs, run.now()), run.now());
    if (acknowledgedCount > 0) return;
    if (run.now() > end) throw new OutsideError('Payer log', 'refused', `no payment acknowledged within ${payerReturnsMs} ms after the verification`);
    await run.sleep(pollMs);
  }
}

/** Every payment the payer calls acknowledged exists in the region that writes now. */
export function reconcileStep(ledger: Ledger, payerLog: PayerLog): Step {
  return {
    id: 'reconcile',
    deadlineMs: 1_000,
    pollMs,
    async done(run) {
      const checked = numberFact(run, 'acknowledgedChecked');
      const lost = numberFact(run, 'acknowledgedLost');
      if (checked === null || lost === null) return { done: false, text: 'The payer’s log is not checked yet' };
      const gap = numberFact(run, 'writeGapMs');
      return {
        done: lost === 0,
        text: `${checked.toLocaleString('en')} acknowledged payments checked, ${lost} missing; longest gap ${gap === null ? 'unknown' : `${gap} ms`}`,
      };
    },
    async act(run) {
      await payerIsBack(payerLog, run, numberFact(run, 'verifiedAtMs') ?? run.startedAtMs);
      const { ids, covered } = await payerLog.acknowledged(run.startedAtMs - lookBackMs, run.now());
      const lost = await ledger.missing(ids);
      const gapFromMs = (numberFact(run, 'fenceStartedAtMs') ?? run.startedAtMs) - gapLeadMs;
      const { longestGapMs } = await payerLog.gap(gapFromMs, run.now());
      if (!covered) await run.note('The payer’s log begins later than a minute before the run; what it has was checked');
      await run.remember({
        acknowledgedChecked: ids.length,
        acknowledgedLost: lost.length,
        lostTransferIds: lost.slice(0, 100),
        writeGapMs: Math.round(longestGapMs),
      });
    },
  };
}
