/** What the checks read: the rendered manifests of every cluster, as the cluster would see them. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { clusterNames, folder, renderedFile } from '../render.ts';

export type Labels = Record<string, string>;

// Manifests are open-ended by nature; the checks look at what they know.
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Labels; annotations?: Labels };
  spec?: any;
  [key: string]: any;
}

export const root = path.resolve(folder, '../..');
export const estateFile = path.join(root, 'infra/estate.yaml');

export function readEstate(): any {
  return parse(readFileSync(estateFile, 'utf8'), { version: '1.1' });
}

/** The cluster reads YAML 1.1; so do the checks. */
export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text, { version: '1.1' })
    .map(document => document.toJS() as Manifest | null)
    .filter((item): item is Manifest => Boolean(item?.kind));
}

/** Cluster -> its manifests, as committed in rendered/. */
export function renderedClusters(): Map<string, Manifest[]> {
  const found = clusterNames().filter(name => existsSync(renderedFile(name)));
  return new Map(found.map(name => [name, parseManifests(readFileSync(renderedFile(name), 'utf8'))]));
}

export const workloadKinds = ['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'Rollout'];

/** The template of the pods a workload makes; undefined for anything else. */
export function podTemplateOf(item: Manifest): { metadata?: { labels?: Labels; annotations?: Labels }; spec: any } | undefined {
  if (item.kind === 'Pod') return { metadata: item.metadata, spec: item.spec };
  if (item.kind === 'CronJob') return item.spec?.jobTemplate?.spec?.template;
  return workloadKinds.includes(item.kind) ? item.spec?.template : undefined;
}

export function containersOf(item: Manifest): any[] {
  const spec = podTemplateOf(item)?.spec;
  return spec ? [...(spec.containers ?? []), ...(spec.initContainers ?? [])] : [];
}

/** A label selector in the form of Kubernetes; an absent one selects nothing, an empty one everything. */
export function selects(selector: any, labels: Labels = {}): boolean {
  if (selector === undefined || selector === null) return false;
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) if (labels[key] !== value) return false;
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const value = labels[key];
    if (operator === 'In' && !(value !== undefined && values.includes(value))) return false;
    if (operator === 'NotIn' && value !== undefined && values.includes(value)) return false;
    if (operator === 'Exists' && value === undefined) return false;
    if (operator === 'DoesNotExist' && value !== undefined) return false;
    if (!['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(operator)) throw new Error(`unknown operator ${operator}`);
  }
  return true;
}

export const nameOf = (item: Manifest): string => `${item.kind} ${item.metadata.namespace ? `${item.metadata.namespace}/` : ''}${item.metadata.name}`;
