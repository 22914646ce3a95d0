import type { RecoverySystem } from '@airpay/plugin-airpay-dr-common';
import { stringifyEntityRef, type Entity } from '@backstage/catalog-model';

/** Names the recovery plan of a system, component or resource. */
export const recoveryPlanAnnotation = 'airpay.com/recovery-plan';

/** The system an entity is recovered with: itself, or the one it is part of. */
export function systemOfEntity(entity: Entity, systems: RecoverySystem[]): RecoverySystem | undefined {
  const refs = [
    stringifyEntityRef(entity),
    ...(entity.relations ?? []).filter(relation => relation.type === 'partOf').map(relation => relation.targetRef),
  ].map(ref => ref.toLocaleLowerCase('en-US'));
  return systems.find(system => refs.includes(system.entityRef.toLocaleLowerCase('en-US')));
}
