import { Patroni } from '../adapters/Patroni';
import { RegionDatabase } from '../adapters/RegionDatabase';
import { memberRuns } from '../facts';
import { ClusterMember } from '../observed';
import { reading } from '../outside';
import { Step, Verdict } from '../step';

/** A rewind over the link takes up to 40 s, a rebuild longer. */
const deadlineMs = 5 * 60_000;
const pollMs = 500;
/** Patroni never rewinds a replica that replayed past the fork; one that has not followed by now will not. */
const followsWithinMs = 45_000;
const reloadEveryMs = 4_000;

export interface RearmTarget {
  title: string;
  patroni: Patroni;
  database: RegionDatabase;
}

interface Following {
  leader: ClusterMember | null;
  streaming: boolean;
  timeline: number | null;
  behind: ClusterMember[];
}

/** The old region follows when the new primary streams to its leader and every member is on that leader's timeline. */
export function rearmStep(old: RearmTarget, primary: RearmTarget & { slot: string }): Step {
  const look = async (): Promise<Following> => {
    const [oldCluster, newCluster, view] = await Promise.all([old.patroni.cluster(), primary.patroni.cluster(), primary.database.view()]);
    const timeline = newCluster.members.find(member => member.role === 'leader')?.timeline ?? null;
    const leader = oldCluster.members.find(member => member.role === 'standby_leader') ?? null;
    const streaming = view.replicas.some(
      row => row.state === 'streaming' && (row.slot === primary.slot || row.applicationName === leader?.name),
    );
    const behind = oldCluster.members.filter(member => member !== leader && (!memberRuns(member) || member.timeline !== timeline));
    return { leader, streaming, timeline, behind };
  };
  const verdict = async (): Promise<Verdict> => {
    const { leader, streaming, timeline, behind } = await look();
    if (!leader || !memberRuns(leader)) return { done: false, text: `${old.title} has no running standby leader yet` };
    if (timeline === null || leader.timeline !== timeline) {
      return { done: false, text: `${leader.name} is on timeline ${leader.timeline ?? 'unknown'}, ${primary.title} on ${timeline ?? 'unknown'}` };
    }
    if (!streaming) return { done: false, text: `${primary.title} does not stream to ${leader.name} yet` };
    if (behind.length > 0) return { done: false, text: behind.map(one => `${one.name} is ${one.state} on timeline ${one.timeline ?? 'unknown'}`).join('; ') };
    const [{ defaultReadOnly }, { fencedServers }] = await Promise.all([old.patroni.config(), old.database.view()]);
    if (defaultReadOnly === 'on') return { done: false, text: `${old.title} is still configured read-only` };
    if (fencedServers.length > 0) return { done: false, text: `${fencedServers.join(', ')} would still refuse writes` };
    return { done: true, text: `${primary.title} streams to ${leader.name}, all of ${old.title} is on timeline ${timeline}` };
  };
  return {
    id: 'rearm',
    deadlineMs,
    pollMs,
    done: verdict,
    async act(run) {
      const rebuilt = new Set<string>();
      const end = run.now() + deadlineMs;
      let leaderFollowsSince: number | null = null;
      let openedAt: number | null = null;
      for (;;) {
        const now = await reading(verdict());
        if ((now.ok && now.value.done) || run.now() > end) return;
        const looked = await reading(look());
        const seen = looked.ok ? looked.value : null;
        const leaderFollows = Boolean(seen?.streaming && seen.leader && seen.leader.timeline === seen.timeline);
        leaderFollowsSince = leaderFollows ? leaderFollowsSince ?? run.now() : null;
        // Only once its servers run: Patroni does not apply a setting to a server that is just starting.
        if (leaderFollows && (openedAt === null || run.now() - openedAt > reloadEveryMs)) {
          if ((await old.patroni.config()).defaultReadOnly === 'on') {
            await old.patroni.patchConfig({ postgresql: { parameters: { default_transaction_read_only: 'off' } } });
          } else if (openedAt !== null) await old.patroni.reload();
          openedAt = run.now();
        }
        const late = leaderFollowsSince !== null && run.now() - leaderFollowsSince > followsWithinMs;
        for (const member of late && seen ? seen.behind : []) {
          if (rebuilt.has(member.name)) continue;
          rebuilt.add(member.name);
          await run.note(`${member.name} does not follow (${member.state}, timeline ${member.timeline ?? 'unknown'}): it is rebuilt from ${old.title}’s leader`);
          await old.patroni.reinitialize(member.name);
        }
        await run.sleep(pollMs);
      }
    },
  };
}
