/**
 * Keeps the list of pods in step with what is wanted and with the processes that run, as scheduler
 * and ReplicaSet would. Pure: ids and time come from `make`.
 */
import { isLive, type Pod, type Process } from './cluster-api-model.ts';

export type PodEvent = { pod: string; reason: 'Scheduled' | 'SuccessfulCreate' | 'SuccessfulDelete' | 'BackOff' | 'FailedScheduling'; message: string };

/** Makes a new pod without a process. */
export type MakePod = () => Pod;

/**
 * The pods after one look at the processes.
 * - a pod whose process was stopped is gone; one whose process died stays and counts a restart
 * - pods are added until there are `replicas`; they wait (Pending) until a process has room for them
 * - beyond `replicas`, waiting pods go at once, running ones when their process has ended
 */
export function syncPods(before: Pod[], replicas: number, processes: Process[], make: MakePod): { pods: Pod[]; events: PodEvent[] } {
  const live = new Map(processes.filter(isLive).map(process => [process.name, process]));
  const events: PodEvent[] = [];
  let pods = before.filter(pod => {
    const stays = pod.process === undefined || live.has(pod.process);
    if (!stays) events.push({ pod: pod.name, reason: 'SuccessfulDelete', message: `Deleted pod: ${pod.name}` });
    return stays;
  });
  for (let extra = pods.length - replicas; extra > 0; extra -= 1) {
    const waiting = pods.findLastIndex(pod => pod.process === undefined);
    if (waiting === -1) break;
    events.push({ pod: pods[waiting]!.name, reason: 'SuccessfulDelete', message: `Deleted pod: ${pods[waiting]!.name}` });
    pods.splice(waiting, 1);
  }
  const bound = new Set(pods.map(pod => pod.process));
  const free = [...live.values()].filter(process => !bound.has(process.name)).sort((a, b) => a.port - b.port);
  const wanted = Math.max(replicas, pods.filter(pod => pod.process !== undefined).length + free.length);
  while (pods.length < wanted) {
    const pod = make();
    pods = [...pods, pod];
    events.push({ pod: pod.name, reason: 'SuccessfulCreate', message: `Created pod: ${pod.name}` });
  }
  pods = pods.map(pod => {
    if (pod.process !== undefined || free.length === 0) return pod;
    const process = free.shift()!;
    events.push({ pod: pod.name, reason: 'Scheduled', message: `Successfully assigned pod ${pod.name} to process ${process.name}` });
    return { ...pod, process: process.name, restartsBefore: process.restarts };
  });
  return { pods, events };
}

/**
 * Whether the process is still the one that the pod before this one had: it was told to end and may drain for seconds, healthy
 * in every look until then. Told by its start as well, since a supervisor that was started anew counts from nothing.
 */
export function isPredecessor(pod: Pod, process: Process): boolean {
  return process.restarts < pod.restartsBefore && process.startedAt !== null && process.startedAt < pod.createdAt;
}

/** Restarts of a pod's container; a supervisor that counts anew does not make it negative. */
export function restartCount(pod: Pod, process: Process): number {
  const since = process.restarts - pod.restartsBefore;
  // -1: the process this pod began with has been ended and not started again yet.
  if (since >= -1) return Math.max(since, 0);
  return process.restarts;
}

/**
 * The pod of an old template to replace next, or undefined. One at a time and only while every
 * other pod is ready, so that a rolling restart never takes the service down.
 */
export function nextToReplace(pods: Pod[], processes: Process[], templateHash: string): Pod | undefined {
  const running = pods.filter(pod => pod.process !== undefined);
  const healthy = (pod: Pod) => {
    const process = processes.find(one => one.name === pod.process);
    return process?.state === 'healthy' && !isPredecessor(pod, process);
  };
  const old = running.filter(pod => pod.templateHash !== templateHash);
  const broken = old.find(pod => !healthy(pod));
  if (broken !== undefined) return broken;
  return running.every(healthy) ? old[0] : undefined;
}
