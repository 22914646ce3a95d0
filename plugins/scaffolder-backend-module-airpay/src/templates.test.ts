/** Every template × every input, with Backstage's own engine and actions. See docs/create.md for what the files are. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { Harness, readInputs, ROOT, startHarness, TEMPLATES } from '../dev/harness';
import { checkRendered } from './checks';
import { checkInfra } from './checks/infra';

jest.setTimeout(300_000);
const run = promisify(execFile);

describe('payment-service', () => {
  const template = 'payment-service';
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ taken: ['taken-payments-infra'] });
  });
  afterAll(() => harness?.stop());

  async function rendered(values: object): Promise<Map<string, string>> {
    const result = await harness.render(template, values);
    if ('refusal' in result) throw new Error(result.refusal);
    return result.files;
  }

  it('renders the files of the golden list, for every valid input', async () => {
    const golden = path.join(TEMPLATES, template, 'tests/golden.txt');
    const inputs = await readInputs(template, 'valid');
    expect(inputs.size).toBeGreaterThanOrEqual(2);
    const lists: string[] = [];
    for (const [name, values] of inputs) {
      lists.push(`# ${name}`, ...[...(await rendered(values)).keys()].sort(), '');
    }
    if (process.env.UPDATE_GOLDEN) await fs.writeFile(golden, lists.join('\n'));
    expect(lists.join('\n')).toBe(await fs.readFile(golden, 'utf8'));
  });

  it('puts the answers of the form where they belong', async () => {
    const files = await rendered((await readInputs(template, 'valid')).get('card-payments'));
    const entity = parse(files.get('service/catalog-info.yaml')!.split('\n---\n')[0]);
    expect(entity.metadata.description).toBe('Card payments: one-off and "card on file"');
    expect(entity.spec).toMatchObject({ owner: 'group:default/payments-core', system: 'payments' });
    expect(entity.metadata.annotations).toMatchObject({ 'airpay.com/tier': '0', 'airpay.com/rto': '1h' });
    expect(files.get('service/src/payment.ts')).toContain("CURRENCY = 'EUR'");
    expect(files.get('gitops/base/deployment.yaml')).toContain('whenUnsatisfiable: DoNotSchedule');
    expect(files.get('infra/service.tfvars')).toMatch(/^team += "payments-core"\ncost_center = "cc-4100"\ntier += "0"$/m);
    expect(files.get('infra/.github/CODEOWNERS')).toContain('\n* @airpay/payments-core\n');
    // GitHub's own expressions survive.
    expect(files.get('service/.github/workflows/ci.yml')).toContain('${{ github.sha }}');
    const marker = JSON.parse(files.get('gitops/.airpay/task.json')!);
    expect(marker.requestDigest).toMatch(/^[0-9a-f]{64}$/);
  });

  it('shortens service accounts as Terraform does', async () => {
    const files = await rendered((await readInputs(template, 'valid')).get('long-name-one-region'));
    const account = /gcp-service-account: (\S+)@/.exec(files.get('gitops/overlays/production-region-a/kustomization.yaml')!)![1];
    // substr(name, 0, 22), without a hyphen at the end, and seven digits of sha256(name-region).
    const digest = createHash('sha256').update('subscription-renewals-for-latin-americas-region-a').digest('hex');
    expect(account).toBe(`subscription-renewals-${digest.slice(0, 7)}`);
    expect(account.length).toBeLessThanOrEqual(30);
  });

  it('lets into a repository of infrastructure what the server does, and nothing else', async () => {
    const script = await fs.readFile(path.join(ROOT, 'infra/gitops/devops-components/atlantis/service.sh'), 'utf8');
    const server = new RegExp(/\$4 !~ \/(\^.*\$)\/ \{/.exec(script)![1]);
    const files = await rendered([...(await readInputs(template, 'valid')).values()][0]);
    const own = [...files.keys()].filter(file => file.startsWith('infra/')).map(file => file.slice('infra/'.length));
    expect(own.filter(file => !server.test(file))).toEqual([]);
    for (const file of [...own, '.gitignore', 'main.tf', 'README.md.tf', 'catalog-info.yaml', 'x/README.md', '.github/workflows/ci.yml']) {
      const refused = checkInfra(new Map([[`infra/${file}`, '']]), 'infra').some(finding => /takes no such file/.test(finding.message));
      expect([file, refused]).toEqual([file, !server.test(file)]);
    }
  });

  it('says to the platform what its Terraform asks, and names what it makes', async () => {
    const estate = parse(await fs.readFile(path.join(ROOT, 'infra/estate.yaml'), 'utf8'));
    const terraform = path.join(ROOT, 'infra/terraform');
    const [root, variables, account, access, region, nodes] = await Promise.all(
      [
        'services/payment-service/locals.tf',
        'services/payment-service/variables.tf',
        'services/payment-service/main.tf',
        'live/project-0-devops/access/main.tf',
        'modules/region/main.tf',
        'modules/gke/accounts.tf',
      ].map(file => fs.readFile(path.join(terraform, file), 'utf8')),
    );
    for (const [input, values] of await readInputs(template, 'valid')) {
      const files = await rendered(values);
      const name = parse(files.get('service/catalog-info.yaml')!.split('\n---\n')[0]).metadata.name;
      // The values of the repository and those of the server are the variables of the root, and there are no others.
      const own = [...files.get('infra/service.tfvars')!.matchAll(/^(\w+) *=/gm)].map(match => match[1]);
      expect([...own, 'name', 'environment', 'region'].sort()).toEqual([...variables.matchAll(/^variable "(\w+)"/gm)].map(match => match[1]).sort());

      const images: string[] = [];
      for (const project of parse(files.get('infra/atlantis.yaml')!).projects) {
        const [, environment, place] = /^(dev|production)-(region-[a-z])$/.exec(project.name)!;
        const [id, site]: [string, any] = Object.entries<any>(estate.sites).find(
          ([, one]) => one.environment === environment && one.region === place,
        )!;
        expect(estate.identities.kyverno.sites).toContain(id);
        images.push(`${site.location}-docker.pkg.dev/${estate.projects[site.project]}/${name}/service`);
        const overlay = parse(files.get(`gitops/overlays/${environment === 'dev' ? 'dev' : project.name}/kustomization.yaml`)!);
        expect(overlay.images[0].newName).toBe(images[images.length - 1]);

        // The deployer of the environment reaches the state, and it lies where no root of the platform has its own.
        const prefix = new RegExp(`projects\\["${site.project}"\\]\\]\\n\\s+state_prefixes = \\["([^"]+)"\\]`).exec(access)![1];
        expect(`payments/${environment}/services/${name}/${place}`).toMatch(new RegExp(`^${prefix}services/`));
      }
      // The pipeline pushes to what Terraform makes, and to all of it.
      expect({ input, registries: files.get('service/registries.txt')!.trim().split('\n').sort() }).toEqual({ input, registries: images.sort() });
    }
    expect(root).toContain('keyRings/${local.site.project}-${var.region}/cryptoKeys"');
    expect(region).toContain('key_ring = "${var.project.key}-${var.site.region}"');
    for (const [key, service] of [['secrets', 'secretmanager'], ['buckets', 'artifactregistry']]) {
      expect(account).toMatch(new RegExp(`kms_key_name += "\\$\\{local\\.keys\\}/${key}"`));
      expect(region).toMatch(new RegExp(`^ +${key} += \\{ services = \\[.*"${service}".*\\] \\}$`, 'm'));
    }
    expect(nodes).toContain('account_id   = "gke-${each.key}-${var.region}"');
    const pools = [...nodes.matchAll(/setunion\(\[([^\]]+)\]/g)][0][1].match(/[a-z]+/g)!;
    expect(/for account in \[([^\]]+)\]/.exec(root)![1].match(/[a-z-]+/g)!.sort()).toEqual([...pools.map(pool => `gke-${pool}`), 'kyverno'].sort());
  });

  it('pushes as the workflow that the registry lets in, under no account, and not before the registry is there', async () => {
    const files = await rendered((await readInputs(template, 'valid')).get('card-payments'));
    const { jobs } = parse(files.get('service/.github/workflows/ci.yml')!);
    const root = await fs.readFile(path.join(ROOT, 'infra/terraform/services/payment-service/locals.tf'), 'utf8');
    expect(root).toContain('/.github/workflows/ci.yml@refs/heads/main"');
    // What runs beside the key to the registries is named by its commit.
    const actions = [...files.get('service/.github/workflows/ci.yml')!.matchAll(/uses: (.+)$/gm)].map(match => match[1]);
    expect(actions.length).toBeGreaterThan(3);
    expect(actions.filter(action => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d/.test(action))).toEqual([]);
    expect(jobs.image.if).toBe("github.ref == 'refs/heads/main' && github.run_number > 1");
    expect(jobs.image.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
    const google = jobs.image.steps.find((step: any) => step.id === 'google');
    expect(google.with).toEqual({ workload_identity_provider: '${{ vars.SERVICES_WORKLOAD_IDENTITY_PROVIDER }}', create_credentials_file: false });
    const outputs = await fs.readFile(path.join(ROOT, 'infra/terraform/live/project-0-devops/global/outputs.tf'), 'utf8');
    expect(outputs).toContain('SERVICES_WORKLOAD_IDENTITY_PROVIDER');
    const push = jobs.image.steps.find((step: any) => step.run?.includes('docker push'));
    expect(push.env.TOKEN).toBe('${{ steps.google.outputs.auth_token }}');
    // Nothing that somebody typed is text of the script.
    expect(JSON.stringify(jobs.image.steps.map((step: any) => step.run))).not.toContain('${{');
  });

  it('pushes one image to every registry, signs each, and stops when one of them has another', async () => {
    const files = await rendered((await readInputs(template, 'valid')).get('card-payments'));
    const { jobs } = parse(files.get('service/.github/workflows/ci.yml')!);
    const script = jobs.image.steps.find((step: any) => step.run?.includes('docker push')).run;
    const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'airpay-push-'));
    try {
      // A registry that answers with the digest it is told to; whoever signs is written down.
      const commands = {
        docker: `#!/bin/sh
echo "docker $*" >> "$LOG"
case $1 in
  login) cat > /dev/null ;;
  inspect) case $4 in *europe-west4*) digest=$OTHER ;; *) digest=sha256:one ;; esac; echo "\${4%:*}@$digest" ;;
esac`,
        cosign: '#!/bin/sh\necho "cosign $*" >> "$LOG"',
      };
      for (const [name, text] of Object.entries(commands)) await fs.writeFile(path.join(folder, name), text, { mode: 0o755 });
      await fs.writeFile(path.join(folder, 'registries.txt'), files.get('service/registries.txt')!);
      const pushed = async (other: string) => {
        const env = { PATH: `${folder}:${process.env.PATH}`, LOG: path.join(folder, 'log'), GITHUB_STEP_SUMMARY: path.join(folder, 'summary'), TOKEN: 't', TAG: 'v', OTHER: other };
        await fs.rm(env.LOG, { force: true });
        const outcome = await run('bash', ['-e', '-c', script], { cwd: folder, env, timeout: 30_000 }).then(() => 'done', () => 'failed');
        return { outcome, log: (await fs.readFile(env.LOG, 'utf8')).split('\n') };
      };
      const registries = files.get('service/registries.txt')!.trim().split('\n');
      const { outcome, log } = await pushed('sha256:one');
      expect(outcome).toBe('done');
      expect(log.filter(line => line.startsWith('docker push'))).toEqual(registries.map(one => `docker push ${one}:v`));
      expect(log.filter(line => line.startsWith('cosign'))).toEqual(registries.map(one => `cosign sign --yes ${one}@sha256:one`));
      expect(await fs.readFile(path.join(folder, 'summary'), 'utf8')).toBe('digest: sha256:one\n');
      const differing = await pushed('sha256:two');
      expect(differing.outcome).toBe('failed');
      expect(differing.log.join()).not.toContain('sha256:two');
    } finally {
      await fs.rm(folder, { recursive: true, force: true });
    }
  });

  it('makes a service whose own tests and types pass', async () => {
    const files = await rendered((await readInputs(template, 'valid')).get('card-payments'));
    const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'airpay-rendered-'));
    try {
      for (const [file, text] of files) {
        if (!file.startsWith('service/')) continue;
        const target = path.join(folder, file.slice('service/'.length));
        await fs.mkdir(path.dirname(target), { recursive: true });
        await fs.writeFile(target, text);
      }
      await fs.symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
      // A process of its own: Jest's loader must not stand between the service and Node. Its variables stay here too.
      const options = { cwd: folder, env: { PATH: process.env.PATH, HOME: folder }, timeout: 240_000 };
      const tests = ['test/payments.test.ts', 'test/config.test.ts'];
      const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap', ...tests], options);
      expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThanOrEqual(20);
      expect(stdout).toMatch(/^# fail 0$/m);
      await run(process.execPath, [path.join(ROOT, 'node_modules/typescript/bin/tsc'), '--noEmit'], options);
    } finally {
      await fs.rm(folder, { recursive: true, force: true });
    }
  });

  it('refuses every invalid input, for the reason its file names', async () => {
    const folder = path.join(TEMPLATES, template, 'tests/invalid');
    const inputs = await readInputs(template, 'invalid');
    expect(inputs.size).toBeGreaterThanOrEqual(15);
    for (const [name, values] of inputs) {
      const reason = /^# refusal: (.+)$/m.exec(await fs.readFile(path.join(folder, `${name}.yaml`), 'utf8'))?.[1];
      const result = await harness.render(template, values);
      expect({ name, refusal: 'refusal' in result ? result.refusal : 'none: it was rendered' }).toEqual({
        name,
        refusal: expect.stringContaining(reason ?? 'a line "# refusal: …" at the top of the file'),
      });
    }
  });

  it('offers in the form only what the configuration knows', async () => {
    const { spec } = parse(await fs.readFile(path.join(TEMPLATES, template, 'template.yaml'), 'utf8'));
    const { airpay } = parse(await fs.readFile(path.join(ROOT, 'app-config.yaml'), 'utf8'));
    const fields = Object.assign({}, ...spec.parameters.map((page: any) => page.properties));
    expect(fields.currency.enum).toEqual(airpay.templates.currencies);
    expect(fields.regionSet.enum).toEqual(airpay.templates.regionSets.map((set: any) => set.id));
  });

  it('is checked before it is published: a broken skeleton is stopped', async () => {
    const files = await rendered((await readInputs(template, 'valid')).get('card-payments'));
    const part = (folder: string) =>
      new Map([...files].filter(([file]) => file.startsWith(`${folder}/`)).map(([file, text]) => [file.slice(folder.length + 1), text]));
    const parts = { service: part('service'), infra: part('infra'), gitops: part('gitops') };
    expect(checkRendered(parts)).toEqual([]);
    parts.gitops.set('base/deployment.yaml', parts.gitops.get('base/deployment.yaml')!.replace('runAsNonRoot: true', 'runAsNonRoot: false'));
    expect(checkRendered(parts)).toEqual([expect.stringMatching(/^gitops\/base\/deployment\.yaml:\d+ .*runAsNonRoot must be true$/)]);
  });
});
