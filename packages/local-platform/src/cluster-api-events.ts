/** Kubernetes events: what happened to an object, in the words controllers use. Pure. */
import { NAMESPACE, type KubeObject } from './cluster-api-model.ts';

/** One event at `at` (ISO time). */
export function makeEvent(
  name: string,
  involved: { kind: string; namespace: string; name: string; uid?: string },
  reason: string,
  message: string,
  at: string,
): KubeObject {
  const apiVersion = involved.kind === 'Pod' ? 'v1' : 'apps/v1';
  const bad = reason === 'FailedScheduling' || reason === 'BackOff';
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: NAMESPACE, creationTimestamp: at },
    involvedObject: { ...involved, apiVersion },
    reason,
    message,
    type: bad ? 'Warning' : 'Normal',
    source: { component: involved.kind === 'Pod' ? 'kubelet' : 'deployment-controller' },
    firstTimestamp: at,
    lastTimestamp: at,
    count: 1,
  };
}
