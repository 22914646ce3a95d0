import { refusalCodeSchema } from '@airpay/plugin-airpay-dr-common';
import { aPlan } from '../../dev/fixtures';
import { planTooOldMs, refusalText, whyNotStartable, type StartState } from './planWords';

const plan = aPlan(Date.parse('2026-11-21T03:00:00Z'));
const complete: StartState = {
  allowed: true,
  plan,
  acceptedHash: plan.hash,
  planAgeMs: 1_000,
  confirmation: 'SWITCH payments',
  reason: 'Quarterly exercise',
};

it('has no objection to a complete form', () => {
  expect(whyNotStartable(complete)).toEqual([]);
});

it.each<[string, Partial<StartState>, RegExp]>([
  ['permission', { allowed: false }, /SRE and incident command/],
  ['permission unknown', { allowed: 'loading' }, /being looked up/],
  ['confirmation', { confirmation: 'switch payments' }, /“SWITCH payments” is not typed yet/],
  ['reason', { reason: ' a ' }, /reason is missing/],
  ['hash', { acceptedHash: 'c'.repeat(64) }, /has changed since you read/],
  ['age', { planAgeMs: planTooOldMs + 1 }, /could not be read again/],
  ['open run', { plan: { ...plan, startable: false } }, /Another run/],
  [
    'precondition',
    { plan: { ...plan, startable: false, preconditions: [{ id: 'x', title: 'Both regions can be read', ok: false, detail: '' }] } },
    /1 precondition does not hold: Both regions can be read/,
  ],
])('objects once to: %s', (_name, change, words) => {
  const why = whyNotStartable({ ...complete, ...change });
  expect(why).toHaveLength(1);
  expect(why[0]).toMatch(words);
});

it.each(refusalCodeSchema.options)('has a full sentence for the refusal %s', code => {
  expect(refusalText({ code, message: '' })).toMatch(/^[A-Z].*\.$/);
  expect(refusalText({ code, message: 'region-b is active' })).toContain('(region-b is active)');
});
