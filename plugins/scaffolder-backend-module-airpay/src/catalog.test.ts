/** The sample company of catalog/ holds together. */
import { Entity, getCompoundEntityRef, parseEntityRef, stringifyEntityRef } from '@backstage/catalog-model';
import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { readCatalog, ROOT } from '../dev/harness';

// Generous: several suites share two cores.
jest.setTimeout(120_000);

let entities: Entity[];
let known: Set<string>;
beforeAll(async () => {
  entities = await readCatalog();
  known = new Set(entities.map(stringifyEntityRef));
});

/** Fields that hold references, with the kind meant when none is written. */
const REFERENCES: Array<[string, string]> = [
  ['owner', 'group'],
  ['parent', 'group'],
  ['children', 'group'],
  ['memberOf', 'group'],
  ['system', 'system'],
  ['domain', 'domain'],
  ['providesApis', 'api'],
  ['consumesApis', 'api'],
  ['dependsOn', 'component'],
];

it('every reference leads to an entity', () => {
  const broken = entities.flatMap(entity =>
    REFERENCES.flatMap(([field, defaultKind]) => {
      const values = [(entity.spec as any)?.[field] ?? []].flat() as string[];
      return values
        .map(value => stringifyEntityRef(parseEntityRef(value, { defaultKind, defaultNamespace: 'default' })))
        .filter(ref => !known.has(ref))
        .map(ref => `${stringifyEntityRef(entity)}: ${field} ${ref}`);
    }),
  );
  expect(broken).toEqual([]);
  expect(entities.length).toBeGreaterThan(70);
});

it('no entity is given twice', () => {
  expect(known.size).toBe(entities.length);
});

it('every component has an owner, a tier, a system and goals, and its labels agree', () => {
  const components = entities.filter(entity => entity.kind === 'Component');
  expect(components.length).toBeGreaterThanOrEqual(14);
  for (const { metadata, spec } of components) {
    const annotations = metadata.annotations ?? {};
    expect({ name: metadata.name, ...spec }).toMatchObject({ owner: expect.any(String), system: expect.any(String) });
    expect({ name: metadata.name, tier: annotations['airpay.com/tier'] }).toEqual({ name: metadata.name, tier: expect.stringMatching(/^[0-3]$/) });
    for (const goal of ['airpay.com/rto', 'airpay.com/rpo']) expect(annotations[goal]).toMatch(/^\d+[mhd]$/);
    expect(metadata.labels).toMatchObject({
      tier: annotations['airpay.com/tier'],
      system: spec!.system,
      component: metadata.name,
      team: parseEntityRef(spec!.owner as string, { defaultKind: 'group', defaultNamespace: 'default' }).name,
    });
  }
});

it('a rota begins on a Monday and names members of the group', () => {
  const rotas = entities.filter(entity => entity.metadata.annotations?.['airpay.com/on-call-rota']);
  expect(rotas.length).toBeGreaterThanOrEqual(6);
  for (const group of rotas) {
    const rota = group.metadata.annotations!['airpay.com/on-call-rota'];
    const [, start, people] = /^weekly from (\d{4}-\d{2}-\d{2}): (.+)$/.exec(rota) ?? [];
    expect(new Date(`${start}T00:00:00Z`).getUTCDay()).toBe(1);
    for (const ref of people.split(', ')) {
      const person = entities.find(entity => stringifyEntityRef(entity) === ref);
      expect({ ref, memberOf: person?.spec?.memberOf }).toEqual({ ref, memberOf: expect.arrayContaining([group.metadata.name]) });
    }
  }
});

it('teams have somebody in them and a cost center; people have an address that receives no mail', () => {
  const teams = entities.filter(entity => entity.kind === 'Group' && entity.spec?.type === 'team');
  for (const team of teams) {
    expect(team.metadata.annotations?.['airpay.com/cost-center']).toMatch(/^cc-\d{4}$/);
    expect(entities.some(entity => entity.kind === 'User' && (entity.spec!.memberOf as string[]).includes(team.metadata.name))).toBe(true);
  }
  for (const user of entities.filter(entity => entity.kind === 'User')) {
    expect((user.spec as any).profile.email).toMatch(/^[a-z]+@airpay\.example$/);
  }
});

it('hosts and namespaces of components are not claimed twice by different systems', () => {
  const owners = new Map<string, string>();
  for (const entity of entities.filter(one => one.kind === 'Component')) {
    for (const host of (entity.metadata.annotations?.['airpay.com/hosts'] ?? '').split(',').map(one => one.trim()).filter(Boolean)) {
      expect({ host, before: owners.get(host) }).toEqual({ host, before: undefined });
      owners.set(host, getCompoundEntityRef(entity).name);
    }
  }
});

it('people, roles and regions of the configuration exist in the catalog', async () => {
  const read = async (name: string) => parse(await fs.readFile(path.join(ROOT, name), 'utf8'));
  const [shared, local] = await Promise.all([read('app-config.yaml'), read('app-config.local.yaml')]);
  const refs = [
    ...Object.values(shared.airpay.roles as Record<string, string[]>).flat(),
    ...local.auth.providers.localPeople.people.map((person: any) => person.ref),
    ...shared.airpay.templates.regions.map((region: any) => `resource:default/${region.cluster}`),
    `system:default/${shared.airpay.templates.system}`,
  ];
  expect(refs.filter(ref => !known.has(ref))).toEqual([]);
});

it('what has docs builds without a broken link, and runbooks are pages of them', async () => {
  const documented = entities.filter(entity => entity.metadata.annotations?.['backstage.io/techdocs-ref'] === 'dir:.');
  expect(documented.map(entity => entity.metadata.name).sort()).toEqual(['ledger', 'portal']);
  for (const { metadata } of documented) {
    const folder = metadata.name === 'portal' ? ROOT : path.join(ROOT, metadata.name);
    const runbook = metadata.annotations!['airpay.com/runbook'];
    if (runbook) await fs.access(path.join(folder, runbook));
    const site = await fs.mkdtemp(path.join(os.tmpdir(), 'airpay-docs-'));
    try {
      // TechDocs calls the same program; --strict makes every warning, such as a link to nowhere, an error.
      await promisify(execFile)('mkdocs', ['build', '--strict', '--quiet', '--site-dir', site], { cwd: folder });
      await fs.access(path.join(site, 'index.html'));
    } finally {
      await fs.rm(site, { recursive: true, force: true });
    }
  }
});
