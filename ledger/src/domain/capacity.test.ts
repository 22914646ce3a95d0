import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesPerPayment, latencyBudget, latencyTargetMs, need, paymentsPerCoreS } from './capacity.ts';

test('by hand: 10,000 payments/s at 50 + 40 µs, cores at most half busy', () => {
  const one = need({ paymentsPerS: 10_000, meanPerS: 2_000, utilisation: 0.5 }, { serviceUs: 50, databaseUs: 40 });
  assert.deepEqual([one.serviceCores, one.processes, one.databaseCores, one.ledgers, one.databaseNodes], [1, 2, 0.8, 1, 2]);
  assert.equal(one.storedGbPerDay, (2_000 * 86_400 * bytesPerPayment.stored) / 1e9);
  assert.equal(one.walMbPerS, bytesPerPayment.wal / 100);
  assert.equal(paymentsPerCoreS({ serviceUs: 60, databaseUs: 40 }), 10_000);
});

test('more payments, dearer payments or more room never need less, and one of everything can be lost', () => {
  const rate = fc.integer({ min: 1, max: 1_000_000 });
  const us = fc.integer({ min: 1, max: 2_000 });
  fc.assert(fc.property(rate, rate, us, us, us, fc.integer({ min: 1, max: 100 }), (a, more, serviceUs, databaseUs, dearer, percent) => {
    const utilisation = percent / 100;
    const base = need({ paymentsPerS: a, meanPerS: a, utilisation }, { serviceUs, databaseUs });
    for (const other of [
      need({ paymentsPerS: a + more, meanPerS: a, utilisation }, { serviceUs, databaseUs }),
      need({ paymentsPerS: a, meanPerS: a, utilisation }, { serviceUs: serviceUs + dearer, databaseUs: databaseUs + dearer }),
      need({ paymentsPerS: a, meanPerS: a, utilisation: utilisation / 2 }, { serviceUs, databaseUs }),
    ]) for (const part of Object.keys(base) as (keyof typeof base)[]) assert.ok(other[part] >= base[part], part);
    // Without one process, the rest still holds the peak.
    assert.ok((base.processes - 1) * utilisation * 1e6 >= a * serviceUs * 0.999_999);
    // No ledger's writes need more than the one core that its head lets work.
    assert.ok(base.databaseCores / base.ledgers <= 1);
  }));
});

test('what can be no demand is refused', () => {
  const cost = { serviceUs: 1, databaseUs: 1 };
  for (const demand of [{ paymentsPerS: 0, meanPerS: 0, utilisation: 1 }, { paymentsPerS: 1, meanPerS: 2, utilisation: 1 }, { paymentsPerS: 1, meanPerS: 1, utilisation: 0 }, { paymentsPerS: 1, meanPerS: 1, utilisation: 1.1 }]) assert.throws(() => need(demand, cost), RangeError);
  assert.throws(() => need({ paymentsPerS: 1, meanPerS: 1, utilisation: 1 }, { serviceUs: 0, databaseUs: 1 }), RangeError);
});

test('the latency budget spends exactly the objective', () => {
  assert.equal(latencyBudget.reduce((sum, hop) => sum + hop.budgetMs, 0), latencyTargetMs);
});
