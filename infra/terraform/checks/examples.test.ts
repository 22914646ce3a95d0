import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { exampleProblems, examplesOf } from './examples.ts';
import { sample } from './sample.ts';
import { readTree } from './tree.ts';

const repository = path.resolve(import.meta.dirname, '../../..');
const zone = 'variable "zone" {\n  description = "x"\n  type = string\n}\n';
const readme = (body: string) => ({ 'README.md': `# thing\n\n\`\`\`hcl\n${body}\`\`\`\n` });
const call = (more = '', source = '../../modules/thing') => `module "thing" {\n  source = "${source}"\n${more}}\n`;

describe('examples of the READMEs', () => {
  it('each gives its module what it needs and nothing else', async () => {
    const tree = await readTree(repository);
    assert.deepEqual(await exampleProblems(tree), []);
    assert.ok(tree.modules.flatMap(examplesOf).length >= tree.modules.length);
  });

  it('an argument that the module does not take is refused', async () => {
    const tree = await sample({ moduleFiles: readme(call('  zones = ["a"]\n')) });
    assert.deepEqual(await exampleProblems(tree), ['infra/terraform/modules/thing/README.md:module.thing gives zones, which infra/terraform/modules/thing does not take']);
  });

  it('an example that lacks a required argument is refused', async () => {
    const tree = await sample({ module: zone, moduleFiles: readme(call()) });
    assert.deepEqual(await exampleProblems(tree), ['infra/terraform/modules/thing/README.md:module.thing does not give zone, which infra/terraform/modules/thing needs']);
  });

  it('an example that is no Terraform is refused', async () => {
    const tree = await sample({ moduleFiles: readme('module "thing" {\n  source = \n}\n') });
    assert.match((await exampleProblems(tree))[0]!, /README\.md:example cannot be parsed/);
  });

  it('an example of another module is refused', async () => {
    const tree = await sample({ moduleFiles: readme(call('', '../../modules/other')) });
    assert.match((await exampleProblems(tree)).join('\n'), /example does not call the module itself/);
  });

  it('finds the module from wherever the reader of the README stands', async () => {
    for (const source of ['../thing', '../../modules/thing', '../../../modules/thing', './modules/thing']) {
      const tree = await sample({ moduleFiles: readme(call('', source)) });
      assert.deepEqual(await exampleProblems(tree), [], source);
    }
  });
});
