/**
 * What one block says about another: arguments of module calls, outputs, variables, locals, resources. Terraform finds these
 * too, but not everybody has it; and a root cannot be validated without its modules. Each returns "file:resource problem".
 */
import { at, blocksWithExpressions, foldersOf, sourceOf, textsIn, type Block, type Body, type Folder, type Tree } from './tree.ts';

const metaArguments = new Set(['source', 'version', 'for_each', 'count', 'depends_on', 'providers']);

/** @param known folder path -> module */
export function callProblems(folder: Folder, call: Block, known: ReadonlyMap<string, Folder>): string[] {
  const source = sourceOf(folder, call);
  const module = source === null ? undefined : known.get(source);
  if (!module) return [`${at(call)} has no module in this repository at ${String(call.body['source'])}`];
  const given = new Set(Object.keys(call.body).filter(name => !metaArguments.has(name)));
  const declared = new Map(module.variables.map(variable => [variable.name, variable]));
  return [
    ...[...given].filter(name => !declared.has(name)).map(name => `${at(call)} gives ${name}, which ${module.path} does not take`),
    ...[...declared.values()].filter(one => one.body['default'] === undefined && !given.has(one.name)).map(one => `${at(call)} does not give ${one.name}, which ${module.path} needs`),
  ];
}

/** Arguments of every call are variables of the module, and its required variables are given. */
export function calls(tree: Tree): string[] {
  const known = new Map(tree.modules.map(folder => [folder.path, folder]));
  return foldersOf(tree).flatMap(folder => folder.modules.flatMap(call => callProblems(folder, call, known)));
}

/** Expressions of a text: the whole of it when it is one, and what stands in `${…}` inside a template. */
function expressionsOf(text: string): string[] {
  const found: string[] = [];
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] !== '$' || text[index + 1] !== '{' || text[index - 1] === '$') continue;
    let depth = 1;
    let end = index + 2;
    for (; end < text.length && depth > 0; end += 1) {
      if (text[end] === '{') depth += 1;
      else if (text[end] === '}') depth -= 1;
    }
    found.push(text.slice(index + 2, end - 1));
    index = end - 1;
  }
  return found;
}

/** An expression without its texts; what is computed inside them is put after it. */
function withoutTexts(expression: string): string {
  const inner: string[] = [];
  const outer = expression.replace(/<<-?(\w+)\n[\s\S]*?\n\s*\1\b|"(?:\\.|\$\{(?:[^{}]|\{[^{}]*\})*\}|[^"\\])*"/g, text => {
    inner.push(...expressionsOf(text));
    return '""';
  });
  return [outer.replace(/(#|\/\/).*$/gm, ''), ...inner.map(withoutTexts)].join(' ; ');
}

/** `module.a[local.b[c].d].e` as `module.a.e` and what stood between the brackets. */
function unindexed(expression: string): string[] {
  const inner: string[] = [];
  let outer = expression;
  for (let before = ''; before !== outer;) {
    before = outer;
    outer = outer.replace(/\[([^[\]]*)\]/g, (_, content: string) => { inner.push(content); return ''; });
  }
  return [outer, ...inner];
}

/** The expressions in a value, without the texts in them. */
export const allExpressions = (value: unknown): string[] => textsIn(value).flatMap(({ text }) => expressionsOf(text)).map(withoutTexts);

/** Every `module.<call>.<output>` in the expressions of a block; `*` where the whole call is passed on. */
export function readsOf(block: Block): { call: string; output: string }[] {
  // Where a resource is or was (import, moved, removed) is an address, not a value.
  if (block.type === '') return [];
  return allExpressions(block.body).flatMap(unindexed).flatMap(expression =>
    [...expression.matchAll(/(?<![.\w])module\.(\w+)(?:\.(\w+))?/g)].map(match => ({ call: match[1]!, output: match[2] ?? '*' })));
}

/** Every var., local., module. and resource that is spoken of is there. */
export function references(tree: Tree): string[] {
  const modules = new Map(tree.modules.map(folder => [folder.path, folder]));
  return foldersOf(tree).flatMap(folder => {
    const variables = new Set(folder.variables.map(one => one.name));
    const locals = new Set(folder.locals.map(one => one.name));
    const called = new Map(folder.modules.map(one => [one.name, one]));
    const made = new Set(folder.resources.map(one => `${one.type}.${one.name}`));
    const data = new Set(folder.data.map(one => `${one.type}.${one.name}`));
    const problems = new Set<string>();
    for (const block of blocksWithExpressions(folder)) {
      for (const expression of allExpressions(block.body)) {
        const say = (problem: string) => problems.add(`${at(block)} ${problem}`);
        for (const [, name] of expression.matchAll(/(?<![.\w])var\.(\w+)/g)) if (!variables.has(name!)) say(`reads var.${name}, which is not declared`);
        for (const [, name] of expression.matchAll(/(?<![.\w])local\.(\w+)/g)) if (!locals.has(name!)) say(`reads local.${name}, which is not declared`);
        for (const [, type, name] of expression.matchAll(/(?<![.\w])data\.(\w+)\.(\w+)/g)) if (!data.has(`${type}.${name}`)) say(`reads data.${type}.${name}, which is not declared`);
        for (const [, type, name] of expression.matchAll(/(?<![.\w])((?:google|time|terraform)_\w+)\.(\w+)/g)) if (!made.has(`${type}.${name}`)) say(`reads ${type}.${name}, which is not declared`);
      }
      for (const { call: name, output } of readsOf(block)) {
        const call = called.get(name);
        if (!call) { problems.add(`${at(block)} reads module.${name}, which is not called`); continue; }
        const source = sourceOf(folder, call);
        const module = source === null ? undefined : modules.get(source);
        if (output !== '*' && module && !module.outputs.some(one => one.name === output)) problems.add(`${at(block)} reads output ${output} of ${module.path}, which has none of that name`);
      }
    }
    return [...problems];
  });
}

/** The same variable, local, output, call or resource twice in one folder. */
export function declaredOnce(tree: Tree): string[] {
  return foldersOf(tree).flatMap(folder => {
    const seen = new Set<string>();
    return [...folder.resources, ...folder.data.map(one => ({ ...one, type: `data.${one.type}` })), ...folder.modules, ...folder.variables, ...folder.outputs, ...folder.locals].flatMap(block => {
      const key = `${block.type}.${block.name}`;
      if (seen.has(key)) return [`${at(block)} is declared twice`];
      seen.add(key);
      return [];
    });
  });
}

/** Words that need no declaration. */
const ownWords = new Set(['var', 'local', 'module', 'data', 'each', 'count', 'path', 'self', 'terraform', 'ephemeral', 'true', 'false', 'null', 'for', 'in', 'if', 'else', 'endif', 'endfor', 'string', 'number', 'bool', 'any']);

/** Names that `dynamic` blocks bind in what they hold. */
const iterators = (value: unknown): string[] => {
  if (Array.isArray(value)) return value.flatMap(iterators);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => [...(key === 'dynamic' ? Object.keys(one as Body) : []), ...(key === 'iterator' ? [String(one).replace(/[${}]/g, '')] : []), ...iterators(one)]);
};

/** @param known words that the folder itself gives a meaning: types of its resources, iterators */
function bare(expression: string, known: ReadonlySet<string>): string[] {
  const bound = new Set([...expression.matchAll(/\bfor\s+(\w+)(?:\s*,\s*(\w+))?\s+in\b/g)].flatMap(match => [match[1]!, match[2]]).filter(Boolean));
  const words: string[] = [];
  for (const match of expression.matchAll(/(?<![.\w-])[A-Za-z_][\w-]*/g)) {
    const rest = expression.slice(match.index + match[0].length);
    // A function, a key of an object (`name =`, `name :`), or the first part of a reference to a resource.
    const isList = /\bin\s+$/.test(expression.slice(0, match.index));
    if (/^\s*\(/.test(rest) || (!isList && /^\s*(=(?![=>])|:(?!:))/.test(rest))) continue;
    if (/^[.[]/.test(rest) && known.has(match[0])) continue;
    if (!ownWords.has(match[0]) && !bound.has(match[0])) words.push(match[0]);
  }
  return words;
}

/** A name without `var.`, `local.` or a resource in front of it: Terraform takes it for a resource that is not there. */
export function noBareWords(tree: Tree): string[] {
  const skip = (block: Block, body: Body): Body => {
    const { type, ...rest } = body;
    // Types of variables, providers of calls, and lists of arguments to ignore are words by design.
    return block.type === 'variable' ? rest : Object.fromEntries(Object.entries(body).filter(([name]) => !['lifecycle', 'providers', 'provider', 'from', 'to'].includes(name)));
  };
  return foldersOf(tree).flatMap(folder => blocksWithExpressions(folder).flatMap(block => {
    const known = new Set([...folder.resources.map(one => one.type), ...iterators(block.body)]);
    const words = new Set(allExpressions(skip(block, block.body)).flatMap(expression => bare(expression, known)));
    return [...words].map(word => `${at(block)} speaks of ${word}, which is nothing`);
  }));
}
