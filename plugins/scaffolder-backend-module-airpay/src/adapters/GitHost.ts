import { Config } from '@backstage/config';
import { InputError } from '@backstage/errors';
import { getGiteaRequestOptions, GiteaIntegrationConfig, ScmIntegrations } from '@backstage/integration';
import { isOwn, Marker, MARKER_PATH, readMarker } from '../domain/marker';
import { Part, PARTS, repositoryName } from '../domain/service';

/** What is known of a repository. */
export type RepositoryState =
  | { state: 'absent' }
  /** It exists without a commit: somebody, or a run that broke off, created it and pushed nothing. */
  | { state: 'empty' }
  | { state: 'filled'; headCommit: string };

/** Reading from the git host; writing is publish:gitea's. */
export interface GitHost {
  /** Authority of the host as integrations.gitea names it. */
  readonly host: string;
  /** Where repositories of the organization are, without a trailing slash. */
  readonly repositoryBase: string;
  /** @throws Error when the host does not answer or answers something unexpected */
  look(repository: string): Promise<RepositoryState>;
  /** A text file of the main branch; undefined when there is none. */
  readFile(repository: string, path: string): Promise<string | undefined>;
}

/** The branch everything is published to. */
export const MAIN_BRANCH = 'main';
const TIMEOUT_MS = 10_000;
/** Far above a marker; a larger file is not one. */
const MAX_FILE_BYTES = 256 * 1024;

/** A host that speaks Gitea's API. */
export class GiteaHost implements GitHost {
  readonly host: string;
  readonly repositoryBase: string;
  readonly #config: GiteaIntegrationConfig;
  readonly #organization: string;

  /** @throws InputError when no host is configured, or several and none is chosen */
  static fromConfig(config: Config): GiteaHost {
    const wanted = config.getOptionalString('airpay.templates.gitHost');
    const hosts = ScmIntegrations.fromConfig(config).gitea.list();
    const matching = hosts.filter(candidate => !wanted || candidate.config.host === wanted);
    if (matching.length !== 1) {
      throw new InputError(
        `airpay.templates.gitHost must name one of integrations.gitea (${hosts.map(one => one.config.host).join(', ') || 'none configured'})`,
      );
    }
    return new GiteaHost(matching[0].config, config.getString('airpay.templates.organization'));
  }

  private constructor(config: GiteaIntegrationConfig, organization: string) {
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

  #baseUrl(): string {
    return (this.#config.baseUrl ?? `https://${this.host}`).replace(/\/$/, '');
  }

  async #get(path: string): Promise<Record<string, unknown> | undefined> {
    const url = `${this.#baseUrl()}/api/v1/${path}`;
    let response: Response;
    let text: string;
    try {
      const { headers } = getGiteaRequestOptions(this.#config) as { headers?: Record<string, string> };
      response = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
      text = await response.text();
    } catch (cause) {
      throw new Error(`The git host ${this.host} does not answer; nothing was published`, { cause });
    }
    if (response.status === 404) return undefined;
    if (!response.ok || text.length > MAX_FILE_BYTES) {
      throw new Error(`The git host ${this.host} answered ${response.status} to a read of ${path}`);
    }
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new Error(`The git host ${this.host} answered ${path} with something other than JSON`, { cause });
    }
  }
}

/** What a run has to do about one repository. */
export type Standing = 'create' | 'adopt' | 'refuse';

/** How the three repositories of a service stand to a request; each with its state in words. */
export async function standings(
  host: GitHost,
  name: string,
  marker: Marker,
): Promise<Record<Part, { repository: string; standing: Standing; inWords: string }>> {
  const entries = await Promise.all(
    PARTS.map(async part => {
      const repository = repositoryName(name, part);
      const found = await host.look(repository);
      if (found.state === 'absent') return [part, { repository, standing: 'create', inWords: 'does not exist' }] as const;
      if (found.state === 'empty') {
        // Nothing in it tells whose it is. Deleting it is for somebody who knows.
        return [part, { repository, standing: 'refuse', inWords: 'exists and is empty; remove it if an earlier run left it' }] as const;
      }
      const text = await host.readFile(repository, MARKER_PATH);
      const own = text !== undefined && isOwn(readMarker(text), marker);
      return [
        part,
        own
          ? { repository, standing: 'adopt' as const, inWords: 'was made by an earlier run of this request' }
          : { repository, standing: 'refuse' as const, inWords: 'exists and belongs to something else' },
      ] as const;
    }),
  );
  return Object.fromEntries(entries) as Record<Part, { repository: string; standing: Standing; inWords: string }>;
}
