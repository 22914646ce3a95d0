/** What a browser sees of the git host: lists, folders, files, commits and raw files. Reads only. */
import type { Repository } from './git-host-model.ts';
import { BadName, checkPath } from './git-host-names.ts';
import { commitPage, commitsPage, filePage, folderPage, listPage, messagePage, type Place } from './git-host-pages.ts';
import type { Repositories } from './git-host-repositories.ts';
import { type Call, HttpError, type RenderError, type Route, sendText } from './http-kit.ts';

const HTML = 'text/html; charset=utf-8';
/** Pages run no script and load nothing from elsewhere, whatever a repository holds. */
const PAGE_HEADERS = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
};
const COMMITS_SHOWN = 100;

/** Errors as a page. */
export const renderErrorPage: RenderError = (response, error) =>
  sendText(response, error.status, HTML, messagePage(`${error.status}`, error.message), { ...PAGE_HEADERS, ...error.headers });

/** The routes of the pages; they come after the API's, which have fixed first parts. */
export function webRoutes(repositories: Repositories, publicUrl: string): Route[] {
  const show = (call: Call, body: string) => sendText(call.response, 200, HTML, body, PAGE_HEADERS);
  const route = (pattern: string, handle: (call: Call) => Promise<void> | void): Route => ({
    method: 'GET',
    pattern,
    handle: async call => {
      try {
        await handle(call);
      } catch (error) {
        if (error instanceof BadName) throw new HttpError(404, 'not-found', error.message);
        throw error;
      }
    },
  });
  const listed = (owners: string[]) => Promise.all(owners.flatMap(owner => repositories.list(owner)).map(item => withLast(repositories, item)));
  return [
    route('/', async call => show(call, listPage('Repositories', await listed(repositories.owners())))),
    route('/{owner}', async call => {
      if (!repositories.hasOwner(call.params.owner!)) throw new HttpError(404, 'not-found', 'no such owner');
      show(call, listPage(call.params.owner!, await listed([call.params.owner!])));
    }),
    route('/{owner}/{name}', call => {
      const { owner, name, defaultBranch } = existing(repositories, call);
      call.response.writeHead(302, { location: `/${owner}/${name}/src/branch/${defaultBranch}/` }).end();
    }),
    route('/{owner}/{name}/src/branch/{rest*}', async call => {
      const { place, sha } = await locate(repositories, call, publicUrl);
      show(call, await treePage(repositories, place, sha));
    }),
    route('/{owner}/{name}/raw/branch/{rest*}', async call => {
      const { place, sha } = await locate(repositories, call, publicUrl);
      const { owner, name } = place.repository;
      const found = await repositories.tree(owner, name, sha, place.path);
      if (found?.entry?.type !== 'file') throw new HttpError(404, 'not-found', 'no such file');
      // Never as HTML: a repository's page must not run as one of ours.
      sendText(call.response, 200, 'text/plain; charset=utf-8', await repositories.blob(owner, name, found.entry.sha), { ...PAGE_HEADERS, etag: `"${found.entry.sha}"` });
    }),
    route('/{owner}/{name}/commits/branch/{rest*}', async call => {
      const { place, sha } = await locate(repositories, call, publicUrl);
      show(call, commitsPage(place, await repositories.commits(place.repository.owner, place.repository.name, sha, COMMITS_SHOWN)));
    }),
    route('/{owner}/{name}/commit/{sha}', async call => {
      const repository = existing(repositories, call);
      const { owner, name, defaultBranch } = repository;
      const sha = await repositories.resolve(owner, name, call.params.sha!);
      if (sha === undefined) throw new HttpError(404, 'not-found', 'no such commit');
      const [commit] = await repositories.commits(owner, name, sha, 1);
      const place = { repository, branch: defaultBranch, path: '', publicUrl };
      show(call, commitPage(place, commit!, await repositories.patch(owner, name, sha)));
    }),
  ];
}

async function treePage(repositories: Repositories, place: Place, sha: string): Promise<string> {
  const { owner, name } = place.repository;
  const found = await repositories.tree(owner, name, sha, place.path);
  if (found === undefined) throw new HttpError(404, 'not-found', `nothing stands at ${place.path}`);
  if (found.entry !== undefined && found.entry.type !== 'dir') {
    if (found.entry.type === 'submodule') throw new HttpError(404, 'not-found', 'a submodule stands here');
    return filePage(place, found.entry, await repositories.blob(owner, name, found.entry.sha));
  }
  const [last] = await repositories.commits(owner, name, sha, 1);
  const readme = found.children.find(entry => entry.type === 'file' && /^readme(\.md|\.txt)?$/i.test(entry.name));
  const text = readme === undefined ? undefined : (await repositories.blob(owner, name, readme.sha)).toString('utf8');
  return folderPage(place, found.children, last!, text);
}

/** Splits `<branch>/<path>`: a branch may hold slashes, so the shortest that exists is taken. */
async function locate(repositories: Repositories, call: Call, publicUrl: string): Promise<{ place: Place; sha: string }> {
  const repository = existing(repositories, call);
  const parts = call.params.rest!.split('/').filter(part => part !== '');
  for (let count = 1; count <= Math.min(parts.length, 5); count += 1) {
    const branch = parts.slice(0, count).join('/');
    const sha = await repositories.resolve(repository.owner, repository.name, branch);
    if (sha === undefined) continue;
    return { place: { repository, branch, path: checkPath(parts.slice(count).join('/')), publicUrl }, sha };
  }
  throw new HttpError(404, 'not-found', 'no such branch; nothing has been pushed to it yet');
}

function existing(repositories: Repositories, { params }: Call): Repository {
  const found = repositories.get(params.owner!, params.name!);
  if (found === undefined) throw new HttpError(404, 'not-found', 'no such repository');
  return found;
}

async function withLast(repositories: Repositories, item: Repository) {
  const sha = await repositories.resolve(item.owner, item.name, item.defaultBranch);
  if (sha === undefined) return item;
  const [last] = await repositories.commits(item.owner, item.name, sha, 1);
  return { ...item, last: last! };
}
