import type { Run, RunStep } from '@airpay/plugin-airpay-dr-common';
import { countOf, durationMsText } from './format';

// What the run page says. Times are computed from the server's clock, so that a browser whose clock is off shows them right.

export const runStateWord: Record<Run['state'], string> = {
  running: 'Running',
  needsHuman: 'Needs you',
  succeeded: 'Succeeded',
  aborted: 'Aborted',
};

export const stepStateWord: Record<RunStep['state'], string> = {
  pending: 'Waiting',
  running: 'Running',
  succeeded: 'Done',
  failed: 'Failed',
  skipped: 'Skipped',
};

export function isOpen(run: Pick<Run, 'state'>): boolean {
  return run.state === 'running' || run.state === 'needsHuman';
}

/**
 * Milliseconds since the start of the run; stands still once it has ended.
 * @param sinceAnswerMs time since the answer came, by the browser's clock
 */
export function elapsedMs(run: Pick<Run, 'startedAt' | 'endedAt' | 'at'>, sinceAnswerMs: number): number {
  if (run.endedAt !== null) return Math.max(0, Date.parse(run.endedAt) - Date.parse(run.startedAt));
  return Math.max(0, Date.parse(run.at) + Math.max(0, sinceAnswerMs) - Date.parse(run.startedAt));
}

/** Milliseconds of a step so far; null before it starts. */
export function stepMs(step: RunStep, run: Pick<Run, 'at'>, sinceAnswerMs: number): number | null {
  if (step.startedAt === null) return null;
  const end = step.endedAt === null ? Date.parse(run.at) + Math.max(0, sinceAnswerMs) : Date.parse(step.endedAt);
  return Math.max(0, end - Date.parse(step.startedAt));
}

/** What a step says of itself on one line: its error, else what was last seen, else what it will do. */
export function liveDetail(step: RunStep): string {
  if (step.state === 'failed' && step.error) return step.error;
  const last = step.observations[step.observations.length - 1];
  return last?.text ?? step.effect;
}

/** The step that steering speaks of: the current one, else the one that failed. */
export function steeredStep(run: Run): RunStep | undefined {
  return (
    run.steps.find(step => step.id === run.currentStepId) ??
    run.steps.find(step => step.state === 'failed') ??
    run.steps.find(step => step.state === 'running')
  );
}

/** The next step that will start by itself. */
export function upcomingStep(run: Run): RunStep | undefined {
  return run.steps.find(step => step.state === 'pending');
}

const changesNothing = (step: RunStep) => /^nothing changes/i.test(step.effect);

/** Steps that an abort takes back, newest first. */
export function undoneByAbort(run: Run): RunStep[] {
  return run.steps.filter(step => step.startedAt !== null && step.reversible && !changesNothing(step)).reverse();
}

export type Steering = Run['actions'][number];

export const steeringWord: Record<Steering, string> = { retry: 'Try again', skip: 'Skip', abort: 'Abort' };

/** The label of a steering button: it names what it acts on. */
export function steeringLabel(action: Steering, step: RunStep): string {
  return action === 'abort' ? 'Abort the run' : `${steeringWord[action]}: ${step.title}`;
}

/** What will happen, for the dialog. */
export function steeringEffect(action: Steering, run: Run, step: RunStep): string {
  if (action === 'retry') {
    return `“${step.title}” runs once more. What it has already done is seen first and kept.`;
  }
  if (action === 'skip') {
    return `The run goes on without “${step.title}”. This will not happen: ${step.effect} Somebody has to do it by hand afterwards.`;
  }
  const undone = undoneByAbort(run);
  const back = undone.length === 0 ? 'Nothing has to be undone.' : `Undone, newest first: ${undone.map(one => one.title).join(', ')}.`;
  return `The run stops. ${back} Payments stay in the region they came from.`;
}

/** One sentence for the head of the page and for screen readers. */
export function runSentence(run: Run): string {
  const done = run.steps.filter(step => step.state === 'succeeded' || step.state === 'skipped').length;
  const of = `${done} of ${run.steps.length} steps done`;
  const step = steeredStep(run);
  if (run.state === 'needsHuman') return `${of}. “${step?.title ?? 'A step'}” needs you.`;
  if (run.state === 'running') return `${of}. ${step ? `Now: ${step.title}.` : ''}`.trim();
  if (run.state === 'aborted') return `Aborted after ${of.replace(' done', '')}.`;
  return resultSentence(run.result) ?? `All ${run.steps.length} steps done.`;
}

/** `No payment lost of 1,234 checked; payments paused for 4.2 s.` */
export function resultSentence(result: Run['result']): string | undefined {
  if (!result) return undefined;
  const { acknowledgedChecked: checked, acknowledgedLost: lost, writeGapMs } = result;
  const gap = writeGapMs === null ? 'the write gap could not be measured' : `payments paused for ${durationMsText(writeGapMs)}`;
  if (checked === 0) return `No acknowledged payment could be checked; ${gap}.`;
  const losses = lost === 0 ? 'No acknowledged payment lost' : `${countOf(lost, 'acknowledged payment', 'acknowledged payments')} lost`;
  return `${losses}, ${countOf(checked, 'payment', 'payments')} checked; ${gap}.`;
}
