/** Amounts fit a rate exactly, but for the rounding to whole minor units. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fitsRate, parseRate } from './fx.ts';

test('a rate is a positive decimal of 12 digits either side and nothing else', () => {
  for (const text of ['', '0', '0.0', '0.000000000000', '-1', '+1', '01', '1.', '.5', '1e3', '1,5', ' 1', '1 ', '1.0000000000001', '1000000000000', '１', 'NaN', 'Infinity', '1_0']) assert.equal(parseRate(text), undefined, text);
  assert.deepEqual(parseRate('1.0842'), { digits: 10842n, scale: 4 });
  assert.deepEqual(parseRate('0.5'), { digits: 5n, scale: 1 });
  assert.deepEqual(parseRate('999999999999.999999999999'), { digits: 10n ** 24n - 1n, scale: 12 });
});

test('rounded either way, by less than one minor unit, whatever the exponents', () => {
  const cases: [bigint, string, bigint, string, string, boolean][] = [
    [100n, 'USD', 108n, 'EUR', '1.0842', true], [100n, 'USD', 109n, 'EUR', '1.0842', true], [100n, 'USD', 107n, 'EUR', '1.0842', false], [100n, 'USD', 110n, 'EUR', '1.0842', false],
    [100n, 'USD', 110n, 'EUR', '1.1', true], [100n, 'USD', 111n, 'EUR', '1.1', false], [100n, 'USD', 109n, 'EUR', '1.1', false],
    [100n, 'USD', 150n, 'JPY', '150', true], [10_000n, 'USD', 15_049n, 'JPY', '150.4949', true], [10_000n, 'USD', 15_051n, 'JPY', '150.4949', false],
    [1_000n, 'JPY', 2_050n, 'KWD', '0.00205', true], [1_000n, 'JPY', 2_051n, 'KWD', '0.00205', false], [100n, 'USD', 108n, 'XXX', '1.08', false], [100n, 'USD', 108n, 'EUR', '0', false],
  ];
  for (const [sell, from, buy, to, rate, fits] of cases) assert.equal(fitsRate(sell, from, buy, to, rate), fits, `${sell} ${from} -> ${buy} ${to} at ${rate}`);
});

test('both roundings of the exact amount fit and nothing beside them, up to 64 bits', () => {
  // An exact amount has one rounding; by chance alone the property rarely meets one.
  assert.deepEqual([91n, 92n, 93n].map(buy => fitsRate(100n, 'USD', buy, 'EUR', '0.92')), [false, true, false]);
  const digits = fc.bigInt({ min: 1n, max: 10n ** 15n });
  fc.assert(fc.property(fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }), digits, fc.nat(12), (sell, rate, scale) => {
    const text = rate.toString().padStart(scale + 1, '0');
    const decimal = scale === 0 ? text : `${text.slice(0, -scale)}.${text.slice(-scale)}`;
    if (!parseRate(decimal)) return;
    const [floor, exact] = [(sell * rate) / 10n ** BigInt(scale), (sell * rate) % 10n ** BigInt(scale) === 0n];
    const fits = (buy: bigint) => fitsRate(sell, 'USD', buy, 'EUR', decimal);
    assert.deepEqual([floor - 1n, floor, floor + 1n, floor + 2n].map(fits), [false, true, !exact, false]);
  }));
});
