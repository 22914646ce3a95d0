/** Which resources the stand-in serves, and the discovery documents that say so. Pure. */
import type { KubeObject } from './cluster-api-model.ts';

export type Resource = {
  /** '' is the core group. */
  group: string;
  version: string;
  plural: string;
  kind: string;
  namespaced: boolean;
  verbs: string[];
};

const READ = ['get', 'list'];

const table: [group: string, version: string, kinds: string][] = [
  ['', 'v1', 'Pod Service ConfigMap LimitRange ResourceQuota Secret ServiceAccount Event Endpoints PersistentVolumeClaim ReplicationController Namespace* Node* PersistentVolume*'],
  ['apps', 'v1', 'Deployment ReplicaSet StatefulSet DaemonSet'],
  ['batch', 'v1', 'Job CronJob'],
  ['autoscaling', 'v2', 'HorizontalPodAutoscaler'],
  ['networking.k8s.io', 'v1', 'Ingress NetworkPolicy'],
  ['policy', 'v1', 'PodDisruptionBudget'],
  ['discovery.k8s.io', 'v1', 'EndpointSlice'],
  ['gateway.networking.k8s.io', 'v1', 'HTTPRoute'],
  ['networking.gke.io', 'v1', 'HealthCheckPolicy GCPBackendPolicy'],
  ['keda.sh', 'v1alpha1', 'ScaledObject TriggerAuthentication'],
  ['autoscaling.k8s.io', 'v1', 'VerticalPodAutoscaler'],
  ['monitoring.googleapis.com', 'v1', 'PodMonitoring'],
  ['external-secrets.io', 'v1', 'ExternalSecret'],
];

const verbsOf: Record<string, string[]> = {
  Pod: [...READ, 'delete'],
  Deployment: [...READ, 'patch', 'update'],
};

/** What people type instead of the plural. */
const shortNames: Record<string, string[]> = {
  Pod: ['po'], Service: ['svc'], ConfigMap: ['cm'], LimitRange: ['limits'], ResourceQuota: ['quota'], ServiceAccount: ['sa'], Event: ['ev'],
  Endpoints: ['ep'], PersistentVolumeClaim: ['pvc'], ReplicationController: ['rc'], Namespace: ['ns'], Node: ['no'], PersistentVolume: ['pv'],
  Deployment: ['deploy'], ReplicaSet: ['rs'], StatefulSet: ['sts'], DaemonSet: ['ds'], CronJob: ['cj'], HorizontalPodAutoscaler: ['hpa'],
  Ingress: ['ing'], NetworkPolicy: ['netpol'], PodDisruptionBudget: ['pdb'], ExternalSecret: ['es'],
  ScaledObject: ['so'], TriggerAuthentication: ['ta'], VerticalPodAutoscaler: ['vpa'],
};

/** Every resource of the table; `*` in it marks the cluster-wide ones. */
export const RESOURCES: Resource[] = table.flatMap(([group, version, kinds]) =>
  kinds.split(' ').map(word => {
    const kind = word.replace('*', '');
    return { group, version, kind, plural: plural(kind), namespaced: !word.endsWith('*'), verbs: verbsOf[kind] ?? READ };
  }));

/** The table, and every kind that GitOps deploys and the table lacks, as a cluster with its definition serves it. */
export function servedResources(manifests: KubeObject[]): Resource[] {
  const served = new Map(RESOURCES.map(item => [`${item.group}/${item.version}/${item.kind}`, item]));
  for (const { apiVersion, kind, metadata } of manifests) {
    const [version, group = ''] = apiVersion.split('/').reverse() as [string, string?];
    const key = `${group}/${version}/${kind}`;
    if (!served.has(key)) served.set(key, { group, version, kind, plural: plural(kind), namespaced: metadata.namespace !== undefined, verbs: READ });
  }
  return [...served.values()];
}

/** `/apis` document: the groups, without the core group. */
export function groupList(resources: Resource[]): object {
  const groups = new Map<string, Set<string>>();
  for (const { group, version } of resources) {
    if (group !== '') groups.set(group, (groups.get(group) ?? new Set()).add(version));
  }
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: [...groups].map(([name, found]) => {
      const versions = [...found].map(version => ({ groupVersion: `${name}/${version}`, version }));
      return { name, versions, preferredVersion: versions[0] };
    }),
  };
}

/** `/api/v1` or `/apis/<group>/<version>` document; undefined when there is no such group version. */
export function resourceList(resources: Resource[], group: string, version: string): object | undefined {
  const found = resources.filter(item => item.group === group && item.version === version);
  if (found.length === 0) return undefined;
  const listed = found.map(item => ({
    name: item.plural,
    singularName: item.kind.toLowerCase(),
    namespaced: item.namespaced,
    kind: item.kind,
    verbs: item.verbs,
    shortNames: shortNames[item.kind] ?? [],
  }));
  if (group === 'apps') listed.push({ name: 'deployments/scale', singularName: '', namespaced: true, kind: 'Scale', verbs: ['get', 'patch', 'update'], shortNames: [] });
  if (group === '') listed.push({ name: 'pods/log', singularName: '', namespaced: true, kind: 'Pod', verbs: ['get'], shortNames: [] });
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: group === '' ? version : `${group}/${version}`, resources: listed };
}

/** The resource of a request path's parts, or undefined. */
export function findResource(resources: Resource[], group: string, version: string, pluralName: string): Resource | undefined {
  return resources.find(item => item.group === group && item.version === version && item.plural === pluralName);
}

function plural(kind: string): string {
  const lower = kind.toLowerCase();
  if (lower === 'endpoints') return lower;
  if (/(s|x|ch)$/.test(lower)) return `${lower}es`;
  return /[^aeiou]y$/.test(lower) ? `${lower.slice(0, -1)}ies` : `${lower}s`;
}
