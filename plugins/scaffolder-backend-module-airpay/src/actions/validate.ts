import { InputError } from '@backstage/errors';
import { createTemplateAction } from '@backstage/plugin-scaffolder-node';
import { GitHost, standings } from '../domain/gitHost';
import { ServiceCatalog } from '../adapters/ServiceCatalog';
import { markerOf } from '../domain/marker';
import { Platform } from '../domain/platform';
import { conflictsOf, faultsOf, templateValues, TemplateValues } from '../domain/service';

/**
 * `airpay:validate`: every refusal before anything is written. Throws InputError that lists all reasons at once; gives the
 * values for the templates and where the repositories will be. Only reads, hence the same in a dry run.
 * @param options - platform and host are read when a template runs, so that the portal starts without a git host
 */
export function createValidateAction(options: {
  platform: () => Platform;
  catalog: ServiceCatalog;
  gitHost: () => GitHost;
}) {
  return createTemplateAction({
    id: 'airpay:validate',
    description: 'Checks the request for a new service against the catalog and the git host, before anything is written.',
    supportsDryRun: true,
    schema: {
      input: {
        name: z => z.string({ description: 'Name of the service: a DNS label of at most 40 characters' }),
        description: z => z.string({ description: 'What the service is for, in one line' }),
        owner: z => z.string({ description: 'Entity reference of the owning group' }),
        tier: z => z.string({ description: 'How much hangs on it: 0 (money stops) to 3' }),
        currency: z => z.string({ description: 'ISO 4217 code' }),
        regionSet: z => z.string({ description: 'Where it runs' }),
      },
      output: {
        values: z => z.custom<TemplateValues>().describe('Values for fetch:template'),
        regions: z => z.custom<TemplateValues['regions']>().describe('Regions it runs in'),
      },
    },
    async handler(ctx) {
      const platform = options.platform();
      const faults = faultsOf(ctx.input, platform);
      // With a wrong name there is nothing to look for.
      if (faults.length > 0) throw new InputError(faults.join('\n'));

      const { name } = ctx.input;
      const host = options.gitHost();
      const credentials = await ctx.getInitiatorCredentials();
      const [owner, taken, found] = await Promise.all([
        options.catalog.group(ctx.input.owner, credentials),
        options.catalog.usersOf({ name, namespace: name, host: `${name}.${platform.hostSuffix}` }, credentials),
        standings(host, name, markerOf(ctx, ctx.input)),
      ]);
      const conflicts = conflictsOf(ctx.input, {
        owner: { exists: owner !== undefined, costCenter: owner?.costCenter },
        taken,
        strangeRepositories: Object.values(found)
          .filter(({ standing }) => standing === 'refuse')
          .map(({ repository, inWords }) => `${repository} (${inWords})`),
      });
      if (conflicts.length > 0 || !owner?.costCenter) throw new InputError(conflicts.join('\n'));

      const values = templateValues({ ...ctx.input, owner: owner.ref }, platform, {
        team: owner.name,
        costCenter: owner.costCenter,
        repositoryBase: host.repositoryBase,
        catalogInfo: host.fileUrl(name, 'catalog-info.yaml'),
      });
      ctx.logger.info(`${name} is free in the catalog and on ${host.host}; owner ${owner.ref}`);
      ctx.output('values', values);
      ctx.output('regions', values.regions);
    },
  });
}
