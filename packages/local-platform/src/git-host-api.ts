/**
 * The part of Gitea's REST API that Backstage's `publish:gitea` action and Gitea URL reader call,
 * and what a person or a script needs beside it (list, topics, delete). Status codes are Gitea's.
 */
import type { Commit, Repository, TreeEntry } from './git-host-model.ts';
import { BadName, checkPath } from './git-host-names.ts';
import type { Repositories } from './git-host-repositories.ts';
import { type Call, HttpError, readJsonObject, type RenderError, type Route, sendJson, sendText } from './http-kit.ts';

export type ApiParts = {
  repositories: Repositories;
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  publicUrl: string;
  /** The user of a request, or undefined for anonymous. @throws HttpError 401 for wrong credentials */
  userOf: (call: Call) => string | undefined;
  log: (message: string, fields?: Record<string, unknown>) => void;
};

const REPOSITORY = '/api/v1/repos/{owner}/{name}';
const FILE_MAX_BYTES = 8 * 1024 * 1024;
const TEXT_MAX = 2_000;

/** Errors as Gitea gives them. */
export const renderGiteaError: RenderError = (response, error) =>
  sendJson(response, error.status, { message: error.message, url: 'https://docs.gitea.com/api' }, error.headers);

/** The API's routes. Reading is open on the loopback; every change needs the platform's user. */
export function giteaRoutes(parts: ApiParts): Route[] {
  const route = (method: string, pattern: string, handle: (call: Call) => Promise<void> | void): Route => ({
    method,
    pattern,
    handle: async call => {
      const user = parts.userOf(call);
      if (method !== 'GET' && user === undefined) throw new HttpError(401, 'unauthorized', 'token is required', { 'www-authenticate': 'Basic realm="Airpay git"' });
      await asHttp(() => handle(call));
    },
  });
  const { repositories } = parts;
  return [
    route('GET', '/api/v1/version', ({ response }) => sendJson(response, 200, { version: '1.22.0+airpay' })),
    route('GET', '/api/v1/orgs/{owner}', ({ response, params }) => sendJson(response, 200, owner(repositories, params.owner!))),
    route('GET', '/api/v1/users/{owner}', ({ response, params }) => sendJson(response, 200, owner(repositories, params.owner!))),
    route('POST', '/api/v1/orgs', async ({ request, response }) => {
      const name = text((await readJsonObject(request)).username, 'username');
      if (repositories.hasOwner(name)) throw new HttpError(409, 'exists', `user already exists [name: ${name}]`);
      repositories.addOwner(name);
      sendJson(response, 201, owner(repositories, name));
    }),
    route('GET', '/api/v1/orgs/{owner}/repos', ({ response, params }) => {
      owner(repositories, params.owner!);
      sendJson(response, 200, repositories.list(params.owner!).map(item => repositoryBody(parts, item)));
    }),
    route('POST', '/api/v1/orgs/{owner}/repos', call => createRepository(parts, call, call.params.owner!)),
    route('GET', '/api/v1/repos/search', ({ response, url }) => {
      const wanted = (url.searchParams.get('q') ?? '').toLowerCase();
      const all = repositories.owners().flatMap(item => repositories.list(item));
      const data = all.filter(item => item.name.toLowerCase().includes(wanted)).slice(0, 200).map(item => repositoryBody(parts, item));
      sendJson(response, 200, { ok: true, data });
    }),
    route('GET', REPOSITORY, ({ response, params }) => sendJson(response, 200, repositoryBody(parts, existing(repositories, params)))),
    route('PATCH', REPOSITORY, async ({ request, response, params }) => {
      const before = existing(repositories, params);
      const body = await readJsonObject(request);
      const after = { ...before, description: body.description === undefined ? before.description : text(body.description, 'description', true) };
      repositories.save(after);
      sendJson(response, 200, repositoryBody(parts, after));
    }),
    route('DELETE', REPOSITORY, ({ response, params }) => {
      existing(repositories, params);
      repositories.remove(params.owner!, params.name!);
      parts.log('repository deleted', params);
      response.writeHead(204).end();
    }),
    ...topicRoutes(parts, route),
    ...contentRoutes(parts, route),
  ];
}

type MakeRoute = (method: string, pattern: string, handle: (call: Call) => Promise<void> | void) => Route;

function topicRoutes({ repositories }: ApiParts, route: MakeRoute): Route[] {
  return [
    route('GET', `${REPOSITORY}/topics`, ({ response, params }) => sendJson(response, 200, { topics: existing(repositories, params).topics })),
    route('PUT', `${REPOSITORY}/topics`, async ({ request, response, params }) => {
      const before = existing(repositories, params);
      const { topics } = await readJsonObject(request);
      const valid = Array.isArray(topics) && topics.length <= 25 && topics.every(topic => /^[a-z0-9][a-z0-9.-]{0,49}$/.test(String(topic)));
      if (!valid) throw new HttpError(422, 'invalid', 'topics: up to 25 of lower-case letters, digits, "-" and "."');
      repositories.save({ ...before, topics: topics as string[] });
      response.writeHead(204).end();
    }),
  ];
}

function contentRoutes(parts: ApiParts, route: MakeRoute): Route[] {
  const { repositories } = parts;
  const contents = async ({ response, params, url }: Call) => {
    const repository = existing(repositories, params);
    const ref = url.searchParams.get('ref') || repository.defaultBranch;
    const { owner: ownerName, name } = repository;
    const sha = await commitOf(repositories, repository, ref);
    const found = await repositories.tree(ownerName, name, sha, params.path ?? '');
    if (found === undefined) throw new HttpError(404, 'not-found', `object does not exist [path: ${params.path}]`);
    const body = (entry: TreeEntry) => entryBody(parts, repository, ref, entry);
    if (found.entry === undefined || found.entry.type === 'dir') return sendJson(response, 200, found.children.map(body));
    const { entry } = found;
    if (entry.sizeBytes > FILE_MAX_BYTES) throw new HttpError(413, 'too-large', 'the file is too large to be read by the API');
    const content = (await repositories.blob(ownerName, name, entry.sha)).toString('base64');
    sendJson(response, 200, { ...body(entry), encoding: 'base64', content }, { etag: `"${entry.sha}"` });
  };
  return [
    route('GET', `${REPOSITORY}/contents`, contents),
    route('GET', `${REPOSITORY}/contents/{path*}`, contents),
    route('GET', `${REPOSITORY}/archive/{file*}`, async ({ response, params }) => {
      const repository = existing(repositories, params);
      const ref = /^(.+)\.tar\.gz$/.exec(params.file!)?.[1];
      if (ref === undefined) throw new HttpError(404, 'not-found', 'only .tar.gz archives are made');
      const sha = await commitOf(repositories, repository, ref);
      sendText(response, 200, 'application/gzip', await repositories.archive(repository.owner, repository.name, sha));
    }),
    route('GET', `${REPOSITORY}/branches`, async ({ response, params }) => {
      const { owner: ownerName, name } = existing(repositories, params);
      const branches = await repositories.branches(ownerName, name);
      sendJson(response, 200, branches.map(branch => ({ name: branch.name, commit: { id: branch.sha } })));
    }),
    route('GET', `${REPOSITORY}/commits`, async ({ response, params, url }) => {
      const repository = existing(repositories, params);
      const limit = Math.min(Math.max(Number(url.searchParams.get('limit')) || 30, 1), 100);
      const sha = await commitOf(repositories, repository, url.searchParams.get('sha') || repository.defaultBranch);
      const commits = await repositories.commits(repository.owner, repository.name, sha, limit);
      sendJson(response, 200, commits.map(commit => commitBody(parts, repository, commit)));
    }),
    route('GET', `${REPOSITORY}/git/commits/{ref*}`, async ({ response, params }) => {
      const repository = existing(repositories, params);
      const sha = await commitOf(repositories, repository, params.ref!);
      const [commit] = await repositories.commits(repository.owner, repository.name, sha, 1);
      sendJson(response, 200, commitBody(parts, repository, commit!));
    }),
  ];
}

async function createRepository(parts: ApiParts, { request, response }: Call, ownerName: string): Promise<void> {
  const { repositories } = parts;
  owner(repositories, ownerName);
  const body = await readJsonObject(request);
  const name = text(body.name, 'name');
  if (repositories.get(ownerName, name) !== undefined) {
    throw new HttpError(409, 'exists', `The repository with the same name already exists.`);
  }
  const repository: Repository = {
    owner: ownerName,
    name,
    description: body.description === undefined ? '' : text(body.description, 'description', true),
    private: body.private === true,
    defaultBranch: body.default_branch === undefined ? 'main' : text(body.default_branch, 'default_branch'),
    topics: [],
    createdAt: new Date().toISOString(),
  };
  await repositories.create(repository);
  parts.log('repository created', { owner: ownerName, name });
  sendJson(response, 201, repositoryBody(parts, repository));
}

/** Runs a handler; a name that is not allowed becomes 422, as Gitea answers it. */
async function asHttp(handle: () => Promise<void> | void): Promise<void> {
  try {
    await handle();
  } catch (error) {
    if (error instanceof BadName) throw new HttpError(422, 'invalid', error.message);
    throw error;
  }
}

function existing(repositories: Repositories, params: Record<string, string>): Repository {
  const found = repositories.get(params.owner!, params.name!);
  if (found === undefined) throw new HttpError(404, 'not-found', "The target couldn't be found.");
  if (params.path !== undefined) checkPath(params.path);
  return found;
}

async function commitOf(repositories: Repositories, { owner: ownerName, name }: Repository, ref: string): Promise<string> {
  const sha = await repositories.resolve(ownerName, name, ref);
  if (sha === undefined) throw new HttpError(404, 'not-found', `object does not exist [ref: ${ref}]`);
  return sha;
}

function owner(repositories: Repositories, name: string) {
  if (!repositories.hasOwner(name)) throw new HttpError(404, 'not-found', `user redirect does not exist [name: ${name}]`);
  return { id: 1, name, username: name, login: name, full_name: name, visibility: 'public' };
}

function text(value: unknown, field: string, mayBeEmpty = false): string {
  if (typeof value !== 'string' || value.length > TEXT_MAX || (value === '' && !mayBeEmpty)) throw new HttpError(422, 'invalid', `[${field}]: Required`);
  return value;
}

function repositoryBody({ publicUrl }: ApiParts, item: Repository) {
  const html = `${publicUrl}/${item.owner}/${item.name}`;
  return {
    name: item.name,
    full_name: `${item.owner}/${item.name}`,
    owner: { login: item.owner, username: item.owner },
    description: item.description,
    private: item.private,
    topics: item.topics,
    default_branch: item.defaultBranch,
    html_url: html,
    clone_url: `${html}.git`,
    created_at: item.createdAt,
  };
}

function entryBody({ publicUrl }: ApiParts, { owner: ownerName, name }: Repository, ref: string, entry: TreeEntry) {
  const at = entry.path.split('/').map(encodeURIComponent).join('/');
  return {
    name: entry.name,
    path: entry.path,
    sha: entry.sha,
    type: entry.type,
    size: entry.sizeBytes,
    url: `${publicUrl}/api/v1/repos/${ownerName}/${name}/contents/${at}?ref=${ref}`,
    html_url: `${publicUrl}/${ownerName}/${name}/src/branch/${ref}/${at}`,
    download_url: `${publicUrl}/${ownerName}/${name}/raw/branch/${ref}/${at}`,
  };
}

function commitBody({ publicUrl }: ApiParts, { owner: ownerName, name }: Repository, commit: Commit) {
  const person = { name: commit.author, email: commit.email, date: commit.at };
  const message = commit.body === '' ? commit.subject : `${commit.subject}\n\n${commit.body}`;
  return {
    sha: commit.sha,
    created: commit.at,
    html_url: `${publicUrl}/${ownerName}/${name}/commit/${commit.sha}`,
    commit: { message, author: person, committer: person },
    parents: commit.parents.map(sha => ({ sha })),
  };
}
