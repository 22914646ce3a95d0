/** Would the system survive losing its active region now? Checks first, then one word for all of them. */
import { ReadinessCheck, RecoverySystem, Status } from '@airpay/plugin-airpay-dr-common';
import * as conditions from './conditions';
import { ObservedSystem } from './observed';
import { SystemSettings } from './settings';

/** A switch that was proven longer ago than this no longer proves anything. */
export const proofLastsDays = 30;
/** Further behind than this, a lost region means more than a blink of payments. */
const watchLagBytes = 1024 * 1024;
const dayMs = 24 * 60 * 60 * 1000;

type Severity = 'act' | 'watch';

const statusOf = ({ ok }: conditions.Verdict, bad: Severity): Status => {
  if (ok === null) return 'unknown';
  return ok ? 'ok' : bad;
};

function lastProof(lastSwitch: RecoverySystem['lastSwitch'], nowMs: number): { status: Status; detail: string } {
  if (!lastSwitch) return { status: 'watch', detail: 'No switch has been carried out yet: the way over is unproven' };
  const days = (nowMs - Date.parse(lastSwitch.endedAt)) / dayMs;
  if (lastSwitch.acknowledgedLost > 0) return { status: 'act', detail: `The last switch lost ${lastSwitch.acknowledgedLost} acknowledged payments` };
  return {
    status: days <= proofLastsDays ? 'ok' : 'watch',
    detail: `Last switch ${days < 1 ? 'less than a day' : `${Math.floor(days)} days`} ago, ${lastSwitch.acknowledgedChecked.toLocaleString('en')} acknowledged payments checked, none lost`,
  };
}

/** Checks in the order of their weight. `bad` says how a failed check is called: act = it would not survive. */
export function readinessChecks(observed: ObservedSystem, system: SystemSettings, lastSwitch: RecoverySystem['lastSwitch']): ReadinessCheck[] {
  const at = new Date(observed.at).toISOString();
  const check = (id: string, title: string, bad: Severity, verdict: conditions.Verdict): ReadinessCheck => ({
    id, title, status: statusOf(verdict, bad), detail: verdict.detail, at,
  });
  return [
    check('one-primary', 'One region writes', 'act', conditions.onePrimary(observed, system)),
    check('standby-streams', 'The standby follows', 'act', conditions.standbyStreams(observed, system)),
    check('standby-lag', 'The standby is close behind', 'watch', conditions.standbyStreams(observed, system, watchLagBytes)),
    check('same-timeline', 'Same timeline in both regions', 'act', conditions.sameTimeline(observed, system)),
    ...observed.regions.map(region =>
      check(`members-${region.id}`, `Members of ${system.regions.find(one => one.id === region.id)?.title}`, 'watch', conditions.membersFollow(region, system)),
    ),
    ...observed.regions.map(region =>
      check(`open-${region.id}`, `${system.regions.find(one => one.id === region.id)?.title} is not fenced`, 'act', conditions.notFenced(region, system)),
    ),
    check('sync-standby', 'A second copy of every commit', 'watch', conditions.syncStandby(observed, system)),
    check('not-paused', 'Automatic failover is on', 'watch', conditions.notPaused(observed, system)),
    check('traffic', 'Traffic leads to the writer', 'act', conditions.trafficAt(observed, system)),
    check('ledger', 'The ledger answers payers', 'watch', conditions.ledgerAnswers(observed, system)),
    check('node-pools', 'Nodes can be asked for', 'act', conditions.nodePoolsAnswer(observed, system)),
    check('workloads', 'Workloads can be seen', 'watch', conditions.workloadsAnswer(observed, system)),
    { id: 'last-switch', title: 'Proven by a switch', at, ...lastProof(lastSwitch, observed.at) },
  ];
}

/** The worst check decides; unknown is never ready. */
export function readinessOf(checks: ReadinessCheck[]): RecoverySystem['readiness'] {
  if (checks.some(check => check.status === 'act')) return 'notReady';
  if (checks.some(check => check.status === 'unknown')) return 'unknown';
  return checks.some(check => check.status === 'watch') ? 'degraded' : 'ready';
}
