import { LoggerService } from '@backstage/backend-plugin-api';
import { plannedSwitchStepIds, pointOfNoReturn } from '@airpay/plugin-airpay-dr-common';
import { AbortRequestedError, JournalChange, Lease, NewEvent, RunStore, StaleLeaseError } from './adapters/RunStore';
import { messageOf, OutsideError } from './outside';
import { canAbort, currentStep, StoredRun, StoredStep } from './run';
import { Step, StepRun, Verdict } from './step';

/** The deeds behind the words of one run; `undo` opens the old region again. */
export interface StepBook {
  steps: Step[];
  undo: Step[];
}

export interface RunWorkerOptions {
  store: RunStore;
  stepsFor(run: StoredRun): StepBook;
  /** Names this process in the lease. */
  owner: string;
  logger: LoggerService;
  now?: () => number;
  sleep?: (ms: number) => Promise<void>;
  leaseMs?: number;
}

/** Longer than any pause of a healthy process, short enough that a crash is picked up soon. */
const defaultLeaseMs = 9_000;
/** After a crash between announcing an action and its answer: how long its effect is waited for before doing it again. */
const settleMs = 3_000;
/** After a refused action the outside is still looked at, since somebody else may have done it. */
const lookAfterRefusalMs = 1_000;
/** A step that waits for a cloud is not waited for at shutdown: resuming looks first anyway. */
const stopWithinMs = 2_000;
const abortCheckMs = 500;
/** Observations while waiting: one a second at most, so that a long wait does not fill the journal. */
const noteEveryMs = 1_000;

/** The journal could not be written: nothing may be done that is not written down, so the run pauses and is taken up again. */
class JournalError extends Error {
  constructor(cause: unknown) {
    super(`The journal cannot be written: ${messageOf(cause)}`, { cause });
    this.name = 'JournalError';
  }
}

/**
 * Carries out runs, one step at a time, under a lease. Each step: look; announce; act; look until it is so. Whatever
 * happens in between, another worker starts by looking. A step that does not get there leaves the run to a person.
 */
export class RunWorker {
  private stopping = false;
  private readonly active = new Map<string, Promise<void>>();
  private readonly now: () => number;
  private readonly sleep: (ms: number) => Promise<void>;
  private readonly leaseMs: number;

  constructor(private readonly options: RunWorkerOptions) {
    this.now = options.now ?? Date.now;
    this.sleep = options.sleep ?? (ms => new Promise(resolve => setTimeout(resolve, ms)));
    this.leaseMs = options.leaseMs ?? defaultLeaseMs;
  }

  /** Begins or continues a run in the background; harmless when somebody already works on it. */
  wake(runId: string): void {
    if (this.stopping || this.active.has(runId)) return;
    const work = this.advance(runId)
      .catch(error => this.options.logger.error(`Run ${runId} stopped: ${messageOf(error)}`, error as Error))
      .finally(() => this.active.delete(runId));
    this.active.set(runId, work);
  }

  /** Called every few seconds: takes over what a dead process left. */
  async resumeAbandoned(): Promise<void> {
    for (const runId of await this.options.store.abandoned()) this.wake(runId);
  }

  /** Takes on nothing new and lets go of what is running: another process looks and continues. */
  async stop(): Promise<void> {
    this.stopping = true;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>(resolve => {
      timer = setTimeout(resolve, stopWithinMs);
    });
    await Promise.race([this.idle(), patience]);
    clearTimeout(timer);
  }

  /** Resolves when nothing is being worked on here. */
  async idle(): Promise<void> {
    while (this.active.size > 0) await Promise.all(this.active.values());
  }

  private async advance(runId: string): Promise<void> {
    const { store, owner, logger } = this.options;
    const lease = await store.acquire(runId, owner, this.leaseMs);
    if (!lease) return;
    const heartbeat = setInterval(() => {
      store.extend(lease, this.leaseMs).catch(error => logger.warn(`Lease of run ${runId}: ${messageOf(error)}`));
    }, this.leaseMs / 3);
    try {
      while (!this.stopping && (await this.advanceOnce(lease)));
    } catch (error) {
      if (!(error instanceof StaleLeaseError)) throw error;
      logger.warn(error.message);
    } finally {
      clearInterval(heartbeat);
      // Harmless with a stale lease; after a failure it lets the next look come soon.
      await store.release(lease).catch(error => logger.warn(`Lease of run ${runId}: ${messageOf(error)}`));
    }
  }

  /** One step, the undoing, or the end. False when there is nothing more to do here. */
  private async advanceOnce(lease: Lease): Promise<boolean> {
    const { store, stepsFor, owner } = this.options;
    const run = await store.get(lease.runId);
    if (!run || run.state !== 'running') return false;
    const book = stepsFor(run);
    if (run.abort && canAbort(run)) return this.undo(lease, run, book.undo);
    const stored = currentStep(run);
    if (!stored) {
      await store.record(
        lease,
        { actor: owner, kind: 'run.succeeded', text: 'Every step is done' },
        { state: 'succeeded', endedAtMs: this.now() },
      );
      return false;
    }
    const step = book.steps.find(one => one.id === stored.id);
    if (!step) throw new Error(`Run ${run.id}: nothing is known of step ${stored.id}`);
    try {
      return await this.perform(lease, run, stored, step);
    } catch (error) {
      // Look again: the abort is carried out by the next turn.
      if (error instanceof AbortRequestedError) return true;
      throw error;
    }
  }

  private async perform(lease: Lease, run: StoredRun, stored: StoredStep, step: Step): Promise<boolean> {
    const { owner } = this.options;
    const abortable = plannedSwitchStepIds.indexOf(step.id as never) <= plannedSwitchStepIds.indexOf(pointOfNoReturn);
    const write = (kind: string, text: string, change?: JournalChange) =>
      this.journal(lease, { actor: owner, kind, stepId: step.id, text }, change);
    const resumed = stored.state === 'running';
    await write(resumed ? 'step.resumed' : 'step.started', resumed ? 'Taken up again; looking first' : 'Started', {
      unlessAborting: abortable,
      step: { id: step.id, state: 'running', startedAtMs: stored.startedAtMs ?? this.now(), attempts: stored.attempts + (resumed ? 0 : 1), error: null },
    });
    const context = this.contextOf(lease, run, step.id);
    const checkAbort = abortable && step.id !== pointOfNoReturn ? () => this.refuseAborting(lease) : undefined;
    const failure = await this.drive(step, context, { write, settle: stored.acting, checkAbort });
    if (failure === null) return true;
    await write('step.failed', failure, {
      state: 'needsHuman',
      step: { id: step.id, state: 'failed', endedAtMs: this.now(), error: failure, acting: false },
    });
    return false;
  }

  /** Look, act, look. Null when the step is done; else why not. Anything but a stale lease ends in words, not in a crash. */
  private async drive(
    step: Step,
    context: StepRun,
    tools: {
      write(kind: string, text: string, change?: JournalChange): Promise<void>;
      settle: boolean;
      checkAbort?: () => Promise<void>;
    },
  ): Promise<string | null> {
    const { write, checkAbort } = tools;
    let actFailure: string | null = null;
    try {
      let verdict = await this.look(step, context);
      if (!verdict.done && tools.settle) verdict = await this.lookUntilDone(step, context, settleMs, checkAbort);
      if (!verdict.done) {
        await write('step.acting', `Acting. Seen before: ${verdict.text}`, { unlessAborting: Boolean(checkAbort), step: { id: step.id, acting: true } });
        let patienceMs = step.deadlineMs;
        try {
          await step.act(context);
        } catch (error) {
          if (!(error instanceof OutsideError)) throw error;
          actFailure = error.message;
          if (error.outcome === 'refused') patienceMs = Math.min(patienceMs, lookAfterRefusalMs);
          await context.note(`${error.outcome === 'refused' ? 'Refused' : 'Answer lost, so look'}: ${error.message}`);
        }
        verdict = await this.lookUntilDone(step, context, patienceMs, checkAbort);
      }
      if (!verdict.done) return [actFailure, verdict.text].filter(Boolean).join('. Seen: ');
      await write('step.succeeded', verdict.text, { step: { id: step.id, state: 'succeeded', endedAtMs: this.now(), error: null, acting: false } });
      return null;
    } catch (error) {
      if (error instanceof StaleLeaseError || error instanceof AbortRequestedError || error instanceof JournalError) throw error;
      this.options.logger.error(`Step ${step.id} of run ${context.runId}: ${messageOf(error)}`, error as Error);
      return `Unexpected: ${messageOf(error)}`;
    }
  }

  /** What cannot be read is not done. */
  private async look(step: Step, context: StepRun): Promise<Verdict> {
    try {
      return await step.done(context);
    } catch (error) {
      if (!(error instanceof OutsideError)) throw error;
      return { done: false, text: error.message };
    }
  }

  private async lookUntilDone(step: Step, context: StepRun, deadlineMs: number, checkAbort?: () => Promise<void>): Promise<Verdict> {
    const end = this.now() + deadlineMs;
    let notedAt = this.now();
    let abortCheckedAt = this.now();
    let noted = '';
    for (;;) {
      const verdict = await this.look(step, context);
      if (verdict.done || this.now() >= end) return verdict;
      if (checkAbort && this.now() - abortCheckedAt >= abortCheckMs) {
        await checkAbort();
        abortCheckedAt = this.now();
      }
      if (verdict.text !== noted && this.now() - notedAt >= noteEveryMs) {
        await context.note(verdict.text);
        noted = verdict.text;
        notedAt = this.now();
      }
      await this.sleep(Math.min(step.pollMs, Math.max(1, end - this.now())));
    }
  }

  private async refuseAborting(lease: Lease): Promise<void> {
    const run = await this.options.store.get(lease.runId);
    if (run?.abort) throw new AbortRequestedError(lease.runId);
  }

  /** Opens the old region again. What cannot be undone now is left to a person, who presses Abort again. */
  private async undo(lease: Lease, run: StoredRun, undo: Step[]): Promise<boolean> {
    const { store, owner } = this.options;
    for (const step of undo) {
      const write = (kind: string, text: string, change?: JournalChange) =>
        this.journal(lease, { actor: owner, kind: kind.replace('step.', 'undo.'), stepId: step.id, text }, withoutStep(change));
      const failure = await this.drive(step, this.contextOf(lease, run, step.id), { write, settle: false });
      if (failure === null) continue;
      await write('step.failed', failure, { state: 'needsHuman' });
      return false;
    }
    const step = currentStep(run);
    await store.record(
      lease,
      { actor: owner, kind: 'run.aborted', text: `Aborted and undone: ${run.abort?.reason ?? ''}` },
      {
        state: 'aborted',
        endedAtMs: this.now(),
        ...(step && step.state !== 'pending'
          ? { step: { id: step.id, state: 'failed' as const, endedAtMs: this.now(), error: step.error ?? 'Aborted', acting: false } }
          : {}),
      },
    );
    return false;
  }

  private async journal(lease: Lease, event: NewEvent, change?: JournalChange): Promise<void> {
    try {
      await this.options.store.record(lease, event, change);
    } catch (error) {
      if (error instanceof StaleLeaseError || error instanceof AbortRequestedError) throw error;
      throw new JournalError(error);
    }
  }

  private contextOf(lease: Lease, run: StoredRun, stepId: string): StepRun {
    const { owner } = this.options;
    const facts = { ...run.facts };
    return {
      runId: run.id,
      startedAtMs: run.startedAtMs,
      facts,
      note: text => this.journal(lease, { actor: owner, kind: 'observation', stepId, text }),
      remember: async values => {
        const text = Object.entries(values).map(([name, value]) => `${name} ${Array.isArray(value) ? value.length : value}`).join(', ');
        await this.journal(lease, { actor: owner, kind: 'fact', stepId, text }, { facts: values });
        Object.assign(facts, values);
      },
      now: this.now,
      sleep: this.sleep,
    };
  }
}

/** Undoing is not a step of its own: it leaves the state of the steps as the run left it. */
function withoutStep(change?: JournalChange): JournalChange | undefined {
  if (!change) return undefined;
  const { step: _, unlessAborting: __, ...rest } = change;
  return rest;
}
