import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { printedPlan } from './printedPlan';

const path = join(__dirname, '../../../infra/recovery-plans/planned-region-switch.md');

describe('the plan on paper', () => {
  it('is the runbook the portal follows (write it anew with WRITE_PLANS=1)', () => {
    if (process.env.WRITE_PLANS) writeFileSync(path, printedPlan());
    expect(readFileSync(path, 'utf8')).toBe(printedPlan());
  });
});
