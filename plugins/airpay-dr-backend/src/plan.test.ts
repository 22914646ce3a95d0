import fc from 'fast-check';
import { planSchema } from '@airpay/plugin-airpay-dr-common';
import { failed, sampleObserved, sampleRequest, sampleSystem, seen } from './__testUtils__/samples';
import { ObservedRegion, ObservedSystem } from './observed';
import { makePlan, withoutPassword } from './plan';

type Change = (observed: { a: ObservedRegion; b: ObservedRegion; system: ObservedSystem }) => void;

const plan = (change: Change = () => undefined, openRunId: string | null = null) => {
  const result = makePlan({ observed: sampleObserved(change), system: sampleSystem, request: sampleRequest, openRunId, atRisk: null });
  if (!result.ok) throw new Error(result.refusal.code);
  return result.plan;
};
const broken = (change: Change, openRunId: string | null = null) =>
  plan(change, openRunId).preconditions.filter(one => !one.ok).map(one => one.id);

describe('plan of a planned region switch', () => {
  it('is startable on a healthy system, valid on the wire, and shows what was seen', () => {
    const made = plan();
    expect(planSchema.parse(made)).toEqual(made);
    expect(made).toMatchObject({ from: 'region-a', to: 'region-b', startable: true, confirmation: 'SWITCH payments' });
    expect(made.steps.find(step => step.id === 'scale-up')?.effect).toContain('0 → 1');
    expect(made.steps.find(step => step.id === 'switch')?.effect).toContain('ledger.region-a.pay.airpay.example. → ledger.region-b.pay.airpay.example.');
  });

  it('refuses a region that does not exist and one that is active already', () => {
    const refusal = (to: string) => {
      const result = makePlan({ observed: sampleObserved(), system: sampleSystem, request: { ...sampleRequest, to }, openRunId: null, atRisk: null });
      return result.ok ? null : result.refusal.code;
    };
    expect(refusal('region-z')).toBe('unknown-region');
    expect(refusal('region-a')).toBe('already-active');
  });

  const faults: [string, Change, string[]][] = [
    ['Patroni of A is silent', ({ a }) => { a.cluster = failed('no answer'); }, ['both-read', 'same-timeline', 'sync-standby', 'not-paused']],
    ['PostgreSQL of B is silent', ({ b }) => { b.database = failed('no answer'); }, ['both-read', 'target-open']],
    ['a fence was left on in B', ({ b }) => { seen(b.database).fencedServers = ['pg-b1:5432']; }, ['target-open']],
    ['both regions write', ({ b }) => { seen(b.database).inRecovery = false; }, ['one-primary', 'traffic-at-source', 'target-streams', 'sync-standby']],
    ['no region writes', ({ a }) => { seen(a.database).inRecovery = true; }, ['one-primary', 'traffic-at-source', 'target-streams', 'sync-standby']],
    ['the source is already fenced', ({ a }) => { seen(a.database).readOnly = true; }, ['one-primary']],
    ['traffic leads to the standby', ({ system }) => { seen(system.traffic).target = 'ledger.region-b.pay.airpay.example.'; }, ['traffic-at-source']],
    ['traffic leads elsewhere', ({ system }) => { seen(system.traffic).target = 'somewhere.example.'; }, ['traffic-at-source']],
    ['traffic cannot be read', ({ system }) => { system.traffic = failed('503'); }, ['traffic-at-source']],
    ['the standby is not streaming', ({ a }) => { seen(a.database).replicas[1].state = 'catchup'; }, ['target-streams']],
    ['the standby has no replication row although its role is right', ({ a }) => { seen(a.database).replicas.pop(); }, ['target-streams']],
    ['the standby is 17 MiB behind', ({ a }) => { seen(a.database).lsn = '0/4100100'; }, ['target-streams']],
    ['how far behind is unknown', ({ a }) => { seen(a.database).replicas[1].replayLsn = null; }, ['target-streams']],
    ['the standby is on another timeline', ({ b }) => { seen(b.cluster).members[0].timeline = 2; }, ['same-timeline']],
    ['the standby leader is starting', ({ b }) => { seen(b.cluster).members[0].state = 'starting'; }, ['target-members']],
    ['there is no synchronous standby', ({ a }) => { seen(a.cluster).members[1].role = 'replica'; }, ['sync-standby']],
    ['automatic failover is paused', ({ b }) => { seen(b.cluster).paused = true; }, ['not-paused']],
    ['the ledger does not answer', ({ system }) => { system.ledger = failed('502'); }, ['ledger-answers']],
    ['the payer is silent', ({ system }) => { system.payerLog = failed('refused'); }, ['payer-answers']],
    ['the payer has no payments', ({ system }) => { seen(system.payerLog).acknowledged = 0; }, ['payer-answers']],
    ['a node pool cannot be read', ({ b }) => { b.nodePool = failed('UNAVAILABLE'); }, ['node-pools-answer']],
    ['Kubernetes cannot be read', ({ b }) => { b.workload = failed('401'); }, ['workloads-answer']],
  ];

  it.each(faults)('cannot be started when %s', (_, change, expected) => {
    expect(broken(change)).toEqual(expected);
    expect(plan(change).startable).toBe(false);
  });

  it('cannot be started while another run is open', () => {
    expect(broken(() => undefined, 'run-1')).toEqual(['no-run-open']);
  });

  it('a primary with one member by design needs no synchronous standby', () => {
    const observed = sampleObserved(({ a }) => { seen(a.cluster).members.pop(); });
    const single = { ...sampleSystem, regions: [{ ...sampleSystem.regions[0], patroni: { ...sampleSystem.regions[0].patroni, members: ['http://pg-a1'] } }, sampleSystem.regions[1]] as typeof sampleSystem.regions };
    const result = makePlan({ observed, system: single, request: sampleRequest, openRunId: null, atRisk: null });
    expect(result.ok && result.plan.startable).toBe(true);
  });

  describe('hash', () => {
    const essential: [string, Change][] = [
      ['the leader moved', ({ a }) => { const [one, two] = seen(a.cluster).members; [one.role, two.role] = ['sync_standby', 'leader']; }],
      ['the timeline rose', ({ a, b }) => { for (const member of [...seen(a.cluster).members, ...seen(b.cluster).members]) member.timeline = 4; }],
      ['a member went', ({ a }) => { seen(a.cluster).members.pop(); }],
      ['traffic moved', ({ system }) => { seen(system.traffic).target = 'ledger.region-b.pay.airpay.example.'; }],
      ['the standby follows somebody else', ({ b }) => { seen(b.config).standbyCluster = { host: 'other', port: 1 }; }],
      ['the source was set read-only', ({ a }) => { seen(a.config).defaultReadOnly = 'on'; }],
    ];
    it.each(essential)('changes when %s', (_, change) => {
      expect(plan(change).hash).not.toBe(plan().hash);
    });

    it('does not change with lag, clocks and counts', () => {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 0xffffff }), fc.nat(10_000), fc.date({ noInvalidDate: true }), (offset, acknowledged, at) => {
          const drifted = plan(({ a, b, system }) => {
            seen(a.database).lsn = `0/${(0x3000100 + offset).toString(16)}`;
            seen(a.database).now = at.toISOString();
            seen(b.database).lsn = `0/${(0x3000000 + offset).toString(16)}`;
            seen(b.cluster).members[0].lagBytes = offset;
            seen(system.payerLog).acknowledged = acknowledged;
          });
          return drifted.hash === plan().hash;
        }),
      );
    });

    it('changes with the parameters', () => {
      const more = { ...sampleSystem, regions: [sampleSystem.regions[0], { ...sampleSystem.regions[1], gke: { ...sampleSystem.regions[1].gke, activeNodes: 2 } }] as typeof sampleSystem.regions };
      const result = makePlan({ observed: sampleObserved(), system: more, request: sampleRequest, openRunId: null, atRisk: null });
      expect(result.ok && result.plan.hash).not.toBe(plan().hash);
    });
  });

  it('shows no password in the commands', () => {
    expect(JSON.stringify(plan())).not.toContain('hidden');
    expect(withoutPassword(`postgresql://u:${'secret'}@h:1/d`)).toBe('postgresql://u@h:1/d');
  });
});
