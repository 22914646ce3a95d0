import { recoveryExecutePermission } from '@airpay/plugin-airpay-dr-common';
import { usePermission } from '@backstage/plugin-permission-react';

/** Why somebody without the permission sees disabled buttons. */
export const mayNotExecuteReason = 'Starting and steering a switch is for the SRE and incident command groups.';

/** Whether the reader may start and steer runs; `loading` until that is known. */
export function useMayExecute(): boolean | 'loading' {
  const { allowed, loading } = usePermission({ permission: recoveryExecutePermission });
  return loading ? 'loading' : allowed;
}
