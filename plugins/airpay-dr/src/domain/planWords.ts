import type { Plan, Refusal } from '@airpay/plugin-airpay-dr-common';
import { countOf } from './format';

/** What the person has given and what is known about whether a plan may be started. */
export interface StartState {
  allowed: boolean | 'loading';
  plan: Plan;
  /** Hash of the plan that the person has read. */
  acceptedHash: string;
  /** Milliseconds since the plan was last read. */
  planAgeMs: number;
  confirmation: string;
  reason: string;
}

/** A plan older than this was read too long ago to start from. */
export const planTooOldMs = 20_000;

/** Why the run cannot be started now, in words; empty when it can. */
export function whyNotStartable(state: StartState): string[] {
  const { plan } = state;
  const why: string[] = [];
  if (state.allowed === 'loading') why.push('Your permissions are being looked up.');
  if (state.allowed === false) why.push('Starting a switch is for the SRE and incident command groups; you are in neither.');
  const failed = plan.preconditions.filter(condition => !condition.ok);
  if (failed.length > 0) {
    why.push(
      `${countOf(failed.length, 'precondition does', 'preconditions do')} not hold: ${failed.map(one => one.title).join(', ')}.`,
    );
  } else if (!plan.startable) {
    why.push('Another run of this system is open.');
  }
  if (plan.hash !== state.acceptedHash) why.push('What was observed has changed since you read the plan.');
  if (state.planAgeMs > planTooOldMs) why.push('The plan could not be read again for a while, so it may no longer hold.');
  if (state.reason.trim().length < 3) why.push('The reason is missing.');
  if (state.confirmation.trim() !== plan.confirmation) why.push(`“${plan.confirmation}” is not typed yet.`);
  return why;
}

/** What a refusal means and what to do, in words. */
const refusalWords: Record<Refusal['code'], string> = {
  'unknown-system': 'This system has no recovery plan.',
  'unknown-region': 'This system has no such region.',
  'already-active': 'That region already takes the payments: there is nothing to switch.',
  'preconditions-failed': 'A precondition no longer holds. See which one in the list, mend it, and start again.',
  'state-changed': 'What was observed changed between reading the plan and starting. Nothing was done. Read the new plan, then start again.',
  'confirmation-mismatch': 'The typed confirmation is not the one of this plan.',
  'another-run-open': 'Another run of this system is open. Only one may change it at a time.',
  'run-exists-with-other-request': 'This page has already started a run with other values. Open the plan again for a new one.',
  'run-not-found': 'There is no such run.',
  'step-not-retryable': 'This step cannot be tried again now.',
  'not-abortable': 'The old region has been given up already: the run can only go forward. The way back is a switch of its own.',
  'not-skippable': 'This step protects money and cannot be skipped.',
  'run-ended': 'The run has ended.',
};

/** The refusal in words, with what the server adds. */
export function refusalText(refusal: Refusal): string {
  const words = refusalWords[refusal.code];
  const detail = refusal.message.trim();
  return detail && !words.includes(detail) ? `${words} (${detail})` : words;
}
