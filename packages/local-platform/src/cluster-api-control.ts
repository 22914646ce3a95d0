/**
 * Moves the clusters to what was asked of them, as scheduler, controllers and GKE would: looks at
 * the real processes, keeps pods in step, tells the supervisor how many to run, ends operations.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { makeEvent } from './cluster-api-events.ts';
import { objectUid } from './cluster-api-identity.ts';
import { DEPLOYMENT, desiredProcesses, isLive, NAMESPACE, OPERATIONS_MAX, type ClusterConfig, type ClusterState, type ClusterView, type KubeObject, type Operation, type Pod, type Process, type State } from './cluster-api-model.ts';
import { deploymentObject, templateHash } from './cluster-api-objects.ts';
import { nextToReplace, syncPods } from './cluster-api-pods.ts';
import type { Supervisor } from './cluster-api-supervisor.ts';

export type ControlParts = {
  clusters: ClusterConfig[];
  manifests: Record<string, KubeObject[]>;
  state: State;
  save: (state: State) => void;
  supervisor: Supervisor;
  now: () => number;
  log: (message: string, fields?: Record<string, unknown>) => void;
};

/** Without an answer of the supervisor for this long nothing is known about the processes. */
export const STALE_AFTER_MS = 8_000;
export const OPERATION_LIMIT_MS = 120_000;
const EVENTS_MAX = 200;

export type Control = ReturnType<typeof clusterControl>;

/** The control of all clusters over one state. */
export function clusterControl(parts: ControlParts) {
  const { clusters, state, supervisor, now } = parts;
  let processes: Process[] = [];
  let seenAtMs = Number.NEGATIVE_INFINITY;
  let saved = JSON.stringify(state);
  const sent = new Map<string, number>();
  let fault = '';
  const events = new Map<string, KubeObject[]>(clusters.map(item => [item.name, []]));
  const iso = () => new Date(now()).toISOString();
  const stateOf = (config: ClusterConfig) => state.clusters[config.name]!;
  const inRegion = (config: ClusterConfig) => processes.filter(item => item.region === config.region);
  const live = (config: ClusterConfig) => inRegion(config).filter(isLive).length;
  const keep = () => {
    if (JSON.stringify(state) === saved) return;
    state.resourceVersion += 1;
    parts.save(state);
    saved = JSON.stringify(state);
  };
  const view = (config: ClusterConfig): ClusterView => ({
    config,
    state: stateOf(config),
    manifests: parts.manifests[config.name]!,
    processes: inRegion(config),
    fresh: now() - seenAtMs < STALE_AFTER_MS,
    events: events.get(config.name)!,
    resourceVersion: state.resourceVersion,
  });
  const note = (config: ClusterConfig, kind: string, name: string, reason: string, message: string) => {
    const list = events.get(config.name)!;
    const involved = { kind, namespace: NAMESPACE, name, uid: kind === 'Pod' ? stateOf(config).pods.find(pod => pod.name === name)?.uid : objectUid(view(config), { kind, metadata: { name, namespace: NAMESPACE } }) };
    list.push(makeEvent(`${name}.${randomBytes(8).toString('hex')}`, involved, reason, message, iso()));
    if (list.length > EVENTS_MAX) list.splice(0, list.length - EVENTS_MAX);
  };
  const currentHash = (config: ClusterConfig) => {
    const deployment = deploymentObject(view(config));
    return deployment === undefined ? '' : templateHash(deployment);
  };
  const makePod = (config: ClusterConfig): Pod => {
    const hash = currentHash(config);
    return { name: podName(hash), uid: randomUUID(), createdAt: iso(), templateHash: hash, restartsBefore: 0 };
  };
  /** Puts a new pod in the place of one whose process is being ended. */
  const replace = async (config: ClusterConfig, pod: Pod, signal: 'SIGTERM' | 'SIGKILL') => {
    const process = processes.find(item => item.name === pod.process);
    if (process !== undefined) await supervisor.kill(process.name, signal);
    const next = { ...makePod(config), ...(process === undefined ? {} : { process: process.name, restartsBefore: process.restarts + 1 }) };
    const own = stateOf(config);
    note(config, 'Pod', pod.name, 'Killing', `Stopping container ${DEPLOYMENT}`);
    own.pods = own.pods.map(item => (item.name === pod.name ? next : item));
  };
  const syncCluster = async (config: ClusterConfig) => {
    const own = stateOf(config);
    const hash = currentHash(config);
    // A waiting pod of an old template holds nothing: a new one takes its place at once.
    const kept = own.pods.filter(pod => pod.process !== undefined || pod.templateHash === hash);
    const { pods, events: happened } = syncPods(kept, own.replicas, inRegion(config), () => makePod(config));
    own.pods = pods;
    for (const event of happened) note(config, 'Pod', event.pod, event.reason, event.message);
    const wanted = desiredProcesses(config, own);
    if (sent.get(config.name) !== wanted || live(config) !== wanted) {
      await supervisor.setReplicas(config.region, wanted);
      if (sent.get(config.name) !== wanted) parts.log('replicas asked for', { cluster: config.name, wanted });
      sent.set(config.name, wanted);
    } else {
      const old = nextToReplace(own.pods, inRegion(config), hash);
      if (old !== undefined) await replace(config, old, 'SIGTERM');
    }
  };
  const endOperations = () => {
    for (const operation of state.operations.filter(item => item.status === 'RUNNING')) {
      const config = clusters.find(item => item.name === operation.cluster)!;
      const late = now() - Date.parse(operation.startedAt) > OPERATION_LIMIT_MS;
      const reached = live(config) === desiredProcesses(config, stateOf(config)) && now() - seenAtMs < STALE_AFTER_MS;
      if (!reached && !late) continue;
      Object.assign(operation, { status: 'DONE', endedAt: iso(), ...(reached ? {} : { error: `the processes did not follow within ${OPERATION_LIMIT_MS / 1_000} s` }) });
      parts.log('operation done', operation);
    }
  };
  return {
    clusters,
    view,
    operations: () => state.operations,
    /** Whether something is still on its way, so that the next look should be soon. */
    busy: () => fault === '' && (state.operations.some(item => item.status === 'RUNNING') || clusters.some(config => live(config) !== desiredProcesses(config, stateOf(config)) || stateOf(config).pods.some(pod => pod.templateHash !== currentHash(config)))),
    /** One look and one step for every cluster; faults are logged and tried again next time. */
    tick: async (): Promise<void> => {
      try {
        processes = await supervisor.processes();
        seenAtMs = now();
        for (const config of clusters) await syncCluster(config);
        if (fault !== '') parts.log('following the processes again');
        fault = '';
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        // Once, not every second for as long as it lasts.
        if (message !== fault) parts.log('cannot follow the processes', { error: message });
        fault = message;
      }
      endOperations();
      keep();
    },
    /** Resizes the node pool. @throws Conflict while another operation runs there */
    setNodes: (config: ClusterConfig, count: number): Operation => {
      const running = state.operations.find(item => item.cluster === config.name && item.status === 'RUNNING');
      if (running !== undefined) throw new Conflict(`Cluster is running incompatible operation ${running.name}.`);
      const own = stateOf(config);
      const added = Array.from({ length: Math.max(count - own.nodes.length, 0) }, iso);
      own.nodes = [...own.nodes, ...added].slice(0, count);
      const operation: Operation = { name: `operation-${now()}-${randomBytes(4).toString('hex')}`, cluster: config.name, nodePool: config.nodePool, type: 'SET_NODE_POOL_SIZE', status: 'RUNNING', targetNodes: count, startedAt: iso() };
      state.operations = [...state.operations, operation].slice(-OPERATIONS_MAX);
      parts.log('node pool resized', operation);
      keep();
      return operation;
    },
    /** Sets what people may change on the ledger's Deployment. */
    changeDeployment: (config: ClusterConfig, change: Pick<ClusterState, 'replicas' | 'annotations' | 'templateAnnotations'>): void => {
      const own = stateOf(config);
      if (own.replicas !== change.replicas) note(config, 'Deployment', DEPLOYMENT, 'ScalingReplicaSet', `Scaled ${DEPLOYMENT} from ${own.replicas} to ${change.replicas}`);
      const specChanged = own.replicas !== change.replicas || JSON.stringify(own.templateAnnotations) !== JSON.stringify(change.templateAnnotations);
      Object.assign(own, change, { generation: own.generation + (specChanged ? 1 : 0) });
      parts.log('deployment changed', { cluster: config.name, ...change });
      keep();
    },
    /** Ends a pod; its ReplicaSet makes another. */
    deletePod: async (config: ClusterConfig, pod: Pod, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
      await replace(config, pod, signal);
      parts.log('pod deleted', { cluster: config.name, pod: pod.name, process: pod.process, signal });
      keep();
    },
  };
}

/** What was asked for cannot be done while something else is going on. */
export class Conflict extends Error {}

/** A cluster at its beginning. */
export function initialCluster(config: ClusterConfig, replicas: number, nowMs: number): ClusterState {
  const createdAt = new Date(nowMs).toISOString();
  return { createdAt, nodes: Array.from({ length: config.initialNodes }, () => createdAt), replicas, annotations: {}, templateAnnotations: {}, generation: 1, pods: [] };
}

function podName(hash: string): string {
  const letters = 'bcdfghjklmnpqrstvwxz2456789';
  return `${DEPLOYMENT}-${hash}-${[...randomBytes(5)].map(byte => letters[byte % letters.length]).join('')}`;
}
