import { Step, StepRun, Verdict } from '../step';

/** Looks again, and lets the run go on only if what was agreed to still holds. */
export function observeStep(look: (run: StepRun) => Promise<Verdict>): Step {
  return {
    id: 'observe',
    // Lag may be over its limit for a moment; a changed role will not come back by waiting.
    deadlineMs: 10_000,
    pollMs: 500,
    done: look,
    act: async () => undefined,
  };
}
