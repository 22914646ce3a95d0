import { annotations } from '@airpay/plugin-airpay-platform-common';
import type { Entity } from '@backstage/catalog-model';

/** Components that name an SLO service. Kept apart from the pages: the catalog asks before any of them is loaded. */
export function hasSlo(entity: Entity): boolean {
  const isComponent = entity.kind.toLocaleLowerCase('en-US') === 'component';
  return isComponent && Boolean(entity.metadata.annotations?.[annotations.slo]?.trim());
}
