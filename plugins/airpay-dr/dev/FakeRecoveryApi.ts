import type { Plan, RecoverySystem, Run, RunEvent, RunSummary, StartRun } from '@airpay/plugin-airpay-dr-common';
import { RefusedError, type PlanRequest, type RecoveryApi, type SteerAction } from '../src/adapters/api';
import { aFinishedRun, aPlan, aRun, aSystem, plannedSteps, runId } from './fixtures';

const stepEveryMs = 4_000;

/** A recovery backend in memory: a started run advances by one step every few seconds and ends with a result. */
export class FakeRecoveryApi implements RecoveryApi {
  private started: { request: Pick<StartRun, 'id' | 'reason'>; atMs: number } = {
    request: { id: runId, reason: 'Quarterly exercise' },
    atMs: Date.now(),
  };
  private aborted = false;

  async systems(): Promise<RecoverySystem[]> {
    return [await this.system()];
  }

  async system(): Promise<RecoverySystem> {
    const open = (await this.run(this.started.request.id)).state === 'running';
    return aSystem(Date.now(), { openRunId: open ? this.started.request.id : null });
  }

  async plan(request: PlanRequest): Promise<Plan> {
    if (request.to === 'region-a') throw new RefusedError({ code: 'already-active', message: 'Region A is active' });
    return aPlan(Date.now());
  }

  async start(request: StartRun): Promise<Run> {
    this.started = { request, atMs: Date.now() };
    this.aborted = false;
    return this.run(request.id);
  }

  async runs(): Promise<RunSummary[]> {
    const now = Date.now();
    return [await this.run(this.started.request.id), aFinishedRun(now - 6 * 86_400_000, { id: '0192f0c1-1111-7000-8000-000000000001', from: 'region-b', to: 'region-a' })];
  }

  async run(id: string): Promise<Run> {
    const now = Date.now();
    const since = now - this.started.atMs;
    const done = Math.floor(since / stepEveryMs);
    const { reason } = this.started.request;
    if (id !== this.started.request.id) return aFinishedRun(now - 6 * 86_400_000, { id });
    if (this.aborted) return aRun(now, 1, { id, reason, state: 'aborted', endedAt: new Date(now).toISOString(), actions: [], currentStepId: null }, since + 1);
    return done >= plannedSteps.length
      ? aFinishedRun(this.started.atMs + plannedSteps.length * stepEveryMs, { id, reason })
      : aRun(now, done, { id, reason }, since + 1);
  }

  async steer(id: string, action: SteerAction): Promise<Run> {
    this.aborted = action === 'abort';
    return this.run(id);
  }

  async events(id: string): Promise<RunEvent[]> {
    const run = await this.run(id);
    return run.steps
      .filter(step => step.startedAt !== null)
      .map((step, index) => ({ sequence: index + 1, at: step.startedAt!, actor: run.startedBy, kind: 'step-started', stepId: step.id, text: step.effect }));
  }
}
