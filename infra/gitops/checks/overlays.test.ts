import assert from 'node:assert/strict';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { folder } from '../render.ts';
import { kustomizations } from './fleet.ts';
import { orphans } from './overlays.ts';

describe('kustomizations', () => {
  it('take in every file beside them: none is forgotten, none is named that is not there', () => {
    assert.deepEqual(orphans(folder), []);
  });

  it('are each used: by a cluster, another kustomization or a component', () => {
    const used = new Set(kustomizations().flatMap(name => {
      const { resources = [], components = [] } = parse(readFileSync(path.join(folder, name, 'kustomization.yaml'), 'utf8'));
      return [...resources, ...components].map((one: string) => path.normalize(path.join(name, one)));
    }));
    const loose = kustomizations().filter(name => {
      if (used.has(name) || name.startsWith('clusters/')) return false;
      // Applied by an ApplicationSet: the folder of a component.yaml or application.yaml, or an overlay of it.
      const declared = ['component.yaml', 'application.yaml'].some(file => globSync([`${name}/${file}`, `${name}/../../${file}`], { cwd: folder }).length > 0);
      const text = globSync(['clusters/*/*.yaml', 'bootstrap/**/*', 'README.md'], { cwd: folder, exclude: (entry: string) => entry.includes('node_modules') })
        .filter(file => /\.(yaml|md|sh|ts)$/.test(file)).map(file => readFileSync(path.join(folder, file), 'utf8')).join('\n');
      return !declared && !text.includes(`infra/gitops/${name}`) && !(/^apps\/[^/]+\/overlays\//.test(name) && text.includes(`infra/gitops/${name.split('/overlays/')[0]}/overlays/`));
    });
    assert.deepEqual(loose, []);
  });

  it('are red for the faults of the reference system: a name that is not there, a file nobody lists', () => {
    const place = mkdtempSync(path.join(tmpdir(), 'overlays-'));
    try {
      mkdirSync(path.join(place, 'base'));
      writeFileSync(path.join(place, 'base/kustomization.yaml'), 'resources: [sa.yaml, service.yaml]\npatches: [{ path: gone.yaml }]\nconfigMapGenerator: [{ name: a, files: [settings.json] }]\n');
      for (const file of ['rbac.yaml', 'service.yaml', 'keda.yaml', 'settings.json']) writeFileSync(path.join(place, 'base', file), '{}\n');
      assert.deepEqual(orphans(place), [
        'base/kustomization.yaml: sa.yaml is not there',
        'base/kustomization.yaml: gone.yaml is not there',
        'base/keda.yaml: in no kustomization',
        'base/rbac.yaml: in no kustomization',
      ]);
    } finally {
      rmSync(place, { recursive: true });
    }
  });
});
