/** Every rule is seen to refuse what it is about, alone; then all of them read the real tree. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { cases } from './cases.ts';
import { findings, problemsOf, readSurroundings, rules } from './rules.ts';
import { around, sample } from './sample.ts';
import { foldersOf, readTree, type Block, type Tree } from './tree.ts';

const repository = path.resolve(import.meta.dirname, '../../..');
const everyLocal = (tree: Tree, name: string): Block[] => foldersOf(tree).flatMap(folder => folder.locals).filter(block => block.name === name);

describe('rules over Terraform', () => {
  it('finds nothing in a module and a root that keep them all', async () => {
    assert.deepEqual(findings(await sample(), around), []);
  });

  for (const one of cases) {
    it(`${one.rule} refuses ${one.title}`, async () => {
      const bad = rules.get(one.rule)!(await sample(one.bad), { ...around, ...one.around });
      assert.equal(bad.length, 1, `expected one problem, got ${JSON.stringify(bad)}`);
      assert.match(bad[0]!, one.says);
      assert.match(bad[0]!, /^\S+:\S+ \S/, 'a problem names file and resource');
      assert.deepEqual(rules.get(one.rule)!(await sample(one.good), { ...around, ...one.goodAround }), []);
    });
  }

  it('has a case for every rule', () => {
    const seen = new Set(cases.map(one => one.rule));
    assert.deepEqual([...rules.keys()].filter(name => !seen.has(name)), []);
  });

  it('no rule finds anything in infra/terraform that no waiver covers', async () => {
    assert.deepEqual(await problemsOf(repository, new Date()), []);
  });

  // Each of these finds what it compares by a name in the tree, and says nothing where there is none: renamed, it would be blind.
  const blinded: [string, (tree: Tree) => void][] = [
    ['apis-enabled', tree => everyLocal(tree, 'apis').forEach(block => { block.body['value'] = Object.fromEntries(Object.keys(block.body['value']).map(project => [project, []])); })],
    ['deployers-may-grant', tree => everyLocal(tree, 'grantable_roles').forEach(block => { block.body['value'] = []; })],
    ['quota-project', tree => tree.roots.forEach(root => root.providers.forEach(block => { delete block.body['user_project_override']; }))],
    ['nodes-find-a-way-out', tree => foldersOf(tree).forEach(folder => [...folder.outputs, ...folder.modules].forEach(block => { delete block.body['depends_on']; }))],
    ['accounts-of-pools-are-made', tree => everyLocal(tree, 'node_pools').forEach(block => block.body['value'].push('batch'))],
  ];
  for (const [rule, spoil] of blinded) {
    it(`${rule} sees infra/terraform, and refuses it when spoilt`, async () => {
      const tree = await readTree(repository);
      const told = () => rules.get(rule)!(tree, readSurroundings(repository)).length;
      const before = told();
      spoil(tree);
      assert.ok(told() > before, `${told()} problems, ${before} before`);
    });
  }

  it('reads the whole tree, not an empty one', async () => {
    const tree = await readTree(repository);
    assert.ok(tree.modules.length >= 20, `${tree.modules.length} modules`);
    assert.ok(tree.roots.length >= 8, `${tree.roots.length} roots`);
    assert.ok(tree.modules.reduce((sum, folder) => sum + folder.resources.length, 0) >= 100);
    const { clusters, plans } = readSurroundings(repository);
    assert.ok([...clusters.values()].every(manifests => manifests.length > 10) && plans.size > 0);
  });
});
