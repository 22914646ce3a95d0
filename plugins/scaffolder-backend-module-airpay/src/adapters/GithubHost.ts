import { resolveSafeChildPath } from '@backstage/backend-plugin-api';
import { InputError } from '@backstage/errors';
import { GithubCredentialsProvider, GithubIntegrationConfig } from '@backstage/integration';
import { initRepoAndPush } from '@backstage/plugin-scaffolder-node';
import fs from 'node:fs/promises';
import { GitHost, MAIN_BRANCH, Publication, PublishContext, RepositoryState, TIMEOUT_MS } from '../domain/gitHost';
import { limitedText } from '../domain/limitedText';

/** Branch of the first pull request. */
const FIRST_BRANCH = 'first';

interface Answer {
  status: number;
  body: Record<string, any>;
}

/** GitHub, by its REST API. Repositories are private, owned by a team, and changed by pull requests that one of the team approves. */
export class GithubHost implements GitHost {
  readonly host: string;
  readonly repositoryBase: string;
  readonly #api: string;
  readonly #organization: string;
  readonly #credentials: GithubCredentialsProvider;

  constructor(config: GithubIntegrationConfig, organization: string, credentials: GithubCredentialsProvider) {
    this.host = config.host;
    this.repositoryBase = `https://${config.host}/${organization}`;
    this.#api = (config.apiBaseUrl ?? `https://${config.host}/api/v3`).replace(/\/$/, '');
    this.#organization = organization;
    this.#credentials = credentials;
  }

  async look(repository: string): Promise<RepositoryState> {
    const path = this.#path(repository);
    if ((await this.#ask('GET', path, [200, 404])).status === 404) return { state: 'absent' };
    // A repository without a commit answers 409, one without this branch 404. The commit itself would come with every line it changed.
    const { body } = await this.#ask('GET', `${path}/git/ref/heads/${MAIN_BRANCH}`, [200, 404, 409]);
    return typeof body.object?.sha === 'string' ? { state: 'filled', headCommit: body.object.sha } : { state: 'empty' };
  }

  async readFile(repository: string, file: string): Promise<string | undefined> {
    return this.#read(repository, file, MAIN_BRANCH);
  }

  fileUrl(repository: string, file: string): string {
    return `${this.repositoryBase}/${repository}/blob/${MAIN_BRANCH}/${file}`;
  }

  async publish(publication: Publication, { workspacePath, logger }: PublishContext): Promise<void> {
    const { repository, description, sourcePath, team, standing, proposed } = publication;
    const path = this.#path(repository);
    const directory = resolveSafeChildPath(workspacePath, sourcePath);
    const text = proposed && (await fs.readFile(resolveSafeChildPath(directory, proposed), 'utf8'));

    // Asked before anything is made: without the team nobody could approve a change.
    const teams = `/orgs/${this.#organization}/teams/${encodeURIComponent(team)}`;
    if ((await this.#ask('GET', teams, [200, 404])).status === 404) {
      throw new InputError(`${team} is no team of ${this.#organization} at ${this.host}; make it there, then start again`);
    }
    if (standing === 'create') {
      const made = await this.#ask('POST', `/orgs/${this.#organization}/repos`, [201], {
        name: repository,
        description,
        private: true,
        has_wiki: false,
        has_projects: false,
        delete_branch_on_merge: true,
      });
      if (proposed) await fs.rm(resolveSafeChildPath(directory, proposed));
      await initRepoAndPush({
        dir: directory,
        remoteUrl: this.#ownUrl(made.body.clone_url),
        auth: { username: 'x-access-token', password: await this.#token() },
        defaultBranch: MAIN_BRANCH,
        logger,
        commitMessage: 'initial commit',
      });
    }
    await this.#ask('PUT', `${path}/branches/${MAIN_BRANCH}/protection`, [200], {
      required_status_checks: null,
      enforce_admins: true,
      required_pull_request_reviews: {
        dismiss_stale_reviews: true,
        require_code_owner_reviews: true,
        required_approving_review_count: 1,
        require_last_push_approval: true,
      },
      restrictions: null,
      allow_force_pushes: false,
      allow_deletions: false,
    });
    // After the protection: what breaks off in between leaves nobody who could push to main.
    await this.#ask('PUT', `${teams}${path}`, [204], { permission: 'push' });
    logger.info(`${repository} is ${team}'s; ${MAIN_BRANCH} is changed by pull requests alone`);
    if (proposed && text !== undefined) await this.#propose(repository, proposed, text, description);
  }

  /** Each step looks whether an earlier run did it. */
  async #propose(repository: string, file: string, text: string, description: string): Promise<void> {
    const path = this.#path(repository);
    if ((await this.#read(repository, file, MAIN_BRANCH)) !== undefined) return;
    const found = await this.look(repository);
    if (found.state !== 'filled') throw new Error(`${repository} was published, and has no ${MAIN_BRANCH}`);
    // 422: it is there.
    await this.#ask('POST', `${path}/git/refs`, [201, 422], { ref: `refs/heads/${FIRST_BRANCH}`, sha: found.headCommit });
    if ((await this.#read(repository, file, FIRST_BRANCH)) === undefined) {
      const content = Buffer.from(text).toString('base64');
      await this.#ask('PUT', `${path}/contents/${file}`, [201], { message: description, content, branch: FIRST_BRANCH });
    }
    await this.#ask('POST', `${path}/pulls`, [201, 422], { title: description, head: FIRST_BRANCH, base: MAIN_BRANCH });
  }

  async #read(repository: string, file: string, ref: string): Promise<string | undefined> {
    const { status, body } = await this.#ask('GET', `${this.#path(repository)}/contents/${file}?ref=${ref}`, [200, 404]);
    if (status === 404 || typeof body.content !== 'string' || body.encoding !== 'base64') return undefined;
    return Buffer.from(body.content, 'base64').toString('utf8');
  }

  #path(repository: string): string {
    return `/repos/${this.#organization}/${repository}`;
  }

  /** The token goes where this host is, and nowhere an answer may lead to. */
  #ownUrl(url: unknown): string {
    if (typeof url !== 'string' || new URL(url).host !== this.host) throw new Error(`The git host ${this.host} gave ${url} as the address of its repository`);
    return url;
  }

  async #token(): Promise<string> {
    const { token } = await this.#credentials.getCredentials({ url: this.repositoryBase });
    if (!token) throw new Error(`There are no credentials for ${this.repositoryBase}`);
    return token;
  }

  /** @throws Error when the answer is none of `expected`; a redirect (a repository that was renamed) is none */
  async #ask(method: string, path: string, expected: number[], body?: object): Promise<Answer> {
    let response: Response;
    let text: string | undefined;
    try {
      const headers = {
        accept: 'application/vnd.github+json',
        authorization: `Bearer ${await this.#token()}`,
        'x-github-api-version': '2022-11-28',
        ...(body && { 'content-type': 'application/json' }),
      };
      response = await fetch(`${this.#api}${path}`, {
        method,
        headers,
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
        body: body && JSON.stringify(body),
      });
      text = await limitedText(response);
    } catch (cause) {
      throw new Error(`The git host ${this.host} does not answer to ${method} ${path}${method === 'GET' ? '' : ', which may have been done'}`, { cause });
    }
    if (!expected.includes(response.status) || text === undefined) {
      throw new Error(`The git host ${this.host} answered ${response.status} to ${method} ${path}: ${text?.slice(0, 300) ?? 'more than is read'}`);
    }
    try {
      return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
    } catch (cause) {
      throw new Error(`The git host ${this.host} answered ${path} with something other than JSON`, { cause });
    }
  }
}
