// Additive since the first form: refusal code `not-skippable`.
import { z } from 'zod';

export const partialErrorSchema = z.object({
  source: z.string(),
  message: z.string(),
});
export type PartialError = z.infer<typeof partialErrorSchema>;

export const statusSchema = z.enum(['ok', 'watch', 'act', 'unknown']);
export type Status = z.infer<typeof statusSchema>;

export const memberSchema = z.object({
  name: z.string(),
  role: z.enum(['leader', 'sync_standby', 'replica', 'standby_leader', 'unknown']),
  /** Patroni's own word: running, streaming, starting, stopped … */
  state: z.string(),
  timeline: z.number().nullable(),
  /** Bytes behind the leader of its own cluster; null = unknown. */
  lagBytes: z.number().nullable(),
  host: z.string(),
});
export type Member = z.infer<typeof memberSchema>;

export const regionStateSchema = z.object({
  id: z.string(),
  title: z.string(),
  /** primary accepts writes; standby follows the other region. */
  role: z.enum(['primary', 'standby', 'unknown']),
  /** Whether traffic is directed here now. */
  traffic: z.boolean(),
  members: z.array(memberSchema),
  synchronous: z.boolean().nullable(),
  paused: z.boolean().nullable(),
  nodePool: z.object({ name: z.string(), size: z.number(), status: z.string() }).nullable(),
  workload: z.object({ desired: z.number(), ready: z.number() }).nullable(),
  errors: z.array(partialErrorSchema),
  at: z.string(),
});
export type RegionState = z.infer<typeof regionStateSchema>;

export const readinessCheckSchema = z.object({
  id: z.string(),
  title: z.string(),
  status: statusSchema,
  /** What was seen, in words with numbers. */
  detail: z.string(),
  at: z.string(),
});
export type ReadinessCheck = z.infer<typeof readinessCheckSchema>;

export const moneySchema = z.object({
  currency: z.string(),
  /** Minor units as digits. */
  amountMinor: z.string(),
});

/** What would be lost if the primary region vanished now: committed there, not yet replayed on the standby. */
export const atRiskSchema = z.object({
  payments: z.number(),
  amounts: z.array(moneySchema),
  /** Seconds the standby is behind. */
  behindSeconds: z.number().nullable(),
  source: z.string(),
  at: z.string(),
});
export type AtRisk = z.infer<typeof atRiskSchema>;

export const lastSwitchSchema = z.object({
  runId: z.string(),
  from: z.string(),
  to: z.string(),
  endedAt: z.string(),
  writeGapMs: z.number().nullable(),
  acknowledgedChecked: z.number(),
  acknowledgedLost: z.number(),
});

export const systemSchema = z.object({
  name: z.string(),
  title: z.string(),
  entityRef: z.string(),
  /** Region that is primary and has the traffic; null = cannot tell. */
  activeRegion: z.string().nullable(),
  /** Would it survive losing the active region now? */
  readiness: z.enum(['ready', 'degraded', 'notReady', 'unknown']),
  checks: z.array(readinessCheckSchema),
  regions: z.array(regionStateSchema),
  link: z.object({
    from: z.string(),
    to: z.string(),
    lagBytes: z.number().nullable(),
    lagSeconds: z.number().nullable(),
    streaming: z.boolean(),
    at: z.string(),
  }).nullable(),
  traffic: z.object({
    record: z.string(),
    target: z.string().nullable(),
    region: z.string().nullable(),
    ttlSeconds: z.number().nullable(),
    at: z.string(),
  }).nullable(),
  atRisk: atRiskSchema.nullable(),
  rtoSeconds: z.number(),
  rpoSeconds: z.number(),
  lastSwitch: lastSwitchSchema.nullable(),
  openRunId: z.string().nullable(),
  errors: z.array(partialErrorSchema),
  at: z.string(),
});
export type RecoverySystem = z.infer<typeof systemSchema>;
export const systemListSchema = z.object({ systems: z.array(systemSchema), at: z.string() });

export const stepKindSchema = z.enum(['observe', 'decide', 'fence', 'scale', 'promote', 'switch', 'verify', 'rearm', 'reconcile']);

export const plannedStepSchema = z.object({
  id: z.string(),
  kind: stepKindSchema,
  title: z.string(),
  why: z.string(),
  /** What will change, in words with the values seen now. */
  effect: z.string(),
  /** What a person does if the portal is gone. */
  byHand: z.string(),
  reversible: z.boolean(),
});
export type PlannedStep = z.infer<typeof plannedStepSchema>;

export const preconditionSchema = z.object({
  id: z.string(),
  title: z.string(),
  ok: z.boolean(),
  detail: z.string(),
});

export const planNameSchema = z.enum(['planned-region-switch']);

export const planSchema = z.object({
  plan: planNameSchema,
  system: z.string(),
  title: z.string(),
  from: z.string(),
  to: z.string(),
  steps: z.array(plannedStepSchema),
  preconditions: z.array(preconditionSchema),
  /** True when every precondition holds and no run is open. */
  startable: z.boolean(),
  /** Text to type before starting, e.g. "SWITCH payments". */
  confirmation: z.string(),
  atRisk: atRiskSchema.nullable(),
  /** SHA-256 over plan, parameters and the observed state; a start with another hash is refused. */
  hash: z.string(),
  observedAt: z.string(),
});
export type Plan = z.infer<typeof planSchema>;

export const planRequestSchema = z.object({
  plan: planNameSchema,
  system: z.string().min(1).max(63),
  to: z.string().min(1).max(63),
});

export const startRunSchema = planRequestSchema.extend({
  /** Made by the browser, so that a repeated click is the same run. */
  id: z.string().uuid(),
  planHash: z.string().length(64),
  confirmation: z.string().max(200),
  reason: z.string().trim().min(3).max(500),
});
export type StartRun = z.infer<typeof startRunSchema>;

/** Why a run was not started or steered; the closed list. */
export const refusalCodeSchema = z.enum([
  'unknown-system', 'unknown-region', 'already-active', 'preconditions-failed', 'state-changed',
  'confirmation-mismatch', 'another-run-open', 'run-exists-with-other-request', 'run-not-found', 'step-not-retryable',
  'not-abortable', 'not-skippable', 'run-ended',
]);
export const refusalSchema = z.object({ code: refusalCodeSchema, message: z.string() });
export type Refusal = z.infer<typeof refusalSchema>;

export const observationSchema = z.object({ at: z.string(), text: z.string() });

export const runStepSchema = plannedStepSchema.extend({
  state: z.enum(['pending', 'running', 'succeeded', 'failed', 'skipped']),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  attempts: z.number(),
  /** Newest last; at most 50 are kept in the answer. */
  observations: z.array(observationSchema),
  error: z.string().nullable(),
});
export type RunStep = z.infer<typeof runStepSchema>;

export const runResultSchema = z.object({
  /** Longest time without an acknowledged payment around the switch, from the payer's own log. */
  writeGapMs: z.number().nullable(),
  acknowledgedChecked: z.number(),
  acknowledgedLost: z.number(),
  /** At most 100 ids. */
  lostTransferIds: z.array(z.string()),
  /** Start of the run to the first real payment settled in the new region. */
  recoveryTimeMs: z.number().nullable(),
  verificationTransferId: z.string().nullable(),
});

export const runStateSchema = z.enum(['running', 'needsHuman', 'succeeded', 'aborted']);

export const runSchema = z.object({
  id: z.string(),
  plan: planNameSchema,
  title: z.string(),
  system: z.string(),
  from: z.string(),
  to: z.string(),
  state: runStateSchema,
  startedBy: z.string(),
  reason: z.string(),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  currentStepId: z.string().nullable(),
  steps: z.array(runStepSchema),
  /** What a person has to do next; null = nothing. */
  nextForYou: z.string().nullable(),
  /** Steering that is possible now. */
  actions: z.array(z.enum(['retry', 'skip', 'abort'])),
  result: runResultSchema.nullable(),
  planHash: z.string(),
  atRisk: atRiskSchema.nullable(),
  at: z.string(),
});
export type Run = z.infer<typeof runSchema>;

export const runSummarySchema = runSchema.pick({
  id: true, plan: true, title: true, system: true, from: true, to: true, state: true, startedBy: true,
  reason: true, startedAt: true, endedAt: true, result: true,
});
export type RunSummary = z.infer<typeof runSummarySchema>;
export const runListSchema = z.object({ runs: z.array(runSummarySchema) });

export const runEventSchema = z.object({
  sequence: z.number(),
  at: z.string(),
  actor: z.string(),
  kind: z.string(),
  stepId: z.string().nullable(),
  text: z.string(),
});
export type RunEvent = z.infer<typeof runEventSchema>;
export const runEventListSchema = z.object({ events: z.array(runEventSchema) });

export const steerSchema = z.object({
  stepId: z.string().min(1).max(63),
  reason: z.string().trim().min(3).max(500),
});

// HTTP (all authenticated):
// GET  /systems -> {systems, at}         GET /systems/:name -> RecoverySystem         [airpay.dr.read]
// POST /plans  planRequest -> Plan (nothing is written)                                [airpay.dr.read]
// POST /runs   startRun -> 202 Run | 409 {refusal} | 404 {refusal}                     [airpay.dr.execute]
// GET  /runs?system=&limit= -> {runs} newest first   GET /runs/:id -> Run              [airpay.dr.read]
// POST /runs/:id/retry|skip|abort  steer -> Run | 409 {refusal}                        [airpay.dr.execute]
// GET  /runs/:id/events -> {events}                                                    [airpay.dr.audit]
