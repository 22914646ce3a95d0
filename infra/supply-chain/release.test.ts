import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

interface Step { name?: string; id?: string; uses?: string; run?: string; with?: Record<string, string>; env?: Record<string, string> }
interface Workflow { on: any; permissions: unknown; jobs: Record<string, { if?: string; permissions?: Record<string, string>; 'timeout-minutes'?: number; env: Record<string, string>; steps: Step[] }> }

const estate = parse(read('infra/estate.yaml'));
const scripts = JSON.parse(read('package.json')).scripts as Record<string, string>;
const steps = (workflow: Workflow) => Object.values(workflow.jobs).flatMap(job => job.steps);

/** Steps of others that may be other code tomorrow. */
const loose = (workflow: Workflow) => steps(workflow).flatMap(step => (step.uses && !/^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/.test(step.uses) ? [step.uses] : []));

/** One sentence per way in which the pipeline would let something through. */
function faults(workflow: Workflow): string[] {
  const found: string[] = [];
  if (JSON.stringify(workflow.permissions) !== '{}') found.push('a job has rights that it does not ask for');
  for (const [name, job] of Object.entries(workflow.jobs)) if (!job['timeout-minutes']) found.push(`${name} has no time limit`);
  for (const uses of loose(workflow)) found.push(`${uses} is not pinned by its commit`);
  for (const step of steps(workflow)) {
    // What a person typed must reach a shell as a value, never as text of the script.
    if (step.run && /\$\{\{\s*(inputs|github\.event|vars)\b/.test(step.run)) found.push(`${step.name}: input in a script`);
  }
  const order = ['Build', 'Bill of materials', 'Scan', 'Gate', 'Push', 'Sign, and say what is in it', 'Read back what admission will read'];
  const names = workflow.jobs.image!.steps.map(step => step.name ?? '');
  if (JSON.stringify(names.filter(name => order.includes(name))) !== JSON.stringify(order)) found.push('the steps are not in their order');
  for (const step of workflow.jobs.image!.steps) if (/\|\| *true|continue-on-error/.test(JSON.stringify(step))) found.push(`${step.name}: cannot fail`);
  if (workflow.jobs.image!.if !== "github.ref == 'refs/heads/main'") found.push('other branches may release');
  return found;
}

const workflow = parse(read('.github/workflows/release.yml')) as Workflow;

describe('the release pipeline', () => {
  it('is pinned, bounded, scans before it pushes and signs what it pushed', () => {
    assert.deepEqual(faults(workflow), []);
  });

  it('nor does any other workflow run an action by a tag, or without a limit of time', () => {
    const files = readdirSync(path.join(root, '.github/workflows'));
    assert.ok(files.length >= 3);
    for (const file of files) {
      const one = parse(read(`.github/workflows/${file}`)) as Workflow;
      assert.deepEqual(loose(one), [], file);
      assert.ok(Object.values(one.jobs).every(job => job['timeout-minutes']), file);
    }
  });

  it('a gate after the push, an action by tag, an input in a script, another branch: each is found', () => {
    const changed = (change: (copy: Workflow) => void) => {
      const copy = structuredClone(workflow);
      change(copy);
      return faults(copy).join();
    };
    assert.match(changed(copy => copy.jobs.image!.steps.push(copy.jobs.image!.steps.splice(copy.jobs.image!.steps.findIndex(step => step.name === 'Gate'), 1)[0]!)), /not in their order/);
    assert.match(changed(copy => { copy.jobs.image!.steps[0]!.uses = 'actions/checkout@v5'; }), /not pinned/);
    assert.match(changed(copy => { copy.jobs.propose!.steps[1]!.run = 'echo ${{ inputs.app }}'; }), /input in a script/);
    assert.match(changed(copy => { delete copy.jobs.image!.if; }), /other branches/);
    assert.match(changed(copy => { copy.jobs.image!.steps.find(step => step.name === 'Gate')!.run += ' || true'; }), /cannot fail/);
    assert.match(changed(copy => { copy.permissions = 'write-all'; }), /rights/);
  });

  it('signs under the name that admission asks for, and that the registry lets in', () => {
    const [, owner, name, file] = /^https:\/\/github\.com\/([^/]+)\/([^/]+)\/(\.github\/workflows\/[^@]+)@refs\/heads\/main$/.exec(estate.signing.subject)!;
    assert.ok(existsSync(path.join(root, file!)), file);
    assert.equal(file, '.github/workflows/release.yml');
    const sign = workflow.jobs.image!.steps.find(step => step.name === 'Read back what admission will read')!.run!;
    assert.ok(sign.includes(estate.signing.issuer));
    assert.ok(sign.includes(`https://github.com/$GITHUB_REPOSITORY/${file}@refs/heads/main`));
    const example = read('infra/terraform/modules/image-publisher/README.md');
    assert.ok(example.includes(`"${owner}/${name}/${file}@refs/heads/main"`) && example.includes(estate.signing.issuer));
    assert.deepEqual(workflow.jobs.image!.permissions, { contents: 'read', 'id-token': 'write' });
  });

  it('releases what there is: each app has a recipe and overlays, into the registry of the estate', () => {
    const apps: string[] = workflow.on.workflow_dispatch.inputs.app.options;
    const build = workflow.jobs.image!.steps.find(step => step.name === 'Build')!.run!;
    for (const app of apps) {
      const recipe = new RegExp(`^\\s*${app}\\) file=(\\S+) ;;$`, 'm').exec(build)?.[1];
      assert.ok(recipe && existsSync(path.join(root, recipe)), app);
      assert.ok(existsSync(path.join(root, 'infra/gitops/apps', app, 'overlays')), app);
    }
    assert.equal(workflow.jobs.image!.env.IMAGE, `${estate.registry.host}/\${{ inputs.app }}`);
    for (const script of ['supply-chain:gate', 'gitops:release']) {
      assert.ok(steps(workflow).some(step => step.run?.includes(`tools/run ${script} `)), script);
      assert.ok(existsSync(path.join(root, scripts[script]!.replace(/^node /, ''))), script);
    }
  });
});
