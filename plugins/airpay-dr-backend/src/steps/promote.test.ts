import { sampleSystem } from '../__testUtils__/samples';
import { FakeWorld } from '../__testUtils__/FakeWorld';
import { Facts, StepRun } from '../step';
import { fenceStep } from './fence';
import { demoteStep } from './promote';

/** A run of one step, with a clock that runs only while it waits. */
function oneRun() {
  const facts: Facts = {};
  const clock = { ms: 1_000 };
  const run: StepRun = {
    runId: 'r', startedAtMs: clock.ms, facts, note: async () => undefined, now: () => clock.ms,
    remember: async values => void Object.assign(facts, values),
    sleep: async ms => void (clock.ms += ms),
  };
  return { run, facts, clock };
}

function setup() {
  const world = new FakeWorld();
  const [from, to] = world.ports().regions.map((region, index) => ({ ...region, title: sampleSystem.regions[index].title }));
  return { world, from, to, demote: demoteStep(from, to, sampleSystem.regions[1]), fence: fenceStep(from) };
}

describe('making the old region a standby', () => {
  it('is refused when the fence was lifted while the run waited for a person', async () => {
    const { world, demote, fence } = setup();
    const { run } = oneRun();
    await fence.act(run);
    world.regions[0].fencedServer = false;
    await expect(demote.act(run)).rejects.toMatchObject({ outcome: 'refused', message: expect.stringContaining('accepts writes again') });
    expect(world.actions).not.toContain('demote region-a');
    world.regions[0].fencedServer = true;
    await demote.act(run);
    expect(world.actions).toContain('demote region-a');
  });

  it('is refused while the new region lacks something the old one has written', async () => {
    const { world, demote, fence } = setup();
    const { run, clock } = oneRun();
    await fence.act(run);
    world.stuck = 'drain';
    await expect(demote.act(run)).rejects.toMatchObject({ outcome: 'refused', message: expect.stringContaining('has replayed 0/2000000') });
    expect(world.actions).not.toContain('demote region-a');
    expect(clock.ms).toBeGreaterThan(10_000);
  });

  it('goes on when no server of the old region is primary any more', async () => {
    const { world, demote } = setup();
    world.regions[0].primary = false;
    await demote.act(oneRun().run);
    expect(world.actions).toEqual(['demote region-a']);
  });
});

describe('fencing again after a failed attempt', () => {
  it('keeps the time of the first attempt, so that the measured gap hides nothing', async () => {
    const { fence } = setup();
    const { run, facts, clock } = oneRun();
    await fence.act(run);
    clock.ms += 600_000;
    await fence.act(run);
    expect(facts.fenceStartedAtMs).toBe(1_000);
  });
});
