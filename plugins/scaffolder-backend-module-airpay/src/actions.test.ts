/** The actions against a git host over real HTTP and a catalog in memory: what is refused, adopted, confirmed. */
import { mockCredentials, mockServices } from '@backstage/backend-test-utils';
import { ConfigReader } from '@backstage/config';
import { catalogServiceMock } from '@backstage/plugin-catalog-node/testUtils';
import { TemplateAction } from '@backstage/plugin-scaffolder-node';
import fs from 'node:fs/promises';
import { createServer, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createConfirmAction } from './actions/confirm';
import { createReserveAction } from './actions/reserve';
import { createValidateAction } from './actions/validate';
import { configuredHost } from './configuredHost';
import { BackstageServiceCatalog } from './adapters/ServiceCatalog';
import { readFolder } from './adapters/workspace';
import { markerOf, writeMarker } from './domain/marker';
import { readPlatform } from './domain/platform';

// Generous: several suites share two cores.
jest.setTimeout(60_000);
const REQUEST = {
  name: 'card-payments',
  description: 'Card payments',
  owner: 'group:default/payments-core',
  tier: '2',
  currency: 'EUR',
  regionSet: 'eu',
};
const LEA = 'user:default/lea';
const MARKER = writeMarker(markerOf({ task: { id: 'earlier-task' }, user: { ref: LEA } }, REQUEST));
const GROUP = {
  apiVersion: 'backstage.io/v1alpha1',
  kind: 'Group',
  metadata: { name: 'payments-core', annotations: { 'airpay.com/cost-center': 'cc-1' } },
  spec: { type: 'team', children: [] },
};

/** Repositories of the host: undefined content = no commit. */
let repositories: Map<string, string | undefined>;
/** When set, every request is answered with this status. */
let failing: number | undefined;
let authorizations: Set<string | undefined>;
let server: Server;
let workspacePath: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    authorizations.add(request.headers.authorization);
    const [, repository, rest = ''] = /^\/api\/v1\/repos\/airpay\/([^/?]+)(.*)$/.exec(request.url ?? '') ?? [];
    const answer = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    if (failing) return answer(failing, failing === 200 ? { padding: 'x'.repeat(300_000) } : {});
    if (!repository || !repositories.has(repository)) return answer(404, {});
    const marker = repositories.get(repository);
    if (rest === '') return answer(200, { name: repository });
    if (marker === undefined) return answer(404, {});
    if (rest === '/git/commits/main') return answer(200, { sha: `head-of-${repository}` });
    if (rest !== '/contents/.airpay/task.json?ref=main' || marker === '') return answer(404, {});
    return answer(200, { encoding: 'base64', content: Buffer.from(marker).toString('base64') });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => new Promise(resolve => server.close(resolve)));
beforeEach(async () => {
  repositories = new Map();
  failing = undefined;
  authorizations = new Set();
  workspacePath = await fs.mkdtemp(path.join(os.tmpdir(), 'airpay-actions-'));
});
afterEach(() => fs.rm(workspacePath, { recursive: true, force: true }));

const base = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

function options(gitea?: object[]) {
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = new ConfigReader({
    integrations: { gitea: gitea ?? [{ host, baseUrl: `http://${host}`, username: 'portal', password: 'word' }] },
    airpay: {
      templates: {
        organization: 'airpay',
        system: 'payments',
        hostSuffix: 'pay.airpay.example',
        currencies: ['EUR'],
        production: { project: 'prod' },
        development: { project: 'dev', cluster: 'dev' },
        regions: [
          { id: 'region-a', title: 'Region A', location: 'europe-west1', cluster: 'gke-a' },
          { id: 'region-b', title: 'Region B', location: 'europe-west4', cluster: 'gke-b' },
        ],
        regionSets: [{ id: 'eu', regions: ['region-a', 'region-b'] }],
      },
    },
  });
  return {
    platform: () => readPlatform(config),
    catalog: new BackstageServiceCatalog(catalogServiceMock({ entities: [GROUP] })),
    gitHost: () => configuredHost(config),
  };
}

async function run(action: TemplateAction<any, any, any>, input: object, more: { isDryRun?: boolean; user?: string } = {}) {
  const output: Record<string, any> = {};
  await action.handler({
    input,
    workspacePath,
    logger: mockServices.logger.mock(),
    output: (name: string, value: any) => {
      output[name] = value;
    },
    task: { id: 'this-task' },
    user: { ref: more.user ?? LEA },
    isDryRun: more.isDryRun,
    getInitiatorCredentials: async () => mockCredentials.user(LEA),
    checkpoint: async ({ fn }: any) => fn(),
    createTemporaryDirectory: () => fs.mkdtemp(path.join(os.tmpdir(), 'airpay-')),
  } as any);
  return output;
}

describe('airpay:validate', () => {
  it('gives the values of the templates and where the repositories will be', async () => {
    const output: any = await run(createValidateAction(options()), REQUEST);
    expect(output.values.organization).toBe('airpay');
    expect(output.values).toMatchObject({ team: 'payments-core', costCenter: 'cc-1', rto: '24h', minReplicas: 2 });
    expect(output.values.repositories.gitops).toBe(`${base()}/airpay/card-payments-gitops`);
    expect(output.values.catalogInfo).toBe(`${base()}/airpay/card-payments/src/branch/main/catalog-info.yaml`);
    expect(output.regions.map((region: any) => region.id)).toEqual(['region-a', 'region-b']);
    expect([...authorizations]).toEqual([`basic ${Buffer.from('portal:word').toString('base64')}`]);
  });

  it('names every fault at once', async () => {
    const wrong = { ...REQUEST, name: 'A', tier: '9', currency: 'XTS', regionSet: 'mars', description: '' };
    const error: Error = await run(createValidateAction(options()), wrong).catch(caught => caught);
    expect(error.name).toBe('InputError');
    for (const word of ['Name "A"', 'Tier "9"', 'Currency "XTS"', 'Region set "mars"', 'Description']) {
      expect(error.message).toContain(word);
    }
  });

  it.each(['constructor', '__proto__', ''])('does not take %j for a tier', async tier => {
    await expect(run(createValidateAction(options()), { ...REQUEST, tier })).rejects.toThrow(`Tier "${tier}"`);
  });

  it.each([
    ['somebody else', () => writeMarker(markerOf({ task: { id: 't' }, user: { ref: 'user:default/eve' } }, REQUEST)), 'exists and belongs to something else'],
    ['other values', () => writeMarker(markerOf({ task: { id: 't' }, user: { ref: LEA } }, { ...REQUEST, tier: '3' })), 'exists and belongs to something else'],
    ['nobody known', () => '', 'exists and belongs to something else'],
    ['a marker that is none', () => '{"taskId": 1}', 'exists and belongs to something else'],
    ['nothing in it', () => undefined, 'exists and is empty'],
  ])('refuses a repository made by %s', async (_who, marker, reason) => {
    repositories.set('card-payments-infra', marker());
    await expect(run(createValidateAction(options()), REQUEST)).rejects.toThrow(`card-payments-infra (${reason}`);
  });

  it('lets somebody try again whose earlier run broke off', async () => {
    repositories.set('card-payments', MARKER);
    await expect(run(createValidateAction(options()), REQUEST)).resolves.toMatchObject({ values: { name: 'card-payments' } });
  });

  it('publishes nothing on a guess: a git host that fails stops the run', async () => {
    failing = 500;
    await expect(run(createValidateAction(options()), REQUEST)).rejects.toThrow('answered 500');
    // More than is read of any answer.
    failing = 200;
    await expect(run(createValidateAction(options()), REQUEST)).rejects.toThrow('answered 200 to a read');
    const nobody = options([{ host: '127.0.0.1:1', baseUrl: 'http://127.0.0.1:1', username: 'u', password: 'p' }]);
    await expect(run(createValidateAction(nobody), REQUEST)).rejects.toThrow('does not answer');
  });

  it('wants to know which of several hosts', async () => {
    const two = options([{ host: 'a.example' }, { host: 'b.example' }]);
    await expect(run(createValidateAction(two), REQUEST)).rejects.toThrow('airpay.templates.gitHost must name one of');
  });
});

describe('airpay:reserve', () => {
  it('creates what is absent, adopts its own, and marks every folder', async () => {
    repositories.set('card-payments', MARKER);
    const output = await run(createReserveAction(options()), { request: REQUEST });
    expect(output).toEqual({ service: 'adopt', infra: 'create', gitops: 'create' });
    for (const part of ['service', 'infra', 'gitops']) {
      const files = await readFolder(workspacePath, part);
      expect(JSON.parse(files.get('.airpay/task.json')!)).toMatchObject({ taskId: 'this-task', requestedBy: LEA });
    }
  });

  it('refuses a repository that appeared since the request was checked', async () => {
    repositories.set('card-payments-gitops', '');
    await expect(run(createReserveAction(options()), { request: REQUEST })).rejects.toThrow(
      'card-payments-gitops exists and belongs to something else',
    );
  });
});

describe('airpay:confirm', () => {
  it('gives the commit of each part', async () => {
    for (const name of ['card-payments', 'card-payments-infra']) repositories.set(name, MARKER);
    const output = await run(createConfirmAction(options()), { request: REQUEST, parts: ['service', 'infra'] });
    expect(output.commits).toEqual({ service: 'head-of-card-payments', infra: 'head-of-card-payments-infra' });
  });

  it('fails when a push left nothing behind', async () => {
    repositories.set('card-payments', undefined);
    await expect(run(createConfirmAction(options()), { request: REQUEST, parts: ['service'] })).rejects.toThrow(
      'card-payments was published, but reading it back does not show what was pushed',
    );
  });

  it('asks nobody in a dry run', async () => {
    await run(createConfirmAction(options()), { request: REQUEST, parts: ['service'] }, { isDryRun: true });
    expect(authorizations.size).toBe(0);
  });
});

describe('the workspace', () => {
  it('refuses symbolic links and paths that lead out', async () => {
    await fs.mkdir(path.join(workspacePath, 'service'));
    await fs.symlink('/etc/passwd', path.join(workspacePath, 'service/link'));
    await expect(readFolder(workspacePath, 'service')).rejects.toThrow('is a symbolic link');
    await expect(readFolder(workspacePath, '../..')).rejects.toThrow();
  });
});
