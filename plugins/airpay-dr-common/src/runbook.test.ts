import fc from 'fast-check';
import {
  confirmationText,
  plannedSwitchStepIds,
  plannedSwitchSteps,
  pointOfNoReturn,
  RunbookRegion,
  RunbookValues,
  skippableSteps,
  synchronousModeOf,
} from './runbook';
import { plannedStepSchema } from './types';

const region = (id: string, members: number): RunbookRegion => ({
  id,
  title: `Region ${id}`,
  patroniUrls: Array.from({ length: members }, (_, i) => `http://${id}-${i}:8008`),
  patroniUsername: 'patroni',
  replication: { host: `${id}.link`, port: 5432, slot: 'dr_link' },
  databases: [`postgresql://airpay_recovery@${id}/ledger`],
  trafficTarget: `ledger.${id}.pay.airpay.example.`,
  gke: { project: 'p', location: 'l', cluster: `gke-${id}`, nodePool: 'application', activeNodes: 3, standbyNodes: 0 },
  kubernetes: { namespace: 'payments', deployment: 'ledger' },
});

const values: RunbookValues = {
  system: 'payments',
  traffic: { project: 'p', managedZone: 'z', record: 'ledger.pay.airpay.example.' },
  ledgerUrl: 'https://ledger',
  payerLogUrl: 'https://payer',
  from: region('a', 2),
  to: region('b', 1),
};

describe('planned region switch in words', () => {
  it('gives every step in order, each valid on the wire and with a command to do it by hand', () => {
    const steps = plannedSwitchSteps(values);
    expect(steps.map(step => step.id)).toEqual([...plannedSwitchStepIds]);
    for (const step of steps) {
      expect(plannedStepSchema.parse(step)).toEqual(step);
      expect(step.byHand).toMatch(/curl|psql|gcloud|kubectl/);
    }
  });

  it('fences, drains and demotes the old region before it promotes the new one, and traffic follows the promotion', () => {
    const order = (id: string) => plannedSwitchStepIds.indexOf(id as never);
    expect(['fence', 'drain', 'demote', 'promote', 'switch', 'verify'].map(order)).toEqual(
      ['fence', 'drain', 'demote', 'promote', 'switch', 'verify'].map(order).sort((x, y) => x - y),
    );
  });

  it('swaps every command when the regions are swapped: the way back is the same plan', () => {
    const back = plannedSwitchSteps({ ...values, from: values.to, to: values.from });
    const promote = back.find(step => step.id === 'promote')!;
    expect(promote.byHand).toContain('http://a-0:8008/config');
    expect(promote.byHand).toContain('"synchronous_mode":true');
    expect(back.find(step => step.id === 'demote')!.byHand).toContain('"host":"a.link"');
  });

  it('never removes the fence in the same change that demotes', () => {
    expect(plannedSwitchSteps(values).find(step => step.id === 'demote')!.byHand).not.toContain('read_only');
  });

  it('marks as irreversible exactly the steps from the point of no return to the traffic switch', () => {
    const irreversible = plannedSwitchSteps(values).filter(step => !step.reversible).map(step => step.id);
    expect(irreversible).toEqual(['demote', 'promote', 'switch']);
    expect(irreversible[0]).toBe(pointOfNoReturn);
    expect(skippableSteps.filter(id => irreversible.includes(id))).toEqual([]);
  });

  it('prints no password into a command', () => {
    for (const step of plannedSwitchSteps(values)) expect(step.byHand).not.toMatch(/:\/\/[^/\s]+:[^/\s]+@/);
  });

  it('asks for synchronous commits exactly when there is somebody to wait for', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 9 }), members => synchronousModeOf(region('x', members)) === members > 1));
  });

  it('names the system in the text to type', () => {
    expect(confirmationText('payments')).toBe('SWITCH payments');
  });
});
