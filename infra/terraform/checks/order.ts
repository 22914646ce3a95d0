/** Rules about an order that Terraform does not see: no argument of the one comes from the other, and the first apply needs it all the same. */
import { reached } from './structure.ts';
import { at, foldersOf, sourceOf, textsIn, type Block, type Folder, type Tree } from './tree.ts';

const waits = (block: Block): string[] => textsIn(block.body['depends_on'] ?? []).map(({ text }) => text.replace(/^\$\{|\}$/g, ''));

/** Whoever is given a subnet puts machines there at once; a cluster whose nodes find no way to Google's APIs is given up after half an hour. */
function subnetsComeWithTheirWay(folder: Folder): string[] {
  const way = folder.resources.filter(block => /^google_(compute_route|dns_record_set)$/.test(block.type)).map(block => `${block.type}.${block.name}`);
  if (!folder.resources.some(block => block.type === 'google_compute_subnetwork') || way.length === 0) return [];
  const given = folder.outputs.filter(block => textsIn(block.body['value']).some(({ text }) => /\bgoogle_compute_subnetwork\./.test(text)));
  return given.flatMap(block => way.filter(one => !waits(block).includes(one)).map(one => `${at(block)} is known before ${one}: what is put there finds no way`));
}

/** Where one folder makes a cluster and the NAT of its nodes, the cluster comes second. */
function clustersComeAfterTheirNat(tree: Tree, folder: Folder): string[] {
  const reaches = (call: Block, type: string) => {
    const source = sourceOf(folder, call);
    const inside = reached({ modules: tree.modules, roots: [{ ...folder, modules: [call] }] });
    return tree.modules.some(one => (one.path === source || inside.has(one.path)) && one.resources.some(block => block.type === type));
  };
  const nat = folder.modules.filter(call => reaches(call, 'google_compute_router_nat') && !reaches(call, 'google_container_cluster'));
  const clusters = folder.modules.filter(call => reaches(call, 'google_container_cluster') && !reaches(call, 'google_compute_router_nat'));
  return clusters.flatMap(call => nat.filter(one => !waits(call).includes(`module.${one.name}`)).map(one => `${at(call)} does not wait for module.${one.name}: its nodes pull no image`));
}

export const nodesFindAWayOut = (tree: Tree): string[] => foldersOf(tree).flatMap(folder => [...subnetsComeWithTheirWay(folder), ...clustersComeAfterTheirNat(tree, folder)]);

/**
 * Who may pull images is said by name, in a root of its own, and Google refuses the whole list for one account that is not there. A pool that is
 * made on request (count) has its account only where a root asks for it.
 */
export function accountsOfPoolsAreMade(tree: Tree): string[] {
  const pools = new Map(tree.modules.flatMap(folder => folder.resources).filter(block => block.type === 'google_container_node_pool').map(block => [block.name, block]));
  const asked = (name: string) => [...tree.roots, ...tree.modules].flatMap(folder => folder.modules).some(call => {
    const given = call.body[`${name}_pool`];
    return given !== undefined && given !== null && !/^\$\{(null|var\..*)\}$/.test(String(given));
  });
  return tree.roots.flatMap(root => root.locals.filter(block => block.name === 'node_pools')).flatMap(block => (block.body['value'] as string[]).filter(name => {
    // What auto-provisioning makes has an account of the cluster's own.
    if (name === 'auto') return false;
    const pool = pools.get(name);
    return !pool || (pool.body['count'] !== undefined && !asked(name));
  }).map(name => `${at(block)} names the account of the pool ${name}, which no root makes`));
}
