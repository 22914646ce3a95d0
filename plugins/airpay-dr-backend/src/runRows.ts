/** Rows of the run tables and what they mean. Drivers give bigint columns as text or number; both are read. */
import { JournalEvent, StoredRun, StoredStep } from './run';

export interface RunRow {
  id: string;
  system: string;
  from_region: string;
  to_region: string;
  state: StoredRun['state'];
  started_by: string;
  started_at_ms: string | number;
  ended_at_ms: string | number | null;
  title: string;
  plan_hash: string;
  request_json: string;
  planned_steps_json: string;
  at_risk_json: string;
  facts_json: string;
  abort_json: string;
  lease_owner: string | null;
  lease_token: number;
  lease_until_ms: string | number;
  last_sequence: number;
  last_hash: string;
}

export interface StepRow {
  run_id: string;
  step_id: string;
  position: number;
  state: StoredStep['state'];
  started_at_ms: string | number | null;
  ended_at_ms: string | number | null;
  attempts: number;
  error: string | null;
  acting: boolean | number;
}

export interface EventRow {
  run_id: string;
  sequence: number;
  at_ms: string | number;
  actor: string;
  kind: string;
  step_id: string | null;
  text: string;
  previous_hash: string;
  hash: string;
}

const optionalNumber = (value: string | number | null) => (value === null ? null : Number(value));

function toStep(row: StepRow): StoredStep {
  return {
    id: row.step_id,
    state: row.state,
    startedAtMs: optionalNumber(row.started_at_ms),
    endedAtMs: optionalNumber(row.ended_at_ms),
    attempts: row.attempts,
    error: row.error,
    acting: Boolean(row.acting),
  };
}

export function toRun(row: RunRow, steps: StepRow[]): StoredRun {
  return {
    id: row.id,
    system: row.system,
    from: row.from_region,
    to: row.to_region,
    state: row.state,
    startedBy: row.started_by,
    startedAtMs: Number(row.started_at_ms),
    endedAtMs: optionalNumber(row.ended_at_ms),
    title: row.title,
    planHash: row.plan_hash,
    request: JSON.parse(row.request_json),
    plannedSteps: JSON.parse(row.planned_steps_json),
    atRisk: JSON.parse(row.at_risk_json),
    facts: JSON.parse(row.facts_json),
    abort: JSON.parse(row.abort_json),
    steps: steps.map(toStep),
  };
}

export function toEvent(row: EventRow): JournalEvent {
  return {
    sequence: row.sequence,
    atMs: Number(row.at_ms),
    actor: row.actor,
    kind: row.kind,
    stepId: row.step_id,
    text: row.text,
    previousHash: row.previous_hash,
    hash: row.hash,
  };
}

type NewRun = Omit<StoredRun, 'state' | 'endedAtMs' | 'facts' | 'abort' | 'steps'>;

/** A run that was just asked for: running, held by nobody. */
export function newRunRow(run: NewRun): RunRow {
  return {
    id: run.id,
    system: run.system,
    from_region: run.from,
    to_region: run.to,
    state: 'running',
    started_by: run.startedBy,
    started_at_ms: run.startedAtMs,
    ended_at_ms: null,
    title: run.title,
    plan_hash: run.planHash,
    request_json: JSON.stringify(run.request),
    planned_steps_json: JSON.stringify(run.plannedSteps),
    at_risk_json: JSON.stringify(run.atRisk),
    facts_json: '{}',
    abort_json: 'null',
    lease_owner: null,
    lease_token: 0,
    lease_until_ms: 0,
    last_sequence: 0,
    last_hash: '',
  };
}

export function newStepRow(runId: string, stepId: string, position: number): StepRow {
  return {
    run_id: runId, step_id: stepId, position, state: 'pending', started_at_ms: null, ended_at_ms: null, attempts: 0, error: null, acting: false,
  };
}
