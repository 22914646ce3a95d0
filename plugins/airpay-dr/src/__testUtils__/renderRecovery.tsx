import { mockApis, renderTestApp } from '@backstage/frontend-test-utils';
import { AuthorizeResult } from '@backstage/plugin-permission-common';
import { configure } from '@testing-library/react';
import type { RecoveryApi } from '../adapters/api';
import { recoveryApiRef } from '../adapters/api';
// Loaded before the first test, which would otherwise wait for it inside its own time limit.
import '../components/RecoveryPage';
import { airpayDrPlugin as plugin } from '../plugin';

configure({ asyncUtilTimeout: 10_000 });
jest.setTimeout(40_000);

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
