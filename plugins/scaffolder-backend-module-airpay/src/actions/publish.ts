import { createTemplateAction } from '@backstage/plugin-scaffolder-node';
import { GitHost } from '../domain/gitHost';
import { PARTS, repositoryName } from '../domain/service';

/**
 * `airpay:publish`: makes one of the repositories at the host that is configured. After `airpay:reserve`, which says whether it is to be
 * created or finished. Not in a dry run.
 */
export function createPublishAction(options: { gitHost: () => GitHost }) {
  return createTemplateAction({
    id: 'airpay:publish',
    description: 'Publishes one part of a service to the git host, owned by its team.',
    schema: {
      input: {
        name: z => z.string({ description: 'Name of the service' }),
        part: z => z.enum(PARTS).describe('Which of its repositories; the folder of the same name is its content'),
        standing: z => z.enum(['create', 'adopt']).describe('What airpay:reserve said'),
        description: z => z.string({ description: 'What the repository is, in one line' }),
        team: z => z.string({ description: 'Name of the group that owns it' }),
        proposed: z => z.string({ description: 'A file that comes with the first pull request, where the host plans these' }).optional(),
      },
    },
    async handler(ctx) {
      const { name, part, ...rest } = ctx.input;
      await options.gitHost().publish({ ...rest, repository: repositoryName(name, part), sourcePath: part }, ctx);
    },
  });
}
