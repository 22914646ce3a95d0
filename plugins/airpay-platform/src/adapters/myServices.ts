import { annotations } from '@airpay/plugin-airpay-platform-common';
import { stringifyEntityRef } from '@backstage/catalog-model';
import type { IdentityApi } from '@backstage/frontend-plugin-api';
import type { CatalogApi } from '@backstage/plugin-catalog-react';

export interface MyService {
  ref: string;
  name: string;
  title: string;
  /** `0` is the most critical; null when the catalog does not say. */
  tier: string | null;
  hasSlo: boolean;
}

const most = 50;

/** Components owned by the reader or the reader's groups, most critical first; at most 50. */
export async function readMyServices(catalog: CatalogApi, identity: IdentityApi): Promise<MyService[]> {
  const { ownershipEntityRefs } = await identity.getBackstageIdentity();
  if (ownershipEntityRefs.length === 0) return [];
  const { items } = await catalog.queryEntities({
    filter: { kind: 'component', 'relations.ownedBy': ownershipEntityRefs },
    fields: ['kind', 'metadata.name', 'metadata.namespace', 'metadata.title', 'metadata.annotations'],
    limit: most,
  });
  return items
    .map(entity => ({
      ref: stringifyEntityRef(entity),
      name: entity.metadata.name,
      title: entity.metadata.title ?? entity.metadata.name,
      tier: entity.metadata.annotations?.[annotations.tier] ?? null,
      hasSlo: Boolean(entity.metadata.annotations?.[annotations.slo]),
    }))
    .sort((a, b) => (a.tier ?? '9').localeCompare(b.tier ?? '9') || a.title.localeCompare(b.title));
}
