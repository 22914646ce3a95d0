import { EntityCardBlueprint, EntityContentBlueprint } from '@backstage/plugin-catalog-react/alpha';
import { hasSlo } from '../domain/entity';
import { entitySlosRouteRef } from '../routes';

export const entitySlosContent = EntityContentBlueprint.make({
  name: 'slos',
  params: {
    path: '/slos',
    title: 'SLOs',
    group: 'observability',
    routeRef: entitySlosRouteRef,
    filter: hasSlo,
    loader: async () => {
      const { EntitySlos } = await import('../components/slo/EntitySlos');
      return <EntitySlos />;
    },
  },
});

export const entityBudgetCard = EntityCardBlueprint.make({
  name: 'budget',
  params: {
    type: 'content',
    filter: hasSlo,
    loader: async () => {
      const { EntityBudgetCard } = await import('../components/slo/EntityBudgetCard');
      return <EntityBudgetCard />;
    },
  },
});
