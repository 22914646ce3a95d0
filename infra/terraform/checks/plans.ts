/** Rules that look from Terraform at the plans of a recovery and at what the clusters run. */
import { at, foldersOf, literal, nested, sourceOf, type Folder, type Tree } from './tree.ts';

/**
 * What Terraform ignores it cannot raise: a plan that says "raise the pool in Terraform" would wait for nodes that never come.
 * @param plans file -> text
 */
export function plansDoNotRaiseWhatIsIgnored(tree: Tree, plans: ReadonlyMap<string, string>): string[] {
  const ignoring = foldersOf(tree).flatMap(folder => folder.resources).filter(block =>
    nested(block.body, 'lifecycle').some(one => JSON.stringify(one['ignore_changes'] ?? '').includes('node_count')));
  if (ignoring.length === 0) return [];
  return [...plans].flatMap(([file, text]) => text.split('\n').flatMap((line, index) =>
    /\bterraform\b.*\b(apply|raise|scale|node)|\b(raise|scale)\b.*\bin terraform\b/i.test(line) && !/\b(never|not|no)\b/i.test(line) ? [`${file}:${index + 1} asks Terraform for nodes that ${at(ignoring[0]!)} ignores`] : []));
}

interface Workload {
  kind: string;
  name: string;
  tolerations: { key?: string; operator?: string; value?: string; effect?: string }[];
  nodeSelector: Record<string, string>;
}

/** Pod specs of the manifests of one cluster. A DaemonSet tolerates by trade and counts for nothing here. */
export function workloads(manifests: readonly any[]): Workload[] {
  return manifests.flatMap(item => {
    const spec = item?.kind === 'CronJob' ? item.spec?.jobTemplate?.spec?.template?.spec : item?.kind === 'Pod' ? item.spec : item?.spec?.template?.spec;
    if (!spec?.containers || item.kind === 'DaemonSet') return [];
    return [{ kind: item.kind, name: item.metadata?.name ?? '', tolerations: spec.tolerations ?? [], nodeSelector: spec.nodeSelector ?? {} }];
  });
}

const effects = new Map([['NO_SCHEDULE', 'NoSchedule'], ['NO_EXECUTE', 'NoExecute'], ['PREFER_NO_SCHEDULE', 'PreferNoSchedule']]);

/** Whether some root makes a folder with a variable that is not null, through all the calls that lead to it. */
function isGiven(tree: Tree, folder: Folder, name: string): boolean {
  const fallback = folder.variables.find(variable => variable.name === name)?.body['default'];
  const callers = foldersOf(tree).flatMap(caller => caller.modules.filter(call => sourceOf(caller, call) === folder.path).map(call => ({ caller, call })));
  // Of a module that nobody calls, what it says by itself counts.
  if (callers.length === 0) return fallback !== null;
  return callers.some(({ caller, call }) => {
    if (!(name in call.body)) return fallback !== null;
    const value = call.body[name];
    const passed = /^\$\{var\.([a-z0-9_]+)\}$/.exec(String(value))?.[1];
    return passed === undefined ? value !== null && value !== '${null}' : isGiven(tree, caller, passed);
  });
}

/** Each tainted pool has a workload that tolerates it by name: else it costs money or stays empty for ever. */
export function taintsAreTolerated(tree: Tree, clusters: ReadonlyMap<string, readonly any[]>): string[] {
  const all = [...clusters.values()].flatMap(workloads);
  const pools = foldersOf(tree).flatMap(folder => folder.resources.filter(block => block.type === 'google_container_node_pool').filter(block => {
    // A pool that is there only where somebody asks for it (`count = var.x == null ? 0 : 1`), and nobody does, taints nothing.
    const asked = /^\$\{var\.([a-z0-9_]+) == null \? 0 : 1\}$/.exec(String(block.body['count']))?.[1];
    return asked === undefined || isGiven(tree, folder, asked);
  }));
  return pools.flatMap(block =>
    nested(block.body, 'node_config').flatMap(config => nested(config, 'taint')).flatMap(taint => {
      const [key, value, effect] = ['key', 'value', 'effect'].map(name => literal(taint[name]));
      if (typeof key !== 'string' || typeof value !== 'string' || !effects.has(String(effect))) return [`${at(block)} has a taint that cannot be read`];
      const tolerated = all.some(workload => workload.tolerations.some(one =>
        one.key === key && (one.operator === 'Exists' || one.value === value) && (one.effect === undefined || one.effect === effects.get(String(effect)))));
      return tolerated ? [] : [`${at(block)} has the taint ${key}=${value}:${effects.get(String(effect))}, which no workload tolerates`];
    }));
}

/** What each workload asks of its node is a label that some pool gives, or one that every node has. */
export function selectorsHaveAPool(tree: Tree, clusters: ReadonlyMap<string, readonly any[]>): string[] {
  const pools = foldersOf(tree).flatMap(folder => folder.resources).filter(block => block.type === 'google_container_node_pool');
  const given = new Map<string, Set<string>>();
  for (const block of pools) {
    const add = (key: string, value: string) => given.set(key, (given.get(key) ?? new Set()).add(value));
    const name = literal(block.body['name']);
    if (typeof name === 'string') add('cloud.google.com/gke-nodepool', name);
    for (const config of nested(block.body, 'node_config')) for (const [key, value] of Object.entries(config['labels'] ?? {})) add(key, String(value));
  }
  const everyNode = /^(kubernetes\.io\/(os|arch|hostname)|topology\.kubernetes\.io\/(zone|region)|cloud\.google\.com\/compute-class)$/;
  return [...clusters].flatMap(([cluster, manifests]) => workloads(manifests).flatMap(workload =>
    Object.entries(workload.nodeSelector).filter(([key, value]) => !everyNode.test(key) && !given.get(key)?.has(value))
      .map(([key, value]) => `infra/gitops/rendered/${cluster}:${workload.kind}/${workload.name} asks for nodes with ${key}=${value}, which no pool has`)));
}
