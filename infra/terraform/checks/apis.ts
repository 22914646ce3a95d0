/** Rules about Google's APIs: what a root makes is served by an API that its project has, and the first apply finds it on. */
import { rootName, reached } from './structure.ts';
import { at, nested, type Block, type Folder, type Tree } from './tree.ts';

/** Beginning of a type -> the APIs that answer for it; the longest beginning counts. */
const apisOfTypes: [string, string[]][] = Object.entries({
  artifact_registry: ['artifactregistry'],
  bigquery: ['bigquery'],
  billing_account: ['cloudbilling'],
  billing_budget: ['billingbudgets'],
  binary_authorization: ['binaryauthorization'],
  certificate_manager: ['certificatemanager'],
  compute: ['compute'],
  container: ['container'],
  dns: ['dns'],
  active_folder: ['cloudresourcemanager'],
  folder: ['cloudresourcemanager'],
  iam_workload_identity: ['iam', 'iamcredentials', 'sts'],
  iap: ['iap'],
  kms: ['cloudkms'],
  logging: ['logging'],
  monitoring: ['monitoring'],
  org_policy: ['orgpolicy'],
  organization: ['cloudresourcemanager'],
  project: ['cloudresourcemanager'],
  project_iam_custom_role: ['iam'],
  project_service: ['serviceusage'],
  pubsub: ['pubsub'],
  secret_manager: ['secretmanager'],
  service_account: ['iam'],
  sql: ['sqladmin'],
  storage: ['storage'],
  storage_transfer: ['storagetransfer'],
}).sort(([a], [b]) => b.length - a.length);

/** What a resource asks for beside its own API, by an argument of it that would otherwise do nothing. */
const apisOfArguments: [type: string, block: string, api: string][] = [
  ['google_container_cluster', 'security_posture_config', 'containersecurity'],
  ['google_container_cluster', 'binary_authorization', 'binaryauthorization'],
  ['google_artifact_registry_repository', 'vulnerability_scanning_config', 'containerscanning'],
];

const neededBy = (block: Block): string[] | null => {
  const own = apisOfTypes.find(([beginning]) => block.type.startsWith(`google_${beginning}`))?.[1];
  if (!own) return block.type.startsWith('google_') ? null : [];
  // Google enters an endpoint of somebody's published service (Cloud SQL's among them) in Service Directory.
  const endpoint = block.type === 'google_compute_forwarding_rule' && /service_attachment/i.test(String(block.body['target'] ?? ''));
  return [...own, ...(endpoint ? ['servicedirectory'] : []), ...apisOfArguments.filter(([type, name]) => block.type === type && nested(block.body, name).length > 0).map(([, , api]) => api)];
};

const local = (folder: Folder | undefined, name: string): any => folder?.locals.find(block => block.name === name)?.body['value'];

/** Project key -> its APIs, as the root of the projects and the module of a project say. Null: there is no such root. */
function enabled(tree: Tree): Map<string, Set<string>> | null {
  const lists = local(tree.roots.find(root => local(root, 'apis') !== undefined), 'apis') as Record<string, string[]> | undefined;
  if (!lists) return null;
  const base: string[] = local(tree.modules.find(folder => folder.path.endsWith('/project')), 'base_apis') ?? [];
  return new Map(Object.entries(lists).map(([project, apis]) => [project, new Set([...base, ...apis])]));
}

/**
 * A resource whose API its project does not have fails at the first apply, and not before: no plan asks. Roots of the services of the
 * template are applied in every project of payments.
 */
export function apisEnabled(tree: Tree): string[] {
  const apis = enabled(tree);
  if (!apis) return [];
  const check = (root: Folder, projects: string[]): string[] => {
    const used = reached({ modules: tree.modules, roots: [root] });
    const blocks = [root, ...tree.modules.filter(folder => used.has(folder.path))].flatMap(folder => [...folder.resources, ...folder.data]);
    return projects.flatMap(project => blocks.flatMap(block => {
      const needed = neededBy(block);
      if (needed === null) return [`${at(block)} is of an API that checks/apis.ts does not know`];
      return needed.map(api => `${api}.googleapis.com`).filter(api => !apis.get(project)?.has(api)).map(api => `${at(block)} needs ${api}, which ${project} has not`);
    }));
  };
  return [...new Set([
    ...tree.roots.flatMap(root => check(root, [rootName(root)?.project ?? ''].filter(project => apis.has(project)))),
    ...(tree.services ?? []).flatMap(root => check(root, [...apis.keys()].filter(project => project.startsWith('payments')))),
  ])];
}
