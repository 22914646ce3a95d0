/**
 * Patches of the Kubernetes API: JSON merge patch, strategic merge patch (lists of named items merge
 * by name) and JSON patch. Pure; nothing given is changed.
 */

export type PatchType = 'merge' | 'strategic' | 'json';

const UNSAFE = ['__proto__', 'constructor', 'prototype'];
const OPERATIONS_MAX = 100;

/**
 * The target after the patch.
 * @throws SyntaxError when the patch is not of its kind, or a JSON patch does not apply
 */
export function applyPatch(target: unknown, patch: unknown, type: PatchType): unknown {
  if (type === 'json') return jsonPatch(target, patch);
  if (!isMap(patch)) throw new SyntaxError('a merge patch must be an object');
  return merge(target, patch, type === 'strategic');
}

function merge(target: unknown, patch: Record<string, unknown>, strategic: boolean): Record<string, unknown> {
  const result: Record<string, unknown> = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (UNSAFE.includes(key)) throw new SyntaxError(`the key ${key} is not allowed`);
    if (value === null) delete result[key];
    else if (isMap(value)) result[key] = merge(result[key], value, strategic);
    else if (strategic && isNamedList(value)) result[key] = mergeByName(result[key], value);
    else result[key] = value;
  }
  return result;
}

function mergeByName(before: unknown, patch: Record<string, unknown>[]): unknown[] {
  const list = Array.isArray(before) ? [...before] : [];
  for (const item of patch) {
    const index = list.findIndex(existing => isMap(existing) && existing.name === item.name);
    if (item.$patch === 'delete') {
      if (index !== -1) list.splice(index, 1);
    } else if (index === -1) list.push(item);
    else list[index] = merge(list[index], item, true);
  }
  return list;
}

function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch) || patch.length > OPERATIONS_MAX) {
    throw new SyntaxError(`a JSON patch must be a list of at most ${OPERATIONS_MAX} operations`);
  }
  return patch.reduce<unknown>((result, operation) => applyOperation(result, operation), structuredClone(target));
}

function applyOperation(target: unknown, operation: unknown): unknown {
  const { op, path, value } = (isMap(operation) ? operation : {}) as { op?: string; path?: string; value?: unknown };
  if (typeof path !== 'string' || !path.startsWith('/')) throw new SyntaxError('each operation needs a path that starts with /');
  const keys = path.slice(1).split('/').map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (keys.some(key => UNSAFE.includes(key))) throw new SyntaxError(`the path ${path} is not allowed`);
  const last = keys.pop()!;
  const parent = keys.reduce<any>((at, key) => (at !== null && typeof at === 'object' ? at[key] : undefined), target);
  if (parent === null || typeof parent !== 'object') throw new SyntaxError(`nothing stands at ${path}`);
  const exists = Array.isArray(parent) ? Number(last) < parent.length : Object.hasOwn(parent, last);
  if (op === 'add' && Array.isArray(parent)) parent.splice(last === '-' ? parent.length : Number(last), 0, value);
  else if (op === 'add') parent[last] = value;
  else if (!exists) throw new SyntaxError(`nothing stands at ${path}`);
  else if (op === 'replace') parent[last] = value;
  else if (op === 'remove' && Array.isArray(parent)) parent.splice(Number(last), 1);
  else if (op === 'remove') delete parent[last];
  else if (op !== 'test') throw new SyntaxError(`the operation ${String(op)} is not known here`);
  else if (JSON.stringify(parent[last]) !== JSON.stringify(value)) throw new SyntaxError(`the test of ${path} failed`);
  return target;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNamedList(value: unknown): value is Record<string, unknown>[] {
  return Array.isArray(value) && value.length > 0 && value.every(item => isMap(item) && typeof item.name === 'string');
}
