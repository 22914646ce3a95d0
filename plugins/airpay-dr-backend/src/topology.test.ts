import { systemSchema } from '@airpay/plugin-airpay-dr-common';
import { failed, sampleNow, sampleObserved, sampleSystem, seen } from './__testUtils__/samples';
import { lsnDistance, lsnReached, parseLsn } from './lsn';
import { ObservedRegion, ObservedSystem } from './observed';
import { atRiskOf, topologyOf } from './topology';

type Change = (observed: { a: ObservedRegion; b: ObservedRegion; system: ObservedSystem }) => void;

const proven = {
  runId: '1', from: 'region-b', to: 'region-a', endedAt: new Date(sampleNow - 3_600_000).toISOString(),
  writeGapMs: 1500, acknowledgedChecked: 700, acknowledgedLost: 0,
};
const look = (change: Change = () => undefined, lastSwitch: typeof proven | null = proven) =>
  topologyOf({ observed: sampleObserved(change), system: sampleSystem, lastSwitch, openRunId: null });

describe('topology', () => {
  it('is valid on the wire, says who writes, who follows, and how far behind', () => {
    const system = look();
    expect(systemSchema.parse(system)).toEqual(system);
    expect(system.activeRegion).toBe('region-a');
    expect(system.regions.map(region => [region.id, region.role, region.traffic])).toEqual([
      ['region-a', 'primary', true],
      ['region-b', 'standby', false],
    ]);
    expect(system.link).toMatchObject({ from: 'region-a', to: 'region-b', streaming: true, lagBytes: 256, lagSeconds: 0.4 });
    expect(system.atRisk).toMatchObject({ payments: 3, amounts: [{ currency: 'USD', amountMinor: '4120' }], behindSeconds: 0.4 });
    expect(system.readiness).toBe('ready');
  });

  it('keeps the rest when a part cannot be read, and names the part', () => {
    const system = look(({ b, system: all }) => {
      b.nodePool = failed('UNAVAILABLE');
      all.ledger = failed('502');
    });
    expect(system.regions[1].nodePool).toBeNull();
    expect(system.regions[1].errors).toEqual([{ source: 'node pool', message: 'UNAVAILABLE' }]);
    expect(system.errors).toEqual([{ source: 'ledger', message: '502' }]);
    expect(system.activeRegion).toBe('region-a');
  });

  it('does not call nothing at risk when it cannot know', () => {
    expect(atRiskOf(sampleObserved(({ system }) => { system.unreplayed = failed('standby is gone'); }), sampleSystem)).toBeNull();
  });

  it('has no active region when traffic and writer differ', () => {
    expect(look(({ system }) => { seen(system.traffic).target = 'ledger.region-b.pay.airpay.example.'; }).activeRegion).toBeNull();
  });

  it('believes Patroni about a role only when the database is silent', () => {
    expect(look(({ a }) => { a.database = failed('gone'); }).regions[0].role).toBe('primary');
    expect(look(({ a }) => { a.database = failed('gone'); a.cluster = failed('gone'); }).regions[0].role).toBe('unknown');
  });
});

describe('readiness', () => {
  const cases: [string, Change, ReturnType<typeof look>['readiness']][] = [
    ['nothing is wrong', () => undefined, 'ready'],
    ['the standby is 2 MiB behind', ({ a }) => { seen(a.database).lsn = '0/3200100'; }, 'degraded'],
    ['there is no synchronous standby', ({ a }) => { seen(a.cluster).members[1].role = 'replica'; }, 'degraded'],
    ['the standby does not stream', ({ a }) => { seen(a.database).replicas.pop(); }, 'notReady'],
    ['the standby is on an older timeline', ({ b }) => { seen(b.cluster).members[0].timeline = 2; }, 'notReady'],
    ['two regions write', ({ b }) => { seen(b.database).inRecovery = false; }, 'notReady'],
    ['the standby cannot be read', ({ b }) => { b.database = failed('x'); b.cluster = failed('x'); }, 'unknown'],
    ['nodes cannot be asked for', ({ b }) => { b.nodePool = failed('x'); }, 'unknown'],
  ];
  it.each(cases)('when %s', (_, change, expected) => {
    expect(look(change).readiness).toBe(expected);
  });

  it('is only green while the last switch is recent and lost nothing', () => {
    expect(look(undefined, null).readiness).toBe('degraded');
    expect(look(undefined, { ...proven, endedAt: new Date(sampleNow - 31 * 86_400_000).toISOString() }).readiness).toBe('degraded');
    expect(look(undefined, { ...proven, acknowledgedLost: 1 }).readiness).toBe('notReady');
  });
});

describe('log positions', () => {
  it('compare across the boundary of 32 bits', () => {
    expect(parseLsn('1/0') - parseLsn('0/FFFFFFFF')).toBe(1n);
    expect(lsnDistance('1/10', '0/FFFFFFF0')).toBe(0x20);
    expect(lsnDistance('0/1', '0/2')).toBe(0);
    expect(lsnReached('0/10', '0/F')).toBe(true);
    expect(lsnReached('0/F', '0/10')).toBe(false);
  });

  it.each(['', '0', 'x/1', '0/123456789'])('refuse %p', text => {
    expect(() => parseLsn(text)).toThrow(RangeError);
  });
});
