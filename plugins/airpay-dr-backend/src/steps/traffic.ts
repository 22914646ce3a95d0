import { Traffic } from '../adapters/Traffic';
import { Step } from '../step';

/** Points the name payers use to the region that writes now. */
export function switchTrafficStep(traffic: Traffic, target: string): Step {
  return {
    id: 'switch',
    deadlineMs: 60_000,
    pollMs: 50,
    async done() {
      const seen = await traffic.current();
      return { done: seen.target === target, text: `The record leads to ${seen.target ?? 'nothing'}, TTL ${seen.ttlSeconds ?? 'unknown'} s` };
    },
    act: () => traffic.pointTo(target),
  };
}
