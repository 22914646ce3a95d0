import { catalogPermissions } from '@backstage/plugin-catalog-common/alpha';
import { kubernetesPermissions } from '@backstage/plugin-kubernetes-common';
import { scaffolderPermissions } from '@backstage/plugin-scaffolder-common/alpha';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { GROUP_ROLES, Role } from './roles';
import { Grant, grantOf, RULES } from './rules';

/** Columns: everyone, engineer, recovery, audit, finance. a = allow, o = own, - = deny. */
const TABLE: Record<string, string> = {
  'catalog.entity.read': 'aaaaa',
  'catalog.entity.create': '-aa--',
  'catalog.entity.validate': '-aa--',
  'catalog.entity.refresh': '-oo--',
  'catalog.entity.delete': '-oo--',
  'catalog.location.read': 'aaaaa',
  'catalog.location.analyze': '-aa--',
  'catalog.location.create': '-aa--',
  'catalog.location.delete': '-----',
  'catalog.ingestion.read': '-a---',
  'catalog.ingestion.manage': '-----',
  'scaffolder.template.parameter.read': 'aaaaa',
  'scaffolder.template.step.read': 'aaaaa',
  'scaffolder.template.management': '-a---',
  'scaffolder.template.dry-run': '-aa--',
  'scaffolder.action.execute': '-aa--',
  'scaffolder.task.create': '-aa--',
  'scaffolder.task.cancel': '-oo--',
  'scaffolder.task.read': 'oooao',
  'kubernetes.clusters.read': 'aaaaa',
  'kubernetes.resources.read': 'aaaaa',
  'kubernetes.proxy': '-----',
  'airpay.slo.read': 'aaaaa',
  'airpay.ownership.read': 'aaaaa',
  'airpay.dr.read': 'aaaaa',
  'airpay.dr.execute': '--a--',
  'airpay.dr.audit': '---a-',
};
const COLUMNS: Role[] = ['everyone', ...GROUP_ROLES];
const WORDS: Record<string, Grant> = { a: 'allow', o: 'own', '-': 'deny' };

/** Names in plugins/*-common/src/permissions.ts, read as text: this package imports nothing of ours. */
function ownPermissions(): string[] {
  const plugins = path.resolve(__dirname, '../..');
  const files = readdirSync(plugins)
    .filter(name => name.startsWith('airpay-') && name.endsWith('-common'))
    .map(name => path.join(plugins, name, 'src/permissions.ts'));
  return files.flatMap(file => [...readFileSync(file, 'utf8').matchAll(/name: '([^']+)'/g)].map(match => match[1]));
}

describe.each(Object.entries(TABLE))('%s', (permission, grants) => {
  it.each(COLUMNS.map((role, index) => [role, WORDS[grants[index]]] as const))('%s: %s', (role, grant) => {
    // Everybody with a role is also everyone.
    expect(grantOf(permission, role === 'everyone' ? ['everyone'] : ['everyone', role])).toBe(grant);
  });
});

it('every permission of every installed plugin is decided, and no other', () => {
  const own = ownPermissions();
  expect(own.length).toBeGreaterThanOrEqual(5);
  const installed = [...catalogPermissions, ...scaffolderPermissions, ...kubernetesPermissions].map(one => one.name);
  const expected = [...new Set([...installed, ...own])].sort();
  expect(Object.keys(RULES).sort()).toEqual(expected);
  expect(Object.keys(TABLE).sort()).toEqual(expected);
});

it.each(['something.new', 'constructor', '__proto__', ''])('%j, which is not listed, is denied to all', permission => {
  expect(grantOf(permission, COLUMNS)).toBe('deny');
});

it('the strongest of several roles counts', () => {
  expect(grantOf('scaffolder.task.read', ['everyone', 'finance', 'audit'])).toBe('allow');
  expect(grantOf('catalog.entity.delete', ['everyone', 'audit', 'engineer'])).toBe('own');
  expect(grantOf('airpay.dr.execute', [])).toBe('deny');
});
