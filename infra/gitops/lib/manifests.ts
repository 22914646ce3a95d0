/** What each cluster gets, built from the folders as Argo CD would build it. Needs kubectl. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { gitops, readEstate, registrations, root, type Registration } from './estate.ts';
import { applicationsOf, type Application, type World } from './expand.ts';

// Manifests are open-ended by nature; each check looks at what it knows.
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  spec?: any;
  data?: Record<string, string>;
  [key: string]: any;
}

export interface Chart {
  repository: string;
  name: string;
  version: string;
  kinds: string[];
}

export interface Component {
  folder: string;
  name: string;
  namespace: string;
  wave: string;
  where: string;
  chart?: Chart;
  manifests?: 'here' | 'cluster' | 'environment';
}

export const hasKubectl = spawnSync('kubectl', ['version', '--client'], { timeout: 10_000 }).status === 0;
export const skip = hasKubectl ? false : 'kubectl is not installed';

const built = new Map<string, Manifest[]>();

/** The manifests of one kustomization, built once. `folder`: from infra/gitops. */
export function build(folder: string): Manifest[] {
  const known = built.get(folder);
  if (known) return known;
  const text = execFileSync('kubectl', ['kustomize', path.join(gitops, folder)], { encoding: 'utf8', timeout: 60_000, maxBuffer: 64 * 1024 * 1024 });
  const found = parseManifests(text);
  built.set(folder, found);
  return found;
}

export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text, { version: '1.1' }).map(document => document.toJS() as Manifest | null).filter((item): item is Manifest => Boolean(item?.kind));
}

export const readYaml = (file: string) => parse(readFileSync(path.join(gitops, file), 'utf8'), { version: '1.1' }) as any;

export function components(): Component[] {
  return ['platform-components', 'devops-components'].flatMap(kind => readdirSync(path.join(gitops, kind)).sort().flatMap(name => {
    const file = `${kind}/${name}/component.yaml`;
    return existsSync(path.join(gitops, file)) ? [{ folder: `${kind}/${name}`, ...(readYaml(file).component as Omit<Component, 'folder'>) }] : [];
  }));
}

export const clusters = (): Registration[] => registrations(readEstate());

/** What Argo CD at the hub is given. */
export const hub = () => build('clusters/hub');
export const setsOf = (manifests: Manifest[]) => manifests.filter(item => item.kind === 'ApplicationSet');

/** A service as the template makes it, for the set that follows repositories. */
export const exampleWorld = (): World => ({
  clusters: clusters(),
  repositories: [
    { organization: 'airpay', repository: 'refunds-gitops', url: 'https://github.com/airpay/refunds-gitops.git', branch: 'main' },
    { organization: 'airpay', repository: 'portal', url: 'https://github.com/airpay/portal.git', branch: 'main' },
  ],
});

export function allApplications(world = exampleWorld()): { set: Manifest; application: Application }[] {
  return setsOf(hub()).flatMap(set => applicationsOf(set, world).map(application => ({ set, application })));
}

/** What an Application applies from our repository; charts are not built here. */
export function manifestsOf(application: Application): Manifest[] {
  const sources: any[] = application.spec.sources ?? [application.spec.source];
  return sources.filter(source => source.path?.startsWith('infra/gitops/')).flatMap(source => {
    const added = source.kustomize?.commonLabels ?? {};
    return build(path.relative('infra/gitops', source.path)).map(item => ({ ...item, metadata: { ...item.metadata, labels: { ...item.metadata.labels, ...added } } }));
  });
}

export const clusterWide = new Set(['Namespace', 'ClusterRole', 'ClusterRoleBinding', 'CustomResourceDefinition', 'ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration',
  'APIService', 'ClusterIssuer', 'ClusterSecretStore', 'ClusterPolicy', 'ValidatingPolicy', 'ImageValidatingPolicy', 'MutatingPolicy', 'GeneratingPolicy', 'PriorityClass', 'StorageClass', 'GatewayClass']);
export const groupOf = (item: Manifest) => (item.apiVersion.includes('/') ? item.apiVersion.split('/')[0]! : '');
export { root };
