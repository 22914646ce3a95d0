/** A run as it is kept, what may be done with it, and what a person is told. Pure. */
import {
  AtRisk,
  PlannedStep,
  plannedSwitchStepIds,
  pointOfNoReturn,
  Run,
  RunStep,
  RunSummary,
  skippableSteps,
  StartRun,
} from '@airpay/plugin-airpay-dr-common';
import { canonicalJson, sha256 } from './ids';
import { Facts } from './step';

export type RunState = Run['state'];
export type StepState = RunStep['state'];
export type SteerAction = Run['actions'][number];

export interface StoredStep {
  id: string;
  state: StepState;
  /** Milliseconds since 1970. */
  startedAtMs: number | null;
  endedAtMs: number | null;
  attempts: number;
  error: string | null;
  /** The action was announced in the journal and its answer has not been written: it may or may not have happened. */
  acting: boolean;
}

export interface AbortRequest {
  actor: string;
  reason: string;
}

export interface StoredRun {
  id: string;
  system: string;
  from: string;
  to: string;
  state: RunState;
  startedBy: string;
  startedAtMs: number;
  endedAtMs: number | null;
  title: string;
  planHash: string;
  request: StartRun;
  plannedSteps: PlannedStep[];
  atRisk: AtRisk | null;
  facts: Facts;
  abort: AbortRequest | null;
  steps: StoredStep[];
}

export interface JournalEvent {
  sequence: number;
  /** Milliseconds since 1970. */
  atMs: number;
  actor: string;
  kind: string;
  stepId: string | null;
  text: string;
  previousHash: string;
  hash: string;
}

/** The hash the first event of a run builds on: an event of another run cannot be moved here. */
export function firstHash(runId: string): string {
  return sha256(`run ${runId}`);
}

/** Covers everything an event says and the hash before it, so that no event can be changed, left out or moved unnoticed. */
export function eventHash(previousHash: string, event: Omit<JournalEvent, 'previousHash' | 'hash'>): string {
  const { sequence, atMs, actor, kind, stepId, text } = event;
  return sha256(canonicalJson({ previousHash, sequence, atMs, actor, kind, stepId, text }));
}

/** Sequence of the first event that does not fit, or null when the chain is whole. */
export function firstBrokenEvent(runId: string, events: JournalEvent[]): number | null {
  let previous = firstHash(runId);
  for (const [index, event] of events.entries()) {
    const whole = event.sequence === index + 1 && event.previousHash === previous && event.hash === eventHash(previous, event);
    if (!whole) return index + 1;
    previous = event.hash;
  }
  return null;
}

export const isOpen = (state: RunState) => state === 'running' || state === 'needsHuman';

/** The first step that is neither done nor skipped; null when none is left. */
export function currentStep(run: StoredRun): StoredStep | null {
  return run.steps.find(step => step.state !== 'succeeded' && step.state !== 'skipped') ?? null;
}

/** Whether the old region can simply be opened again: nothing has been done yet from the point of no return on. */
export function canAbort(run: StoredRun): boolean {
  if (!isOpen(run.state)) return false;
  const step = run.steps.find(one => one.id === pointOfNoReturn);
  // A failed attempt counts: it may have demoted the region although the answer was lost.
  return step !== undefined && step.attempts === 0;
}

export function actionsOf(run: StoredRun): SteerAction[] {
  if (!isOpen(run.state)) return [];
  const abort: SteerAction[] = canAbort(run) && !(run.abort && run.state === 'running') ? ['abort'] : [];
  const step = currentStep(run);
  if (run.state !== 'needsHuman' || run.abort || !step) return abort;
  const skip: SteerAction[] = (skippableSteps as readonly string[]).includes(step.id) ? ['skip'] : [];
  return ['retry', ...skip, ...abort];
}

function nextForYou(run: StoredRun): string | null {
  if (run.state !== 'needsHuman') return null;
  if (run.abort) return 'Undoing did not finish. Look at the last observations, mend what they name, then press Abort again.';
  const step = currentStep(run);
  const title = run.plannedSteps.find(one => one.id === step?.id)?.title ?? step?.id;
  const choices = actionsOf(run);
  const also = [
    ...(choices.includes('skip') ? ['skip it with a reason'] : []),
    ...(choices.includes('abort') ? ['abort, which opens the old region again'] : []),
  ];
  return `“${title}” did not finish. Read why, do it by hand or mend the cause, then retry: what is already done is seen and not done again.${
    also.length > 0 ? ` You can also ${also.join(' or ')}.` : ''
  }`;
}

const numberFact = (value: Facts[string] | undefined) => (typeof value === 'number' ? value : null);
const lostShown = 100;

/** What was measured so far; null until the first payment settled or the payer's log was checked. */
export function resultOf({ facts, startedAtMs }: StoredRun): Run['result'] {
  const verifiedAtMs = numberFact(facts.verifiedAtMs);
  if (verifiedAtMs === null && numberFact(facts.acknowledgedChecked) === null) return null;
  return {
    writeGapMs: numberFact(facts.writeGapMs),
    acknowledgedChecked: numberFact(facts.acknowledgedChecked) ?? 0,
    acknowledgedLost: numberFact(facts.acknowledgedLost) ?? 0,
    lostTransferIds: Array.isArray(facts.lostTransferIds) ? facts.lostTransferIds.slice(0, lostShown) : [],
    recoveryTimeMs: verifiedAtMs === null ? null : verifiedAtMs - startedAtMs,
    verificationTransferId: typeof facts.verificationTransferId === 'string' ? facts.verificationTransferId : null,
  };
}

const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());

/** Observations shown per step; the journal keeps all. */
export const shownObservations = 50;

export function summaryOf(run: StoredRun): RunSummary {
  return {
    id: run.id,
    plan: run.request.plan,
    title: run.title,
    system: run.system,
    from: run.from,
    to: run.to,
    state: run.state,
    startedBy: run.startedBy,
    reason: run.request.reason,
    startedAt: new Date(run.startedAtMs).toISOString(),
    endedAt: iso(run.endedAtMs),
    result: resultOf(run),
  };
}

export function runOf(run: StoredRun, events: JournalEvent[], nowMs: number): Run {
  const observations = (stepId: string) =>
    events
      .filter(event => event.stepId === stepId)
      .slice(-shownObservations)
      .map(event => ({ at: new Date(event.atMs).toISOString(), text: event.text }));
  return {
    ...summaryOf(run),
    currentStepId: isOpen(run.state) ? currentStep(run)?.id ?? null : null,
    steps: run.plannedSteps.map(planned => {
      const stored = run.steps.find(step => step.id === planned.id);
      if (!stored) throw new Error(`Run ${run.id} lost its step ${planned.id}`);
      return {
        ...planned,
        state: stored.state,
        startedAt: iso(stored.startedAtMs),
        endedAt: iso(stored.endedAtMs),
        attempts: stored.attempts,
        observations: observations(planned.id),
        error: stored.error,
      };
    }),
    nextForYou: nextForYou(run),
    actions: actionsOf(run),
    planHash: run.planHash,
    atRisk: run.atRisk,
    at: new Date(nowMs).toISOString(),
  };
}

/** Whether a repeated start is the same request: every field counts. */
export function sameRequest(left: StartRun, right: StartRun): boolean {
  return canonicalJson(left) === canonicalJson(right);
}

/** The order in which steps are stored and done. */
export const stepOrder: readonly string[] = plannedSwitchStepIds;
