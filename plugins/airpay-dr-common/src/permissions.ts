import { createPermission } from '@backstage/plugin-permission-common';

/** See topology, readiness, plans and runs. */
export const recoveryReadPermission = createPermission({
  name: 'airpay.dr.read',
  attributes: { action: 'read' },
});

/** Start a run and steer it: retry, skip, abort. */
export const recoveryExecutePermission = createPermission({
  name: 'airpay.dr.execute',
  attributes: { action: 'update' },
});

/** Read the journal of a run: who did what, with every observation. */
export const recoveryAuditPermission = createPermission({
  name: 'airpay.dr.audit',
  attributes: { action: 'read' },
});

export const airpayDrPermissions = [
  recoveryReadPermission,
  recoveryExecutePermission,
  recoveryAuditPermission,
];
