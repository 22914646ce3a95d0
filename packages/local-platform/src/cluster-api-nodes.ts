/** The nodes of a cluster as the Kubernetes API shows them. Pure. */
import { shortHash } from './cluster-api-identity.ts';
import type { ClusterView, KubeObject } from './cluster-api-model.ts';

/** The nodes of the pool; not ready to anybody's knowledge while the supervisor is silent. */
export function nodeObjects(view: ClusterView): KubeObject[] {
  const { config, state, fresh } = view;
  return state.nodes.map((createdAt, index) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: nodeName(view, index),
      creationTimestamp: createdAt,
      labels: {
        'kubernetes.io/hostname': nodeName(view, index),
        'cloud.google.com/gke-nodepool': config.nodePool,
        'topology.kubernetes.io/region': config.location,
        'topology.kubernetes.io/zone': `${config.location}-b`,
        'node.kubernetes.io/instance-type': 'e2-standard-4',
        system: 'payments',
        region: config.region,
      },
    },
    spec: { providerID: `gce://${config.project}/${config.location}-b/${nodeName(view, index)}` },
    status: {
      capacity: { pods: String(config.podsPerNode) },
      allocatable: { pods: String(config.podsPerNode) },
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      conditions: [{ type: 'Ready', status: fresh ? 'True' : 'Unknown', reason: fresh ? 'KubeletReady' : 'NodeStatusUnknown', message: fresh ? 'the node is ready' : 'the node has stopped posting its status', lastTransitionTime: createdAt }],
    },
  }));
}

/** Name of the n-th node of the pool; the same as long as the node exists. */
export function nodeName({ config, state }: Pick<ClusterView, 'config' | 'state'>, index: number): string {
  const suffix = shortHash(`${config.name}/${state.nodes[index]}/${index}`).slice(0, 4);
  return `gke-${config.region}-${config.nodePool}-${shortHash(config.name).slice(0, 8)}-${suffix}`;
}
