/** The terms of the cluster stand-ins: clusters, node pools, pods, and the processes they stand for. */

/** A Kubernetes object as JSON. */
export type KubeObject = {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    generation?: number;
    creationTimestamp?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: object[];
    [field: string]: unknown;
  };
  spec?: any;
  status?: any;
  [field: string]: unknown;
};

/** One cluster as configured; never changes while the program runs. */
export type ClusterConfig = {
  project: string;
  /** GCP location, e.g. europe-west1. */
  location: string;
  name: string;
  region: string;
  nodePool: string;
  /** Processes the region has ports for; no more pods than that can run. */
  slots: number;
  podsPerNode: number;
  initialNodes: number;
};

/** A ledger process as the supervisor reports it. */
export type Process = {
  name: string;
  region: string;
  port: number;
  pid: number | null;
  state: 'starting' | 'healthy' | 'unhealthy' | 'stopped' | 'failed';
  /** ISO time. */
  startedAt: string | null;
  restarts: number;
  memoryBytes?: number | null;
};

/** A pod: bound to a process once there is one, else waiting for room. */
export type Pod = {
  name: string;
  uid: string;
  createdAt: string;
  /** Hash of the pod template it was made from. */
  templateHash: string;
  /** Name of its process; absent while the pod is pending. */
  process?: string;
  /** Restarts the process had already when this pod began. */
  restartsBefore: number;
};

/** What outlives a restart of the program, for each cluster. */
export type ClusterState = {
  createdAt: string;
  /** One entry for each node of the pool: when it was added (ISO time). */
  nodes: string[];
  /** Of the ledger's Deployment. */
  replicas: number;
  annotations: Record<string, string>;
  templateAnnotations: Record<string, string>;
  generation: number;
  pods: Pod[];
};

export type Operation = {
  name: string;
  cluster: string;
  nodePool: string;
  type: 'SET_NODE_POOL_SIZE';
  status: 'RUNNING' | 'DONE';
  targetNodes: number;
  startedAt: string;
  endedAt?: string;
  /** Why it ended without success. */
  error?: string;
};

export type State = {
  resourceVersion: number;
  clusters: Record<string, ClusterState>;
  /** Newest last, at most OPERATIONS_MAX. */
  operations: Operation[];
};

export const OPERATIONS_MAX = 200;
/** A pool may be asked to be this large; what has no port stays pending. */
export const NODES_MAX = 8;
export const REPLICAS_MAX = 50;
export const NAMESPACE = 'payments';
export const DEPLOYMENT = 'ledger';

/** How many ledger processes a cluster shall run: what is asked for, if nodes and ports have room. */
export function desiredProcesses(config: ClusterConfig, state: Pick<ClusterState, 'nodes' | 'replicas'>): number {
  return Math.min(state.replicas, state.nodes.length * config.podsPerNode, config.slots);
}

/** One look at a cluster: what is wanted, what was seen, and when. */
export type ClusterView = {
  config: ClusterConfig;
  state: ClusterState;
  /** What GitOps deploys there. */
  manifests: KubeObject[];
  processes: Process[];
  /** False when the supervisor has not answered for a while: nothing is known then. */
  fresh: boolean;
  events: KubeObject[];
  resourceVersion: number;
};

/** Whether the process exists as a pod does: it runs, or it has died and will be started again. */
export function isLive(process: Process): boolean {
  return process.state !== 'stopped';
}
