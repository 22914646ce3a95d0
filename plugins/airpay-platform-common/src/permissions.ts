import { createPermission } from '@backstage/plugin-permission-common';

/** Read SLOs, error budgets and the overview. */
export const sloReadPermission = createPermission({
  name: 'airpay.slo.read',
  attributes: { action: 'read' },
});

/** Look up who owns a thing. */
export const ownershipReadPermission = createPermission({
  name: 'airpay.ownership.read',
  attributes: { action: 'read' },
});

export const airpayPlatformPermissions = [
  sloReadPermission,
  ownershipReadPermission,
];
