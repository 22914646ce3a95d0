/** Which resources the stand-in serves, and the discovery documents that say so. Pure. */

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
};

/** Every resource of the table; `*` in it marks the cluster-wide ones. */
export const RESOURCES: Resource[] = table.flatMap(([group, version, kinds]) =>
  kinds.split(' ').map(word => {
    const kind = word.replace('*', '');
    return { group, version, kind, plural: plural(kind), namespaced: !word.endsWith('*'), verbs: verbsOf[kind] ?? READ };
  }));

/** `/apis` document: the groups, without the core group. */
export function groupList(): object {
  const groups = [...new Map(RESOURCES.filter(item => item.group !== '').map(item => [item.group, item.version]))];
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: groups.map(([name, version]) => {
      const at = { groupVersion: `${name}/${version}`, version };
      return { name, versions: [at], preferredVersion: at };
    }),
  };
}

/** `/api/v1` or `/apis/<group>/<version>` document; undefined when there is no such group version. */
export function resourceList(group: string, version: string): object | undefined {
  const found = RESOURCES.filter(item => item.group === group && item.version === version);
  if (found.length === 0) return undefined;
  const resources = found.map(item => ({
    name: item.plural,
    singularName: item.kind.toLowerCase(),
    namespaced: item.namespaced,
    kind: item.kind,
    verbs: item.verbs,
    shortNames: shortNames[item.kind] ?? [],
  }));
  if (group === 'apps') resources.push({ name: 'deployments/scale', singularName: '', namespaced: true, kind: 'Scale', verbs: ['get', 'patch', 'update'], shortNames: [] });
  if (group === '') resources.push({ name: 'pods/log', singularName: '', namespaced: true, kind: 'Pod', verbs: ['get'], shortNames: [] });
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: group === '' ? version : `${group}/${version}`, resources };
}

/** The resource of a request path's parts, or undefined. */
export function findResource(group: string, version: string, pluralName: string): Resource | undefined {
  return RESOURCES.find(item => item.group === group && item.version === version && item.plural === pluralName);
}

function plural(kind: string): string {
  const lower = kind.toLowerCase();
  if (lower === 'endpoints') return lower;
  if (/(s|x|ch)$/.test(lower)) return `${lower}es`;
  return lower.endsWith('y') ? `${lower.slice(0, -1)}ies` : `${lower}s`;
}
