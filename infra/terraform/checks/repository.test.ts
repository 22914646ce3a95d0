import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { appliedPastGit, unfilledValues } from './repository.ts';
import { trackedFiles } from './secrets.ts';

const repository = path.resolve(import.meta.dirname, '../../..');
const files = trackedFiles(repository).filter(file => /^(infra\/|tools\/|\.ci\/|Makefile$)/.test(file) && existsSync(path.join(repository, file)));
const over = (rule: (file: string, text: string) => string[]) => files.flatMap(file => rule(file, readFileSync(path.join(repository, file), 'utf8')));

describe('what stands in infra/', () => {
  it('holds no value that somebody meant to fill in', () => {
    assert.ok(files.length > 300, String(files.length));
    assert.deepEqual(over(unfilledValues), []);
  });

  for (const [title, file, line] of [
    ['an account number of digits in a row', 'infra/terraform/live/x/main.tf', '  project_number = "123456789012"'],
    ['a value to be filled in', 'infra/gitops/x.yaml', `image: ghcr.io/${'change'}-me/app`],
    ['a name in angle brackets', 'infra/gitops/x.yaml', 'host: <your host name>'],
    ['a key of nobody', 'infra/gitops/x.yaml', 'key: cosign-xxxxxxx-key'],
  ]) {
    it(`finds ${title}`, () => {
      assert.equal(unfilledValues(file!, `a: b\n${line}\n`).length, 1);
      assert.match(unfilledValues(file!, `a: b\n${line}\n`)[0]!, /:2 holds/);
      assert.deepEqual(unfilledValues(file!, `# ${line}\n`), [], 'a comment is not applied');
    });
  }

  it('applies nothing to a cluster past git', () => {
    assert.deepEqual(over(appliedPastGit), []);
  });

  it('finds a script that applies, and one that patches manifests on their way', () => {
    assert.match(appliedPastGit('infra/deploy.sh', 'kubectl apply -f app.yaml')[0]!, /past git/);
    assert.match(appliedPastGit('tools/x.ts', "spawn('kubectl', ['patch', 'deployment'])")[0]!, /past git/);
    assert.match(appliedPastGit('Makefile', "\tsed -i 's/IMAGE/x/' app.yaml")[0]!, /on its way/);
    assert.deepEqual(appliedPastGit('tools/x.sh', 'kubectl kustomize infra/gitops'), []);
  });
});
