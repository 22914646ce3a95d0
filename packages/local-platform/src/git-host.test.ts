import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { checkName, checkPath, checkRef } from './git-host-names.ts';
import { escape } from './git-host-pages.ts';
import { startGitHost } from './git-host-server.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));
/** The backend's packages, as the portal itself loads them. */
const fromBackend = createRequire(path.join(root, 'packages/backend/package.json'));

describe('git host', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'git-host-'));
  let host: Awaited<ReturnType<typeof startGitHost>>;
  let base: string;
  const env = { PATH: process.env.PATH!, HOME: folder, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', GIT_AUTHOR_NAME: 'Lea', GIT_AUTHOR_EMAIL: 'lea@airpay.example', GIT_COMMITTER_NAME: 'Lea', GIT_COMMITTER_EMAIL: 'lea@airpay.example' };
  const git = async (cwd: string, ...args: string[]) => (await run('git', args, { cwd, env, timeout: 20_000 })).stdout.trim();
  const basic = `Basic ${Buffer.from('portal:se:cret').toString('base64')}`;
  const api = async (method: string, route: string, body?: unknown, authorization: string | undefined = basic) => {
    const headers: Record<string, string> = authorization === '' ? {} : { authorization };
    const response = await fetch(`${base}/api/v1${route}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text), headers: response.headers };
  };
  const page = async (route: string) => {
    const response = await fetch(base + route);
    return { status: response.status, text: await response.text(), headers: response.headers };
  };

  before(async () => {
    host = await startGitHost({ port: 0, folder: path.join(folder, 'repositories'), username: 'portal', password: 'se:cret', owners: ['airpay'] }, () => {});
    base = host.publicUrl;
  });
  after(async () => {
    await host.stop();
    rmSync(folder, { recursive: true });
  });

  it('takes a real push, and gives a real clone the same files', async () => {
    assert.equal((await api('POST', '/orgs/airpay/repos', { name: 'wallet', description: 'Wallets & <b>more</b>' })).status, 201);
    const work = path.join(folder, 'work');
    mkdirSync(path.join(work, 'src'), { recursive: true });
    writeFileSync(path.join(work, 'README.md'), '# Wallet <script>alert(1)</script>\n');
    writeFileSync(path.join(work, 'src', 'main.ts'), 'export const one = 1;\n');
    writeFileSync(path.join(work, 'big.bin'), randomBytes(3 * 1024 * 1024));
    await git(work, 'init', '-q', '-b', 'main');
    await git(work, 'add', '.');
    await git(work, 'commit', '-q', '-m', 'First <i>commit</i>');
    await assert.rejects(git(work, 'push', `${base}/airpay/wallet.git`, 'main'), /could not read Username|terminal prompts disabled/);
    await assert.rejects(git(work, 'push', base.replace('//', '//portal:wrong@') + '/airpay/wallet.git', 'main'), /Authentication failed/);
    await git(work, 'push', '-q', base.replace('//', '//portal:se%3Acret@') + '/airpay/wallet.git', 'main');
    await git(folder, 'clone', '-q', `${base}/airpay/wallet.git`, 'cloned');
    assert.equal(readFileSync(path.join(folder, 'cloned', 'src', 'main.ts'), 'utf8'), 'export const one = 1;\n');
    assert.equal(await git(path.join(folder, 'cloned'), 'rev-parse', 'HEAD'), await git(work, 'rev-parse', 'HEAD'));
  });

  it('shows folders, files, commits and raw files, with everything escaped', async () => {
    const list = await page('/');
    assert.match(list.text, /airpay\/<strong>wallet<\/strong>/);
    assert.match(list.text, /Wallets &amp; &lt;b&gt;more&lt;\/b&gt;/);
    const tree = await page('/airpay/wallet/src/branch/main');
    assert.equal(tree.status, 200);
    assert.match(tree.text, /&lt;script&gt;alert\(1\)/);
    assert.doesNotMatch(tree.text, /<script/);
    assert.match(tree.headers.get('content-security-policy')!, /default-src 'none'/);
    assert.match((await page('/airpay/wallet/src/branch/main/src/main.ts')).text, /export const one = 1;/);
    assert.match((await page('/airpay/wallet/src/branch/main/big.bin')).text, /Not a text file/);
    const raw = await page('/airpay/wallet/raw/branch/main/README.md');
    assert.equal(raw.text, '# Wallet <script>alert(1)</script>\n');
    assert.match(raw.headers.get('content-type')!, /^text\/plain/);
    const commits = await page('/airpay/wallet/commits/branch/main');
    assert.match(commits.text, /First &lt;i&gt;commit&lt;\/i&gt;/);
    const sha = /commit\/([0-9a-f]{40})/.exec(commits.text)![1];
    assert.match((await page(`/airpay/wallet/commit/${sha}`)).text, /class="add">\+export const one/);
    for (const absent of ['/nobody', '/airpay/none', '/airpay/wallet/src/branch/none', '/airpay/wallet/src/branch/main/none', '/airpay/wallet/commit/0000000']) {
      assert.equal((await page(absent)).status, 404, absent);
    }
  });

  it('keeps to the status codes of Gitea', async () => {
    assert.equal((await api('GET', '/orgs/airpay', undefined, '')).status, 200);
    assert.equal((await api('GET', '/orgs/strangers')).status, 404);
    assert.equal((await api('POST', '/orgs/airpay/repos', { name: 'x1' }, '')).status, 401);
    assert.equal((await api('POST', '/orgs/airpay/repos', { name: 'x1' }, 'Basic d3Jvbmc6d3Jvbmc=')).status, 401);
    assert.equal((await api('POST', '/orgs/strangers/repos', { name: 'x1' })).status, 404);
    assert.equal((await api('POST', '/orgs/airpay/repos', { name: 'x1' }, 'token se:cret')).status, 201);
    assert.equal((await api('POST', '/orgs/airpay/repos', { name: 'x1' })).status, 409);
    assert.equal((await api('PUT', '/repos/airpay/x1/topics', { topics: ['task-1'] })).status, 204);
    assert.deepEqual((await api('GET', '/repos/airpay/x1/topics')).body, { topics: ['task-1'] });
    assert.equal((await api('PUT', '/repos/airpay/x1/topics', { topics: ['A B'] })).status, 422);
    assert.equal((await api('PATCH', '/repos/airpay/x1', { description: 'new' })).body.description, 'new');
    assert.equal((await api('GET', '/repos/airpay/x1/contents/')).status, 404, 'an empty repository has no contents');
    assert.equal((await api('DELETE', '/repos/airpay/x1', undefined, '')).status, 401);
    assert.equal((await api('DELETE', '/repos/airpay/x1')).status, 204);
    assert.equal((await api('GET', '/repos/airpay/x1')).status, 404);
    assert.equal((await api('POST', '/orgs', { username: 'partners' })).status, 201);
    assert.equal((await api('POST', '/orgs', { username: 'partners' })).status, 409);
  });

  it('never leaves its folder, whatever a name or a path says', async () => {
    writeFileSync(path.join(folder, 'secret.txt'), 'outside');
    mkdirSync(path.join(folder, 'evil.git'));
    writeFileSync(path.join(folder, 'evil.git', 'airpay.json'), JSON.stringify({ description: 'outside', topics: [], defaultBranch: 'main' }));
    const names = ['..', '.', '../evil', '..%2fevil', 'a/../../x', '-rf', '.hidden', 'a..b', 'x.git', 'x.lock', 'nul\0', 'a b', '', 'ü', `${'x'.repeat(101)}`];
    for (const name of names) {
      assert.throws(() => checkName('repository', name), { name: 'BadName' }, JSON.stringify(name));
      const made = await api('POST', '/orgs/airpay/repos', { name });
      assert.equal(made.status, 422, JSON.stringify(name));
    }
    for (const owner of ['api', '..', '.git', 'a/b']) assert.equal((await api('POST', '/orgs', { username: owner })).status, 422, owner);
    for (const ref of ['--upload-pack=x', '-x', 'a..b', 'HEAD^{/x}', 'main@{1}', 'a//b', ':/x', 'x'.repeat(300)]) assert.throws(() => checkRef(ref), { name: 'BadName' }, ref);
    for (const bad of ['../x', 'a/../b', 'a/./b', 'a//b', '.git/config', 'a/.GIT/x', 'a\\..\\b', 'a\nb']) assert.throws(() => checkPath(bad), { name: 'BadName' }, bad);
    // Raw requests: fetch would tidy the dots away before they are sent.
    const rawRequests = [
      '/airpay/../evil.git/info/refs?service=git-upload-pack',
      '/airpay/..%2f..%2fevil.git/info/refs?service=git-upload-pack',
      '/..%2f/evil.git/info/refs?service=git-upload-pack',
      '/airpay/wallet.git/../../../evil.git/HEAD',
      '/api/v1/repos/airpay/..%2f..%2fevil',
      '/api/v1/repos/..%2f../evil',
      '/api/v1/repos/airpay/wallet/contents/..%2f..%2f..%2fsecret.txt',
      '/api/v1/repos/airpay/wallet/contents/%2e%2e/%2e%2e/secret.txt',
      '/api/v1/repos/airpay/wallet/archive/--output=%2ftmp%2fpwned.tar.gz',
      '/airpay/wallet/raw/branch/main/..%2f..%2f..%2fsecret.txt',
      '/airpay/wallet/src/branch/main/%2e%2e/%2e%2e/secret.txt',
      '/airpay/wallet.git/objects/info/packs',
      '/airpay/wallet.git/config',
      '/%',
      '//',
    ];
    for (const target of rawRequests) {
      const answer = await rawGet(host.port, target);
      assert.match(answer, /^HTTP\/1\.1 (400|401|404|422) /, `${target}: ${answer.slice(0, 80)}`);
      assert.doesNotMatch(answer, /outside/, target);
    }
    assert.deepEqual(readdirSync(path.join(folder, 'repositories')).sort(), ['airpay', 'partners']);
    assert.ok(!existsSync('/tmp/pwned.tar.gz'));
  });

  it('does not show a page for what a template marks as HTML', () => {
    assert.equal(escape(`<a href='x' title="y">&`), '&lt;a href=&#39;x&#39; title=&quot;y&quot;&gt;&amp;');
  });

  it('answers 413 to a body beyond the limit and stays up', async () => {
    assert.equal((await api('POST', '/orgs/airpay/repos', { name: 'y', description: 'x'.repeat(1_100_000) })).status, 413);
    assert.equal((await page('/livez')).status, 200);
  });

  it("is what Backstage's own publish:gitea action and URL reader expect", async () => {
    const { createPublishGiteaAction } = fromBackend('@backstage/plugin-scaffolder-backend-module-gitea');
    const { ScmIntegrations } = fromBackend('@backstage/integration');
    const { ConfigReader } = fromBackend('@backstage/config');
    const { UrlReaders } = fromBackend('@backstage/backend-defaults/urlReader');
    const silent: any = { info() {}, warn() {}, error() {}, debug() {}, child: () => silent };
    const config = new ConfigReader({
      integrations: { gitea: [{ host: `127.0.0.1:${host.port}`, baseUrl: base, username: 'portal', password: 'se:cret' }] },
      scaffolder: { defaultAuthor: { name: 'Airpay Portal', email: 'portal@airpay.example' } },
    });
    const integrations = ScmIntegrations.fromConfig(config);
    const workspacePath = path.join(folder, 'workspace');
    mkdirSync(path.join(workspacePath, 'gitops', 'base'), { recursive: true });
    writeFileSync(path.join(workspacePath, 'gitops', 'catalog-info.yaml'), 'kind: Component\n');
    writeFileSync(path.join(workspacePath, 'gitops', 'base', 'kustomization.yaml'), 'resources: []\n');
    const outputs: Record<string, string> = {};
    await createPublishGiteaAction({ integrations, config }).handler({
      input: { repoUrl: `127.0.0.1:${host.port}?owner=airpay&repo=new-service-gitops`, description: 'Made by the portal', sourcePath: 'gitops' },
      workspacePath,
      logger: silent,
      output: (name: string, value: string) => (outputs[name] = value),
    });
    assert.equal(outputs.remoteUrl, `${base}/airpay/new-service-gitops.git`);
    assert.equal(await git(path.join(folder, 'repositories', 'airpay', 'new-service-gitops.git'), 'rev-parse', 'main'), outputs.commitHash);
    const reader = UrlReaders.create({ logger: silent, config, factories: [fromBackend('@backstage/backend-defaults/urlReader').GiteaUrlReader.factory] });
    const file = await reader.readUrl(`${outputs.repoContentsUrl}catalog-info.yaml`);
    assert.equal((await file.buffer()).toString(), 'kind: Component\n');
    const tree = await (await reader.readTree(outputs.repoContentsUrl)).files();
    assert.deepEqual(tree.map((item: { path: string }) => item.path).sort(), ['base/kustomization.yaml', 'catalog-info.yaml']);
    await assert.rejects(reader.readUrl(`${outputs.repoContentsUrl}missing.yaml`), { name: 'NotFoundError' });
  });
});

/** Sends the target exactly as written and returns the whole answer. */
function rawGet(port: number, target: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`));
    let answer = '';
    socket.on('data', chunk => (answer += chunk.toString()));
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
    socket.setTimeout(5_000, () => socket.destroy(new Error(`no answer to ${target}`)));
  });
}
