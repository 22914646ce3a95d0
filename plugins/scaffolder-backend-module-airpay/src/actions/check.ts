import { InputError } from '@backstage/errors';
import { createTemplateAction } from '@backstage/plugin-scaffolder-node';
import { readFolder } from '../adapters/workspace';
import { checkRendered } from '../checks';
import { PARTS } from '../domain/service';

/** More lines than this do not help whoever reads the log. */
const MAX_SHOWN = 50;

/** `airpay:check`: what was rendered into service/, infra/ and gitops/ is sound. Throws with lines of "file:line message". */
export function createCheckAction() {
  return createTemplateAction({
    id: 'airpay:check',
    description: 'Checks the rendered service, infrastructure and deployment files before they are published.',
    supportsDryRun: true,
    async handler(ctx) {
      const [service, infra, gitops] = await Promise.all(PARTS.map(part => readFolder(ctx.workspacePath, part)));
      const findings = checkRendered({ service, infra, gitops });
      if (findings.length > 0) {
        const shown = findings.slice(0, MAX_SHOWN).join('\n');
        throw new InputError(`The template rendered files that must not be published (${findings.length}):\n${shown}`);
      }
      ctx.logger.info(`${service.size + infra.size + gitops.size} files are sound`);
    },
  });
}
