import { RunbookRegion, standbyClusterOf, synchronousModeOf } from '@airpay/plugin-airpay-dr-common';
import { Patroni } from '../adapters/Patroni';
import { RegionDatabase } from '../adapters/RegionDatabase';
import { lsnReached } from '../lsn';
import { OutsideError, reading } from '../outside';
import { Step, StepRun, Verdict } from '../step';

const demoteDeadlineMs = 60_000;
const promoteDeadlineMs = 60_000;
const pollMs = 25;
const fencedWithinMs = 3_000;
const drainedWithinMs = 10_000;

export interface ClusterTarget {
  title: string;
  patroni: Patroni;
}

type DatabaseTarget = { title: string; database: Pick<RegionDatabase, 'view' | 'probeWrite' | 'markPosition'> };

async function noPrimary({ title, patroni }: ClusterTarget): Promise<Verdict> {
  const { primaries, silent } = await patroni.primaries();
  if (primaries.length > 0) return { done: false, text: `${primaries.join(', ')} is still primary in ${title}` };
  // A member that does not answer could still write: silence is no proof.
  if (silent.length > 0) return { done: false, text: `${silent.join(', ')} in ${title} does not answer, so it cannot be ruled out as a writer` };
  return { done: true, text: `No member of ${title} is primary` };
}

/**
 * Between the drain and this step a person may have been asked, and may have lifted the fence to let payments through.
 * @throws OutsideError `refused` while the old region takes writes, or has some that the new one does not have
 */
async function stillDrained(run: StepRun, source: DatabaseTarget, target: DatabaseTarget): Promise<void> {
  const probe = await reading(source.database.probeWrite());
  // Without a primary nothing is acknowledged there: it is on its way down, maybe by this very step before a crash.
  if (!probe.ok) return;
  if (probe.value.accepted) {
    throw new OutsideError(source.title, 'refused', 'accepts writes again: fence it by hand as in the printed plan, then retry');
  }
  const goal = await source.database.markPosition();
  const end = run.now() + drainedWithinMs;
  for (;;) {
    const { lsn } = await target.database.view();
    if (lsn && lsnReached(lsn, goal)) return;
    if (run.now() > end) throw new OutsideError(target.title, 'refused', `has replayed ${lsn ?? 'nothing'}, but ${source.title} has written ${goal}`);
    await run.sleep(pollMs);
  }
}

/**
 * Makes the fenced region follow the other one. The fence stays on: Patroni applies new settings before it demotes, and
 * a payment acknowledged in between would be lost.
 */
export function demoteStep(source: ClusterTarget & DatabaseTarget, target: DatabaseTarget, follow: Pick<RunbookRegion, 'replication'>): Step {
  const wanted = standbyClusterOf(follow as RunbookRegion);
  return {
    id: 'demote',
    deadlineMs: demoteDeadlineMs,
    pollMs,
    async done() {
      const config = await source.patroni.config();
      const { standbyCluster } = config;
      if (standbyCluster?.host !== wanted.host || standbyCluster.port !== wanted.port) {
        return { done: false, text: `${source.title} is not configured to follow ${wanted.host}:${wanted.port}` };
      }
      return noPrimary(source);
    },
    async act(run) {
      await stillDrained(run, source, target);
      await source.patroni.patchConfig({ standby_cluster: wanted, synchronous_mode: false });
    },
  };
}

/** A setting that reached a starting server is not applied; payments wait, so it is mended at once instead of at the deadline. */
async function openIfFenced(run: StepRun, target: ClusterTarget & { database: RegionDatabase }): Promise<void> {
  const end = run.now() + fencedWithinMs;
  while (run.now() < end) {
    const probe = await reading(target.database.probeWrite());
    if (probe.ok && probe.value.accepted) return;
    await run.sleep(pollMs);
  }
  const view = await reading(target.database.view());
  if (!view.ok || view.value.fencedServers.length === 0) return;
  await run.note(`${view.value.fencedServers.join(', ')} still refuses writes by setting: Patroni is asked to apply its configuration`);
  await target.patroni.reload();
}

/** Makes the following region the writer; refused while the other one might still be. */
export function promoteStep(
  source: ClusterTarget,
  target: ClusterTarget & { database: RegionDatabase; region: Pick<RunbookRegion, 'patroniUrls'> },
): Step {
  return {
    id: 'promote',
    deadlineMs: promoteDeadlineMs,
    pollMs,
    async done() {
      const view = await target.database.view();
      if (view.inRecovery) return { done: false, text: `${target.title} is still in recovery` };
      const probe = await target.database.probeWrite();
      return probe.accepted
        ? { done: true, text: `${target.title} accepted a probe write` }
        : { done: false, text: `${target.title} is primary but refuses: ${probe.reason}` };
    },
    async act(run) {
      const old = await noPrimary(source);
      if (!old.done) throw new OutsideError(source.title, 'refused', `${old.text}; two writers would lose money`);
      await target.patroni.patchConfig({
        standby_cluster: null,
        synchronous_mode: synchronousModeOf(target.region as RunbookRegion),
        postgresql: { parameters: { default_transaction_read_only: 'off' } },
      });
      await openIfFenced(run, target);
    },
  };
}
