import { createRouteRef, createSubRouteRef } from '@backstage/frontend-plugin-api';

export const recoveryRouteRef = createRouteRef();
export const planRouteRef = createSubRouteRef({ parent: recoveryRouteRef, path: '/:system/plan/:planName' });
export const runRouteRef = createSubRouteRef({ parent: recoveryRouteRef, path: '/runs/:id' });
