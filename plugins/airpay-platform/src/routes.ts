import { createRouteRef, createSubRouteRef } from '@backstage/frontend-plugin-api';

export const homeRouteRef = createRouteRef();
export const slosRouteRef = createRouteRef();
export const sloRouteRef = createSubRouteRef({ parent: slosRouteRef, path: '/:id' });
export const ownershipRouteRef = createRouteRef();
export const entitySlosRouteRef = createRouteRef();
