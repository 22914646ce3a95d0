import { BackstageCredentials } from '@backstage/backend-plugin-api';
import { Entity, parseEntityRef, stringifyEntityRef } from '@backstage/catalog-model';
import { CatalogService } from '@backstage/plugin-catalog-node';

/** What a new service must know of those that exist. */
export interface ServiceCatalog {
  /** The group, or undefined when the reference is none or names none. */
  group(ref: string, credentials: BackstageCredentials): Promise<{ ref: string; name: string; costCenter?: string } | undefined>;
  /** Entities that use the name, the namespace or the host, each with why; at most 10. */
  usersOf(
    wanted: { name: string; namespace: string; host: string },
    credentials: BackstageCredentials,
  ): Promise<string[]>;
}

const NAMESPACE = 'airpay.com/namespace';
const HOSTS = 'airpay.com/hosts';
/** A catalog with more hosts than this needs an index, not a scan. */
const MAX_ENTITIES_WITH_HOSTS = 5000;
const MAX_NAMED = 10;

/** The catalog through Backstage's service, with the rights of whoever runs the template. */
export class BackstageServiceCatalog implements ServiceCatalog {
  constructor(private readonly catalog: CatalogService) {}

  async group(ref: string, credentials: BackstageCredentials) {
    let full: string;
    try {
      full = stringifyEntityRef(parseEntityRef(ref, { defaultKind: 'group' }));
    } catch {
      return undefined;
    }
    if (!full.startsWith('group:')) return undefined;
    const entity = await this.catalog.getEntityByRef(full, { credentials });
    if (!entity) return undefined;
    return { ref: full, name: entity.metadata.name, costCenter: entity.metadata.annotations?.['airpay.com/cost-center'] };
  }

  async usersOf(wanted: { name: string; namespace: string; host: string }, credentials: BackstageCredentials) {
    const fields = ['kind', 'metadata.name', 'metadata.namespace', 'metadata.annotations'];
    const byName = await this.catalog.getEntities(
      {
        filter: [
          { kind: 'component', 'metadata.name': wanted.name },
          { kind: 'api', 'metadata.name': wanted.name },
          { [`metadata.annotations.${NAMESPACE}`]: wanted.namespace },
        ],
        fields,
        limit: MAX_NAMED,
      },
      { credentials },
    );
    const withHosts = await this.catalog.queryEntities(
      {
        filter: { kind: ['component', 'api'] },
        fields,
        limit: MAX_ENTITIES_WITH_HOSTS,
      },
      { credentials },
    );
    const byHost = withHosts.items.filter(entity => hostsOf(entity).includes(wanted.host));
    const named = [...byName.items, ...byHost].map(entity => `${stringifyEntityRef(entity)} (${why(entity, wanted)})`);
    return [...new Set(named)].slice(0, MAX_NAMED);
  }
}

function why(entity: Entity, wanted: { name: string; namespace: string; host: string }): string {
  if (entity.metadata.name === wanted.name) return 'same name';
  return hostsOf(entity).includes(wanted.host) ? `host ${wanted.host}` : `namespace ${wanted.namespace}`;
}

function hostsOf(entity: Entity): string[] {
  return (entity.metadata.annotations?.[HOSTS] ?? '').split(',').map(host => host.trim());
}
