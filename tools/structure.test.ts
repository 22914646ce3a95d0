/** Holds the import rules of ARCHITECTURE.md: between packages, and between the layers inside one. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkStructure, readPackages, root, type SourcePackage } from './structure.ts';

const example = (files: Record<string, string[]>, over: Partial<SourcePackage> = {}): SourcePackage => ({
  name: '@airpay/plugin-airpay-dr-backend',
  folder: 'plugins/airpay-dr-backend',
  layers: { domain: ['src/plan.ts'], adapter: ['src/Patroni.ts', 'src/RunStore.ts'], useCase: ['src/RunService.ts'], edge: ['src/router.ts'], wiring: ['src/plugin.ts', 'src/index.ts'] },
  imports: new Map(Object.entries(files)),
  dependencies: ['@airpay/plugin-airpay-dr-common'],
  ...over,
});

test('every package and every file keeps the import rules', () => {
  const packages = readPackages();
  assert.ok(packages.length >= 12, `only ${packages.length} packages were found`);
  const files = packages.reduce((total, one) => total + one.imports.size, 0);
  assert.ok(files >= 60, `only ${files} files were read`);
  assert.deepEqual(packages.flatMap(checkStructure), []);
});

test('an import of a higher layer is refused', () => {
  const problems = checkStructure(example({ 'src/plan.ts': ['./RunService'], 'src/RunService.ts': [] }));
  assert.deepEqual(problems, ['plugins/airpay-dr-backend/src/plan.ts (domain) imports src/RunService.ts (useCase)']);
});

test('adapters do not import each other', () => {
  const problems = checkStructure(example({ 'src/Patroni.ts': ['./RunStore'], 'src/RunStore.ts': [] }));
  assert.deepEqual(problems, ['plugins/airpay-dr-backend/src/Patroni.ts (adapter) imports src/RunStore.ts (adapter)']);
});

test('a backend does not import a browser plugin, nor the ledger Backstage', () => {
  assert.match(checkStructure(example({ 'src/plugin.ts': ['@airpay/plugin-airpay-dr'] }))[0]!, /must not import @airpay\/plugin-airpay-dr$/);
  const ledger = example({ 'src/plan.ts': ['@backstage/errors'] }, { name: '@airpay/ledger', folder: 'ledger', dependencies: [] });
  assert.match(checkStructure(ledger)[0]!, /must not import @backstage\/errors$/);
});

test('a file without a layer, and a file with two, are refused', () => {
  assert.match(checkStructure(example({ 'src/other.ts': [] }))[0]!, /src\/other.ts has no layer/);
  const twice = example({ 'src/plan.ts': [] });
  twice.layers['edge'] = ['src/*.ts'];
  assert.match(checkStructure(twice)[0]!, /src\/plan.ts has two layers: domain, edge/);
});

test('no file holds more than 400 lines', () => {
  const files = execFileSync('git', ['ls-files', '*.ts', '*.tsx'], { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
  const long = files
    .filter(file => !/\.test\.tsx?$|\/generated\/|\.d\.ts$/.test(file))
    .map(file => [file, readFileSync(join(root, file), 'utf8').split('\n').length - 1] as const)
    .filter(([, lines]) => lines > 400);
  assert.deepEqual(long, []);
});
