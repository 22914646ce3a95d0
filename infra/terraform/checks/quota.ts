/** A rule about calls that Google counts for a project: of a person it wants to be told which. */
import { at, sourceOf, type Block, type Folder, type Tree } from './tree.ts';

/** APIs that refuse a person who names no project (403); the provider's pages and messages of each say so. An account has a project already. */
const counted = /^google_(org_policy|billing_budget|storage_transfer|essential_contacts|cloud_identity|cloud_asset|access_context_manager)/;

/** Whether a folder makes something of such an API, by itself or by a module that it calls. */
function asks(tree: Tree, folder: Folder | undefined, seen = new Set<string>()): boolean {
  if (!folder || seen.has(folder.path)) return false;
  seen.add(folder.path);
  return [...folder.resources, ...folder.data].some(block => counted.test(block.type)) || folder.modules.some(call => asks(tree, called(tree, folder, call), seen));
}

const called = (tree: Tree, folder: Folder, call: Block) => tree.modules.find(module => module.path === sourceOf(folder, call));

/** Roots that make such a thing do it by a provider that names the project and sends it: `billing_project` alone is not sent. */
export function quotaProject(tree: Tree): string[] {
  return tree.roots.flatMap(folder => {
    const sends = (provider: unknown) => {
      const [name, alias] = String(provider ?? 'google').replace(/^\$\{|\}$/g, '').split('.');
      return folder.providers.some(block => block.name === name && block.body['alias'] === alias && block.body['user_project_override'] === true && 'billing_project' in block.body);
    };
    return [
      ...[...folder.resources, ...folder.data].filter(block => counted.test(block.type) && !sends(block.body['provider'])),
      ...folder.modules.filter(call => asks(tree, called(tree, folder, call)) && !sends(call.body['providers']?.google)),
    ].map(block => `${at(block)} calls an API that refuses a person: its provider must have billing_project and user_project_override`);
  });
}
