import { mockApis, renderTestApp } from '@backstage/frontend-test-utils';
import { AuthorizeResult } from '@backstage/plugin-permission-common';
import type { RecoveryApi } from '../adapters/api';
import { recoveryApiRef } from '../adapters/api';
import { airpayDrPlugin as plugin } from '../plugin';

const nobodyAsked = async () => {
  throw new Error('this call was not expected');
};

/** A recovery API of which only the given calls answer. */
export function recoveryApi(calls: Partial<RecoveryApi>): RecoveryApi {
  return {
    systems: nobodyAsked,
    system: nobodyAsked,
    plan: nobodyAsked,
    start: nobodyAsked,
    runs: nobodyAsked,
    run: nobodyAsked,
    steer: nobodyAsked,
    events: nobodyAsked,
    ...calls,
  };
}

/** Renders the plugin's pages at a path, as somebody who may (or may not) do everything. */
export function renderRecovery(path: string, calls: Partial<RecoveryApi>, may = true) {
  return renderTestApp({
    features: [plugin],
    initialRouteEntries: [path],
    apis: [
      [recoveryApiRef, recoveryApi(calls)],
      mockApis.permission({ authorize: may ? AuthorizeResult.ALLOW : AuthorizeResult.DENY }),
    ],
  });
}
