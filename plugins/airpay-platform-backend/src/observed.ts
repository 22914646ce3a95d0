import type { PartialError } from '@airpay/plugin-airpay-platform-common';

// What the adapters bring back, as the pure files read it.

export interface Sample {
  labels: Record<string, string>;
  value: number;
  /** Unix milliseconds. */
  at: number;
}

export interface AlertRule {
  name: string;
  query: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** inactive, pending or firing. */
  state: string;
  /** ISO time of the last evaluation. */
  evaluatedAt: string | null;
}

export interface KubernetesObject {
  kind: 'Namespace' | 'Pod' | 'Deployment' | 'HTTPRoute';
  name: string;
  /** Empty for namespaces. */
  namespace: string;
  labels: Record<string, string>;
  /** Pods only. */
  ip?: string;
  /** Routes only. */
  hosts: string[];
  /** Routes only: names of the Services requests go to. */
  backends: string[];
  /** One phrase on its state, e.g. `Running` or `2 of 2 ready`; empty when it has none. */
  state: string;
}

export interface KubernetesReading {
  region: string;
  objects: KubernetesObject[];
  /** ISO time of reading. */
  at: string;
  /** Kinds that could not be read. */
  errors: PartialError[];
}

/** One objective as its file states it. */
export interface SloDefinition {
  id: string;
  service: string;
  slo: string;
  description: string;
  /** Percent. */
  objectivePercent: number;
  labels: Record<string, string>;
  errorQuery: string;
  totalQuery: string;
  alertName: string;
  runbookUrl: string | null;
  /** File it stands in, for "where does this come from". */
  file: string;
}
