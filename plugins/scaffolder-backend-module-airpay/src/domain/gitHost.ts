import { LoggerService } from '@backstage/backend-plugin-api';
import { isOwn, Marker, MARKER_PATH, readMarker } from './marker';
import { Part, PARTS, repositoryName } from './service';

/** What is known of a repository. */
export type RepositoryState =
  | { state: 'absent' }
  /** It exists without a commit: somebody, or a run that broke off, created it and pushed nothing. */
  | { state: 'empty' }
  | { state: 'filled'; headCommit: string };

/** One repository to publish. */
export interface Publication {
  repository: string;
  description: string;
  /** Folder of the workspace that becomes its content. */
  sourcePath: string;
  /** Group that owns it: where the host has teams, it may push, and one of it must approve. */
  team: string;
  /** `adopt`: an earlier run of the same request pushed the content; what comes after the push is done again. */
  standing: 'create' | 'adopt';
  /** A file that comes with the first pull request and not with the first commit, where the host plans pull requests. */
  proposed?: string;
}

/** What publishing needs of the running task. */
export interface PublishContext {
  workspacePath: string;
  logger: LoggerService;
  signal?: AbortSignal;
}

/** Where repositories are made and read. */
export interface GitHost {
  /** Authority of the host as integrations.gitea or integrations.github names it. */
  readonly host: string;
  /** Where repositories of the organization are, without a trailing slash. */
  readonly repositoryBase: string;
  /** @throws Error when the host does not answer or answers something unexpected */
  look(repository: string): Promise<RepositoryState>;
  /** A text file of the main branch; undefined when there is none. */
  readFile(repository: string, path: string): Promise<string | undefined>;
  /** Address of a file of the main branch, as people and the catalog read it. */
  fileUrl(repository: string, path: string): string;
  /** @throws Error when the host refuses; a second call with `adopt` finishes what was begun */
  publish(publication: Publication, context: PublishContext): Promise<void>;
}

/** The branch everything is published to. */
export const MAIN_BRANCH = 'main';
export const TIMEOUT_MS = 10_000;
/** Far above a marker; a larger file is not one. */
export const MAX_FILE_BYTES = 256 * 1024;

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
