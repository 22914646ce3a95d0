/** Puts the git host together: Gitea's API, smart HTTP and the pages on one port. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { giteaRoutes, renderGiteaError } from './git-host-api.ts';
import { serveGit } from './git-host-cgi.ts';
import { BadName, checkName } from './git-host-names.ts';
import { repositories as openRepositories } from './git-host-repositories.ts';
import { renderErrorPage, webRoutes } from './git-host-web.ts';
import { type Call, hasBasic, HttpError, listen, router, sameSecret, sendText } from './http-kit.ts';
import type { Log } from './program-kit.ts';

export type GitHostOptions = {
  port: number;
  /** Folder of the bare repositories. */
  folder: string;
  username: string;
  password: string;
  /** Owners that exist from the start. */
  owners: string[];
  /** How links are written; the port this host really has when left out. */
  publicUrl?: string;
};

const SMART_HTTP = /^\/([^/]+)\/([^/]+?)(\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/;

/** Starts the host. @throws Error naming the port when it is taken */
export async function startGitHost(options: GitHostOptions, log: Log) {
  const repositories = openRepositories(options.folder, options.owners);
  const { username, password } = options;
  const userOf = (request: IncomingMessage): string | undefined => {
    const header = request.headers.authorization;
    if (header === undefined) return undefined;
    if (hasBasic(request, username, password)) return username;
    const token = /^token (.+)$/i.exec(header)?.[1];
    if (token !== undefined && sameSecret(token, password)) return username;
    throw new HttpError(401, 'unauthorized', 'invalid username, password or token', { 'www-authenticate': 'Basic realm="Airpay git"' });
  };
  let handler: (request: IncomingMessage, response: ServerResponse) => void = () => undefined;
  const server = await listen('git host', options.port, (request, response) => handler(request, response));
  const publicUrl = options.publicUrl ?? `http://127.0.0.1:${server.port}`;
  const api = router(giteaRoutes({ repositories, publicUrl, userOf: (call: Call) => userOf(call.request), log }), renderGiteaError);
  const web = router(
    [{ method: 'GET', pattern: '/livez', handle: call => sendText(call.response, 200, 'text/plain', 'ok\n') }, ...webRoutes(repositories, publicUrl)],
    renderErrorPage,
  );
  const smart = (request: IncomingMessage, response: ServerResponse, match: RegExpExecArray) => {
    const owner = checkName('owner', decodeURIComponent(match[1]!));
    const name = checkName('repository', decodeURIComponent(match[2]!));
    if (repositories.get(owner, name) === undefined) throw new HttpError(404, 'not-found', 'no such repository');
    const user = userOf(request);
    const pushes = match[4] === 'git-receive-pack' || (request.url ?? '').includes('service=git-receive-pack');
    if (pushes && user === undefined) throw new HttpError(401, 'unauthorized', 'a push needs a user', { 'www-authenticate': 'Basic realm="Airpay git"' });
    if (!serveGit(options.folder, `/${owner}/${name}.git/${match[4]}`, user, request, response)) {
      throw new HttpError(503, 'busy', 'too many git requests at once', { 'retry-after': '1' });
    }
  };
  handler = (request, response) => {
    const path = (request.url ?? '/').split('?')[0]!;
    const match = SMART_HTTP.exec(path);
    if (match === null) return void (path.startsWith('/api/') ? api(request, response) : web(request, response));
    try {
      smart(request, response, match);
    } catch (error) {
      const known = error instanceof HttpError ? error : new HttpError(404, 'not-found', error instanceof BadName ? error.message : 'not a valid path');
      sendText(response, known.status, 'text/plain; charset=utf-8', `${known.message}\n`, known.headers);
      request.resume();
    }
  };
  return { port: server.port, publicUrl, repositories, stop: server.close };
}
