/** Rules about what is written in expressions and texts: pins, plan-time values, numbers told twice. */
import { allExpressions } from './references.ts';
import { at, blocksWithExpressions, foldersOf, literal, nested, textsIn, type Tree } from './tree.ts';

/** The kinds of argument where "stable" is a word of Google's own and pins nothing of ours. */
const ownWords = /(^|\.)(update_track|release_channel\.channel|channel)$/;

/** What runs is pinned: no tag, family or version that means another thing tomorrow. */
export function pinned(tree: Tree): string[] {
  return foldersOf(tree).flatMap(folder => blocksWithExpressions(folder).flatMap(block => [
    ...('most_recent' in block.body && block.body['most_recent'] !== false ? [`${at(block)} takes whatever is newest`] : []),
    ...textsIn(block.body).flatMap(({ where, text }) => {
      if (ownWords.test(where) || /(description|error_message)$/.test(where)) return [];
      const moving = /(?:^|[:/"])(latest|stable)(?:"|$)|:(main|master|edge|nightly)(?:"|$)/.exec(text)?.[0]?.replace(/[:/"]/g, '');
      if (moving) return [`${at(block)} is not pinned: "${moving}" in ${where || 'value'}`];
      return [];
    }),
  ]));
}

/**
 * Functions whose result is another one at every plan: a name made of it is new each time, and two applies collide. Only what is set
 * once and ignored ever after may use them, and no name may.
 */
export function noPlanTimeValues(tree: Tree): string[] {
  return foldersOf(tree).flatMap(folder => blocksWithExpressions(folder).flatMap(block =>
    textsIn(block.body).flatMap(({ where, text }) => {
      const once = JSON.stringify(nested(block.body, 'lifecycle').map(one => one['ignore_changes'])).includes(where.split('.')[0]!);
      if (once && where !== '' && !/(^|[._])(name|id)$/.test(where)) return [];
      // Compared with, it makes no name: a right that has run out is told from one that has not. In a text it is another language's.
      const called = allExpressions(text).map(one => one.replace(/\btimecmp\((?:[^()]|\(\))*\)/g, ''));
      const found = called.map(one => /\b(timestamp|plantimestamp|uuid|bcrypt)\(/.exec(one)?.[1]).find(Boolean);
      return found ? [`${at(block)} calls ${found}() in ${where || 'value'}`] : [];
    })));
}

/**
 * A number in a text that people read is computed from the argument that sets it; typed, the two differ one day
 * (the text said 100 requests a minute, the rule 200). Texts are descriptions and documentation of resources.
 */
export function numbersInTextsComputed(tree: Tree): string[] {
  const unit = /(?<![\w.$}-])\d+(?:[.,]\d+)?\s*(%|percent|requests?|req|per|a|an|ms|milliseconds?|s|seconds?|min|minutes?|h|hours?|days?|weeks?|months?|years?|GB|GiB|MB|MiB|replicas?|nodes?|machines?)\b/i;
  return foldersOf(tree).flatMap(folder => [...folder.resources, ...folder.modules].flatMap(block =>
    textsIn(block.body).flatMap(({ where, text }) => {
      if (!/(^|\.)(description|display_name|documentation\.content|content|subject|justification)$/.test(where) || text === where.split('.').at(-1)) return [];
      // What stands between ${ and } is computed.
      const typed = text.replace(/\$\{[^}]*\}/g, '·').replace(/% ?·/g, '·');
      const found = unit.exec(typed.includes('·') || !text.startsWith('${') ? typed : '');
      return found ? [`${at(block)} types a number that is set elsewhere: "${found[0]}" in ${where}`] : [];
    })));
}

/** Every provider and Terraform itself have a version in every folder, each provider the one of the table. */
const providerVersions = new Map([
  ['google', { source: 'hashicorp/google', version: '~> 6.50' }],
  // The same provider with what Google has not finished; only where the other lacks the resource.
  ['google-beta', { source: 'hashicorp/google-beta', version: '~> 6.50' }],
  ['time', { source: 'hashicorp/time', version: '~> 0.13' }],
]);

export function providersPinned(tree: Tree): string[] {
  return foldersOf(tree).flatMap(folder => {
    const problems: string[] = [];
    if (!folder.terraform.some(block => literal(block.body['required_version']) === '>= 1.9')) problems.push(`${folder.path}/versions.tf:terraform lacks required_version = ">= 1.9"`);
    const declared = new Map<string, any>(folder.terraform.flatMap(block => [block.body['required_providers'] ?? []].flat().flatMap(one => Object.entries(one))));
    for (const [name, given] of declared) {
      const wanted = providerVersions.get(name);
      if (!wanted) problems.push(`${folder.path}/versions.tf:${name} is not a provider that is used here`);
      else if (given.source !== wanted.source || given.version !== wanted.version) problems.push(`${folder.path}/versions.tf:${name} is ${given.source} ${given.version}, not ${wanted.source} ${wanted.version}`);
    }
    const used = new Set([...folder.resources, ...folder.data].map(block => block.type.split('_')[0]!).filter(name => name !== 'terraform'));
    for (const name of used) if (!declared.has(name)) problems.push(`${folder.path}/versions.tf:${name} is used and not in required_providers`);
    return problems;
  });
}
