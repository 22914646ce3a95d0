/**
 * The objects of a cluster as its API shows them: what GitOps deploys, with the status taken from
 * the nodes, pods and processes there are. Pure.
 */
import { objectUid, shortHash } from './cluster-api-identity.ts';
import { DEPLOYMENT, NAMESPACE, type ClusterView, type KubeObject } from './cluster-api-model.ts';
import { nodeObjects } from './cluster-api-nodes.ts';
import { podObject, podPhase } from './cluster-api-pod-objects.ts';

/** Every object of one kind, status included. */
export function objectsOf(view: ClusterView, kind: string): KubeObject[] {
  const derived = DERIVED[kind];
  const objects = derived === undefined ? deployed(view, kind) : derived(view);
  return objects.map(object => stamped(view, object));
}

/** The Deployment with what people changed on it; undefined when GitOps deploys none. */
export function deploymentObject(view: ClusterView): KubeObject | undefined {
  const manifest = view.manifests.find(item => item.kind === 'Deployment' && item.metadata.name === DEPLOYMENT);
  if (manifest === undefined) return undefined;
  const { state } = view;
  const object = structuredClone(manifest);
  object.metadata.annotations = { ...object.metadata.annotations, ...state.annotations };
  object.metadata.generation = state.generation;
  object.spec.replicas = state.replicas;
  const template = object.spec.template.metadata;
  template.annotations = { ...template.annotations, ...state.templateAnnotations };
  if (Object.keys(template.annotations).length === 0) delete template.annotations;
  return object;
}

/** Short hash of a Deployment's pod template, as in the names of its ReplicaSets. */
export function templateHash(deployment: KubeObject): string {
  return shortHash(JSON.stringify(deployment.spec.template));
}

function deployed(view: ClusterView, kind: string): KubeObject[] {
  return view.manifests.filter(item => item.kind === kind && !isHook(item)).map(item => ({ ...structuredClone(item), ...statusOf(view, item) }));
}

/** A job that Argo CD runs within a sync and takes away when it has succeeded: no part of what stands in the cluster. */
function isHook({ metadata }: KubeObject): boolean {
  return metadata.annotations?.['argocd.argoproj.io/hook'] !== undefined;
}

const DERIVED: Record<string, (view: ClusterView) => KubeObject[]> = {
  Deployment: view => {
    const object = deploymentObject(view);
    return object === undefined ? [] : [{ ...object, status: deploymentStatus(view) }];
  },
  ReplicaSet: replicaSets,
  Pod: view => {
    const deployment = deploymentObject(view);
    return deployment === undefined ? [] : view.state.pods.map(pod => podObject(view, deployment, pod));
  },
  Node: nodeObjects,
  Event: view => view.events,
  EndpointSlice: endpointSlices,
  HorizontalPodAutoscaler: view => [...deployed(view, 'HorizontalPodAutoscaler'), ...kedaAutoscalers(view)],
};

function counts(view: ClusterView) {
  const deployment = deploymentObject(view);
  const hash = deployment === undefined ? '' : templateHash(deployment);
  const ready = view.state.pods.filter(pod => podPhase(view, pod) === 'ready');
  return {
    hash,
    total: view.state.pods.length,
    ready: ready.length,
    updated: view.state.pods.filter(pod => pod.templateHash === hash).length,
    running: view.state.pods.filter(pod => pod.process !== undefined).length,
  };
}

function deploymentStatus(view: ClusterView) {
  const { total, ready, updated } = counts(view);
  const wanted = view.state.replicas;
  const available = ready >= Math.max(wanted - 1, Math.min(wanted, 1));
  const complete = updated === wanted && ready === wanted;
  const condition = (type: string, status: boolean, reason: string, message: string) => ({ type, status: status ? 'True' : 'False', reason, message, lastUpdateTime: view.state.createdAt, lastTransitionTime: view.state.createdAt });
  return {
    observedGeneration: view.state.generation,
    replicas: total,
    updatedReplicas: updated,
    readyReplicas: ready,
    availableReplicas: ready,
    unavailableReplicas: Math.max(wanted - ready, 0),
    conditions: [
      condition('Available', available, available ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable', `${ready} of ${wanted} pods are available.`),
      condition('Progressing', true, complete ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated', complete ? 'The Deployment is up to date.' : `${updated} of ${wanted} pods are up to date.`),
    ],
  };
}

function replicaSets(view: ClusterView): KubeObject[] {
  const deployment = deploymentObject(view);
  if (deployment === undefined) return [];
  const current = templateHash(deployment);
  const hashes = [...new Set([current, ...view.state.pods.map(pod => pod.templateHash)])];
  return hashes.map(hash => {
    const pods = view.state.pods.filter(pod => pod.templateHash === hash);
    const ready = pods.filter(pod => podPhase(view, pod) === 'ready').length;
    const template = structuredClone(deployment.spec.template);
    template.metadata.labels = { ...template.metadata.labels, 'pod-template-hash': hash };
    return {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${DEPLOYMENT}-${hash}`,
        namespace: NAMESPACE,
        labels: template.metadata.labels,
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: DEPLOYMENT, uid: objectUid(view, deployment), controller: true, blockOwnerDeletion: true }],
      },
      spec: { replicas: pods.length, selector: { matchLabels: { ...deployment.spec.selector.matchLabels, 'pod-template-hash': hash } }, template },
      status: { replicas: pods.length, fullyLabeledReplicas: pods.length, readyReplicas: ready, availableReplicas: ready, observedGeneration: 1 },
    };
  });
}

function endpointSlices(view: ClusterView): KubeObject[] {
  const endpoints = view.state.pods.flatMap(pod => {
    const process = view.processes.find(item => item.name === pod.process);
    if (process === undefined) return [];
    const ready = podPhase(view, pod) === 'ready';
    return [{ addresses: ['127.0.0.1'], conditions: { ready, serving: ready }, targetRef: { kind: 'Pod', name: pod.name, namespace: NAMESPACE }, hostname: process.name }];
  });
  const labels = { 'kubernetes.io/service-name': DEPLOYMENT, 'backstage.io/kubernetes-id': DEPLOYMENT };
  return [{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name: `${DEPLOYMENT}-1`, namespace: NAMESPACE, labels }, addressType: 'IPv4', endpoints, ports: [{ name: 'http', port: 8080, protocol: 'TCP' }] }];
}

/** What KEDA makes of each ScaledObject: an autoscaler with its bounds, one metric a trigger, and its labels. */
function kedaAutoscalers(view: ClusterView): KubeObject[] {
  return deployed(view, 'ScaledObject').map(scaled => {
    const { name, namespace, labels } = scaled.metadata;
    const mark = { 'scaledobject.keda.sh/name': name };
    const { spec } = scaled;
    const metrics = (spec.triggers as { type: string; metricType?: string; metadata: Record<string, string> }[]).map((trigger, index) =>
      trigger.type === 'cpu' || trigger.type === 'memory'
        ? { type: 'Resource', resource: { name: trigger.type, target: { type: 'Utilization', averageUtilization: Number(trigger.metadata.value) } } }
        : { type: 'External', external: { metric: { name: `s${index}-${trigger.type}`, selector: { matchLabels: mark } }, target: { type: trigger.metricType ?? 'AverageValue', averageValue: trigger.metadata.threshold } } });
    const item: KubeObject = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: {
        name: `keda-hpa-${name}`,
        namespace,
        labels: { ...labels, ...mark, 'app.kubernetes.io/managed-by': 'keda-operator', 'app.kubernetes.io/name': `keda-hpa-${name}`, 'app.kubernetes.io/part-of': name },
        ownerReferences: [{ apiVersion: scaled.apiVersion, kind: scaled.kind, name, uid: objectUid(view, scaled), controller: true, blockOwnerDeletion: true }],
      },
      spec: { scaleTargetRef: spec.scaleTargetRef, minReplicas: spec.minReplicaCount ?? 1, maxReplicas: spec.maxReplicaCount ?? 100, metrics, behavior: spec.advanced?.horizontalPodAutoscalerConfig?.behavior },
    };
    return { ...item, ...statusOf(view, item) };
  });
}

/** Status of what GitOps deploys and something else would fill in. */
function statusOf(view: ClusterView, item: KubeObject): { status?: object } {
  const { total, ready, running } = counts(view);
  const condition = (type: string, status: 'True' | 'False', reason: string, message: string) => ({ type, status, reason, message, lastTransitionTime: view.state.createdAt });
  // Of the pods in this cluster only the ledger's are processes here.
  const ofLedger = item.metadata.namespace === NAMESPACE && item.metadata.name === DEPLOYMENT;
  switch (item.kind) {
    case 'Namespace':
      return { status: { phase: 'Active' } };
    case 'Service':
      return { status: { loadBalancer: {} } };
    case 'PodDisruptionBudget':
      if (!ofLedger) return {};
      return { status: { currentHealthy: ready, desiredHealthy: Math.max(total - 1, 0), expectedPods: total, disruptionsAllowed: ready === total && total > 0 ? 1 : 0, observedGeneration: 1 } };
    case 'ResourceQuota':
      return item.metadata.namespace !== NAMESPACE ? {} : { status: { hard: item.spec.hard, used: { pods: String(total) } } };
    case 'HorizontalPodAutoscaler':
      // Nothing scales by load on one machine, and the status does not pretend it.
      return { status: { currentReplicas: running, desiredReplicas: view.state.replicas, currentMetrics: null, conditions: [condition('ScalingActive', 'False', 'ScalingDisabled', 'this cluster changes the number of pods only when somebody asks for it')] } };
    case 'ScaledObject':
      return { status: { scaleTargetKind: 'apps/v1.Deployment', scaleTargetGVKR: { group: 'apps', version: 'v1', kind: 'Deployment', resource: 'deployments' }, hpaName: `keda-hpa-${item.metadata.name}`, conditions: [condition('Ready', 'True', 'ScaledObjectReady', 'ScaledObject is defined correctly and is ready for scaling'), condition('Active', 'False', 'ScalerNotActive', 'this cluster changes the number of pods only when somebody asks for it')] } };
    case 'VerticalPodAutoscaler':
      return { status: { conditions: [condition('RecommendationProvided', 'False', 'NoUsage', 'nothing measures the processors of pods on this cluster')] } };
    default:
      return {};
  }
}

/** Adds what the API server adds: uid, creation time, resource version. */
function stamped(view: ClusterView, object: KubeObject): KubeObject {
  const metadata = { uid: objectUid(view, object), creationTimestamp: view.state.createdAt, resourceVersion: String(view.resourceVersion), ...object.metadata };
  return { ...object, metadata };
}
