/**
 * Turns ApplicationSets into the Applications Argo CD would make of them: generators `clusters`, `git` (files) and `matrix`, Go templates,
 * `templatePatch`. What cannot be known here (repositories of a git host) is given by the caller.
 */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { gitops, root, type Registration } from './estate.ts';
import { renderTemplate } from './template.ts';

export interface Application {
  metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  spec: any;
}

export interface World {
  clusters: Registration[];
  /** Repositories an scmProvider generator would find. */
  repositories?: { organization: string; repository: string; url: string; branch: string }[];
}

type Params = Record<string, any>;

export function applicationsOf(set: any, world: World): Application[] {
  if (set.spec.goTemplate !== true || !set.spec.goTemplateOptions?.includes('missingkey=error')) {
    throw new Error(`${set.metadata.name}: a missing value must be an error`);
  }
  const found = (set.spec.generators as any[]).flatMap(generator => paramsOf(generator, world, {}));
  const names = new Set<string>();
  return found.map(params => {
    let application = fill(set.spec.template, params) as Application;
    if (set.spec.templatePatch) application = merge(application, parse(renderTemplate(set.spec.templatePatch, params), { version: '1.1' })) as Application;
    if (names.has(application.metadata.name)) throw new Error(`${set.metadata.name} makes ${application.metadata.name} twice`);
    names.add(application.metadata.name);
    return application;
  });
}

function paramsOf(generator: any, world: World, outer: Params): Params[] {
  if (generator.matrix) {
    const [first, second] = generator.matrix.generators;
    return paramsOf(first, world, outer).flatMap(left => paramsOf(fill(second, left), world, left).map(right => ({ ...right, ...left })));
  }
  if (generator.clusters) {
    return world.clusters.filter(({ labels }) => selected(generator.clusters.selector, labels)).map(({ name, labels }) => ({
      name, nameNormalized: name, server: `https://${name}`, metadata: { labels },
    }));
  }
  if (generator.git) {
    return (generator.git.files as { path: string }[]).flatMap(({ path: pattern }) => globSync(pattern, { cwd: root }).sort()).map(file => ({
      ...(parse(readFileSync(path.join(root, file), 'utf8'), { version: '1.1' }) as Params),
      path: { path: path.dirname(file), basename: path.basename(path.dirname(file)), filename: path.basename(file) },
    }));
  }
  if (generator.scmProvider) {
    const match = (generator.scmProvider.filters as any[]).map(filter => new RegExp(filter.repositoryMatch));
    return (world.repositories ?? []).filter(({ repository }) => match.some(pattern => pattern.test(repository))).map(item => ({ ...item }));
  }
  throw new Error(`generator ${Object.keys(generator)} is not known here`);
}

export function selected(selector: any, labels: Record<string, string>): boolean {
  const plain = Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return plain && ((selector?.matchExpressions ?? []) as any[]).every(({ key, operator, values }) => {
    if (operator === 'Exists') return Object.hasOwn(labels, key);
    if (operator === 'In') return values.includes(labels[key]);
    if (operator === 'NotIn') return !values.includes(labels[key]);
    throw new Error(`operator ${operator} is not known here`);
  });
}

function fill(value: any, params: Params): any {
  if (typeof value === 'string') return value.includes('{{') ? renderTemplate(value, params) : value;
  if (Array.isArray(value)) return value.map(item => fill(item, params));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [renderKey(key, params), fill(item, params)]));
}

const renderKey = (key: string, params: Params) => (key.includes('{{') ? renderTemplate(key, params) : key);

function merge(base: any, patch: any): any {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch) || base === null || typeof base !== 'object') return patch;
  const keys = new Set([...Object.keys(base), ...Object.keys(patch)]);
  return Object.fromEntries([...keys].map(key => [key, key in patch ? merge(base[key], patch[key]) : base[key]]));
}

/** In which step of its set an Application is rolled out; -1 when none selects it (then nobody syncs it). */
export function stepOf(set: any, application: Application): number {
  const steps = set.spec.strategy?.rollingSync?.steps ?? [];
  return steps.findIndex((step: any) => selected({ matchExpressions: step.matchExpressions }, application.metadata.labels ?? {}));
}

export const folderOf = (repositoryPath: string) => path.join(root, repositoryPath);
export { gitops };
