import { mockServices, TestDatabases } from '@backstage/backend-test-utils';
import { plannedSwitchStepIds, runSchema } from '@airpay/plugin-airpay-dr-common';
import { Knex } from 'knex';
import { FakeWorld } from './__testUtils__/FakeWorld';
import { sampleRequest, sampleStart, sampleSystem } from './__testUtils__/samples';
import { KnexRunStore, RunStore } from './adapters/RunStore';
import { stepBook } from './book';
import { firstBrokenEvent, runOf, StoredRun } from './run';
import { RunService } from './RunService';
import { RunWorker } from './RunWorker';
import { SystemObserver } from './SystemObserver';

jest.setTimeout(300_000);

const databases = TestDatabases.create({ ids: ['SQLITE_3'] });
const actor = 'user:default/mira';
const runId = sampleStart('').id;

/** A portal process: service and worker over the same journal and the same world, with a clock that runs only while it waits. */
class Portal {
  readonly worker: RunWorker;
  readonly service: RunService;

  constructor(readonly world: FakeWorld, readonly store: RunStore, clock: { ms: number }, owner: string) {
    const ports = world.ports();
    const observer = new SystemObserver(ports, () => clock.ms);
    const system = { settings: sampleSystem, ports, observer };
    this.worker = new RunWorker({
      store,
      owner,
      logger: mockServices.logger.mock(),
      stepsFor: run => stepBook(run, system),
      now: () => clock.ms,
      sleep: async ms => {
        clock.ms += ms;
        await new Promise(resolve => setImmediate(resolve));
      },
      leaseMs: 3_600_000,
    });
    this.service = new RunService({ systems: [system], store, wake: id => this.worker.wake(id), now: () => clock.ms });
  }

  async start() {
    const plan = await this.service.plan(sampleRequest);
    if (!plan.ok) throw new Error(plan.refusal.message);
    const answer = await this.service.start(sampleStart(plan.value.hash), actor);
    if (!answer.ok) throw new Error(answer.refusal.message);
    await this.worker.idle();
  }

  async steer(action: 'retry' | 'skip' | 'abort', stepId: string) {
    const answer = await this.service.steer(runId, action, { stepId, reason: 'Looked at it' }, actor);
    await this.worker.idle();
    return answer;
  }
}

/** Dies right after its n-th journal line, or right before it: from then on nothing is written any more. */
function dyingStore(store: RunStore, line: number, when: 'before' | 'after'): RunStore {
  let written = 0;
  let dead = false;
  const die = () => {
    dead = true;
    throw new Error('killed');
  };
  return new Proxy(store, {
    get(target, name: keyof RunStore) {
      const method = target[name] as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        if (dead) die();
        if (name !== 'record') return method.apply(target, args);
        written += 1;
        if (written === line && when === 'before') die();
        const result = await method.apply(target, args);
        return written === line && when === 'after' ? die() : result;
      };
    },
  });
}

describe('a run', () => {
  let db: Knex;
  let store: KnexRunStore;
  let world: FakeWorld;
  let clock: { ms: number };
  let portal: Portal;

  beforeEach(async () => {
    db = await databases.init('SQLITE_3');
    clock = { ms: Date.parse('2026-11-21T12:00:00Z') };
    store = await KnexRunStore.create(db, () => clock.ms);
    world = new FakeWorld();
    portal = new Portal(world, store, clock, 'first');
  });
  afterEach(() => db.destroy());

  const stored = async (): Promise<StoredRun> => (await store.get(runId))!;
  const state = async () => (await stored()).state;
  const failedStep = async () => (await stored()).steps.find(step => step.state === 'failed');
  const happyActions = [
    'resize region-b', 'fence region-a', 'demote region-a', 'promote region-b', 'traffic', 'payment', 'unfence region-a', 'resize region-a',
  ];

  it('goes there: every step done once and in order, money settles in the new region, nothing lost', async () => {
    await portal.start();
    expect(await state()).toBe('succeeded');
    expect(world.actions).toEqual(happyActions);
    expect(world.writers()).toEqual(['region-b']);
    const events = await store.events(runId);
    expect(firstBrokenEvent(runId, events)).toBeNull();
    const run = runOf(await stored(), events, clock.ms);
    expect(runSchema.parse(run)).toEqual(run);
    expect(run.steps.every(step => step.state === 'succeeded' && step.attempts === 1)).toBe(true);
    expect(run.result).toMatchObject({ writeGapMs: 1234, acknowledgedChecked: 6, acknowledgedLost: 0, verificationTransferId: `tr_${runId}:verify` });
    expect(run.actions).toEqual([]);
  });

  it('and comes back: the same plan with the regions swapped', async () => {
    await portal.start();
    const back = { ...sampleRequest, to: 'region-a' };
    const plan = await portal.service.plan(back);
    if (!plan.ok) throw new Error(plan.refusal.message);
    expect(plan.value.startable).toBe(true);
    const id = '8a7f0c8e-7bb7-4c07-9a3f-2d1c1a9d0b77';
    await portal.service.start({ ...sampleStart(plan.value.hash), ...back, id }, actor);
    await portal.worker.idle();
    expect((await store.get(id))?.state).toBe('succeeded');
    expect(world.writers()).toEqual(['region-a']);
    expect(world.regions.map(region => [region.nodes, region.config.synchronousMode])).toEqual([[1, true], [0, false]]);
  });

  it('announces each action in the journal before doing it', async () => {
    await portal.start();
    const events = await store.events(runId);
    const acting = events.filter(event => event.kind === 'step.acting').map(event => event.stepId);
    expect(acting).toEqual(plannedSwitchStepIds.filter(id => id !== 'observe'));
    for (const id of acting) {
      const kinds = events.filter(event => event.stepId === id).map(event => event.kind);
      expect(kinds.indexOf('step.acting')).toBeLessThan(kinds.lastIndexOf('step.succeeded'));
    }
  });

  it('survives a crash before or after any journal line, without doing anything twice', async () => {
    await portal.start();
    const lines = (await store.events(runId)).length - 1;
    expect(lines).toBeGreaterThan(30);
    for (let line = 1; line <= lines; line += 1) {
      // Dying after a line is dying before the next one; only the last has no next.
      for (const when of line === lines ? (['before', 'after'] as const) : (['before'] as const)) {
        const crashDb = await databases.init('SQLITE_3');
        const crashStore = await KnexRunStore.create(crashDb, () => clock.ms);
        const crashWorld = new FakeWorld();
        await new Portal(crashWorld, dyingStore(crashStore, line, when), clock, 'dies').start();
        clock.ms += 3_600_001;
        const second = new Portal(crashWorld, crashStore, clock, 'second');
        await second.worker.resumeAbandoned();
        await second.worker.idle();
        const run = await crashStore.get(runId);
        expect([line, when, run?.state, crashWorld.actions]).toEqual([line, when, 'succeeded', happyActions]);
        expect(firstBrokenEvent(runId, await crashStore.events(runId))).toBeNull();
        await crashDb.destroy();
      }
    }
  });

  it.each(happyActions)('goes on by looking when the answer to “%s” is lost', async action => {
    world.failing.set(action, 'lost-answer');
    await portal.start();
    expect(await state()).toBe('succeeded');
    expect(world.actions).toEqual(happyActions);
  });

  const failures: [string, string, ('retry' | 'skip' | 'abort')[]][] = [
    ['resize region-b', 'scale-up', ['retry', 'skip', 'abort']],
    ['fence region-a', 'fence', ['retry', 'abort']],
    ['demote region-a', 'demote', ['retry']],
    ['promote region-b', 'promote', ['retry']],
    ['traffic', 'switch', ['retry']],
    ['payment', 'verify', ['retry', 'skip']],
    ['unfence region-a', 'rearm', ['retry', 'skip']],
    ['resize region-a', 'scale-down', ['retry', 'skip']],
  ];
  describe.each(failures)('when “%s” is refused', (action, stepId, actions) => {
    beforeEach(async () => {
      world.failing.set(action, 'refused');
      await portal.start();
    });

    it('waits for a person, says why, and offers what is safe', async () => {
      expect(await state()).toBe('needsHuman');
      expect((await failedStep())?.id).toBe(stepId);
      expect((await failedStep())?.error).toContain(`${action} fails`);
      const run = runOf(await stored(), await store.events(runId), clock.ms);
      expect(run.actions).toEqual(actions);
      expect(run.nextForYou).toContain(run.steps.find(step => step.id === stepId)!.title);
      expect(world.writers().length).toBeLessThanOrEqual(1);
    });

    it('goes on after a retry, doing nothing twice', async () => {
      world.failing.clear();
      expect((await portal.steer('retry', stepId)).ok).toBe(true);
      expect(await state()).toBe('succeeded');
      expect(world.actions).toEqual(happyActions);
    });
  });

  const stuck: [NonNullable<FakeWorld['stuck']>, string, RegExp][] = [
    ['pods', 'scale-up', /0 of 2 pods run/],
    ['drain', 'drain', /bytes behind/],
    ['demote', 'demote', /is still primary/],
    ['promote', 'promote', /still in recovery/],
    ['stream', 'rearm', /timeline|does not stream/],
  ];
  it.each(stuck)('stops when %s never comes, at the deadline and with what it saw', async (what, stepId, words) => {
    world.stuck = what;
    await portal.start();
    expect(await state()).toBe('needsHuman');
    expect((await failedStep())?.id).toBe(stepId);
    expect((await failedStep())?.error).toMatch(words);
    expect(world.writers().length).toBeLessThanOrEqual(1);
  });

  it('stops before anything changes when the state is not the one that was agreed to', async () => {
    const plan = await portal.service.plan(sampleRequest);
    const start = portal.service.start.bind(portal.service);
    if (!plan.ok) throw new Error();
    const lateChange = portal.worker.wake.bind(portal.worker);
    portal.worker.wake = () => undefined;
    await start(sampleStart(plan.value.hash), actor);
    world.regions[0].config.synchronousMode = false;
    lateChange(runId);
    await portal.worker.idle();
    expect((await failedStep())?.id).toBe('observe');
    expect(world.actions).toEqual([]);
  });

  it('calls a lost payment by its id and does not succeed', async () => {
    world.lostPayments = ['tr_before_2'];
    await portal.start();
    expect(await state()).toBe('needsHuman');
    const run = runOf(await stored(), await store.events(runId), clock.ms);
    expect(run.result).toMatchObject({ acknowledgedLost: 1, lostTransferIds: ['tr_before_2'] });
  });

  it('can be aborted before the point of no return: writes and nodes are as before', async () => {
    world.stuck = 'drain';
    await portal.start();
    expect((await portal.steer('abort', 'drain')).ok).toBe(true);
    expect(await state()).toBe('aborted');
    expect(world.writers()).toEqual(['region-a']);
    expect(world.regions[1].nodes).toBe(0);
    expect(await store.openRun('payments')).toBeNull();
  });

  it('leaves an abort that cannot be undone to a person, and finishes it on the next try', async () => {
    world.stuck = 'drain';
    await portal.start();
    world.failing.set('unfence region-a', 'refused');
    await portal.steer('abort', 'drain');
    expect(await state()).toBe('needsHuman');
    expect(runOf(await stored(), [], clock.ms).actions).toEqual(['abort']);
    world.failing.clear();
    await portal.steer('abort', 'drain');
    expect(await state()).toBe('aborted');
    expect(world.writers()).toEqual(['region-a']);
  });

  it('cannot be aborted after the point of no return, nor can a step that keeps money safe be skipped', async () => {
    world.stuck = 'promote';
    await portal.start();
    expect(await portal.steer('abort', 'promote')).toMatchObject({ ok: false, refusal: { code: 'not-abortable' } });
    expect(await portal.steer('skip', 'promote')).toMatchObject({ ok: false, refusal: { code: 'not-skippable' } });
    expect(await portal.steer('retry', 'fence')).toMatchObject({ ok: false, refusal: { code: 'step-not-retryable' } });
  });

  it('sees what a person did by hand and does not do it again', async () => {
    world.failing.set('promote region-b', 'refused');
    await portal.start();
    world.failing.clear();
    Object.assign(world.regions[1], { primary: true, timeline: 4 });
    world.regions[1].config.standbyCluster = null;
    await portal.steer('retry', 'promote');
    expect(await state()).toBe('succeeded');
    expect(world.actions).not.toContain('promote region-b');
  });

  it('skips with a reason that stays in the journal', async () => {
    world.failing.set('resize region-a', 'refused');
    await portal.start();
    await portal.steer('skip', 'scale-down');
    expect(await state()).toBe('succeeded');
    expect((await store.events(runId)).some(event => event.kind === 'step.skipped' && event.text.includes('Looked at it') && event.actor === actor)).toBe(true);
  });

  it('lifts a fence that a starting server kept, instead of leaving a standby that would refuse writes', async () => {
    world.deafFrom = 'promote region-b';
    await portal.start();
    expect(await state()).toBe('succeeded');
    expect(world.actions).toContain('reload region-a');
    expect(world.regions[0].fencedServer).toBe(false);
  });

  it('does not start towards a region whose fence was left on', async () => {
    world.regions[1].fencedServer = true;
    const plan = await portal.service.plan(sampleRequest);
    expect(plan.ok && plan.value.preconditions.filter(one => !one.ok).map(one => one.id)).toEqual(['target-open']);
  });

  it('never promotes while the old region might still write', async () => {
    world.failing.set('demote region-a', 'refused');
    await portal.start();
    expect(world.actions).not.toContain('promote region-b');
  });

  it('a worker whose run was taken over stops without a trace', async () => {
    const plan = await portal.service.plan(sampleRequest);
    if (!plan.ok) throw new Error();
    const real = world.ports().regions[1].pool.resize;
    const slow = new FakeWorld();
    const thief = async () => {
      clock.ms += 3_600_001;
      await store.acquire(runId, 'thief', 60_000);
    };
    const ports = slow.ports();
    ports.regions[1].pool.resize = async nodes => {
      await thief();
      await real(nodes);
    };
    const observer = new SystemObserver(ports, () => clock.ms);
    const worker = new RunWorker({
      store, owner: 'slow', logger: mockServices.logger.mock(), now: () => clock.ms, leaseMs: 3_600_000, sleep: async ms => { clock.ms += ms; },
      stepsFor: run => stepBook(run, { settings: sampleSystem, ports, observer }),
    });
    portal.worker.wake = () => undefined;
    await portal.service.start(sampleStart(plan.value.hash), actor);
    worker.wake(runId);
    await worker.idle();
    const run = await stored();
    expect(run.state).toBe('running');
    expect(run.steps.find(step => step.id === 'scale-up')?.state).toBe('running');
    expect((await store.events(runId)).some(event => event.stepId === 'fence')).toBe(false);
  });
});

describe('starting', () => {
  let db: Knex;
  let portal: Portal;
  beforeEach(async () => {
    db = await databases.init('SQLITE_3');
    const clock = { ms: Date.parse('2026-11-21T12:00:00Z') };
    portal = new Portal(new FakeWorld(), await KnexRunStore.create(db, () => clock.ms), clock, 'p');
    portal.worker.wake = () => undefined;
  });
  afterEach(() => db.destroy());

  const hash = async () => {
    const plan = await portal.service.plan(sampleRequest);
    if (!plan.ok) throw new Error(plan.refusal.message);
    return plan.value.hash;
  };

  it('twice with the same request is one run; with another request it is refused', async () => {
    const request = sampleStart(await hash());
    expect(await portal.service.start(request, actor)).toMatchObject({ ok: true });
    expect(await portal.service.start(request, actor)).toMatchObject({ ok: true });
    expect(await portal.service.list({ limit: 10 })).toHaveLength(1);
    expect(await portal.service.start({ ...request, reason: 'Another' }, actor)).toMatchObject({ refusal: { code: 'run-exists-with-other-request' } });
    const second = { ...request, id: '8a7f0c8e-7bb7-4c07-9a3f-2d1c1a9d0b77' };
    expect(await portal.service.start(second, actor)).toMatchObject({ refusal: { code: 'another-run-open' } });
  });

  it('is refused with another plan hash, a wrong confirmation, a broken precondition, an unknown system', async () => {
    const planHash = await hash();
    const refusal = async (over: object) => {
      const answer = await portal.service.start({ ...sampleStart(planHash), ...over }, actor);
      return answer.ok ? null : answer.refusal.code;
    };
    expect(await refusal({ planHash: 'f'.repeat(64) })).toBe('state-changed');
    expect(await refusal({ confirmation: 'switch payments' })).toBe('confirmation-mismatch');
    expect(await refusal({ system: 'nothing' })).toBe('unknown-system');
    expect(await refusal({ to: 'region-z' })).toBe('unknown-region');
    expect(await refusal({ to: 'region-a' })).toBe('already-active');
    portal.world.acknowledged.length = 0;
    expect(await refusal({})).toBe('preconditions-failed');
    expect(await portal.service.list({ limit: 10 })).toEqual([]);
  });
});
