import { annotations } from '@airpay/plugin-airpay-platform-common';

/** What an entity must have for its SLOs to be shown. A plain value: the catalog page reads it before anything is loaded. */
export const hasSloFilter: Record<string, string | { $exists: true }> = {
  kind: 'component',
  [`metadata.annotations.${annotations.slo}`]: { $exists: true },
};
