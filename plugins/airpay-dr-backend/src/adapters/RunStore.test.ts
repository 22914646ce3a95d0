import { TestDatabases } from '@backstage/backend-test-utils';
import { Knex } from 'knex';
import { sampleObserved, sampleRequest, sampleStart, sampleSystem } from '../__testUtils__/samples';
import { makePlan } from '../plan';
import { firstBrokenEvent } from '../run';
import { AbortRequestedError, KnexRunStore, NewRun, StaleLeaseError } from './RunStore';

jest.setTimeout(60_000);

const otherId = '7d2f0d0e-58a5-4f0e-8a39-3a1f6f2b9c44';
const started = { actor: 'user:default/mira', kind: 'run.started', text: 'Started' };
const note = { actor: 'worker', kind: 'observation', stepId: 'observe', text: 'seen' };

function newRun(over: Partial<NewRun> = {}): NewRun {
  const result = makePlan({ observed: sampleObserved(), system: sampleSystem, request: sampleRequest, openRunId: null, atRisk: null });
  if (!result.ok) throw new Error(result.refusal.code);
  const { plan } = result;
  const request = sampleStart(plan.hash);
  return {
    id: request.id, system: plan.system, from: plan.from, to: plan.to, startedBy: 'user:default/mira', startedAtMs: 1_000, title: plan.title,
    planHash: plan.hash, request, plannedSteps: plan.steps, atRisk: plan.atRisk, ...over,
  };
}

// PostgreSQL where the test machine offers one (BACKSTAGE_TEST_DATABASE_POSTGRES14_CONNECTION_STRING), SQLite always.
const databases = TestDatabases.create({ ids: ['SQLITE_3', 'POSTGRES_14'], disableDocker: true });

describe.each(databases.eachSupportedId())('KnexRunStore on %s', databaseId => {
  let db: Knex;
  let nowMs: number;
  let store: KnexRunStore;

  beforeEach(async () => {
    db = await databases.init(databaseId);
    nowMs = 10_000;
    store = await KnexRunStore.create(db, () => nowMs);
  });
  afterEach(() => db.destroy());

  it('keeps a run as it was asked for, with its steps in order', async () => {
    const created = await store.create(newRun(), started);
    expect(created.created).toBe(true);
    const run = (await store.get(newRun().id))!;
    expect(run).toMatchObject({ ...newRun(), state: 'running', endedAtMs: null, facts: {}, abort: null });
    expect(run.steps.map(step => step.id)).toEqual(newRun().plannedSteps.map(step => step.id));
    expect(run.steps.every(step => step.state === 'pending' && step.attempts === 0 && step.acting === false)).toBe(true);
    expect(await store.openRun('payments')).toBe(run.id);
  });

  it('answers the same run for the same id', async () => {
    await store.create(newRun(), started);
    expect(await store.create(newRun(), started)).toMatchObject({ created: false, why: 'exists' });
    expect(await store.events(newRun().id)).toHaveLength(1);
  });

  it('lets only one run of a system be open, also when two start at once', async () => {
    const results = await Promise.all([store.create(newRun(), started), store.create(newRun({ id: otherId }), started)]);
    expect(results.filter(one => one.created)).toHaveLength(1);
    const refused = results.find(one => !one.created);
    expect(refused).toMatchObject({ why: 'another-open' });
    const open = (await store.openRun('payments'))!;
    const lease = (await store.acquire(open, 'w', 1_000))!;
    await store.record(lease, note, { state: 'succeeded', endedAtMs: nowMs });
    expect((await store.create(newRun({ id: open === otherId ? newRun().id : otherId }), started)).created).toBe(true);
    expect((await store.lastSucceeded('payments'))?.id).toBe(open);
  });

  it('gives the lease to one worker until it runs out', async () => {
    await store.create(newRun(), started);
    expect(await store.abandoned()).toEqual([newRun().id]);
    const both = await Promise.all([store.acquire(newRun().id, 'one', 1_000), store.acquire(newRun().id, 'two', 1_000)]);
    expect(both.filter(lease => lease !== null)).toHaveLength(1);
    expect(await store.abandoned()).toEqual([]);
    nowMs += 999;
    expect(await store.acquire(newRun().id, 'three', 1_000)).toBeNull();
    nowMs += 2;
    expect(await store.abandoned()).toEqual([newRun().id]);
    expect((await store.acquire(newRun().id, 'three', 1_000))?.token).toBe(2);
  });

  it('refuses everything a worker writes after its run was taken over', async () => {
    await store.create(newRun(), started);
    const dead = (await store.acquire(newRun().id, 'dead', 1_000))!;
    nowMs += 1_001;
    const alive = (await store.acquire(newRun().id, 'alive', 1_000))!;
    await expect(store.record(dead, note, { step: { id: 'fence', state: 'succeeded' } })).rejects.toThrow(StaleLeaseError);
    await expect(store.extend(dead, 1_000)).rejects.toThrow(StaleLeaseError);
    await store.release(dead);
    expect(await store.acquire(newRun().id, 'third', 1_000)).toBeNull();
    await store.record(alive, note);
    expect(await store.events(newRun().id)).toHaveLength(2);
    expect((await store.get(newRun().id))!.steps.every(step => step.state === 'pending')).toBe(true);
  });

  it('extends and lets go', async () => {
    await store.create(newRun(), started);
    const lease = (await store.acquire(newRun().id, 'one', 1_000))!;
    nowMs += 900;
    await store.extend(lease, 1_000);
    nowMs += 900;
    expect(await store.acquire(newRun().id, 'two', 1_000)).toBeNull();
    await store.release(lease);
    expect((await store.acquire(newRun().id, 'two', 1_000))?.owner).toBe('two');
  });

  it('writes an entry and what it changes, or neither', async () => {
    await store.create(newRun(), started);
    const lease = (await store.acquire(newRun().id, 'one', 1_000))!;
    await store.record(lease, note, { facts: { lsn: '0/1' }, step: { id: 'observe', state: 'running', attempts: 1, acting: true } });
    await store.record(lease, note, { facts: { checked: 7 } });
    const run = (await store.get(newRun().id))!;
    expect(run.facts).toEqual({ lsn: '0/1', checked: 7 });
    expect(run.steps[0]).toMatchObject({ state: 'running', attempts: 1, acting: true });
    await expect(store.record(lease, note, { step: { id: 'no-such-step', state: 'running' } })).rejects.toThrow();
    expect(await store.events(newRun().id)).toHaveLength(3);
  });

  it('does not let a worker pass the point of no return once an abort is asked for', async () => {
    await store.create(newRun(), started);
    const lease = (await store.acquire(newRun().id, 'one', 1_000))!;
    await store.steer(newRun().id, () => ({ event: { ...note, kind: 'run.abort' }, change: { abort: { actor: 'a', reason: 'r' } } }));
    await expect(store.record(lease, note, { unlessAborting: true })).rejects.toThrow(AbortRequestedError);
    await store.record(lease, note);
  });

  it('chains the events, and the chain shows a change', async () => {
    await store.create(newRun(), started);
    const lease = (await store.acquire(newRun().id, 'one', 1_000))!;
    await store.record(lease, note);
    await store.record(lease, { ...note, text: 'ünïcode → “quotes”' });
    const events = await store.events(newRun().id);
    expect(firstBrokenEvent(newRun().id, events)).toBeNull();
    expect(firstBrokenEvent(otherId, events)).toBe(1);
    expect(firstBrokenEvent(newRun().id, events.map((event, i) => (i === 1 ? { ...event, text: 'nothing seen' } : event)))).toBe(2);
    expect(firstBrokenEvent(newRun().id, [events[0], events[2]])).toBe(2);
  });

  it('refuses to change or remove an event in the database', async () => {
    await store.create(newRun(), started);
    await expect(db('recovery_run_event').update({ text: 'other' })).rejects.toThrow(/append-only/);
    await expect(db('recovery_run_event').delete()).rejects.toThrow(/append-only/);
  });

  it('lists newest first, by system', async () => {
    await store.create(newRun(), started);
    await store.create(newRun({ id: otherId, system: 'cards', startedAtMs: 2_000 }), started);
    expect((await store.list({ limit: 10 })).map(run => run.id)).toEqual([otherId, newRun().id]);
    expect((await store.list({ limit: 1 })).map(run => run.id)).toEqual([otherId]);
    expect((await store.list({ system: 'payments', limit: 10 })).map(run => run.id)).toEqual([newRun().id]);
    expect(await store.steer('5d0f0f55-3c3e-4a38-9f8c-2b6a0c3d0f11', () => null)).toBeNull();
  });

  it('can be migrated down and up again', async () => {
    await db.migrate.rollback({ directory: `${__dirname}/../../migrations` }, true);
    expect(await db.schema.hasTable('recovery_run')).toBe(false);
    await KnexRunStore.create(db);
    expect(await db.schema.hasTable('recovery_run_event')).toBe(true);
  });
});
