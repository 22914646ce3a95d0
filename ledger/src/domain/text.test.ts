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

test('other numbers are let through', () => {
  const harmless = ['4111111111111112', '411111111111', '1732155600000', '1195228922881123456', 'order 2026-11-21', '+1 415 555 0100', '41111111111111111111', '', '4111 1111 1111', 'tr_01a1fbfc-305c-7e6a-a409-f28c7745df04'];
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
