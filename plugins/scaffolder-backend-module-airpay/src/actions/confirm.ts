import { createTemplateAction } from '@backstage/plugin-scaffolder-node';
import { setTimeout as sleep } from 'node:timers/promises';
import { GitHost } from '../domain/gitHost';
import { isOwn, MARKER_PATH, markerOf, readMarker } from '../domain/marker';
import { Part, PARTS, repositoryName } from '../domain/service';

/** A host may take a moment to show what was pushed; after this it has not been pushed. */
const ATTEMPTS = 10;
const PAUSE_MS = 500;

/**
 * `airpay:confirm`: reads back the head of each repository's main branch. A push that answered well and left nothing
 * behind stops the run here, before the deployment repository makes anything run.
 */
export function createConfirmAction(options: { gitHost: () => GitHost }) {
  return createTemplateAction({
    id: 'airpay:confirm',
    description: 'Reads published repositories back from the git host.',
    supportsDryRun: true,
    schema: {
      input: {
        request: z =>
          z.object({
            name: z.string(),
            description: z.string(),
            owner: z.string(),
            tier: z.string(),
            currency: z.string(),
            regionSet: z.string(),
          }),
        parts: z => z.array(z.enum(PARTS)).min(1),
      },
      output: {
        commits: z => z.record(z.string()).describe('Commit at the head of main, by part'),
      },
    },
    async handler(ctx) {
      if (ctx.isDryRun) {
        ctx.logger.info(`Would read back ${ctx.input.parts.join(', ')}`);
        return;
      }
      const { request, parts } = ctx.input;
      const marker = markerOf(ctx, request);
      const commits: Partial<Record<Part, string>> = {};
      for (const part of parts) {
        const repository = repositoryName(request.name, part);
        const head = await headOf(options.gitHost(), repository, text => isOwn(readMarker(text), marker), ctx.signal);
        if (!head) throw new Error(`${repository} was published, but reading it back does not show what was pushed`);
        ctx.logger.info(`${repository} is at ${head}`);
        commits[part] = head;
      }
      ctx.output('commits', commits as Record<string, string>);
    },
  });
}

/** Commit at the head of a repository that holds the marker; undefined when it does not show up in time. */
async function headOf(
  host: GitHost,
  repository: string,
  isOurs: (marker: string) => boolean,
  signal?: AbortSignal,
): Promise<string | undefined> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const found = await host.look(repository);
    const text = found.state === 'filled' ? await host.readFile(repository, MARKER_PATH) : undefined;
    if (found.state === 'filled' && text !== undefined && isOurs(text)) return found.headCommit;
    if (attempt < ATTEMPTS) await sleep(PAUSE_MS, undefined, { signal });
  }
  return undefined;
}
