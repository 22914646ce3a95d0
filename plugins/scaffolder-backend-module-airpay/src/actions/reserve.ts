import { ConflictError } from '@backstage/errors';
import { createTemplateAction } from '@backstage/plugin-scaffolder-node';
import { GitHost, standings } from '../domain/gitHost';
import { writeFile } from '../adapters/workspace';
import { MARKER_PATH, markerOf, writeMarker } from '../domain/marker';
import { PARTS } from '../domain/service';

/**
 * `airpay:reserve`: looks again right before publishing, and writes into each folder the file that says which request made
 * it. Outputs per part `create` (publish it) or `adopt` (an earlier run of this request published it).
 */
export function createReserveAction(options: { gitHost: () => GitHost }) {
  return createTemplateAction({
    id: 'airpay:reserve',
    description: 'Decides for each repository whether it is to be created or was made by an earlier run of the same request.',
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
      },
      output: {
        service: z => z.enum(['create', 'adopt']),
        infra: z => z.enum(['create', 'adopt']),
        gitops: z => z.enum(['create', 'adopt']),
      },
    },
    async handler(ctx) {
      const { request } = ctx.input;
      const marker = markerOf(ctx, request);
      const found = await standings(options.gitHost(), request.name, marker);
      const refused = Object.values(found).filter(({ standing }) => standing === 'refuse');
      if (refused.length > 0) {
        throw new ConflictError(refused.map(({ repository, inWords }) => `${repository} ${inWords}`).join('\n'));
      }
      for (const part of PARTS) {
        await writeFile(ctx.workspacePath, `${part}/${MARKER_PATH}`, writeMarker(marker));
        ctx.logger.info(`${found[part].repository} ${found[part].inWords}: ${found[part].standing}`);
        ctx.output(part, found[part].standing as 'create' | 'adopt');
      }
    },
  });
}
