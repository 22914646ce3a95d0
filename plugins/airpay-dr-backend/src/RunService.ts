import { Plan, RecoverySystem, Refusal, Run, RunEvent, RunSummary, StartRun } from '@airpay/plugin-airpay-dr-common';
import { JournalChange, NewEvent, RunStore } from './adapters/RunStore';
import { ObservedSystem } from './observed';
import { makePlan, PlanRequest } from './plan';
import { actionsOf, canAbort, currentStep, isOpen, resultOf, runOf, sameRequest, SteerAction, StoredRun, summaryOf } from './run';
import { SystemSettings } from './settings';
import { atRiskOf, topologyOf } from './topology';

export type Answer<T> = { ok: true; value: T } | { ok: false; refusal: Refusal };

export interface Observer {
  recent(): Promise<ObservedSystem>;
  fresh(): Promise<ObservedSystem>;
}

export interface RunServiceOptions {
  systems: { settings: SystemSettings; observer: Observer }[];
  store: RunStore;
  wake(runId: string): void;
  now?: () => number;
}

const refuse = <T>(code: Refusal['code'], message: string): Answer<T> => ({ ok: false, refusal: { code, message } });

/** What a person can ask for: look, plan, start, steer. Starting only writes an intent; the worker acts. */
export class RunService {
  private readonly now: () => number;

  constructor(private readonly options: RunServiceOptions) {
    this.now = options.now ?? Date.now;
  }

  async systems(): Promise<RecoverySystem[]> {
    return Promise.all(this.options.systems.map(({ settings, observer }) => this.topology(settings, observer)));
  }

  async system(name: string): Promise<Answer<RecoverySystem>> {
    const found = this.find(name);
    if (!found) return unknownSystem(name);
    return { ok: true, value: await this.topology(found.settings, found.observer) };
  }

  /** From a fresh observation; writes nothing. */
  async plan(request: PlanRequest): Promise<Answer<Plan>> {
    const found = this.find(request.system);
    if (!found) return unknownSystem(request.system);
    const [observed, openRunId] = await Promise.all([found.observer.fresh(), this.options.store.openRun(request.system)]);
    const result = makePlan({ observed, system: found.settings, request, openRunId, atRisk: atRiskOf(observed, found.settings) });
    return result.ok ? { ok: true, value: result.plan } : result;
  }

  /** The same id with the same request is the same run, however often it is sent. */
  async start(request: StartRun, actor: string): Promise<Answer<Run>> {
    const { store } = this.options;
    const existing = await store.get(request.id);
    if (existing) return this.existing(existing, request);
    const answer = await this.plan({ plan: request.plan, system: request.system, to: request.to });
    if (!answer.ok) return answer;
    const plan = answer.value;
    const refusal = refusalOf(plan, request, await store.openRun(request.system));
    if (refusal) return { ok: false, refusal };
    const created = await store.create(
      {
        id: request.id, system: plan.system, from: plan.from, to: plan.to, startedBy: actor, startedAtMs: this.now(),
        title: plan.title, planHash: plan.hash, request, plannedSteps: plan.steps, atRisk: plan.atRisk,
      },
      { actor, kind: 'run.started', text: `${plan.title}. Reason: ${request.reason}. Plan ${plan.hash}` },
    );
    if (created.created) {
      this.options.wake(created.run.id);
      return { ok: true, value: await this.view(created.run) };
    }
    if (created.why === 'exists') return this.existing(created.run, request);
    return refuse('another-run-open', `Run ${created.runId} is open for ${request.system}`);
  }

  async steer(runId: string, action: SteerAction, input: { stepId: string; reason: string }, actor: string): Promise<Answer<Run>> {
    let refusal: Refusal | null = null;
    const run = await this.options.store.steer(runId, stored => {
      const decision = decideSteering(stored, action, input, actor, this.now());
      if ('code' in decision) {
        refusal = decision;
        return null;
      }
      return decision;
    });
    if (!run) return refuse('run-not-found', `There is no run ${runId}`);
    if (refusal) return { ok: false, refusal };
    this.options.wake(runId);
    return { ok: true, value: await this.view(run) };
  }

  async get(runId: string): Promise<Answer<Run>> {
    const run = await this.options.store.get(runId);
    return run ? { ok: true, value: await this.view(run) } : refuse('run-not-found', `There is no run ${runId}`);
  }

  async list(filter: { system?: string; limit: number }): Promise<RunSummary[]> {
    return (await this.options.store.list(filter)).map(summaryOf);
  }

  async events(runId: string): Promise<Answer<RunEvent[]>> {
    if (!(await this.options.store.get(runId))) return refuse('run-not-found', `There is no run ${runId}`);
    const events = await this.options.store.events(runId);
    return {
      ok: true,
      value: events.map(({ sequence, atMs, actor, kind, stepId, text }) => ({ sequence, at: new Date(atMs).toISOString(), actor, kind, stepId, text })),
    };
  }

  private find(name: string) {
    return this.options.systems.find(system => system.settings.name === name);
  }

  private async existing(run: StoredRun, request: StartRun): Promise<Answer<Run>> {
    if (sameRequest(run.request, request)) return { ok: true, value: await this.view(run) };
    return refuse('run-exists-with-other-request', `Run ${run.id} exists and was asked for otherwise`);
  }

  private async view(run: StoredRun): Promise<Run> {
    return runOf(run, await this.options.store.events(run.id), this.now());
  }

  private async topology(settings: SystemSettings, observer: Observer): Promise<RecoverySystem> {
    const { store } = this.options;
    const [observed, last, openRunId] = await Promise.all([observer.recent(), store.lastSucceeded(settings.name), store.openRun(settings.name)]);
    return topologyOf({ observed, system: settings, lastSwitch: lastSwitchOf(last), openRunId });
  }
}

function unknownSystem<T>(name: string): Answer<T> {
  return refuse('unknown-system', `There is no system ${name} with a recovery plan`);
}

function lastSwitchOf(run: StoredRun | null): RecoverySystem['lastSwitch'] {
  if (!run || run.endedAtMs === null) return null;
  const result = resultOf(run);
  return {
    runId: run.id,
    from: run.from,
    to: run.to,
    endedAt: new Date(run.endedAtMs).toISOString(),
    writeGapMs: result?.writeGapMs ?? null,
    acknowledgedChecked: result?.acknowledgedChecked ?? 0,
    acknowledgedLost: result?.acknowledgedLost ?? 0,
  };
}

/** In this order: what was agreed to is no longer there, then what is wrong with it, then what was typed. */
function refusalOf(plan: Plan, request: StartRun, openRunId: string | null): Refusal | null {
  if (openRunId) return { code: 'another-run-open', message: `Run ${openRunId} is open for ${request.system}` };
  if (plan.hash !== request.planHash) {
    return { code: 'state-changed', message: 'Roles, timelines, traffic or the plan changed since it was shown. Look at the new plan.' };
  }
  if (!plan.startable) {
    const missing = plan.preconditions.filter(one => !one.ok).map(one => `${one.title}: ${one.detail}`);
    return { code: 'preconditions-failed', message: missing.join('; ') };
  }
  if (request.confirmation !== plan.confirmation) {
    return { code: 'confirmation-mismatch', message: `Type exactly: ${plan.confirmation}` };
  }
  return null;
}

function decideSteering(
  run: StoredRun,
  action: SteerAction,
  { stepId, reason }: { stepId: string; reason: string },
  actor: string,
  nowMs: number,
): { event: NewEvent; change: JournalChange } | Refusal {
  if (!isOpen(run.state)) return { code: 'run-ended', message: `The run has ended: ${run.state}` };
  const possible = actionsOf(run);
  const event = (kind: string, text: string): NewEvent => ({ actor, kind, stepId, text: `${text}. Reason: ${reason}` });
  if (action === 'abort') {
    if (run.abort && run.state === 'running') return { code: 'not-abortable', message: 'The run is being aborted already' };
    if (!canAbort(run)) {
      return { code: 'not-abortable', message: `${run.from} is given up as primary: aborting could lose payments. Go on, then plan the way back.` };
    }
    return { event: event('run.abort', 'Abort asked for'), change: { state: 'running', abort: { actor, reason } } };
  }
  if (currentStep(run)?.id !== stepId) return { code: 'step-not-retryable', message: `${stepId} is not the step the run waits at` };
  if (!possible.includes('retry')) return { code: 'step-not-retryable', message: 'The run does not wait for a person at this step' };
  if (action === 'retry') {
    return { event: event('step.retry', 'Retry asked for'), change: { state: 'running', step: { id: stepId, state: 'pending', endedAtMs: null } } };
  }
  if (!possible.includes('skip')) {
    return { code: 'not-skippable', message: 'This step keeps money safe and cannot be skipped. Do it by hand, then retry: it is seen and not done again.' };
  }
  return {
    event: event('step.skipped', 'Skipped'),
    change: { state: 'running', step: { id: stepId, state: 'skipped', endedAtMs: nowMs, error: null } },
  };
}
