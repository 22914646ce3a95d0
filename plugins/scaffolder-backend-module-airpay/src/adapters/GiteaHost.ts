import { Config } from '@backstage/config';
import { getGiteaRequestOptions, GiteaIntegrationConfig, ScmIntegrations } from '@backstage/integration';
import { createPublishGiteaAction } from '@backstage/plugin-scaffolder-backend-module-gitea';
import { GitHost, MAIN_BRANCH, Publication, PublishContext, RepositoryState, TIMEOUT_MS } from '../domain/gitHost';
import { limitedText } from '../domain/limitedText';

/** A host that speaks Gitea's API. */
export class GiteaHost implements GitHost {
  readonly host: string;
  readonly repositoryBase: string;
  readonly #config: GiteaIntegrationConfig;
  readonly #organization: string;

  readonly #root: Config;

  constructor(root: Config, config: GiteaIntegrationConfig, organization: string) {
    this.#root = root;
    this.#config = config;
    this.#organization = organization;
    this.host = config.host;
    this.repositoryBase = `${this.#baseUrl()}/${organization}`;
  }

  async look(repository: string): Promise<RepositoryState> {
    if (!(await this.#get(`repos/${this.#organization}/${repository}`))) return { state: 'absent' };
    const commit = await this.#get(`repos/${this.#organization}/${repository}/git/commits/${MAIN_BRANCH}`);
    return typeof commit?.sha === 'string' ? { state: 'filled', headCommit: commit.sha } : { state: 'empty' };
  }

  async readFile(repository: string, path: string): Promise<string | undefined> {
    const file = await this.#get(`repos/${this.#organization}/${repository}/contents/${path}?ref=${MAIN_BRANCH}`);
    if (typeof file?.content !== 'string' || file.encoding !== 'base64') return undefined;
    return Buffer.from(file.content, 'base64').toString('utf8');
  }

  fileUrl(repository: string, path: string): string {
    return `${this.repositoryBase}/${repository}/src/branch/${MAIN_BRANCH}/${path}`;
  }

  /** By Backstage's own action. There are no teams and nobody plans pull requests, so all of the content is pushed at once. */
  async publish({ repository, description, sourcePath, standing }: Publication, context: PublishContext): Promise<void> {
    if (standing === 'adopt') return;
    const action = createPublishGiteaAction({ integrations: ScmIntegrations.fromConfig(this.#root), config: this.#root });
    const input = {
      repoUrl: `${this.host}?owner=${this.#organization}&repo=${repository}`,
      description,
      sourcePath,
      defaultBranch: MAIN_BRANCH,
    };
    await action.handler({ ...context, input, output: () => undefined } as unknown as Parameters<typeof action.handler>[0]);
  }

  #baseUrl(): string {
    return (this.#config.baseUrl ?? `https://${this.host}`).replace(/\/$/, '');
  }

  async #get(path: string): Promise<Record<string, unknown> | undefined> {
    const url = `${this.#baseUrl()}/api/v1/${path}`;
    let response: Response;
    let text: string | undefined;
    try {
      const { headers } = getGiteaRequestOptions(this.#config) as { headers?: Record<string, string> };
      response = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
      text = await limitedText(response);
    } catch (cause) {
      throw new Error(`The git host ${this.host} does not answer to a read of ${path}`, { cause });
    }
    if (response.status === 404) return undefined;
    if (!response.ok || text === undefined) {
      throw new Error(`The git host ${this.host} answered ${response.status} to a read of ${path}`);
    }
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new Error(`The git host ${this.host} answered ${path} with something other than JSON`, { cause });
    }
  }
}
