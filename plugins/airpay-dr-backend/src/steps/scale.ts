import { NodePool } from '../adapters/NodePools';
import { Workload } from '../adapters/Workloads';
import { Step, StepRun, Verdict } from '../step';

/** Nodes take minutes in a cloud; after this a person should look for quota or capacity. */
const deadlineMs = 12 * 60_000;
const pollMs = 250;

export interface ScaleTarget {
  pool: NodePool;
  workload: Workload;
}

/** Nodes first, then pods that run. They are not ready yet: their database is still a standby. */
export function scaleUpStep({ pool, workload }: ScaleTarget, nodes: number): Step {
  return {
    id: 'scale-up',
    deadlineMs,
    pollMs,
    async done(): Promise<Verdict> {
      const [seenPool, seenPods] = await Promise.all([pool.current(), workload.current()]);
      return {
        done: seenPool.size >= nodes && seenPods.desired > 0 && seenPods.running >= seenPods.desired,
        text: `${seenPool.size} of ${nodes} nodes, ${seenPods.running} of ${seenPods.desired} pods run`,
      };
    },
    async act(run: StepRun) {
      const { size } = await pool.current();
      if (size >= nodes) return;
      await run.remember({ nodesBefore: size });
      await pool.resize(nodes);
    },
  };
}

/** Back to the pilot light: the region keeps its database and gives back its nodes. */
export function scaleDownStep({ pool, workload }: ScaleTarget, nodes: number): Step {
  return {
    id: 'scale-down',
    deadlineMs,
    pollMs,
    async done(): Promise<Verdict> {
      const [seenPool, seenPods] = await Promise.all([pool.current(), workload.current()]);
      return {
        done: seenPool.size === nodes && (nodes > 0 || seenPods.running === 0),
        text: `${seenPool.size} nodes (goal ${nodes}), ${seenPods.running} pods run`,
      };
    },
    act: () => pool.resize(nodes),
  };
}

/** Part of an abort: gives back the nodes this run asked for; a pool that was already large stays as it was. */
export function undoScaleUpStep({ pool }: ScaleTarget): Step {
  const goal = (run: StepRun) => (typeof run.facts.nodesBefore === 'number' ? run.facts.nodesBefore : null);
  return {
    id: 'scale-up',
    deadlineMs,
    pollMs,
    async done(run) {
      const nodes = goal(run);
      if (nodes === null) return { done: true, text: 'This run asked for no nodes' };
      const { size } = await pool.current();
      return { done: size === nodes, text: `${size} nodes (goal ${nodes})` };
    },
    async act(run) {
      const nodes = goal(run);
      if (nodes !== null) await pool.resize(nodes);
    },
  };
}
