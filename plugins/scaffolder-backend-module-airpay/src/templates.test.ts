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
    expect(files.get('infra/backends/production-region-b.hcl')).toBe(
      'bucket = "airpay-terraform-state"\nprefix = "payments/production/services/card-payments/region-b"\n',
    );
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

  it('names projects, key rings, image readers and states as the platform does', async () => {
    const files = await rendered((await readInputs(template, 'valid')).get('card-payments'));
    const estate = parse(await fs.readFile(path.join(ROOT, 'infra/estate.yaml'), 'utf8'));
    const terraform = path.join(ROOT, 'infra/terraform');
    const [access, region, nodes] = await Promise.all(
      ['live/project-0-devops/access/main.tf', 'modules/region/main.tf', 'modules/gke/accounts.tf'].map(file =>
        fs.readFile(path.join(terraform, file), 'utf8'),
      ),
    );
    const main = files.get('infra/main.tf')!;

    const roots = [...files.keys()].flatMap(file => /^infra\/environments\/(.+)\.tfvars$/.exec(file)?.[1] ?? []);
    expect(roots.sort()).toEqual(['dev-region-a', 'production-region-a', 'production-region-b']);
    for (const root of roots) {
      const value = (name: string) => new RegExp(`^${name} *= "(.+)"$`, 'm').exec(files.get(`infra/environments/${root}.tfvars`)!)?.[1];
      const [id, site]: [string, any] = Object.entries<any>(estate.sites).find(
        ([, one]) => one.environment === value('environment') && one.region === value('region'),
      )!;
      expect([value('project'), value('location')]).toEqual([estate.projects[site.project], site.location]);
      // Key rings are named after the project's key, which the service's root has from the project's id.
      expect(value('project')).toBe(`airpay-${site.project}`);
      expect(estate.identities.kyverno.sites).toContain(id);

      // The deployer of the environment reaches the state, and it lies where no root of the platform has its own.
      const prefix = /^prefix = "(.+)"$/m.exec(files.get(`infra/backends/${root}.hcl`)!)![1];
      const own = new RegExp(`projects\\["${site.project}"\\]\\]\\n\\s+state_prefixes = \\["([^"]+)"\\]`).exec(access)![1];
      expect(prefix).toBe(`${own}services/card-payments/${site.region}`);
    }

    expect(region).toContain('key_ring = "${var.project.key}-${var.site.region}"');
    expect(main).toContain('keyRings/${trimprefix(var.project, "airpay-")}-${var.region}/cryptoKeys"');
    for (const [key, service] of [['secrets', 'secretmanager'], ['buckets', 'artifactregistry']]) {
      expect(main).toMatch(new RegExp(`kms_key_name += "\\$\\{local\\.keys\\}/${key}"`));
      expect(region).toMatch(new RegExp(`^ +${key} += \\{ services = \\[.*"${service}".*\\] \\}$`, 'm'));
    }
    expect(nodes).toContain('account_id   = "gke-${each.key}-${var.region}"');
    const pools = [...nodes.matchAll(/setunion\(\[([^\]]+)\]/g)][0][1].match(/[a-z]+/g)!;
    expect(/for account in \[([^\]]+)\]/.exec(main)![1].match(/[a-z-]+/g)!.sort()).toEqual([...pools.map(pool => `gke-${pool}`), 'kyverno'].sort());
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
