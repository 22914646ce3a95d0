import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sieve, type Waiver } from './waivers.ts';

const today = new Date('2026-11-21T12:00:00Z');
const finding = { rule: 'no-public-ip', problem: 'modules/x/main.tf:google_compute_instance.m has a public address' };
const waiver: Waiver = { rule: 'no-public-ip', resource: 'modules/x/main.tf:google_compute_instance.m', reason: 'the address is what partners list', owner: 'platform', until: '2027-05-31' };
const run = (waivers: unknown[], findings = [finding]) => sieve(findings, waivers as Waiver[], today, new Set(['no-public-ip']), new Set(['platform']));

describe('exceptions from the rules', () => {
  it('one that holds covers its finding, and only that', () => {
    assert.deepEqual(run([waiver]), []);
    const other = { rule: 'no-public-ip', problem: 'modules/x/main.tf:google_compute_instance.other has a public address' };
    assert.deepEqual(run([waiver], [finding, other]), ['modules/x/main.tf:google_compute_instance.other has a public address [no-public-ip]']);
  });

  it('past its last day it covers nothing and is a problem itself', () => {
    const problems = run([{ ...waiver, until: '2026-11-20' }]);
    assert.match(problems[0]!, /ended on 2026-11-20: platform mends the resource or decides anew/);
    assert.match(problems[1]!, /has a public address \[no-public-ip\]/);
    assert.deepEqual(run([{ ...waiver, until: '2026-11-21' }]), [], 'the last day counts');
  });

  it('one that nothing needs any more is a problem', () => {
    assert.match(run([waiver], [])[0]!, /waives nothing any more/);
  });

  for (const [title, wrong, says] of [
    ['without a reason', { ...waiver, reason: ' ' }, /must have exactly/],
    ['with a field more', { ...waiver, forever: true }, /must have exactly/],
    ['without an end', { ...waiver, until: 'never' }, /has no day it ends on/],
    ['for more than a year', { ...waiver, until: '2028-01-01' }, /more than a year/],
    ['from a rule that has no exceptions', { ...waiver, rule: 'nobody-anonymous' }, /may not be waived/],
    ['of somebody who does not exist', { ...waiver, owner: 'somebody' }, /no group of the estate/],
  ] as const) {
    it(`one ${title} is refused`, () => {
      const problems = run([wrong]);
      assert.match(problems[0]!, says);
      assert.equal(problems.length, 2, 'and its finding stands');
    });
  }
});
