import { aSystem, dayMs } from '../../dev/fixtures';
import {
  amountsText,
  atRiskText,
  homeSentence,
  linkStatus,
  linkText,
  memberStatus,
  memberText,
  readinessSentence,
  targetRegion,
  workloadStatus,
  worstFirst,
} from './systemWords';

const now = Date.parse('2026-11-21T03:00:00Z');
const system = aSystem(now);

it('puts the worst first and keeps the order of equals', () => {
  const checks = [
    { id: 1, status: 'ok' as const },
    { id: 2, status: 'watch' as const },
    { id: 3, status: 'unknown' as const },
    { id: 4, status: 'act' as const },
    { id: 5, status: 'watch' as const },
  ];
  expect(worstFirst(checks).map(check => check.id)).toEqual([4, 3, 2, 5, 1]);
});

it.each([
  ['ready', /^Yes: Region B can take over from Region A now\.$/],
  ['degraded', /^Yes, but .*with reservations\.$/],
  ['notReady', /^No: Region B could not take over/],
  ['unknown', /^It cannot be told whether Region B could take over/],
] as const)('answers for %s', (readiness, sentence) => {
  expect(readinessSentence(aSystem(now, { readiness }))).toMatch(sentence);
});

it('gives the line of the home page', () => {
  const six = { ...system, lastSwitch: { ...system.lastSwitch!, endedAt: new Date(now - 6 * dayMs - 1000).toISOString() } };
  expect(homeSentence(six, now)).toBe(
    'If region A were lost now: 3 payments, €41.20 at risk; ready, last switch 6 d ago.',
  );
  expect(homeSentence({ ...system, lastSwitch: null, atRisk: null, activeRegion: null, readiness: 'unknown' }, now)).toBe(
    'If the active region were lost now: what is at risk is unknown; readiness unknown, never switched yet.',
  );
});

it('adds up what is at risk per currency', () => {
  expect(amountsText([])).toBe('nothing');
  const amounts = [
    { currency: 'EUR', amountMinor: '4120' },
    { currency: 'USD', amountMinor: '300' },
    { currency: 'JPY', amountMinor: '500' },
  ];
  expect(amountsText(amounts)).toBe('€41.20, $3.00 and ¥500');
  expect(atRiskText({ ...system.atRisk!, payments: 0 })).toBe('no payments at risk');
});

it('knows where a switch would go', () => {
  expect(targetRegion(system)?.id).toBe('region-b');
  expect(targetRegion({ ...system, activeRegion: 'region-b' })?.id).toBe('region-a');
  expect(targetRegion({ ...system, activeRegion: null })).toBeUndefined();
});

it('speaks of the link', () => {
  expect(linkText(system.link)).toBe('0.4 s behind · streaming');
  expect(linkText(null)).toBe('replication unknown');
  const silent = { ...system.link!, lagSeconds: null, lagBytes: null, streaming: false };
  expect(linkText(silent)).toBe('unknown lag · not streaming');
  expect(linkStatus(system.link, 900)).toBe('ok');
  expect(linkStatus({ ...system.link!, lagSeconds: 901 }, 900)).toBe('act');
  expect(linkStatus(silent, 900)).toBe('act');
  expect(linkStatus(null, 900)).toBe('unknown');
});

it('speaks of members', () => {
  const [leader, replica] = system.regions[0].members;
  expect(memberText(leader)).toBe('leader, running');
  expect(memberText({ ...replica, lagBytes: 2048 })).toBe('synchronous replica, streaming, 2 kB behind');
  expect(memberStatus(leader)).toBe('ok');
  expect(memberStatus({ ...leader, state: 'stopped' })).toBe('act');
  expect(memberStatus({ ...leader, role: 'unknown' })).toBe('unknown');
});

it('does not call an empty standby broken', () => {
  const [primary, standby] = system.regions;
  expect(workloadStatus(standby)).toBe('ok');
  expect(workloadStatus(primary)).toBe('ok');
  expect(workloadStatus({ ...primary, workload: { desired: 2, ready: 1 } })).toBe('watch');
  expect(workloadStatus({ ...primary, workload: { desired: 2, ready: 0 } })).toBe('act');
  expect(workloadStatus({ ...primary, workload: null })).toBe('unknown');
});
