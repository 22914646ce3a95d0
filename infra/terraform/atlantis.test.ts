/** Who plans and applies which root: atlantis.yaml, the server's workflows and the estate say the same. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { accountOf, deploymentOf, readEstate, type Estate } from './checks/estate.ts';
import { rootName } from './checks/structure.ts';
import { readTree, type Folder } from './checks/tree.ts';

const repository = path.resolve(import.meta.dirname, '../..');
const yaml = (file: string) => parse(readFileSync(path.join(repository, file), 'utf8')) as any;
const estate = readEstate(repository);
const { git } = estate as unknown as { git: { host: string; organization: string; repository: string } };

interface Project {
  name: string;
  dir: string;
  workflow: string;
  execution_order_group: number;
  autoplan: { when_modified: string[] };
}

/** One sentence per fault: a root that is managed twice or never, or by somebody else's account. */
function faults(projects: Project[], workflows: Record<string, any>, roots: Folder[], of: Estate): string[] {
  const problems: string[] = [];
  for (const root of roots) {
    const found = projects.filter(project => project.dir === root.path);
    const { project, region } = rootName(root)!;
    const deployment = deploymentOf(project, region);
    if (deployment === null) {
      if (found.length > 0) problems.push(`${root.path} is people's: it may not be planned from the hub`);
      continue;
    }
    if (found.length !== 1) problems.push(`${root.path} is in atlantis.yaml ${found.length} times`);
    for (const { workflow, autoplan } of found) {
      if (workflow !== deployment) problems.push(`${root.path} is planned by the workflow ${workflow}, not ${deployment}`);
      for (const pattern of ['../../../modules/**/*.tf', '../../../../estate.yaml']) if (!autoplan.when_modified.includes(pattern)) problems.push(`${root.path} is not planned when ${pattern} changes`);
    }
    const steps = workflows[deployment];
    for (const [stage, kind] of [['plan', 'planner'], ['apply', 'deployer']] as const) {
      const account = steps?.[stage]?.steps.find((step: any) => step.env?.name === 'GOOGLE_IMPERSONATE_SERVICE_ACCOUNT')?.env.value;
      if (account !== accountOf(of, project, region, kind)) problems.push(`${stage} of workflow ${deployment} acts as ${account}, not ${accountOf(of, project, region, kind)}`);
    }
    const init = steps?.plan.steps.find((step: any) => step.init)?.init.extra_args ?? [];
    if (!init.includes('-backend-config=backend.hcl')) problems.push(`workflow ${deployment} does not say where the state is`);
  }
  for (const project of projects) if (!roots.some(root => root.path === project.dir)) problems.push(`atlantis.yaml plans ${project.dir}, which is no root`);
  if (new Set(projects.map(project => project.name)).size !== projects.length) problems.push('two projects have one name');
  return problems;
}

describe('Atlantis', async () => {
  const roots = (await readTree(repository)).roots;
  const { projects, ...rest } = yaml('atlantis.yaml') as { projects: Project[] } & Record<string, unknown>;
  const server = yaml('infra/gitops/devops-components/atlantis/repos.yaml');

  it('people of the group platform may be the planner that make plan becomes, and no more', () => {
    const access = readFileSync(path.join(repository, 'infra/terraform/live/project-0-devops/access/main.tf'), 'utf8');
    assert.match(access, /^\s*plan_groups\s*=\s*\["group:\$\{local\.estate\.groups\.platform\}"\]$/m);
    assert.ok((estate as unknown as { groups: Record<string, string> }).groups['platform']);
  });

  it('plans every root but those of people once, as the planner of its environment, and applies it as the deployer', () => {
    assert.ok(roots.length >= 8);
    assert.deepEqual(faults(projects, server.workflows, roots, estate), []);
  });

  it('applies only what somebody else approved, on the server\'s word and not the repository\'s', () => {
    const repo = server.repos.find((one: any) => one.id === `${git.host}/${git.organization}/${git.repository}`);
    assert.deepEqual(['approved', 'mergeable', 'undiverged'].filter(one => !repo.apply_requirements.includes(one)), []);
    assert.equal(repo.allow_custom_workflows, false);
    assert.ok(!repo.allowed_overrides.some((one: string) => /requirements|policy/.test(one)));
    assert.deepEqual([...repo.allowed_workflows].sort(), ['dev', 'hub', 'prod']);
    assert.equal(rest['automerge'], false);
  });

  it('applies networks before regions and the hub before both', () => {
    const group = (name: string) => projects.find(project => project.name === name)!.execution_order_group;
    assert.ok(group('devops-hub') < group('payments-prod-global') && group('payments-prod-global') < group('payments-prod-region-a'));
    assert.ok(group('payments-dev-global') < group('payments-dev-region-a'));
  });

  it('a root listed twice, one forgotten, one by the account of another environment, and the archive are faults', () => {
    const one = projects.find(project => project.name === 'payments-dev-region-a')!;
    assert.match(faults([...projects, { ...one, name: 'again' }], server.workflows, roots, estate).join(), /project-1-payments-dev\/region-a is in atlantis\.yaml 2 times/);
    assert.match(faults(projects.filter(project => project.name !== 'payments-prod-region-a'), server.workflows, roots, estate).join(), /project-1-payments-prod\/region-a is in atlantis\.yaml 0 times/);
    const wrong = projects.map(project => (project.name === 'payments-prod-region-a' ? { ...project, workflow: 'dev' } : project));
    assert.match(faults(wrong, server.workflows, roots, estate).join(), /region-a is planned by the workflow dev, not prod/);
    const archive = { ...one, name: 'archive-global', dir: 'infra/terraform/live/project-9-archive/global', workflow: 'hub' };
    assert.match(faults([...projects, archive], server.workflows, roots, estate).join(), /project-9-archive\/global is people's/);
    const swapped = { ...server.workflows, prod: server.workflows.dev };
    assert.match(faults(projects, swapped, roots, estate).join(), /apply of workflow prod acts as deployer-dev@airpay-payments-dev\S+, not deployer-prod@airpay-payments-prod/);
  });
});
