/**
 * Keys of values that charts read. Helm says nothing about one they do not, so each key that our values set is on a list that people keep
 * (chart-values.yaml), made by reading the chart. The list is of one version: an upgrade is red until somebody has read again.
 */
import { existsSync, globSync } from 'node:fs';
import path from 'node:path';
import { components, readYaml, type Component } from '../lib/manifests.ts';
import { gitops } from '../lib/estate.ts';

export interface ReadChart {
  version: string;
  /** What was read, where it is not this very version. */
  read: string;
  /** Paths of keys; one that ends in `.*` takes anything below it, dots in keys included. */
  keys: string[];
}

export const readCharts = () => readYaml('checks/chart-values.yaml').charts as Record<string, ReadChart>;

/** Paths of the leaves of a value. Lists are leaves: what stands in them is the cluster's own form, which Kubernetes checks. */
export function leaves(value: unknown, prefix: string[] = []): string[] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [prefix.join('.')];
  return Object.entries(value).flatMap(([key, item]) => leaves(item, [...prefix, key]));
}

const takes = (entry: string, leaf: string) => (entry.endsWith('.*') ? leaf.startsWith(entry.slice(0, -1)) : entry === leaf);

export interface Chosen {
  component: Component;
  /** File -> what it sets. */
  values: Record<string, unknown>;
}

export function chosen(): Chosen[] {
  return components().filter(item => item.chart).map(component => ({
    component,
    values: Object.fromEntries(['values.yaml', ...globSync('values-*.yaml', { cwd: path.join(gitops, component.folder) })]
      .filter(name => existsSync(path.join(gitops, component.folder, name))).map(name => [name, readYaml(`${component.folder}/${name}`)])),
  }));
}

export function valueFaults(found: Chosen[], lists: Record<string, ReadChart>): string[] {
  const faults = Object.keys(lists).filter(name => !found.some(({ component }) => component.name === name)).map(name => `${name} is on the list and no chart of ours`);
  for (const { component, values } of found) {
    const list = lists[component.name];
    if (!list) faults.push(`${component.name}: nobody has read which keys its chart takes`);
    else {
      if (list.version !== component.chart!.version) faults.push(`${component.name}: the keys were read for ${list.version}, the chart is ${component.chart!.version}`);
      const set = Object.entries(values).flatMap(([file, value]) => leaves(value).map(leaf => ({ file, leaf })));
      for (const { file, leaf } of set) if (!list.keys.some(entry => takes(entry, leaf))) faults.push(`${component.name}/${file}: ${leaf} is no key of the chart`);
      for (const entry of list.keys) if (!set.some(({ leaf }) => takes(entry, leaf))) faults.push(`${component.name}: ${entry} is on the list and nobody sets it`);
    }
  }
  return faults;
}
