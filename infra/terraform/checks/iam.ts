/** Rules about who may do what. Each returns "file:resource problem". */
import { deploymentOf } from './estate.ts';
import { reached, rootName } from './structure.ts';
import { at, blocksWithExpressions, foldersOf, nested, textsIn, type Folder, type Tree } from './tree.ts';

const everyText = (tree: Tree) =>
  foldersOf(tree).flatMap(folder => blocksWithExpressions(folder).flatMap(block =>
    textsIn(block.body).filter(({ where }) => !/(description|error_message|condition)$/.test(where)).map(({ where, text }) => ({ block, where, text }))));

/** Owner, editor and viewer are not roles but the whole project. */
export function noPrimitiveRoles(tree: Tree): string[] {
  return everyText(tree).flatMap(({ block, text }) => {
    const role = /\broles\/(owner|editor|viewer)\b/.exec(text)?.[0];
    return role ? [`${at(block)} grants ${role}`] : [];
  });
}

/** Nothing is granted to everybody, nor to everybody with a Google account. */
export function nobodyAnonymous(tree: Tree): string[] {
  return everyText(tree).flatMap(({ block, text }) => {
    const member = /\ball(Authenticated)?Users\b/.exec(text)?.[0];
    return member ? [`${at(block)} grants to ${member}`] : [];
  });
}

/**
 * Roles that let one act as every service account of a project, at once or by a grant to oneself (serviceAccountAdmin): granted on one
 * account or not at all.
 */
const actsAs = /\broles\/iam\.(serviceAccountTokenCreator|serviceAccountUser|serviceAccountAdmin|serviceAccountKeyAdmin|workloadIdentityUser)\b/;

/** Texts of an expression and of every local and default of a variable that it is made from. */
function textsBehind(folder: Folder, expression: unknown, seen = new Set<string>()): string[] {
  const texts = textsIn(expression).map(({ text }) => text);
  const names = texts.flatMap(text => [...text.matchAll(/\b(local|var)\.(\w+)/g)].map(([name]) => name)).filter(name => !seen.has(name));
  for (const name of names) seen.add(name);
  return [...texts, ...names.flatMap(name => {
    const [kind, own] = name.split('.');
    const block = (kind === 'local' ? folder.locals : folder.variables).find(one => one.name === own);
    return block ? textsBehind(folder, block.body[kind === 'local' ? 'value' : 'default'], seen) : [];
  })];
}

export function impersonationByAccount(tree: Tree): string[] {
  return foldersOf(tree).flatMap(folder => folder.resources.flatMap(block => {
    if (!/^google_(project|folder|organization)_iam_/.test(block.type)) return [];
    const texts = textsBehind(folder, block.body['role']);
    // `each.value`, or something of it, is whatever the resource is repeated for.
    if (texts.some(text => /\beach\./.test(text))) texts.push(...textsBehind(folder, block.body['for_each']));
    const role = texts.map(text => actsAs.exec(text)?.[0]).find(Boolean);
    return role ? [`${at(block)} grants ${role} for a whole ${block.type.split('_')[1]}`] : [];
  }));
}

/** Nobody is named in code: people come by groups of the identity provider, so that leaving the company takes the right away. */
export function noPersons(tree: Tree): string[] {
  return everyText(tree).flatMap(({ block, text }) => (/\buser:[^\s"]+@/.test(text) ? [`${at(block)} grants to a person: ${text}`] : []));
}

/** An equality with a wildcard in it holds for nothing (in CEL as elsewhere): the grant would look narrow and be none. */
export function conditionsCanHold(tree: Tree): string[] {
  return foldersOf(tree).flatMap(folder => folder.resources.flatMap(block =>
    nested(block.body, 'condition').flatMap(one => {
      const expression = String(one['expression'] ?? '');
      const compared = /(==|!=)\s*\\?["'][^"']*\*[^"']*["']/.exec(expression);
      return compared ? [`${at(block)} compares with a wildcard, which is never equal: ${compared[0]}`] : [];
    })));
}

/**
 * A deployer gives only the roles of its list (module atlantis) and makes no role of its own. What a root that it applies asks beyond that is
 * refused by Google in the middle of an apply, and by nobody before.
 */
export function deployersMayGrant(tree: Tree): string[] {
  const list = tree.modules.flatMap(folder => folder.locals).find(block => block.name === 'grantable_roles')?.body['value'] as string[] | undefined;
  if (!list) return [];
  const deployed = [...tree.roots.filter(root => {
    const name = rootName(root);
    return name !== null && deploymentOf(name.project, name.region) !== null;
  }), ...(tree.services ?? [])];
  const used = reached({ modules: tree.modules, roots: deployed });
  return [...deployed, ...tree.modules.filter(folder => used.has(folder.path))].flatMap(folder => folder.resources.flatMap(block => {
    if (block.type === 'google_project_iam_custom_role') return [`${at(block)} is a role that no deployer may make`];
    if (!block.type.startsWith('google_project_iam_')) return [];
    const texts = [...textsBehind(folder, block.body['role']), ...textsBehind(folder, block.body['for_each'])];
    const roles = new Set(texts.flatMap(text => text.match(/\broles\/[\w.]+/g) ?? []));
    return [...roles].filter(role => !list.includes(role)).map(role => `${at(block)} gives ${role}, which no deployer may give`);
  }));
}
