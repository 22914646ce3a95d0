import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { currencies, exponentOf, fitsStorage, formatMinor, maxMinor, minMinor, parseAmountMinor, parseDecimal } from './money.ts';

const currency = fc.constantFrom(...currencies);
const minor = fc.bigInt({ min: minMinor, max: maxMinor });

test('what is formatted is parsed back exactly, for every amount and currency', () => {
  fc.assert(fc.property(minor, currency, (amount, code) => parseDecimal(formatMinor(amount, code).replace(` ${code}`, ''), code) === amount));
});

test('0.1 + 0.2 is 0.3, and so it is for every pair of cents', () => {
  assert.equal(parseDecimal('0.1', 'USD')! + parseDecimal('0.2', 'USD')!, parseDecimal('0.3', 'USD'));
  const cents = fc.integer({ min: 0, max: 2 ** 31 });
  fc.assert(fc.property(cents, cents, (a, b) => {
    const text = (n: number) => formatMinor(BigInt(n), 'EUR').replace(' EUR', '');
    return parseDecimal(text(a), 'EUR')! + parseDecimal(text(b), 'EUR')! === parseDecimal(text(a + b), 'EUR');
  }));
});

test('an amount is positive plain digits and nothing else', () => {
  for (const text of ['', '0', '-1', '+1', '01', '1.5', '1e3', ' 1', '1 ', '0x10', '１', '1n', '1_000', '12345678901234567890']) assert.equal(parseAmountMinor(text), undefined, text);
  assert.equal(parseAmountMinor('9007199254740993'), 9007199254740993n); // a double would make it …992
  fc.assert(fc.property(fc.bigInt({ min: 1n, max: maxMinor }), amount => parseAmountMinor(amount.toString()) === amount));
  fc.assert(fc.property(fc.double(), value => Number.isInteger(value) && value > 0 ? true : parseAmountMinor(String(value)) === undefined));
});

test('storage is 64 bits with sign', () => {
  assert.deepEqual([maxMinor, maxMinor + 1n, minMinor, minMinor - 1n].map(fitsStorage), [true, false, true, false]);
});

test('formatting', () => {
  assert.deepEqual([0n, 5n, -5n, 100n, 123456789n].map(amount => formatMinor(amount, 'USD')), ['0.00 USD', '0.05 USD', '-0.05 USD', '1.00 USD', '1,234,567.89 USD']);
  assert.throws(() => formatMinor(1n, 'XXX'), RangeError);
  assert.equal(exponentOf('XXX'), undefined);
});

test('more decimals than the currency has are refused, not rounded', () => {
  assert.deepEqual(['1.005', '1.', '.5', '1,00', '1e2', 'abc', ''].map(text => parseDecimal(text, 'USD')), Array(7).fill(undefined));
});
