/**
 * What Argo CD would apply to each cluster: the Applications its ApplicationSets make of the registered clusters, each built as Argo CD
 * builds it. Charts are not rendered here; they come back by name. Needs kubectl.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { readEstate, registrations } from '../lib/estate.ts';
import { applicationsOf, type Application } from '../lib/expand.ts';
import { folder } from '../render.ts';
import { parseManifests, podTemplateOf, root, type Manifest } from './manifests.ts';

export const hasKubectl = spawnSync('kubectl', ['version', '--client'], { timeout: 10_000 }).status === 0;

export interface Chart {
  application: string;
  namespace: string;
  name: string;
  /** Values of the files that are there, last wins, as they stand. */
  values: any[];
}
export interface ClusterContent {
  name: string;
  manifests: Manifest[];
  charts: Chart[];
}

const built = new Map<string, string>();
/** @throws Error with kubectl's words when a folder does not build */
export function build(directory: string): Manifest[] {
  if (!built.has(directory)) built.set(directory, execFileSync('kubectl', ['kustomize', directory], { encoding: 'utf8', timeout: 30_000, stdio: ['ignore', 'pipe', 'pipe'] }));
  return parseManifests(built.get(directory)!);
}

const clusterScopedNamespace = ['Namespace', 'ClusterSecretStore', 'ClusterIssuer', 'ClusterPolicy', 'ValidatingPolicy', 'ImageValidatingPolicy', 'StorageClass', 'PriorityClass', 'ClusterRole', 'ClusterRoleBinding', 'ClusterPodMonitoring', 'CustomResourceDefinition', 'ClusterTriggerAuthentication', 'GatewayClass'];

function manifestsOf(source: any, application: Application): Manifest[] {
  const labels: Record<string, string> = source.kustomize?.commonLabels ?? {};
  return build(path.join(root, source.path)).map(item => {
    if (Object.keys(labels).length > 0) {
      item.metadata.labels = { ...item.metadata.labels, ...labels };
      const template = podTemplateOf(item);
      if (template && item.kind !== 'Pod' && source.kustomize.labelIncludeTemplates) template.metadata = { ...template.metadata, labels: { ...template.metadata?.labels, ...labels } };
    }
    // Argo CD gives what says no namespace that of the destination.
    if (!item.metadata.namespace && !clusterScopedNamespace.includes(item.kind)) item.metadata.namespace = application.spec.destination.namespace;
    return item;
  });
}

function chartOf(source: any, application: Application): Chart {
  const files: string[] = (source.helm?.valueFiles ?? []).map((file: string) => path.join(root, file.replace('$values/', ''))).filter((file: string) => existsSync(file));
  return {
    application: application.metadata.name,
    namespace: application.spec.destination.namespace,
    name: source.chart,
    values: files.map(file => parse(readFileSync(file, 'utf8'), { version: '1.1', merge: true })),
  };
}

/** Every cluster of the estate with all that is applied to it. */
export function fleet(): ClusterContent[] {
  const estate = readEstate();
  const clusters = registrations(estate);
  const hub = build(path.join(folder, 'clusters/hub'));
  const content = new Map<string, ClusterContent>(clusters.map(({ name }) => [name, { name, manifests: [], charts: [] }]));
  const hubName = clusters.find(({ labels }) => labels['role'] === 'hub')!.name;
  content.get(hubName)!.manifests.push(...hub);
  const applications = [
    ...hub.filter(item => item.kind === 'Application' && item.metadata.name !== 'root').map(item => item as unknown as Application),
    ...hub.filter(item => item.kind === 'ApplicationSet').flatMap(set => applicationsOf(set, { clusters })),
  ];
  for (const application of applications) {
    const target = content.get(application.spec.destination.name);
    if (!target) throw new Error(`${application.metadata.name}: no cluster ${application.spec.destination.name}`);
    for (const source of application.spec.sources ?? [application.spec.source]) {
      if (source.chart) target.charts.push(chartOf(source, application));
      else if (source.path) target.manifests.push(...manifestsOf(source, application));
    }
  }
  return [...content.values()];
}

/** Folders under infra/gitops with a kustomization, as paths from there. */
export const kustomizations = (): string[] => globSync('**/kustomization.yaml', { cwd: folder }).filter(file => !file.includes('node_modules')).map(file => path.dirname(file)).sort();
