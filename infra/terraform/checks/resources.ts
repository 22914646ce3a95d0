/** Rules about single resources: what they must carry, and what they must never say. Each returns "file:resource problem". */
import { at, blocksWithExpressions, foldersOf, literal, nested, textsIn, valuesAt, type Block, type Folder, type Tree } from './tree.ts';
import { refusedTypes, resourceTypes } from './types.ts';

const resources = (tree: Tree): { folder: Folder; block: Block }[] => foldersOf(tree).flatMap(folder => folder.resources.map(block => ({ folder, block })));

/** Of other providers: a value that is kept, and a wait for what Google grants late. */
const otherTypes = new Set(['terraform_data', 'time_sleep']);

/** Nothing of a type that puts secrets into the state, makes keys, replaces foreign grants, or that nobody has looked up yet. */
export function knownTypes(tree: Tree): string[] {
  return resources(tree).flatMap(({ block }) => {
    const reason = refusedTypes.get(block.type);
    if (reason) return [`${at(block)} ${block.type} may not be used: ${reason}`];
    if (block.type.startsWith('google_') && !resourceTypes.has(block.type)) return [`${at(block)} ${block.type} is not in checks/types.ts: add what it takes`];
    if (!block.type.startsWith('google_') && !otherTypes.has(block.type)) return [`${at(block)} only Google's resources, terraform_data and time_sleep are used here`];
    return [];
  });
}

/** No provisioners: what they do is in no plan. */
export function noProvisioners(tree: Tree): string[] {
  return resources(tree).flatMap(({ block }) => ('provisioner' in block.body ? [`${at(block)} has a provisioner`] : []));
}

/** Every resource that can carry labels gets them passed; the provider's default labels are not enough where a resource names its own component. */
export function labelsPassed(tree: Tree): string[] {
  return resources(tree).flatMap(({ block }) => {
    const argument = resourceTypes.get(block.type)?.labels;
    if (!argument) return [];
    const values = valuesAt(block.body, argument);
    if (values.length === 0) return [`${at(block)} has no ${argument}`];
    const text = JSON.stringify(values);
    return /\b(var|local)\.[a-z_]*labels\b/.test(text) ? [] : [`${at(block)} ${argument} are not made from the labels of the module`];
  });
}

/** Everything at rest that can be encrypted with a key of ours is. */
export function ownKeys(tree: Tree): string[] {
  return resources(tree).flatMap(({ block }) =>
    (resourceTypes.get(block.type)?.keys ?? []).flatMap(path => {
      const values = valuesAt(block.body, path);
      const outer = path.split('.')[0]!;
      // Each of several blocks must name a key, not only one of them.
      const missing = path.includes('.') ? nested(block.body, outer).some(one => valuesAt(one, path.slice(outer.length + 1)).length === 0) : false;
      if (values.length === 0 || missing || values.some(value => value === null || value === '')) return [`${at(block)} has no key of ours (${path})`];
      return [];
    }));
}

const variableDefault = (folder: Folder, expression: unknown): unknown => {
  const name = /^\$\{var\.([a-z0-9_]+)\}$/.exec(String(expression))?.[1];
  return name === undefined ? undefined : folder.variables.find(variable => variable.name === name)?.body['default'];
};

/** What cannot be made again is protected from deletion, and no default takes that away. */
export function protectedState(tree: Tree): string[] {
  return resources(tree).flatMap(({ folder, block }) => {
    const { protect, protectWhen, protectUnless } = resourceTypes.get(block.type) ?? {};
    const has = (name: string | undefined) => name !== undefined && nested(block.body, name).length > 0;
    if (!protect || (protectWhen && !has(protectWhen)) || has(protectUnless)) return [];
    const prevented = nested(block.body, 'lifecycle').some(one => one['prevent_destroy'] === true);
    if (prevented) return [];
    if (protect === 'lifecycle') return [`${at(block)} lacks prevent_destroy`];
    const value = block.body[protect];
    if (protect === 'deletion_policy') return value === 'PREVENT' ? [] : [`${at(block)} lacks deletion_policy = "PREVENT"`];
    if (value === true || variableDefault(folder, value) === true) return [];
    return [`${at(block)} lacks deletion_protection`];
  });
}

/** Switches that turn protection off are off, everywhere and also in the calls of modules. */
export function nothingDestroysLightly(tree: Tree): string[] {
  const wanted: [string, unknown][] = [['force_destroy', false], ['deletion_protection', true], ['skip_final_snapshot', false], ['delete_contents_on_destroy', false]];
  // A machine without a data disk holds nothing.
  const holdsNothing = (block: Block) => { const only = resourceTypes.get(block.type)?.protectWhen; return only !== undefined && nested(block.body, only).length === 0; };
  return foldersOf(tree).flatMap(folder => [...folder.resources, ...folder.modules].filter(block => !holdsNothing(block)).flatMap(block =>
    wanted.flatMap(([name, value]) => {
      const found = literal(block.body[name]);
      return typeof found === 'boolean' && found !== value ? [`${at(block)} says ${name} = ${found}`] : [];
    })));
}

/** Machines have no address on the internet. */
export function noPublicIp(tree: Tree): string[] {
  return resources(tree).flatMap(({ block }) => {
    if (!/^google_compute_(region_)?instance(_template)?$/.test(block.type)) return [];
    const open = nested(block.body, 'network_interface').some(one => nested(one, 'access_config').length > 0 || nested(one, 'ipv6_access_config').length > 0);
    return open ? [`${at(block)} has a public address (access_config)`] : [];
  });
}

/** Nodes and the API server are private, and not by a variable somebody can turn. */
export function privateClusters(tree: Tree): string[] {
  return resources(tree).flatMap(({ block }) => {
    if (block.type !== 'google_container_cluster') return [];
    const is = (path: string, value: unknown) => { const found = valuesAt(block.body, path); return found.length > 0 && found.every(one => one === value); };
    const problems: string[] = [];
    if (!is('private_cluster_config.enable_private_nodes', true)) problems.push('nodes are not private');
    if (!is('private_cluster_config.enable_private_endpoint', true)) problems.push('the API server has a public endpoint');
    const noAddress = is('control_plane_endpoints_config.ip_endpoints_config.enabled', false);
    if (!noAddress && nested(block.body, 'master_authorized_networks_config').length === 0) problems.push('the API server answers every network');
    if (nested(block.body, 'workload_identity_config').length === 0) problems.push('pods would act as the node (no Workload Identity)');
    if (block.body['datapath_provider'] !== 'ADVANCED_DATAPATH') problems.push('network policies are not enforced (datapath_provider)');
    return problems.map(problem => `${at(block)} ${problem}`);
  });
}

/** A range this wide is everybody: 0.0.0.0/0 cut in two would be let through otherwise. */
const isOpen = (text: string): boolean => {
  const [, address, length] = /^([0-9a-fA-F.:]+)\/(\d+)$/.exec(text.trim()) ?? [];
  return address !== undefined && Number(length) < 8;
};

/** Nobody on the internet gets in by a firewall, an authorised network or a default. Ranges of destinations may be open: a default route is one. */
export function noOpenIngress(tree: Tree): string[] {
  return foldersOf(tree).flatMap(folder => blocksWithExpressions(folder).flatMap(block => {
    const problems: string[] = [];
    const isFirewall = block.type === 'google_compute_firewall';
    const egress = isFirewall && block.body['direction'] === 'EGRESS';
    const denies = isFirewall && nested(block.body, 'allow').length === 0 && nested(block.body, 'deny').length > 0;
    const destination = (where: string) => (egress && where === 'destination_ranges') || (block.type === 'google_compute_route' && where === 'dest_range');
    for (const { where, text } of textsIn(block.body)) {
      if (destination(where) || denies || /(description|error_message)$/.test(where)) continue;
      const inText = text.match(/(?<![\d.])0\.0\.0\.0\/0|(?<![0-9a-fA-F:])::\/0/);
      if (isOpen(text) || inText) problems.push(`${at(block)} lets everybody in (${where || 'value'}: ${inText?.[0] ?? text})`);
    }
    const sources = ['source_ranges', 'source_tags', 'source_service_accounts'];
    if (isFirewall && !egress && !denies && !sources.some(name => block.body[name] !== undefined)) problems.push(`${at(block)} names no source, which is everybody`);
    return problems;
  }));
}

/**
 * Terraform ignores no size, but for the count of a pool of nodes, which a recovery run or an autoscaler sets by the API.
 * (That no plan of a recovery then asks Terraform to raise it is a rule of its own, in plans.ts.)
 */
export function sizesNotIgnored(tree: Tree): string[] {
  return resources(tree).flatMap(({ block }) => {
    const counts = block.type.startsWith('google_container_') ? '' : '|node_count|initial_node_count';
    const sizes = new RegExp(`^(all|autoscaling.*|target_size|size|machine_type${counts})$`);
    return nested(block.body, 'lifecycle').flatMap(one => [one['ignore_changes'] ?? []].flat().map(name => String(name).replace(/[${}]/g, '')).filter(name => sizes.test(name)).map(name => `${at(block)} ignores changes of ${name}`));
  });
}
