import { Patroni } from '../adapters/Patroni';
import { RegionDatabase } from '../adapters/RegionDatabase';
import { lsnDistance, lsnReached } from '../lsn';
import { OutsideError } from '../outside';
import { Step, StepRun } from '../step';

const fenceDeadlineMs = 15_000;
const drainDeadlineMs = 60_000;
/** Payments wait while these steps poll: each look costs a few milliseconds, waiting longer would cost more. */
const pollMs = 25;

export interface FenceTarget {
  title: string;
  patroni: Pick<Patroni, 'patchConfig' | 'config'>;
  database: RegionDatabase;
}

const readOnly = (value: 'on' | 'off') => ({ postgresql: { parameters: { default_transaction_read_only: value } } });

/** Polls until `look` gives a value. @throws OutsideError `unknown` at the deadline */
async function until<T>(run: StepRun, what: string, deadlineMs: number, look: () => Promise<T | null>): Promise<T> {
  const end = run.now() + deadlineMs;
  for (;;) {
    const value = await look();
    if (value !== null) return value;
    if (run.now() > end) throw new OutsideError('Fence', 'unknown', `${what} was not seen within ${deadlineMs} ms`);
    await run.sleep(pollMs);
  }
}

/**
 * Read-only for every new session, then no session left that began before, then a write that is seen to be refused.
 * A session could set itself writable again; the ledger does not, and the region is demoted right after.
 */
export function fenceStep({ title, patroni, database }: FenceTarget): Step {
  /** Asked for once, also after a crash; an answer that was lost is made up for by looking at the database next. */
  const setReadOnly = async (run: StepRun) => {
    if ((await patroni.config()).defaultReadOnly === 'on') return;
    try {
      await patroni.patchConfig(readOnly('on'));
    } catch (error) {
      if (!(error instanceof OutsideError) || error.outcome === 'refused') throw error;
      await run.note(`Answer lost, so look: ${error.message}`);
    }
  };
  return {
    id: 'fence',
    deadlineMs: fenceDeadlineMs,
    pollMs,
    async done(run) {
      if (typeof run.facts.fencedAtMs !== 'number') return { done: false, text: `${title} is not fenced yet` };
      const probe = await database.probeWrite();
      return probe.accepted
        ? { done: false, text: `${title} accepted a probe write` }
        : { done: true, text: `${title} refused a probe write: ${probe.reason}` };
    },
    async act(run) {
      // The first attempt's time stays: payments may have been refused since then, and the measured gap must not hide it.
      if (typeof run.facts.fenceStartedAtMs !== 'number') await run.remember({ fenceStartedAtMs: run.now() });
      await setReadOnly(run);
      const since = await until(run, 'read-only mode', fenceDeadlineMs, async () => {
        const seen = await database.defaultReadOnly();
        return seen.on ? seen.at : null;
      });
      let closed = 0;
      await until(run, 'the end of older sessions', fenceDeadlineMs, async () => {
        const open = await database.terminateClients(since);
        closed = Math.max(closed, open);
        return open === 0 ? true : null;
      });
      await run.remember({ fencedAtMs: run.now(), sessionsClosed: closed });
    },
  };
}

/** Everything committed before the fence is replayed on the other side. */
export function drainStep(source: Pick<FenceTarget, 'title' | 'database'>, target: Pick<FenceTarget, 'title' | 'database'>): Step {
  return {
    id: 'drain',
    deadlineMs: drainDeadlineMs,
    pollMs,
    async done(run) {
      const goal = run.facts.fenceLsn;
      if (typeof goal !== 'string') return { done: false, text: 'The last position is not read yet' };
      const { lsn } = await target.database.view();
      if (!lsn) return { done: false, text: `${target.title} has replayed nothing` };
      return lsnReached(lsn, goal)
        ? { done: true, text: `${target.title} has replayed ${lsn}, goal ${goal}` }
        : { done: false, text: `${target.title} is ${lsnDistance(goal, lsn).toLocaleString('en')} bytes behind ${goal}` };
    },
    async act(run) {
      const probe = await source.database.probeWrite();
      if (probe.accepted) throw new OutsideError(source.title, 'refused', 'accepts writes again: the fence is gone');
      await run.remember({ fenceLsn: await source.database.markPosition() });
    },
  };
}

/** Part of an abort: the old region takes payments again. */
export function undoFenceStep({ title, patroni, database }: FenceTarget): Step {
  return {
    id: 'fence',
    deadlineMs: fenceDeadlineMs,
    pollMs: 100,
    async done() {
      const config = await patroni.config();
      if (config.defaultReadOnly === 'on') return { done: false, text: `${title} is configured read-only` };
      const probe = await database.probeWrite();
      return { done: probe.accepted, text: probe.accepted ? `${title} accepted a probe write` : `${title} still refuses: ${probe.reason}` };
    },
    act: () => patroni.patchConfig(readOnly('off')),
  };
}
