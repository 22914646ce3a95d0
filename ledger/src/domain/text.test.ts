import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { holdsCardNumber, isStorable, passesLuhn } from './text.ts';

// The networks' published test numbers.
const numbers = ['4111111111111111', '5555555555554444', '2223003122003222', '378282246310005', '6011111111111117', '4222222222222', '3530111333300000', '6304000000000000'];

test('card numbers are found bare, grouped, and inside other text', () => {
  for (const number of numbers) {
    for (const text of [number, `card ${number}.`, `pan=${number};`, `x${number}y`]) assert.ok(holdsCardNumber(text), text);
  }
  for (const text of ['4111 1111 1111 1111', '4111-1111-1111-1111', '4111.1111.1111.1111', 'paid with 3782 822463 10005 today']) assert.ok(holdsCardNumber(text), text);
});

/** 13 to 19 digits that pass the Luhn check and start as the networks' do. */
const cardNumbers = fc.tuple(fc.constantFrom('2', '34', '36', '4', '51', '62', '82', '9792'), fc.integer({ min: 13, max: 19 }), fc.stringMatching(/^\d{18}$/)).map(([prefix, length, digits]) => {
  const body = (prefix + digits).slice(0, length - 1);
  return body + [...'0123456789'].find(digit => passesLuhn(body + digit))!;
});
const usual: Record<number, number[][]> = { 13: [[4, 4, 5], [4, 4, 4, 1]], 14: [[4, 6, 4], [4, 4, 4, 2]], 15: [[4, 6, 5], [4, 4, 4, 3], [6, 4, 5]], 16: [[4, 4, 4, 4], [8, 8], [4, 12], [6, 10]], 17: [[4, 4, 4, 4, 1]], 18: [[4, 4, 4, 4, 2]], 19: [[4, 4, 4, 4, 3], [6, 13]] };

test('every card number is found in every usual grouping, with every usual separator, in any script, amid other text', () => {
  const separator = fc.constantFrom(' ', '-', '.', '_', ':', '/', '+', '\u00a0', '\u2009', '\u2013', '\u2011', '\u200b', ' - ', '  ');
  const scripts = fc.constantFrom(0x30, 0xff10, 0x660, 0x966);
  const around = fc.constantFrom('', 'card', 'x ', 'pan=', 'Ñ', 'a1b2 ', 'order 7, ');
  fc.assert(fc.property(cardNumbers, fc.nat(), separator, scripts, around, around, (number, pick, between, zero, before, after) => {
    const inScript = [...number].map(digit => String.fromCodePoint(zero + Number(digit))).join('');
    assert.ok(holdsCardNumber(before + inScript + after.trimStart().replace(/^\d/, 'x')), 'bare');
    const grouping = usual[number.length]![pick % usual[number.length]!.length]!;
    const groups = grouping.map((size, index) => [...inScript].slice(grouping.slice(0, index).reduce((sum, one) => sum + one, 0)).slice(0, size).join(''));
    assert.ok(holdsCardNumber(before + groups.join(between) + after), `${before}${groups.join(between)}${after}`);
    assert.ok(holdsCardNumber(`${groups.join(between)} 12/29 123`), 'with its expiry date behind it');
  }), { numRuns: 2_000 });
});

test('other numbers are let through', () => {
  const harmless = ['4111111111111112', '411111111111', '1732155600000', '1195228922881123456', 'order 2026-11-21', '+1 415 555 0100', '41111111111111111111', '', '4111 1111 1111', '2026-11-21T14:30:00.123456Z', '41 11 11 11 11 11 11 11', 'tr_01935790-1234-8567-8000-000000000123', 'ho_41111111-1111-4111-8111-111111111111', 'tr_01a1fbfc-305c-7e6a-a409-f28c7745df04'];
  for (const text of harmless) assert.ok(!holdsCardNumber(text), text);
});

test('UUIDs, hashes and trace ids are let through', () => {
  for (let index = 0; index < 20_000; index++) {
    const id = randomUUID();
    assert.ok(!holdsCardNumber(id), id);
    if (/[a-f]/.test(id)) assert.ok(!holdsCardNumber(id.replaceAll('-', '')), id);
  }
});

test('of numbers that start with a network digit, those with the right check digit are found and no others', () => {
  const digits = fc.tuple(fc.constantFrom('2', '3', '4', '5', '6'), fc.stringMatching(/^\d{11,17}$/)).map(parts => parts.join(''));
  fc.assert(fc.property(digits, body => {
    const check = [...'0123456789'].filter(digit => passesLuhn(body + digit));
    assert.equal(check.length, 1);
    for (const digit of '0123456789') assert.equal(holdsCardNumber(body + digit), digit === check[0]);
  }));
});

test('text that PostgreSQL cannot give back as it was is told apart', () => {
  assert.deepEqual(['plain', 'ünï 💶', 'a\u0000b', '\ud800'].map(isStorable), [true, true, false, false]);
});
