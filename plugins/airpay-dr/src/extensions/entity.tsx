import { EntityCardBlueprint, EntityContentBlueprint } from '@backstage/plugin-catalog-react/alpha';
import { recoveryPlanAnnotation } from '../domain/entity';

// A predicate, not a function: deciding whether to show the tab loads nothing of the tab.
const hasPlan = { [`metadata.annotations.${recoveryPlanAnnotation}`]: { $exists: true } };

export const recoveryEntityCard = EntityCardBlueprint.make({
  name: 'recovery',
  params: {
    type: 'content',
    filter: hasPlan,
    loader: () => import('../components/entity/RecoveryCard').then(module => <module.RecoveryCard />),
  },
});

export const recoveryEntityContent = EntityContentBlueprint.make({
  name: 'recovery',
  params: {
    path: '/recovery',
    title: 'Recovery',
    group: 'operation',
    filter: hasPlan,
    loader: () => import('../components/entity/RecoveryTab').then(module => <module.RecoveryTab />),
  },
});
