/** Publishing, against a server that answers as GitHub's and Gitea's REST API do and takes pushes with git's own HTTP backend. */
import { mockServices } from '@backstage/backend-test-utils';
import { ConfigReader } from '@backstage/config';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import { createServer, IncomingMessage, Server, ServerResponse } from 'node:http';
import { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createPublishAction } from './actions/publish';
import { configuredHost } from './configuredHost';

jest.setTimeout(60_000);
const TOKEN = 'the-token';

let folder: string;
let workspacePath: string;
let server: Server;
let host: string;
/** What was asked, without reads. */
let changes: string[];
let protection: Map<string, any>;
let pulls: any[];
/** Repositories that the team may push to. */
let teamOf: Set<string>;
/** Requests that are answered with a status of their own, by "METHOD path". */
let failing: Map<string, number>;
let cloneHost: string | undefined;

const bare = (repository: string) => path.join(folder, 'airpay', `${repository}.git`);
const exists = (file: string) => fs.access(file).then(() => true, () => false);
function git(repository: string, args: string[], options: { input?: string; env?: Record<string, string> } = {}): string | undefined {
  try {
    return execFileSync('git', ['--git-dir', bare(repository), '-c', 'user.name=a', '-c', 'user.email=a@b.example', ...args], {
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
      input: options.input,
      env: { ...process.env, ...options.env },
    }).trim();
  } catch {
    return undefined;
  }
}

/** One file more on a branch, as the contents API commits it. */
function commitFile(repository: string, branch: string, file: string, base64: string) {
  const env = { GIT_INDEX_FILE: path.join(folder, 'index') };
  const blob = git(repository, ['hash-object', '-w', '--stdin'], { input: Buffer.from(base64, 'base64').toString('utf8') })!;
  git(repository, ['read-tree', branch], { env });
  git(repository, ['update-index', '--add', '--cacheinfo', `100644,${blob},${file}`], { env });
  const tree = git(repository, ['write-tree'], { env })!;
  git(repository, ['update-ref', `refs/heads/${branch}`, git(repository, ['commit-tree', tree, '-p', branch, '-m', 'a file'])!]);
}

async function api(method: string, route: string, body: any): Promise<[number, object?]> {
  const url = new URL(route, 'http://x');
  if (url.pathname === '/orgs/airpay/teams/payments-core') return [200, {}];
  if (url.pathname.startsWith('/orgs/airpay/teams/payments-core/repos/airpay/')) {
    teamOf.add(url.pathname.split('/').pop()!);
    return [204];
  }
  if (url.pathname.startsWith('/orgs/airpay/teams/')) return [404, {}];
  if (method === 'POST' && url.pathname === '/orgs/airpay/repos') {
    if (await exists(bare(body.name))) return [422, { message: 'name already exists' }];
    execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', bare(body.name)]);
    git(body.name, ['config', 'http.receivepack', 'true']);
    return [201, { private: body.private, clone_url: `http://${cloneHost ?? host}/airpay/${body.name}.git` }];
  }
  const [, repository, rest] = /^\/repos\/airpay\/([^/]+)(.*)$/.exec(url.pathname) ?? [];
  if (!repository || !(await exists(bare(repository)))) return [404, {}];
  if (rest === '') return [200, { name: repository }];
  if (rest === '/git/ref/heads/main') {
    const sha = git(repository, ['rev-parse', '--verify', 'main']);
    if (!sha) return git(repository, ['for-each-ref']) ? [404, {}] : [409, { message: 'Git Repository is empty.' }];
    return [200, { object: { sha } }];
  }
  if (rest === '/branches/main/protection') {
    if (!git(repository, ['rev-parse', '--verify', 'main'])) return [404, {}];
    protection.set(repository, body);
    return [200, {}];
  }
  if (rest === '/git/refs') {
    if (git(repository, ['rev-parse', '--verify', body.ref])) return [422, { message: 'Reference already exists' }];
    git(repository, ['update-ref', body.ref, body.sha]);
    return [201, {}];
  }
  if (rest.startsWith('/contents/')) {
    const file = rest.slice('/contents/'.length);
    if (method === 'PUT') {
      commitFile(repository, body.branch, file, body.content);
      return [201, {}];
    }
    const text = git(repository, ['show', `${url.searchParams.get('ref')}:${file}`]);
    return text === undefined ? [404, {}] : [200, { encoding: 'base64', content: Buffer.from(`${text}\n`).toString('base64') }];
  }
  if (rest === '/pulls') {
    if (pulls.some(one => one.head === body.head)) return [422, { message: 'A pull request already exists' }];
    pulls.push({ repository, ...body });
    return [201, {}];
  }
  return [404, {}];
}

async function gitea(request: IncomingMessage, response: ServerResponse) {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  if (request.method === 'POST') {
    changes.push(`POST ${request.url}`);
    const { name } = JSON.parse(Buffer.concat(chunks).toString());
    execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', bare(name)]);
    git(name, ['config', 'http.receivepack', 'true']);
  }
  response.writeHead(request.method === 'POST' ? 201 : 200, { 'content-type': 'application/json' }).end('{}');
}

function push(request: IncomingMessage, response: ServerResponse) {
  const url = new URL(request.url!, 'http://x');
  const known = ['x-access-token', 'portal'].map(user => `Basic ${Buffer.from(`${user}:${TOKEN}`).toString('base64')}`);
  if (!known.includes(request.headers.authorization ?? '')) {
    response.writeHead(401, { 'www-authenticate': 'Basic' }).end();
    return;
  }
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env.PATH, GIT_PROJECT_ROOT: folder, GIT_HTTP_EXPORT_ALL: '1', REMOTE_USER: 'a', PATH_INFO: url.pathname, QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method, CONTENT_TYPE: request.headers['content-type'] ?? '',
    },
  });
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on('data', chunk => chunks.push(chunk));
  child.on('close', () => {
    const output = Buffer.concat(chunks);
    const end = output.indexOf('\r\n\r\n');
    const headers = output.subarray(0, end).toString().split('\r\n').map(line => line.split(': ') as [string, string]);
    const status = Number(headers.find(([name]) => name === 'Status')?.[1].split(' ')[0] ?? 200);
    response.writeHead(status, Object.fromEntries(headers.filter(([name]) => name !== 'Status'))).end(output.subarray(end + 4));
  });
}

beforeAll(async () => {
  server = createServer(async (request, response) => {
    if (/^\/api\/v1\/|\/src\/branch\/main$/.test(request.url!)) return gitea(request, response);
    if (!request.url!.startsWith('/api/v3/')) return push(request, response);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const route = request.url!.slice('/api/v3'.length);
    const key = `${request.method} ${route}`;
    if (request.method !== 'GET') changes.push(key);
    const [status, body] = request.headers.authorization !== `Bearer ${TOKEN}` ? [401, {}] as [number, object]
      : failing.has(key) ? [failing.get(key)!, { message: 'as the test wants it' }] as [number, object]
      : await api(request.method!, route, text && JSON.parse(text));
    return response.writeHead(status, { 'content-type': 'application/json' }).end(body && JSON.stringify(body));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise(resolve => { server.closeAllConnections(); server.close(resolve); }));
beforeEach(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), 'airpay-github-'));
  workspacePath = path.join(folder, 'workspace');
  await fs.mkdir(path.join(folder, 'airpay'));
  for (const [file, text] of [['infra/service.tfvars', 'tier = "1"\n'], ['infra/.github/CODEOWNERS', '* @airpay/payments-core\n'], ['infra/.airpay/task.json', '{}\n']]) {
    await fs.mkdir(path.dirname(path.join(workspacePath, file)), { recursive: true });
    await fs.writeFile(path.join(workspacePath, file), text);
  }
  changes = [];
  protection = new Map();
  pulls = [];
  teamOf = new Set();
  failing = new Map();
  cloneHost = undefined;
});
afterEach(() => fs.rm(folder, { recursive: true, force: true }));

const configured = (github: object[] = [{ host, apiBaseUrl: `http://${host}/api/v3`, token: TOKEN }]) =>
  configuredHost(new ConfigReader({ integrations: { github }, airpay: { templates: { organization: 'airpay' } } }));

const INPUT = { name: 'card-payments', part: 'infra', standing: 'create', description: 'Infrastructure of card-payments', team: 'payments-core', proposed: 'service.tfvars' };

async function publish(input: object = {}) {
  const action = createPublishAction({ gitHost: () => configured() });
  await action.handler({ input: { ...INPUT, ...input }, workspacePath, logger: mockServices.logger.mock(), output: () => undefined } as any);
}

describe('airpay:publish to GitHub', () => {
  it('makes the repository, gives it to its team, protects main and proposes what is to be planned', async () => {
    expect(await configured().look('card-payments-infra')).toEqual({ state: 'absent' });
    await publish();
    expect(git('card-payments-infra', ['ls-tree', '-r', '--name-only', 'main'])).toBe('.airpay/task.json\n.github/CODEOWNERS');
    expect(git('card-payments-infra', ['diff', '--name-status', 'main', 'first'])).toBe('A\tservice.tfvars');
    expect(git('card-payments-infra', ['show', 'first:service.tfvars'])).toBe('tier = "1"');
    expect(pulls).toEqual([{ repository: 'card-payments-infra', title: 'Infrastructure of card-payments', head: 'first', base: 'main' }]);
    expect(protection.get('card-payments-infra')).toMatchObject({
      enforce_admins: true,
      allow_force_pushes: false,
      required_pull_request_reviews: { require_code_owner_reviews: true, required_approving_review_count: 1 },
    });
    expect(changes).toContain('PUT /orgs/airpay/teams/payments-core/repos/airpay/card-payments-infra');
    const found = await configured().look('card-payments-infra');
    expect(found).toEqual({ state: 'filled', headCommit: git('card-payments-infra', ['rev-parse', 'main']) });
    expect(await configured().readFile('card-payments-infra', '.airpay/task.json')).toBe('{}\n');
    expect(await configured().readFile('card-payments-infra', 'none')).toBeUndefined();
  });

  it('pushes everything at once where nothing is to be planned', async () => {
    await publish({ proposed: undefined });
    expect(git('card-payments-infra', ['ls-tree', '-r', '--name-only', 'main'])).toContain('service.tfvars');
    expect(pulls).toEqual([]);
  });

  it.each([
    'PUT /repos/airpay/card-payments-infra/branches/main/protection',
    'POST /repos/airpay/card-payments-infra/git/refs',
    'PUT /repos/airpay/card-payments-infra/contents/service.tfvars',
    'POST /repos/airpay/card-payments-infra/pulls',
  ])('finishes in a second run what broke off at %s', async request => {
    failing.set(request, 500);
    await expect(publish()).rejects.toThrow(`answered 500 to ${request}`);
    failing.clear();
    await fs.writeFile(path.join(workspacePath, 'infra/service.tfvars'), 'tier = "1"\n');
    await publish({ standing: 'adopt' });
    await publish({ standing: 'adopt' });
    expect(git('card-payments-infra', ['diff', '--name-status', 'main', 'first'])).toBe('A\tservice.tfvars');
    expect(protection.size).toBe(1);
    expect(pulls).toHaveLength(1);
  });

  it('lets nobody push before main is protected', async () => {
    failing.set('PUT /repos/airpay/card-payments-infra/branches/main/protection', 403);
    await expect(publish({ proposed: undefined })).rejects.toThrow('answered 403');
    expect(teamOf.size).toBe(0);
    failing.clear();
    await publish({ proposed: undefined, standing: 'adopt' });
    expect([...teamOf]).toEqual(['card-payments-infra']);
  });

  it('looks at a repository whose last commit is large, and at one with another branch only', async () => {
    await publish();
    commitFile('card-payments-infra', 'main', 'package-lock.json', Buffer.alloc(300_000, 'a line\n').toString('base64'));
    expect(await configured().look('card-payments-infra')).toEqual({ state: 'filled', headCommit: git('card-payments-infra', ['rev-parse', 'main']) });
    git('card-payments-infra', ['update-ref', '-d', 'refs/heads/main']);
    expect(await configured().look('card-payments-infra')).toEqual({ state: 'empty' });
  });

  it('makes nothing when there is no such team', async () => {
    await expect(publish({ team: 'nobody' })).rejects.toThrow('nobody is no team of airpay');
    expect(changes).toEqual([]);
    expect(await exists(bare('card-payments-infra'))).toBe(false);
  });

  it('knows a repository without a commit, and takes one that moved for none of these', async () => {
    execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', bare('card-payments')]);
    expect(await configured().look('card-payments')).toEqual({ state: 'empty' });
    failing.set('GET /repos/airpay/card-payments', 301);
    await expect(configured().look('card-payments')).rejects.toThrow('answered 301');
  });

  it('gives the token to nobody but the host', async () => {
    cloneHost = 'evil.example';
    await expect(publish()).rejects.toThrow('gave http://evil.example/airpay/card-payments-infra.git as the address');
  });

  it('says what the host refused, and when it does not answer', async () => {
    failing.set('POST /orgs/airpay/repos', 403);
    await expect(publish()).rejects.toThrow('answered 403 to POST /orgs/airpay/repos: {"message":"as the test wants it"}');
    const nobody = configured([{ host: 'x.example', apiBaseUrl: 'http://127.0.0.1:1', token: TOKEN }]);
    await expect(nobody.look('a')).rejects.toThrow('x.example does not answer to GET /repos/airpay/a');
  });

  it('is what production has configured, and needs more than the right to read', async () => {
    expect(configured([{ host: 'github.com', token: TOKEN }]).fileUrl('card-payments', 'catalog-info.yaml')).toBe(
      'https://github.com/airpay/card-payments/blob/main/catalog-info.yaml',
    );
    expect(() => configured([{ host: 'github.com' }])).toThrow('none configured');
  });
});

describe('airpay:publish to Gitea', () => {
  const gitHost = () =>
    configuredHost(
      new ConfigReader({
        integrations: { gitea: [{ host, baseUrl: `http://${host}`, username: 'portal', password: TOKEN }] },
        airpay: { templates: { organization: 'airpay' } },
      }),
    );
  const handle = (input: object) =>
    createPublishAction({ gitHost }).handler({ input: { ...INPUT, ...input }, workspacePath, logger: mockServices.logger.mock(), output: () => undefined } as any);

  it("is Backstage's own publish:gitea, with all of the content", async () => {
    await handle({});
    expect(changes).toEqual(['POST /api/v1/orgs/airpay/repos']);
    expect(git('card-payments-infra', ['ls-tree', '-r', '--name-only', 'main'])).toBe('.airpay/task.json\n.github/CODEOWNERS\nservice.tfvars');
    expect(gitHost().fileUrl('card-payments', 'catalog-info.yaml')).toBe(`http://${host}/airpay/card-payments/src/branch/main/catalog-info.yaml`);
  });

  it('does nothing for what an earlier run published', async () => {
    await handle({ standing: 'adopt' });
    expect(changes).toEqual([]);
  });
});
