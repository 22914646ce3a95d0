import { Config } from '@backstage/config';
import { InputError } from '@backstage/errors';
import { DefaultGithubCredentialsProvider, ScmIntegrations } from '@backstage/integration';
import { GiteaHost } from './adapters/GiteaHost';
import { GithubHost } from './adapters/GithubHost';
import { GitHost } from './domain/gitHost';

/**
 * The one host that is configured, or that airpay.templates.gitHost chooses.
 * @throws InputError when there is none, or several and none is chosen
 */
export function configuredHost(config: Config): GitHost {
  const wanted = config.getOptionalString('airpay.templates.gitHost');
  const integrations = ScmIntegrations.fromConfig(config);
  const organization = config.getString('airpay.templates.organization');
  const credentials = DefaultGithubCredentialsProvider.fromIntegrations(integrations);
  const hosts = [
    ...integrations.gitea.list().map(one => ({ host: one.config.host, make: () => new GiteaHost(config, one.config, organization) as GitHost })),
    // Backstage always knows github.com, for public files; only where it may write can it publish.
    ...integrations.github
      .list()
      .filter(one => one.config.token || one.config.apps?.length)
      .map(one => ({ host: one.config.host, make: () => new GithubHost(one.config, organization, credentials) })),
  ];
  const matching = hosts.filter(candidate => !wanted || candidate.host === wanted);
  if (matching.length !== 1) {
    throw new InputError(
      `airpay.templates.gitHost must name one of integrations.gitea and integrations.github (${hosts.map(one => one.host).join(', ') || 'none configured'})`,
    );
  }
  return matching[0].make();
}
