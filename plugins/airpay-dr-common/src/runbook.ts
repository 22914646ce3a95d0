/**
 * The runbook "planned region switch" in words: the one text that the page shows, the worker follows and
 * infra/recovery-plans/planned-region-switch.md is generated from, so that words and deeds cannot part.
 * Pure: every value is an argument.
 */
import { PlannedStep } from './types';

/** What the runbook needs to know of a region. */
export interface RunbookRegion {
  id: string;
  title: string;
  /** Base URLs of the Patroni REST API of the region's members. */
  patroniUrls: string[];
  patroniUsername: string;
  /** Where the other region's standby cluster reaches this region's leader. */
  replication: { host: string; port: number; slot: string };
  /** What `psql` connects to, without a password. */
  databases: string[];
  trafficTarget: string;
  gke: {
    project: string;
    location: string;
    cluster: string;
    nodePool: string;
    activeNodes: number;
    standbyNodes: number;
  };
  kubernetes: { namespace: string; deployment: string };
}

export interface RunbookValues {
  system: string;
  traffic: { project: string; managedZone: string; record: string };
  ledgerUrl: string;
  payerLogUrl: string;
  from: RunbookRegion;
  to: RunbookRegion;
  /** What was seen when the plan was made; absent in the printed plan. */
  seen?: RunbookSeen;
}

export interface RunbookSeen {
  fromLeader: string | null;
  toLeader: string | null;
  timeline: number | null;
  fromNodes: number | null;
  toNodes: number | null;
  trafficTarget: string | null;
}

export const plannedSwitchStepIds = [
  'observe',
  'scale-up',
  'fence',
  'drain',
  'demote',
  'promote',
  'switch',
  'verify',
  'reconcile',
  'rearm',
  'scale-down',
] as const;
export type PlannedSwitchStepId = (typeof plannedSwitchStepIds)[number];

/** From this step on the old region is given up as primary; before it, a run can be aborted and undone. */
export const pointOfNoReturn: PlannedSwitchStepId = 'demote';

/** Steps a person may skip with a reason: what they do can be done later without risk to money. */
export const skippableSteps: readonly PlannedSwitchStepId[] = [
  'scale-up',
  'verify',
  'reconcile',
  'rearm',
  'scale-down',
];

/** The text a person types to start, e.g. `SWITCH payments`. */
export function confirmationText(system: string): string {
  return `SWITCH ${system}`;
}

export function plannedSwitchTitle(values: RunbookValues): string {
  return `Planned switch of ${values.system} from ${values.from.title} to ${values.to.title}`;
}

const readOnlyParameter = (value: '"on"' | '"off"') => `"postgresql":{"parameters":{"default_transaction_read_only":${value}}}`;

/** The configuration that makes `region` follow the other region's leader. Patroni creates replicas by base backup. */
export function standbyClusterOf(primary: RunbookRegion) {
  return {
    host: primary.replication.host,
    port: primary.replication.port,
    primary_slot_name: primary.replication.slot,
    create_replica_methods: ['basebackup'],
  };
}

/** A region with one member has nobody to wait for; with more, every commit waits for a second copy. */
export function synchronousModeOf(region: RunbookRegion): boolean {
  return region.patroniUrls.length > 1;
}

function patchConfig(region: RunbookRegion, body: string): string {
  return [
    `curl --fail-with-body --max-time 10 --user "${region.patroniUsername}:$PATRONI_PASSWORD" \\`,
    `  --request PATCH --data '${body}' ${region.patroniUrls[0]}/config`,
  ].join('\n');
}

const resize = (region: RunbookRegion, nodes: number) =>
  `gcloud container clusters resize ${region.gke.cluster} --project ${region.gke.project} --location ${region.gke.location} \\\n` +
  `  --node-pool ${region.gke.nodePool} --num-nodes ${nodes} --quiet`;

const psql = (database: string, sql: string) => `psql "${database}" --tuples-only --command "${sql}"`;

const anyOf = (what: string, list: string[]) => (list.length > 1 ? `# ${what}: use the one that answers: ${list.join('  ')}\n` : '');

type StepText = Omit<PlannedStep, 'id'>;

const orUnknown = (value: string | number | null | undefined) => (value === null || value === undefined ? 'unknown' : String(value));

const texts: Record<PlannedSwitchStepId, (v: RunbookValues) => StepText> = {
  observe: ({ from, to, seen }) => ({
    kind: 'observe',
    title: 'Observe both regions',
    why: 'The plan was made from what was seen a moment ago. It only holds while roles, timelines and traffic are still the same.',
    effect: seen
      ? `Nothing changes. Expected: ${orUnknown(seen.fromLeader)} writes in ${from.title}, ${orUnknown(seen.toLeader)} follows in ${to.title}, both on timeline ${orUnknown(seen.timeline)}.`
      : 'Nothing changes.',
    byHand: [
      `curl --max-time 5 ${from.patroniUrls[0]}/cluster`,
      `curl --max-time 5 ${to.patroniUrls[0]}/cluster`,
      `# Go on only if ${from.title} has one leader, ${to.title} has a standby_leader, both on the same timeline, and neither is paused.`,
    ].join('\n'),
    reversible: true,
  }),
  'scale-up': ({ to, seen }) => ({
    kind: 'scale',
    title: `Scale up ${to.title}`,
    why: 'Nodes and pods take longest to come, so they are started while the old region still takes payments.',
    effect: `Node pool ${to.gke.nodePool} of ${to.gke.cluster}: ${orUnknown(seen?.toNodes)} → ${to.gke.activeNodes} nodes; pods of ${to.kubernetes.deployment} run (ready only after the promotion).`,
    byHand: [
      resize(to, to.gke.activeNodes),
      `kubectl --context ${to.gke.cluster} --namespace ${to.kubernetes.namespace} get pods --watch   # until the pods of ${to.kubernetes.deployment} are Running`,
    ].join('\n'),
    reversible: true,
  }),
  fence: ({ from }) => ({
    kind: 'fence',
    title: `Fence ${from.title}`,
    why: 'Two regions that both accept writes lose money. The old writer must be seen refusing a write before anything else moves.',
    effect: `PostgreSQL in ${from.title} becomes read-only and its client connections are closed. Payments wait from here until step “Switch traffic”.`,
    byHand: [
      patchConfig(from, `{${readOnlyParameter('"on"')}}`),
      anyOf('database', from.databases) + psql(from.databases[0], 'show default_transaction_read_only') + '   # wait for: on',
      psql(
        from.databases[0],
        "select pg_terminate_backend(a.pid) from pg_stat_activity a join pg_roles r on r.rolname = a.usename where a.datname = current_database() and a.backend_type = 'client backend' and not r.rolsuper and a.usename <> current_user",
      ),
      psql(from.databases[0], `insert into recovery.fence_probe (region) values ('${from.id}')`) +
        '   # must fail: cannot execute INSERT in a read-only transaction',
    ].join('\n'),
    reversible: true,
  }),
  drain: ({ from, to }) => ({
    kind: 'fence',
    title: `Drain to ${to.title}`,
    why: 'Everything committed before the fence must be replayed in the new region: this is what makes the loss zero.',
    effect: `Nothing changes. Waits until ${to.title} has replayed the last position written in ${from.title}.`,
    byHand: [
      psql(from.databases[0], "select pg_logical_emit_message(true, 'airpay.drain', '')") + '   # note the position',
      psql(to.databases[0], "select pg_last_wal_replay_lsn() >= '<position>'") + '   # repeat until: t',
    ].join('\n'),
    reversible: true,
  }),
  demote: ({ from, to }) => ({
    kind: 'fence',
    title: `Make ${from.title} a standby`,
    why: 'The old region must be unable to write before the new one may. The read-only setting stays until it follows, so that no write slips in between.',
    effect: `${from.title} restarts as a standby cluster that follows ${to.title} at ${to.replication.host}:${to.replication.port}.`,
    byHand: [
      patchConfig(from, `{"standby_cluster":${JSON.stringify(standbyClusterOf(to))},"synchronous_mode":false}`),
      `curl --silent --output /dev/null --write-out '%{http_code}\\n' --max-time 5 ${from.patroniUrls[0]}/primary   # repeat on every member until none answers 200`,
    ].join('\n'),
    reversible: false,
  }),
  promote: ({ to, seen }) => ({
    kind: 'promote',
    title: `Promote ${to.title}`,
    why: 'The new region becomes the only writer. It is done when it takes a probe write, not when it says so.',
    effect: `${orUnknown(seen?.toLeader)} leaves recovery on a new timeline (after ${orUnknown(seen?.timeline)}) and accepts writes; synchronous replication ${synchronousModeOf(to) ? 'on' : 'off (one member)'}.`,
    byHand: [
      patchConfig(to, `{"standby_cluster":null,"synchronous_mode":${synchronousModeOf(to)},${readOnlyParameter('"off"')}}`),
      anyOf('database', to.databases) + psql(to.databases[0], 'select pg_is_in_recovery()') + '   # wait for: f',
    ].join('\n'),
    reversible: false,
  }),
  switch: ({ traffic, from, to, seen }) => ({
    kind: 'switch',
    title: 'Switch traffic',
    why: 'Payers use one name. It now has to lead to the region that writes.',
    effect: `${traffic.record} CNAME: ${seen?.trafficTarget ?? from.trafficTarget} → ${to.trafficTarget}.`,
    byHand: [
      `gcloud dns record-sets update ${traffic.record} --project ${traffic.project} --zone ${traffic.managedZone} \\`,
      `  --type CNAME --ttl 30 --rrdatas ${to.trafficTarget}`,
    ].join('\n'),
    reversible: false,
  }),
  verify: ({ to, ledgerUrl }) => ({
    kind: 'verify',
    title: 'Verify with a real payment',
    why: 'A role is not a service. The switch has worked when money moves in the new region through the same door as everybody else.',
    effect: `One payment of $1.00 from clearing to a verification account, answered by ${to.title} and read back.`,
    byHand: [
      'KEY=by-hand-$(date +%s)   # once: the same key in every attempt is one dollar',
      `curl --max-time 10 --header "Authorization: Bearer $LEDGER_API_KEY" --header "Idempotency-Key: $KEY-account" --header 'Content-Type: application/json' \\`,
      `  --data '{"id":"recovery-verification:usd","owner":"airpay-portal","currency":"USD","type":"liability","minAvailableMinor":null}' ${ledgerUrl}/v1/accounts   # 200 or 201`,
      `curl --include --max-time 10 --header "Authorization: Bearer $LEDGER_API_KEY" --header "Idempotency-Key: $KEY" --header 'Content-Type: application/json' \\`,
      `  --data '{"debitAccountId":"cash-clearing:usd","creditAccountId":"recovery-verification:usd","amountMinor":"100","currency":"USD"}' \\`,
      `  ${ledgerUrl}/v1/transfers   # 201 with header Airpay-Region: ${to.id}`,
    ].join('\n'),
    reversible: true,
  }),
  reconcile: ({ payerLogUrl, ledgerUrl }) => ({
    kind: 'reconcile',
    title: 'Reconcile acknowledged payments',
    why: 'Every payment that was acknowledged to a payer must exist in the new region. The payer’s own log is the judge, not ours.',
    effect: 'Nothing changes. Looks up every payment acknowledged since a minute before the run, and measures the longest gap.',
    byHand: [
      `curl --max-time 10 "${payerLogUrl}/v1/acknowledged?from=<start>&to=<now>&limit=500"   # collect the transferIds`,
      `curl --max-time 10 --header "Authorization: Bearer $LEDGER_API_KEY" --header 'Content-Type: application/json' \\`,
      `  --data '{"ids":["<transferId>"]}' ${ledgerUrl}/v1/transfers/lookup   # "missing" must be empty`,
    ].join('\n'),
    reversible: true,
  }),
  rearm: ({ from, to }) => ({
    kind: 'rearm',
    title: `Rearm ${from.title} as standby`,
    why: 'Until the old region follows, losing the new one loses money. Its role alone proves nothing: the new primary must be seen streaming to it.',
    effect: `The fence of ${from.title} is lifted; ${to.title} streams to it; every member of ${from.title} is on the new timeline (one that cannot follow is reinitialized).`,
    byHand: [
      psql(from.databases[0], 'select pg_is_in_recovery()') + '   # wait for: t, on every member (a setting does not reach a server that is starting)',
      patchConfig(from, `{${readOnlyParameter('"off"')}}`),
      psql(from.databases[0], 'show default_transaction_read_only') + '   # on every member: off',
      psql(to.databases[0], 'select application_name, state, replay_lsn from pg_stat_replication') + `   # a row of ${from.title}: streaming`,
      `curl --max-time 5 ${from.patroniUrls[0]}/cluster   # every member on the new timeline; a replica that stays behind:`,
      `curl --user "${from.patroniUsername}:$PATRONI_PASSWORD" --request POST --data '{"force":true}' <its Patroni URL>/reinitialize`,
    ].join('\n'),
    reversible: true,
  }),
  'scale-down': ({ from, seen }) => ({
    kind: 'scale',
    title: `Scale down ${from.title}`,
    why: 'A pilot light needs its database, not its nodes.',
    effect: `Node pool ${from.gke.nodePool} of ${from.gke.cluster}: ${orUnknown(seen?.fromNodes)} → ${from.gke.standbyNodes} nodes.`,
    byHand: resize(from, from.gke.standbyNodes),
    reversible: true,
  }),
};

/** The steps of a planned region switch in order, with these values filled in. */
export function plannedSwitchSteps(values: RunbookValues): PlannedStep[] {
  return plannedSwitchStepIds.map(id => ({ id, ...texts[id](values) }));
}
