/** The plan on paper: the same words as on the page, with names of this installation's variables instead of values. */
import { plannedSwitchSteps, RunbookRegion } from '@airpay/plugin-airpay-dr-common';

const region = (which: 'FROM' | 'TO', title: string): RunbookRegion => ({
  id: `$${which}_REGION`,
  title,
  patroniUrls: [`$${which}_PATRONI_URL`, `$${which}_PATRONI_URL_2`],
  patroniUsername: 'patroni',
  replication: { host: `$${which}_REPLICATION_HOST`, port: 5433, slot: 'dr_link' },
  databases: [`$${which}_DATABASE_URL`],
  trafficTarget: `$${which}_TRAFFIC_TARGET`,
  gke: {
    project: '$PROJECT', location: `$${which}_LOCATION`, cluster: `$${which}_CLUSTER`, nodePool: '$NODE_POOL', activeNodes: 1, standbyNodes: 0,
  },
  kubernetes: { namespace: 'payments', deployment: 'ledger' },
});

/** Markdown of infra/recovery-plans/planned-region-switch.md. */
export function printedPlan(): string {
  const steps = plannedSwitchSteps({
    system: 'payments',
    traffic: { project: '$PROJECT', managedZone: '$MANAGED_ZONE', record: '$TRAFFIC_RECORD' },
    ledgerUrl: '$LEDGER_URL',
    payerLogUrl: '$PAYER_LOG_URL',
    from: region('FROM', 'the old region'),
    to: region('TO', 'the new region'),
  });
  const intro = [
    '# Planned region switch, by hand',
    '',
    'Generated from the runbook the portal follows (`plugins/airpay-dr-common/src/runbook.ts`); a test keeps them equal. Print it: it is',
    'for the day the portal is dead. Set the variables first; `FROM` is the region that writes now, `TO` the one that will.',
    'The way back is the same list with FROM and TO swapped. Where a region has one member, `synchronous_mode` is false when promoting it.',
    '',
    'Before the step that makes the old region a standby everything can be undone: lift the fence (PATCH',
    '`default_transaction_read_only` to `"off"`) and give back the nodes. After it, go on.',
  ];
  const body = steps.flatMap((step, index) => [
    '',
    `## ${index + 1}. ${step.title}`,
    '',
    step.why,
    '',
    `Effect: ${step.effect}${step.reversible ? '' : ' **Not reversible.**'}`,
    '',
    '```sh',
    step.byHand,
    '```',
  ]);
  return `${[...intro, ...body].join('\n')}\n`;
}
