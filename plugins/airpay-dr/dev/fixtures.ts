/**
 * Realistic answers of the recovery backend, for the development page and the tests. Times are relative to `now`, so
 * that ages read as they would in life.
 */
import type {
  Plan,
  PlannedStep,
  ReadinessCheck,
  RecoverySystem,
  Run,
  RunStep,
} from '@airpay/plugin-airpay-dr-common';

export const secondMs = 1000;
export const dayMs = 86_400 * secondMs;

const iso = (ms: number) => new Date(ms).toISOString();

export function aSystem(now: number, change: Partial<RecoverySystem> = {}): RecoverySystem {
  const at = iso(now);
  const check = (id: string, title: string, status: ReadinessCheck['status'], detail: string): ReadinessCheck => ({
    id, title, status, detail, at,
  });
  return {
    name: 'payments',
    title: 'Payments',
    entityRef: 'system:default/payments',
    activeRegion: 'region-a',
    readiness: 'ready',
    checks: [
      check('one-primary', 'One region writes', 'ok', 'Region A writes, region B follows'),
      check('standby-streams', 'The standby follows', 'ok', 'pg-b1 streams from pg-a1'),
      check('standby-lag', 'The standby is close behind', 'ok', '24 kB behind'),
      check('same-timeline', 'Same timeline in both regions', 'ok', 'Timeline 3 in both'),
      check('sync-standby', 'A second copy of every commit', 'ok', 'pg-a2 is synchronous'),
      check('last-switch', 'Proven by a switch', 'ok', 'Last switch 6 days ago, 2,914 acknowledged payments checked, none lost'),
    ],
    regions: [
      {
        id: 'region-a', title: 'Region A', role: 'primary', traffic: true, synchronous: true, paused: false,
        members: [
          { name: 'pg-a1', role: 'leader', state: 'running', timeline: 3, lagBytes: null, host: '127.0.0.1' },
          { name: 'pg-a2', role: 'sync_standby', state: 'streaming', timeline: 3, lagBytes: 0, host: '127.0.0.1' },
        ],
        nodePool: { name: 'application', size: 1, status: 'RUNNING' },
        workload: { desired: 2, ready: 2 },
        errors: [], at,
      },
      {
        id: 'region-b', title: 'Region B', role: 'standby', traffic: false, synchronous: false, paused: false,
        members: [{ name: 'pg-b1', role: 'standby_leader', state: 'streaming', timeline: 3, lagBytes: 24_576, host: '127.0.0.1' }],
        nodePool: { name: 'application', size: 0, status: 'RUNNING' },
        workload: { desired: 2, ready: 0 },
        errors: [], at,
      },
    ],
    link: { from: 'region-a', to: 'region-b', lagBytes: 24_576, lagSeconds: 0.4, streaming: true, at },
    traffic: { record: 'ledger.pay.airpay.example.', target: 'ledger.region-a.pay.airpay.example.', region: 'region-a', ttlSeconds: 30, at },
    atRisk: { payments: 3, amounts: [{ currency: 'EUR', amountMinor: '4120' }], behindSeconds: 0.4, source: 'journal past the position replayed in region B', at },
    rtoSeconds: 3600,
    rpoSeconds: 900,
    lastSwitch: {
      runId: '0192f0c1-1111-7000-8000-000000000001', from: 'region-b', to: 'region-a', endedAt: iso(now - 6 * dayMs),
      writeGapMs: 4_210, acknowledgedChecked: 2_914, acknowledgedLost: 0,
    },
    openRunId: null,
    errors: [],
    at,
    ...change,
  };
}

const planned = (id: string, kind: PlannedStep['kind'], title: string, effect: string, reversible: boolean): PlannedStep => ({
  id, kind, title, effect, reversible,
  why: 'Two regions that both accept writes lose money. The old writer must be seen refusing a write before anything else moves.',
  byHand: `curl --fail-with-body --max-time 10 --user "patroni:$PATRONI_PASSWORD" \\\n  --request PATCH --data '{"postgresql":{"parameters":{"default_transaction_read_only":"on"}}}' http://127.0.0.1:8011/config   # ${id}`,
});

export const plannedSteps: PlannedStep[] = [
  planned('observe', 'observe', 'Observe both regions', 'Nothing changes. Expected: pg-a1 writes in Region A, pg-b1 follows in Region B, both on timeline 3.', true),
  planned('scale-up', 'scale', 'Scale up Region B', 'Node pool application of gke-payments-region-b: 0 → 1 nodes.', true),
  planned('fence', 'fence', 'Fence Region A', 'PostgreSQL in Region A becomes read-only and its client connections are closed.', true),
  planned('drain', 'fence', 'Drain to Region B', 'Nothing changes. Waits until Region B has replayed the last position written in Region A.', true),
  planned('demote', 'fence', 'Make Region A a standby', 'Region A restarts as a standby cluster that follows Region B.', false),
  planned('promote', 'promote', 'Promote Region B', 'pg-b1 leaves recovery on a new timeline and accepts writes.', false),
  planned('switch', 'switch', 'Switch traffic', 'ledger.pay.airpay.example. CNAME: ledger.region-a.pay.airpay.example. → ledger.region-b.pay.airpay.example.', false),
  planned('verify', 'verify', 'Verify with a real payment', 'One payment of $1.00, answered by Region B and read back.', true),
  planned('reconcile', 'reconcile', 'Reconcile acknowledged payments', 'Nothing changes. Looks up every payment acknowledged since a minute before the run.', true),
  planned('rearm', 'rearm', 'Rearm Region A as standby', 'The read-only setting of Region A is removed; Region B streams to it.', true),
];

export function aPlan(now: number, change: Partial<Plan> = {}): Plan {
  return {
    plan: 'planned-region-switch',
    system: 'payments',
    title: 'Planned switch of payments from Region A to Region B',
    from: 'region-a',
    to: 'region-b',
    steps: plannedSteps,
    preconditions: [
      { id: 'both-read', title: 'Both regions can be read', ok: true, detail: 'Region A and region B answer' },
      { id: 'target-streams', title: 'Region B follows closely', ok: true, detail: '24 kB behind, streaming' },
      { id: 'payer-answers', title: 'The payer’s log can be read', ok: true, detail: '412 payments in the last minute' },
      { id: 'no-run-open', title: 'No other run is open', ok: true, detail: 'None' },
    ],
    startable: true,
    confirmation: 'SWITCH payments',
    atRisk: aSystem(now).atRisk,
    hash: 'a'.repeat(64),
    observedAt: iso(now),
    ...change,
  };
}

export const runId = '0192f0c1-2222-4000-8000-000000000002';

/**
 * A run that has come as far as `done` steps, the next one running (or failed).
 * @param startedAgoMs how long ago it was started
 */
export function aRun(now: number, done: number, change: Partial<Run> = {}, startedAgoMs = 41 * secondMs): Run {
  const start = now - startedAgoMs;
  const perStep = startedAgoMs / (done + 1);
  const steps = plannedSteps.map((step, index): RunStep => {
    const startedAt = iso(start + index * perStep);
    if (index > done) return { ...step, state: 'pending', startedAt: null, endedAt: null, attempts: 0, observations: [], error: null };
    const seen = [
      { at: startedAt, text: `about to: ${step.title.toLocaleLowerCase('en-US')}` },
      { at: iso(start + (index + 0.5) * perStep), text: index === done ? 'waiting for timeline 4, pg-b1 is on 3' : 'as expected' },
    ];
    const running = index === done;
    return { ...step, state: running ? 'running' : 'succeeded', startedAt, endedAt: running ? null : iso(start + (index + 1) * perStep), attempts: 1, observations: seen, error: null };
  });
  return {
    id: runId,
    plan: 'planned-region-switch',
    title: 'Planned switch of payments from Region A to Region B',
    system: 'payments',
    from: 'region-a',
    to: 'region-b',
    state: 'running',
    startedBy: 'user:default/mira',
    reason: 'Quarterly exercise',
    startedAt: iso(start),
    endedAt: null,
    currentStepId: plannedSteps[done]?.id ?? null,
    steps,
    nextForYou: null,
    actions: ['abort'],
    result: null,
    planHash: 'a'.repeat(64),
    atRisk: aSystem(now).atRisk,
    at: iso(now),
    ...change,
  };
}

/** The run stopped at a step and needs a person. */
export function aStuckRun(now: number, at = 5): Run {
  const run = aRun(now, at);
  const step = run.steps[at];
  run.steps[at] = { ...step, state: 'failed', attempts: 3, endedAt: run.at, error: 'pg-b1 is still in recovery after 60 s (3 attempts)' };
  return {
    ...run,
    state: 'needsHuman',
    actions: ['retry', 'skip'],
    nextForYou: `“${step.title}” did not succeed. See whether pg-b1 answers, then try again.`,
  };
}

export function aFinishedRun(now: number, change: Partial<Run> = {}): Run {
  const run = aRun(now, plannedSteps.length, {}, 52 * secondMs);
  return {
    ...run,
    state: 'succeeded',
    endedAt: iso(now),
    currentStepId: null,
    actions: [],
    result: {
      writeGapMs: 4_210, acknowledgedChecked: 2_914, acknowledgedLost: 0, lostTransferIds: [], recoveryTimeMs: 14_300,
      verificationTransferId: 'tr_0192f0c1-aaaa-7000-8000-00000000abcd',
    },
    ...change,
  };
}
