/** One pod as the Kubernetes API shows it, from the process it stands for. Pure. */
import { DEPLOYMENT, NAMESPACE, type ClusterView, type KubeObject, type Pod, type Process } from './cluster-api-model.ts';
import { objectUid } from './cluster-api-identity.ts';
import { nodeName } from './cluster-api-nodes.ts';
import { isPredecessor, restartCount } from './cluster-api-pods.ts';

export type PodPhase = 'pending' | 'starting' | 'ready' | 'not-ready' | 'crashed' | 'unknown';

/** How a pod is doing, in one word. */
export function podPhase(view: Pick<ClusterView, 'processes' | 'fresh'>, pod: Pod): PodPhase {
  if (pod.process === undefined) return 'pending';
  const process = view.processes.find(item => item.name === pod.process);
  if (!view.fresh || process === undefined) return 'unknown';
  if (isPredecessor(pod, process)) return 'starting';
  const phases: Record<Process['state'], PodPhase> = { starting: 'starting', healthy: 'ready', unhealthy: 'not-ready', failed: 'crashed', stopped: 'crashed' };
  return phases[process.state];
}

/** The pod object, without what every object is stamped with. */
export function podObject(view: ClusterView, deployment: KubeObject, pod: Pod): KubeObject {
  const { template } = deployment.spec;
  const process = view.processes.find(item => item.name === pod.process);
  const index = view.state.pods.filter(item => item.process !== undefined).findIndex(item => item.name === pod.name);
  const node = process === undefined ? undefined : nodeName(view, Math.min(Math.floor(index / view.config.podsPerNode), view.state.nodes.length - 1));
  const replicaSet = { kind: 'ReplicaSet', metadata: { name: `${DEPLOYMENT}-${pod.templateHash}`, namespace: NAMESPACE } };
  const real = process === undefined ? {} : { 'airpay.com/process': process.name, 'airpay.com/port': String(process.port) };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: pod.name,
      namespace: NAMESPACE,
      uid: pod.uid,
      creationTimestamp: pod.createdAt,
      generateName: `${DEPLOYMENT}-${pod.templateHash}-`,
      labels: { ...template.metadata.labels, 'pod-template-hash': pod.templateHash },
      annotations: { ...template.metadata.annotations, ...real },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: replicaSet.metadata.name, uid: objectUid(view, replicaSet), controller: true, blockOwnerDeletion: true }],
    },
    spec: { ...structuredClone(template.spec), ...(node === undefined ? {} : { nodeName: node }) },
    status: process === undefined ? pendingStatus(view, pod) : runningStatus(view, deployment, pod, process),
  };
}

function pendingStatus(view: ClusterView, pod: Pod) {
  const nodes = view.state.nodes.length;
  const why = nodes === 0 ? 'no nodes available to schedule pods' : `${nodes} Too many pods`;
  return {
    phase: 'Pending',
    conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: `0/${nodes} nodes are available: ${why}.`, lastTransitionTime: pod.createdAt }],
    qosClass: 'Guaranteed',
  };
}

function runningStatus(view: ClusterView, deployment: KubeObject, pod: Pod, process: Process) {
  const phase = podPhase(view, pod);
  const ready = phase === 'ready';
  const [container] = deployment.spec.template.spec.containers;
  const since = process.startedAt ?? pod.createdAt;
  const condition = (type: string, met: boolean, reason?: string) => ({
    type,
    status: met ? 'True' : phase === 'unknown' ? 'Unknown' : 'False',
    lastTransitionTime: since,
    ...(met || reason === undefined ? {} : { reason }),
  });
  const state = phase === 'crashed'
    ? { waiting: { reason: 'CrashLoopBackOff', message: 'the process has ended and will be started again' } }
    : { running: { startedAt: since } };
  return {
    phase: 'Running',
    hostIP: '127.0.0.1',
    podIP: '127.0.0.1',
    startTime: pod.createdAt,
    qosClass: 'Guaranteed',
    conditions: [
      condition('PodScheduled', true),
      condition('Initialized', true),
      condition('ContainersReady', ready, 'ContainersNotReady'),
      condition('Ready', ready, 'ContainersNotReady'),
    ],
    containerStatuses: [{
      name: container.name,
      image: container.image,
      imageID: container.image,
      ...(process.pid === null ? {} : { containerID: `process://${process.pid}` }),
      ready,
      started: phase !== 'starting' && phase !== 'crashed',
      restartCount: restartCount(pod, process),
      state,
      lastState: {},
    }],
  };
}
