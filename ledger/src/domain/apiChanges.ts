/**
 * What of a new OpenAPI description would break a client of the old one. A client sends what it sends now, and expects the answers
 * it gets now; it takes further fields, operations, error codes and values of enums for granted.
 */
type Json = Record<string, unknown>;
type Schema = Json | boolean | undefined;

const methods = ['get', 'post', 'put', 'patch', 'delete'];

/** One sentence per break, worst first to read; empty when the major version grew, or when there is none. */
export function breakingChanges(before: object, after: object): string[] {
  const [old, now] = [new Description(before as Json), new Description(after as Json)];
  if (now.major > old.major) return [];
  return old.operations().flatMap(([name, operation]) => {
    const same = now.operation(name);
    return same ? ofOperation(name, operation, same, old, now) : [`${name} is gone`];
  });
}

class Description {
  readonly #document: Json;

  constructor(document: Json) {
    this.#document = document;
  }

  get major(): number {
    return Number((this.#document['info'] as Json)['version']!.toString().split('.')[0]);
  }

  operations(): [string, Json][] {
    return Object.entries(this.#document['paths'] as Json).flatMap(([path, item]) => methods.filter(method => method in (item as Json)).map(method => [`${method.toUpperCase()} ${path}`, (item as Json)[method] as Json] satisfies [string, Json]));
  }

  operation(name: string): Json | undefined {
    return this.operations().find(([one]) => one === name)?.[1];
  }

  /** The thing itself, behind however many references. */
  resolve(value: unknown): Json {
    const ref = (value as Json | undefined)?.['$ref'];
    if (typeof ref !== 'string') return (value ?? {}) as Json;
    return this.resolve(ref.slice(2).split('/').reduce<unknown>((at, part) => (at as Json)[part.replaceAll('~1', '/')], this.#document));
  }
}

function ofOperation(name: string, before: Json, after: Json, old: Description, now: Description): string[] {
  const faults = [...ofScopes(name, before, after), ...ofParameters(name, before, after, old, now)];

  const [oldBody, newBody] = [before['requestBody'], after['requestBody']].map((body, index) => body && [old, now][index]!.resolve(body));
  if (newBody && (newBody as Json)['required'] && !(oldBody as Json | undefined)?.['required']) faults.push(`${name}: a body is required now`);
  if (oldBody && !newBody) faults.push(`${name}: takes no body any more`);
  if (oldBody && newBody) faults.push(...ofContent(`${name} body`, oldBody as Json, newBody as Json, (at, a, b) => accepts(at, a, b, old, now)));

  const [oldAnswers, newAnswers] = [before['responses'], after['responses']] as [Json, Json];
  for (const [status, answer] of Object.entries(oldAnswers)) {
    if (!(status in newAnswers)) faults.push(`${name}: ${status} is not answered any more`);
    else faults.push(...ofContent(`${name} ${status}`, old.resolve(answer), now.resolve(newAnswers[status]), (at, a, b) => promises(at, a, b, old, now)));
  }
  return faults;
}

/** Each alternative of the old requirement must still open the door. */
function ofScopes(name: string, before: Json, after: Json): string[] {
  const alternatives = (operation: Json) => ((operation['security'] ?? []) as Record<string, string[]>[]).flatMap(Object.entries) as [string, string[]][];
  const now = alternatives(after);
  if (now.length === 0) return [];
  if (alternatives(before).length === 0) return [`${name}: a caller is required now`];
  return alternatives(before).filter(([scheme, scopes]) => !now.some(([other, needed]) => other === scheme && needed.every(scope => scopes.includes(scope)))).map(([scheme, scopes]) => `${name}: ${scheme} with ${scopes.join(', ') || 'no scope'} is not enough any more`);
}

function ofParameters(name: string, before: Json, after: Json, old: Description, now: Description): string[] {
  const byName = (operation: Json, of: Description) => new Map(((operation['parameters'] ?? []) as unknown[]).map(one => of.resolve(one)).map(one => [`${one['in']} ${one['name']}`, one]));
  const [was, is] = [byName(before, old), byName(after, now)];
  const faults = [...is].filter(([key, one]) => one['required'] && !was.get(key)?.['required']).map(([key]) => `${name}: ${key} is required now`);
  for (const [key, one] of was) {
    const same = is.get(key);
    if (!same) faults.push(`${name}: ${key} is gone`);
    else faults.push(...accepts(`${name} ${key}`, one['schema'] as Schema, same['schema'] as Schema, old, now));
  }
  return faults;
}

function ofContent(at: string, before: Json, after: Json, compare: (at: string, before: Schema, after: Schema) => string[]): string[] {
  const [was, is] = [(before['content'] ?? {}) as Json, (after['content'] ?? {}) as Json];
  return Object.entries(was).flatMap(([type, content]) => (type in is ? compare(at, (content as Json)['schema'] as Schema, (is[type] as Json)['schema'] as Schema) : [`${at}: ${type} is gone`]));
}

/** Whatever the old schema let in, the new one must. */
function accepts(at: string, before: Schema, after: Schema, old: Description, now: Description): string[] {
  return compare(at, before, after, old, now, 'request');
}

/** Whatever the old schema said of an answer must still be so. */
function promises(at: string, before: Schema, after: Schema, old: Description, now: Description): string[] {
  return compare(at, before, after, old, now, 'answer');
}

type Way = 'request' | 'answer';

function compare(at: string, before: Schema, after: Schema, old: Description, now: Description, way: Way): string[] {
  const [was, is] = [old.resolve(before), now.resolve(after)];
  const alternatives = ofAlternatives(at, was, is, old, now, way);
  if (alternatives) return alternatives;
  const faults = [...ofTypes(at, was, is, way), ...ofValues(at, was, is, way), ...ofBounds(at, was, is, way), ...ofObjects(at, was, is, old, now, way)];
  if (was['items'] && is['items']) faults.push(...compare(`${at}[]`, was['items'] as Schema, is['items'] as Schema, old, now, way));
  const [wasAll, isAll] = [was['allOf'], is['allOf']] as [Schema[] | undefined, Schema[] | undefined];
  if (wasAll && isAll) wasAll.forEach((part, index) => faults.push(...compare(at, part, isAll[index], old, now, way)));
  return faults;
}

/** A request's old alternatives must each find a new one; an answer's new ones each an old one. Undefined: neither has any. */
function ofAlternatives(at: string, was: Json, is: Json, old: Description, now: Description, way: Way): string[] | undefined {
  if (!was['anyOf'] && !is['anyOf']) return undefined;
  const [olds, news] = [(was['anyOf'] ?? [was]) as Json[], (is['anyOf'] ?? [is]) as Json[]];
  const fits = (one: Json, other: Json) => compare(at, one, other, old, now, way).length === 0;
  const lost = way === 'request' ? olds.filter(one => !news.some(other => fits(one, other))) : news.filter(other => !olds.some(one => fits(one, other)));
  return lost.length > 0 ? [`${at}: ${way === 'request' ? 'an alternative is not accepted any more' : 'may be something else now'}`] : [];
}

function ofTypes(at: string, was: Json, is: Json, way: Way): string[] {
  const types = (schema: Json) => (schema['type'] === undefined ? undefined : ([schema['type']].flat() as string[]));
  const [old, now] = [types(was), types(is)];
  const [narrow, wide] = way === 'request' ? [old, now] : [now, old];
  if (!wide || narrow?.every(type => wide.includes(type) || (type === 'integer' && wide.includes('number')))) return [];
  return [`${at}: ${old?.join(' or ') ?? 'anything'} became ${now?.join(' or ') ?? 'anything'}`];
}

function ofValues(at: string, was: Json, is: Json, way: Way): string[] {
  const values = (schema: Json) => ('const' in schema ? [schema['const']] : (schema['enum'] as unknown[] | undefined));
  const [old, now] = [values(was), values(is)];
  if (way === 'answer') return old && !now ? [`${at}: may be any value now`] : [];
  if (!now) return [];
  if (!old) return [`${at}: only some values are accepted now`];
  return old.filter(value => !now.includes(value)).map(value => `${at}: ${JSON.stringify(value)} is not accepted any more`);
}

const most = ['maxLength', 'maximum', 'maxItems', 'maxProperties'];
const least = ['minLength', 'minimum', 'minItems', 'minProperties'];

/** Of requests: no bound may be tighter. A pattern that differs may be, so it counts as such. Of answers: a pattern is a promise. */
function ofBounds(at: string, was: Json, is: Json, way: Way): string[] {
  const number = (value: unknown, none: number) => (value === undefined ? none : Number(value));
  const tighter = way === 'answer' ? [] : [
    ...most.filter(bound => number(is[bound], Infinity) < number(was[bound], Infinity)),
    ...least.filter(bound => number(is[bound], -Infinity) > number(was[bound], -Infinity)),
  ];
  const [held, given] = way === 'request' ? [is, was] : [was, is];
  const changed = ['pattern', 'format'].filter(rule => held[rule] !== undefined && held[rule] !== given[rule]);
  return [...tighter, ...changed].map(bound => `${at}: ${bound} became ${JSON.stringify(is[bound])}, it was ${JSON.stringify(was[bound])}`);
}

function ofObjects(at: string, was: Json, is: Json, old: Description, now: Description, way: Way): string[] {
  const [oldFields, newFields] = [(was['properties'] ?? {}) as Record<string, Schema>, (is['properties'] ?? {}) as Record<string, Schema>];
  const [oldRequired, newRequired] = [(was['required'] ?? []) as string[], (is['required'] ?? []) as string[]];
  const faults = way === 'request' ? newRequired.filter(name => !oldRequired.includes(name)).map(name => `${at}: ${name} is required now`) : oldRequired.filter(name => name in newFields && !newRequired.includes(name)).map(name => `${at}: ${name} may be missing now`);
  for (const [name, schema] of Object.entries(oldFields)) {
    if (name in newFields) faults.push(...compare(`${at}.${name}`, schema, newFields[name], old, now, way));
    else if (way === 'answer' || is['additionalProperties'] === false) faults.push(`${at}: ${name} is gone`);
  }
  const [oldOther, newOther] = [was['additionalProperties'], is['additionalProperties']] as [Schema, Schema];
  if (way === 'request' && newOther === false && oldOther !== false) faults.push(`${at}: further fields are refused now`);
  if (typeof oldOther === 'object' && typeof newOther === 'object') faults.push(...compare(`${at}.*`, oldOther, newOther, old, now, way));
  return faults;
}
