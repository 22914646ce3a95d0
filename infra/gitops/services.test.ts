/**
 * Repositories of services: which ones Atlantis takes, and that none of them can have anything run but the platform's own Terraform. The
 * script is run as the server runs it, with a real git and a Terraform that writes down what it was asked.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { readEstate, root } from './checks/manifests.ts';

const estate = readEstate() as any;
const component = path.join(root, 'infra/gitops/devops-components/atlantis');
const server = parse(readFileSync(path.join(component, 'repos.yaml'), 'utf8')) as { repos: any[]; workflows: Record<string, any> };

/** As the server reads an id: between slashes an expression, else the whole name. */
const matches = (id: string, name: string) => (/^\/.*\/$/.test(id) ? new RegExp(id.slice(1, -1)).test(name) : id === name);
/** The last one that matches. */
const entryOf = (name: string) => server.repos.filter(one => matches(one.id, name)).at(-1)!;

describe('which repositories are planned', () => {
  const services = server.repos.find(one => one.allowed_workflows?.includes('service-prod'))!;

  it('those that the template makes, and no other', () => {
    for (const name of ['github.com/airpay/a-infra', 'github.com/airpay/card-payments-infra', `github.com/airpay/${'a'.repeat(40)}-infra`]) assert.equal(entryOf(name), services, name);
    const others = ['github.com/airpay/card-payments', 'github.com/airpay/card-payments-gitops', 'github.com/airpay/-infra', 'github.com/airpay/9-infra', 'github.com/airpay/Card-infra', `github.com/airpay/${'a'.repeat(41)}-infra`,
      'github.com/evil/card-payments-infra', 'github.com/airpay/x-infra/y', 'githubxcom/airpay/x-infra', 'evil.example/github.com/airpay/x-infra', 'github.com/airpay/x-infra-fork'];
    for (const name of others) {
      const entry = entryOf(name);
      assert.equal(entry.id, '/.*/', name);
      assert.ok(!new RegExp(entry.branch.slice(1, -1)).test('main'), 'no branch of it');
    }
  });

  it('by the same names as Argo CD deploys', () => {
    const text = readFileSync(path.join(root, 'infra/gitops/clusters/hub/services.yaml'), 'utf8');
    const deployed = new RegExp(/repositoryMatch: (\S+)/.exec(text)![1]!);
    for (const name of ['a', 'a1', 'card-payments', 'a'.repeat(40), 'a'.repeat(41), 'a-', '-a', '9a', 'A']) {
      assert.equal(deployed.test(`${name}-gitops`), new RegExp(services.id.slice(1, -1)).test(`github.com/airpay/${name}-infra`), name);
    }
    assert.ok(deployed.test('a-gitops'));
  });

  it('under the guards of the platform itself', () => {
    for (const entry of server.repos) {
      for (const list of ['apply_requirements', 'import_requirements']) assert.deepEqual(['approved', 'mergeable', 'undiverged'].filter(one => !entry[list].includes(one)), [], entry.id);
      assert.equal(entry.allow_custom_workflows, false);
      assert.ok(entry.plan_requirements.includes('undiverged'));
      assert.ok(entry.allowed_overrides.every((one: string) => one === 'workflow'), entry.id);
    }
    assert.equal(new RegExp(services.branch.slice(1, -1)).test('main2'), false);
  });

  it('without a workflow that runs what a repository brings', () => {
    assert.deepEqual(services.allowed_workflows, ['service-dev', 'service-prod']);
    assert.equal(services.workflow, 'default');
    for (const [stage, { steps }] of Object.entries<any>(server.workflows['default'])) {
      assert.equal(spawnSync('sh', ['-c', steps[0].run]).status, 1, `${stage} of the default workflow refuses`);
      assert.equal(steps.length, 1);
    }
    assert.deepEqual(Object.keys(server.workflows['default']).sort(), ['apply', 'import', 'plan', 'policy_check', 'state_rm']);
    for (const [workflow, environment, key, account] of [['service-dev', 'dev', 'payments-dev', 'dev'], ['service-prod', 'production', 'payments-prod', 'prod']] as const) {
      for (const [stage, kind] of [['plan', 'planner'], ['apply', 'deployer']] as const) {
        assert.deepEqual(server.workflows[workflow][stage].steps, [
          { env: { name: 'GOOGLE_IMPERSONATE_SERVICE_ACCOUNT', value: `${kind}-${account}@${estate.projects[key]}.iam.gserviceaccount.com` } },
          { run: `sh /etc/atlantis/service.sh ${stage} ${environment}` },
        ], 'no step of Atlantis\' own, which would take arguments of a comment');
      }
      assert.deepEqual(Object.keys(server.workflows[workflow]), ['plan', 'apply']);
    }
  });
});

describe('service.sh', () => {
  const script = path.join(component, 'service.sh');
  let folder: string;
  let commands: string;

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'airpay-services-'));
    commands = path.join(folder, 'bin');
    mkdirSync(commands);
    // Says where it ran and what it was asked; a plan leaves a file as the real one does.
    writeFileSync(path.join(commands, 'terraform'), `#!/bin/sh
{ echo "in $(git rev-parse --show-prefix) of $(git log -1 --format=%s)"; for word in "$@"; do echo "$word"; done; } >> "$TERRAFORM_LOG"
for word in "$@"; do case $word in -out=*) echo planned > "\${word#-out=}" ;; esac; done
`, { mode: 0o755 });
    const platform = path.join(folder, 'platform');
    cpSync(path.join(root, 'infra/terraform/services'), path.join(platform, 'infra/terraform/services'), { recursive: true });
    commit(platform, 'the platform');
    // In the place of the host: the address that the script names leads to the folder.
    writeFileSync(path.join(folder, 'gitconfig'), `[url "file://${platform}"]\n\tinsteadOf = https://${estate.git.host}/${estate.git.organization}/${estate.git.repository}.git\n[user]\n\tname = a\n\temail = a@b.example\n`);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const git = (where: string, ...args: string[]) => execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.example', ...args], { cwd: where, stdio: 'pipe' });
  function commit(where: string, message: string) {
    git(where, 'init', '--quiet', '--initial-branch=main');
    git(where, 'add', '--all', '--force');
    git(where, 'commit', '--quiet', '--message', message);
  }

  const plain = { 'atlantis.yaml': 'version: 3\n', 'README.md': '# x\n', 'service.tfvars': '# Who\nteam        = "payments-core"\ncost_center = "cc-4100"\ntier        = "1"\n', '.airpay/task.json': '{}', '.github/CODEOWNERS': '* @airpay/payments-core\n' };

  /** Runs a stage on a repository with these files. */
  function run(stage: string, environment: string, { files = plain as Record<string, string>, link = '', program = '', plan = '', variables = {} as Record<string, string> } = {}) {
    const where = mkdtempSync(path.join(folder, 'repository-'));
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(where, name)), { recursive: true });
      writeFileSync(path.join(where, name), text);
    }
    if (link) { rmSync(path.join(where, link), { force: true }); symlinkSync('/proc/self/environ', path.join(where, link)); }
    if (program) chmodSync(path.join(where, program), 0o755);
    commit(where, 'a branch');
    const planFile = path.join(where, 'production-region-a-default.tfplan');
    if (plan) writeFileSync(planFile, plan);
    const log = path.join(where, '.git/terraform.log');
    const { status, stderr } = spawnSync('sh', [script, stage, environment], {
      cwd: where, encoding: 'utf8', timeout: 60_000,
      env: {
        PATH: `${commands}:${process.env.PATH}`, HOME: folder, TMPDIR: folder, GIT_CONFIG_GLOBAL: path.join(folder, 'gitconfig'), TERRAFORM_LOG: log, DIR: where, PLANFILE: planFile,
        BASE_REPO_OWNER: 'airpay', BASE_REPO_NAME: 'card-payments-infra', HEAD_REPO_OWNER: 'airpay', HEAD_REPO_NAME: 'card-payments-infra', REPO_REL_DIR: '.', WORKSPACE: 'default',
        PROJECT_NAME: `${environment}-region-a`, COMMENT_ARGS: '\\-\\v\\a\\r=\\n\\a\\m\\e=\\l\\e\\d\\g\\e\\r', ...variables,
      },
    });
    return { status, stderr, asked: existsSync(log) ? readFileSync(log, 'utf8') : '', plan: existsSync(planFile) ? readFileSync(planFile, 'utf8') : '', where };
  }

  it('plans the root of the platform, from main, with the name of the repository and a state of its own', () => {
    const { status, stderr, asked, plan, where } = run('plan', 'production');
    assert.equal(status, 0, stderr);
    assert.deepEqual(asked.split('\n').slice(0, -1), [
      'in infra/terraform/services/payment-service/ of the platform', 'init', '-input=false', '-lockfile=readonly',
      `-backend-config=bucket=${estate.stateBucket}`, '-backend-config=prefix=payments/production/services/card-payments/region-a',
      'in infra/terraform/services/payment-service/ of the platform', 'plan', '-input=false', '-lock-timeout=5m', `-out=${where}/production-region-a-default.tfplan`,
      `-var-file=${where}/service.tfvars`, '-var=name=card-payments', '-var=environment=production', '-var=region=region-a',
    ]);
    assert.equal(plan, 'planned\n');
  });

  it('applies the plan that was made, and nothing else', () => {
    const { status, stderr, asked, plan, where } = run('apply', 'dev', { plan: 'planned' });
    assert.equal(status, 0, stderr);
    assert.deepEqual(asked.split('\n').slice(-6, -1), ['in infra/terraform/services/payment-service/ of the platform', 'apply', '-input=false', '-lock-timeout=5m', `${where}/production-region-a-default.tfplan`]);
    assert.match(asked, /prefix=payments\/dev\/services\/card-payments\/region-a\n/);
    assert.equal(plan, '', 'a plan is applied once');
  });

  const attacks: [string, Parameters<typeof run>[2], RegExp][] = [
    ['Terraform of its own', { files: { ...plain, 'main.tf': 'data "external" "x" { program = ["sh"] }' } }, /may not have: main\.tf/],
    ['Terraform as JSON', { files: { ...plain, 'a.tf.json': '{}' } }, /may not have: a\.tf\.json/],
    ['further values', { files: { ...plain, 'a.auto.tfvars': 'name = "ledger"' } }, /may not have: a\.auto\.tfvars/],
    ['a provider beside it', { files: { ...plain, '.terraform/providers/google': 'x' } }, /may not have: \.terraform/],
    ['a plan that it brings', { files: { ...plain, 'production-region-a-default.tfplan': 'forged' } }, /may not have: .*tfplan/],
    ['a name with a space', { files: { ...plain, 'README.md .tf': 'x' } }, /may not have: /],
    ['a name of spaces', { files: { ...plain, '  ': 'x' } }, /may not have: a name of spaces/],
    ['a program', { program: 'README.md' }, /may not have: README\.md/],
    ['a link', { link: 'service.tfvars' }, /may not have: service\.tfvars/],
    ['no values', { files: { 'README.md': '# x\n' } }, /no service\.tfvars/],
    ['another service\'s name', { files: { ...plain, 'service.tfvars': 'team = "a"\nname = "ledger"\n' } }, /in line 2/],
    ['an expression', { files: { ...plain, 'service.tfvars': 'team = "${file("/proc/self/environ")}"\n' } }, /in line 1/],
    ['values without end', { files: { ...plain, 'service.tfvars': `# ${'a'.repeat(5000)}\n` } }, /longer than three values/],
    ['a repository of another kind', { variables: { BASE_REPO_NAME: 'card-payments', HEAD_REPO_NAME: 'card-payments' } }, /no repository of a service/],
    ['a name that is none', { variables: { BASE_REPO_NAME: '../x-infra', HEAD_REPO_NAME: '../x-infra' } }, /no name of a service/],
    ['another organisation', { variables: { BASE_REPO_OWNER: 'evil' } }, /not our organisation/],
    ['a fork', { variables: { HEAD_REPO_OWNER: 'evil' } }, /of another repository/],
    ['another folder', { variables: { REPO_REL_DIR: 'a' } }, /at the top/],
    ['another workspace', { variables: { WORKSPACE: 'a' } }, /at the top/],
    ['a project of another environment', { variables: { PROJECT_NAME: 'dev-region-a' } }, /not of production/],
    ['a region that leads elsewhere', { variables: { PROJECT_NAME: 'production-region-a/../x' } }, /is no region/],
    ['no project', { variables: { PROJECT_NAME: '' } }, /without a name/],
  ];
  for (const [what, given, message] of attacks) {
    it(`refuses ${what}, to plan and to apply, before anything runs`, () => {
      for (const stage of ['plan', 'apply']) {
        const { status, stderr, asked, plan } = run(stage, 'production', given);
        assert.equal(status, 1, stage);
        assert.match(stderr, message);
        assert.equal(asked, '', 'Terraform was not asked');
        if (stage === 'plan') assert.equal(plan, '', 'no plan is left to apply');
      }
    });
  }

  it('refuses when git does not say what is in the repository', () => {
    for (const stage of ['plan', 'apply']) {
      const { status, stderr, asked } = run(stage, 'production', { variables: { GIT_CEILING_DIRECTORIES: folder, GIT_DIR: '/nowhere' } });
      assert.equal(status, 1);
      assert.match(stderr, /git does not say/);
      assert.equal(asked, '');
    }
  });

  it('takes away no plan of another pull request, to which a folder of the branch is a link', () => {
    const other = mkdtempSync(path.join(folder, 'other-'));
    writeFileSync(path.join(other, 'x-default.tfplan'), 'planned');
    const { status } = run('plan', 'production', { variables: { REPO_REL_DIR: 'a', PLANFILE: path.join(other, 'x-default.tfplan') } });
    assert.equal(status, 1);
    assert.equal(readFileSync(path.join(other, 'x-default.tfplan'), 'utf8'), 'planned');
  });

  it('names the platform and the bucket of the estate', () => {
    const text = readFileSync(script, 'utf8');
    assert.ok(text.includes(` https://${estate.git.host}/${estate.git.organization}/${estate.git.repository}.git `));
    assert.ok(text.includes(`-backend-config=bucket=${estate.stateBucket} `));
    assert.ok(text.includes(`[ "$BASE_REPO_OWNER" = ${estate.git.organization} ]`));
    assert.ok(parse(readFileSync(path.join(component, 'kustomization.yaml'), 'utf8')).configMapGenerator[0].files.includes('service.sh'));
  });
});
