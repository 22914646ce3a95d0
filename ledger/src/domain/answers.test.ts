/**
 * Answers of format 1, frozen. A stored command is answered by rendering its rows again, perhaps years later: when one of these turns red,
 * clients would get another answer to a repeated request than to the first. Make a new format beside it, and leave these.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { answerFormat, canonicalJson, renderAnswer } from './answers.ts';
import type { Kind, PlacedRow } from './model.ts';

const atUs = 1_800_000_000_123_456n;
const base: PlacedRow = {
  kind: 'transfer', tenant: 'default', actor: 'payer', key: 'k', requestHash: 'ab', leg: 0, legs: 1, debit: '3', credit: '4', debitId: 'wallet:ada', creditId: 'shop:books', currency: 'USD', amountMinor: 2500n,
  debitVersion: 2, creditVersion: 1, debitBalanceMinor: 7500n, creditBalanceMinor: 2500n, payment: null, paymentAtUs: null, paymentKind: null, description: 'Order "7" ü\u2028', metadata: { order: '7', a: '1', '10': 'x', '9': 'y' },
  effectiveAtUs: null, expiresAtUs: null, requestId: '00000000-0000-4000-8000-000000000001', status: null, answer: null, position: 28n, createdAtUs: atUs,
};
const row = (over: Partial<PlacedRow>): PlacedRow => ({ ...base, description: null, metadata: null, ...over });
const ofHold = { payment: 20n, paymentAtUs: atUs - 5n, paymentKind: 'hold' as Kind };
const ofTransfer = { payment: 21n, paymentAtUs: atUs - 4n, paymentKind: 'transfer' as Kind };
const head = '"debitAccountId":"wallet:ada","creditAccountId":"shop:books","amountMinor":"2500","currency":"USD"';
const tail = '"status":"posted","createdAt":"2027-01-15T08:00:00.123Z","effectiveAt":"2027-01-15T08:00:00.123Z","debitVersion":"2","creditVersion":"1","region":"region-a"';
const bare = `${head},"description":null,"metadata":{},${tail}`;
const id = 'tr_01a3185c-507b-81c8-8000-00000000001c';

const golden: Record<string, [rows: PlacedRow[], status: number, body: string]> = {
  transfer: [[base], 201, `{"id":"${id}","kind":"transfer",${head},"description":"Order \\"7\\" ü\u2028","metadata":{"9":"y","10":"x","a":"1","order":"7"},${tail}}`],
  'transfer with a time of its own': [[row({ effectiveAtUs: 1_000_001n })], 201, `{"id":"${id}","kind":"transfer",${bare.replace('"effectiveAt":"2027-01-15T08:00:00.123Z"', '"effectiveAt":"1970-01-01T00:00:01.000Z"')}}`],
  'linked transfers': [
    [row({ legs: 2 }), row({ legs: 2, leg: 1, position: 29n, key: null })], 201,
    `{"id":"tx_01a3185c-507b-81c8-8000-00000000001c","createdAt":"2027-01-15T08:00:00.123Z","transfers":[{"id":"${id}","kind":"transfer",${bare},"transactionId":"tx_01a3185c-507b-81c8-8000-00000000001c"},{"id":"tr_01a3185c-507b-81c8-8000-00000000001d","kind":"transfer",${bare},"transactionId":"tx_01a3185c-507b-81c8-8000-00000000001c"}]}`,
  ],
  conversion: [
    [row({ kind: 'conversion', legs: 2, metadata: { 'fx.rate': '1.0842' } }), row({ kind: 'conversion', legs: 2, leg: 1, position: 29n, key: null, metadata: { 'fx.rate': '1.0842' } })], 201,
    `{"id":"tx_01a3185c-507b-81c8-8000-00000000001c","rate":"1.0842","createdAt":"2027-01-15T08:00:00.123Z","transfers":[{"id":"${id}","kind":"conversion",${bare.replace('{}', '{"fx.rate":"1.0842"}')},"transactionId":"tx_01a3185c-507b-81c8-8000-00000000001c"},{"id":"tr_01a3185c-507b-81c8-8000-00000000001d","kind":"conversion",${bare.replace('{}', '{"fx.rate":"1.0842"}')},"transactionId":"tx_01a3185c-507b-81c8-8000-00000000001c"}]}`,
  ],
  hold: [[row({ kind: 'hold', expiresAtUs: atUs + 604_800_000_000n, metadata: { b: '2', a: '1' } })], 201, `{"id":"ho_01a3185c-507b-81c8-8000-00000000001c",${head},"description":null,"metadata":{"a":"1","b":"2"},"status":"authorised","createdAt":"2027-01-15T08:00:00.123Z","expiresAt":"2027-01-22T08:00:00.123Z","debitVersion":"2","creditVersion":"1","region":"region-a"}`],
  capture: [[row({ kind: 'capture', ...ofHold })], 201, `{"id":"${id}","kind":"capture",${bare},"holdId":"ho_01a3185c-507b-81c3-8000-000000000014","releasedMinor":"0","fee":null}`],
  'last capture with a fee': [
    [row({ kind: 'capture', legs: 3, ...ofHold }), row({ kind: 'void', leg: 1, legs: 3, position: 29n, amountMinor: 7n, ...ofHold }), row({ kind: 'fee', leg: 2, legs: 3, position: 30n, amountMinor: 25n, debitId: 'shop:books', creditId: 'fees:usd' })], 201,
    `{"id":"${id}","kind":"capture",${bare},"holdId":"ho_01a3185c-507b-81c3-8000-000000000014","transactionId":"tx_01a3185c-507b-81c8-8000-00000000001c","releasedMinor":"7","fee":{"id":"tr_01a3185c-507b-81c8-8000-00000000001e","kind":"fee","debitAccountId":"shop:books","creditAccountId":"fees:usd","amountMinor":"25","currency":"USD","description":null,"metadata":{},${tail},"transactionId":"tx_01a3185c-507b-81c8-8000-00000000001c"}}`,
  ],
  void: [[row({ kind: 'void', ...ofHold })], 200, '{"id":"ho_01a3185c-507b-81c3-8000-000000000014","status":"voided","releasedMinor":"2500","currency":"USD","releasedAt":"2027-01-15T08:00:00.123Z"}'],
  expiry: [[row({ kind: 'expiry', ...ofHold })], 200, '{"id":"ho_01a3185c-507b-81c3-8000-000000000014","status":"expired","releasedMinor":"2500","currency":"USD","releasedAt":"2027-01-15T08:00:00.123Z"}'],
  'refund of a transfer': [[row({ kind: 'refund', ...ofTransfer })], 201, `{"id":"${id}","kind":"refund",${bare},"ofId":"tr_01a3185c-507b-81c4-8000-000000000015"}`],
  'refund of a hold': [[row({ kind: 'refund', ...ofHold })], 201, `{"id":"${id}","kind":"refund",${bare},"ofId":"ho_01a3185c-507b-81c3-8000-000000000014"}`],
  reversal: [[row({ kind: 'reversal', ...ofTransfer })], 201, `{"id":"${id}","kind":"reversal",${bare},"ofId":"tr_01a3185c-507b-81c4-8000-000000000015"}`],
  settlement: [[row({ kind: 'settlement' })], 201, `{"id":"${id}","kind":"settlement",${bare}}`],
  'new account': [[row({ kind: 'account', status: 201, answer: '{"id":"a","version":"0"}' })], 201, '{"id":"a","version":"0","createdAt":"2027-01-15T08:00:00.123Z"}'],
  'known account': [[row({ kind: 'account', status: 200, answer: '{"id":"a","createdAt":"then"}' })], 200, '{"id":"a","createdAt":"then"}'],
  decline: [[row({ kind: 'decline', status: 422, answer: '{"code":"insufficient-funds"}' })], 422, '{"code":"insufficient-funds"}'],
};

for (const [name, [rows, status, body]] of Object.entries(golden)) {
  test(`format 1: ${name}`, () => assert.deepEqual(renderAnswer(1, rows, 'region-a'), { status, body }));
}

test('there is a sample of every kind of row, and of the format that is written now', () => {
  const kinds: Kind[] = ['account', 'decline', 'transfer', 'conversion', 'fee', 'settlement', 'hold', 'capture', 'void', 'expiry', 'refund', 'reversal'];
  const shown = new Set(Object.values(golden).flatMap(([rows]) => rows.map(one => one.kind)));
  assert.deepEqual(kinds.filter(kind => !shown.has(kind)), []);
  assert.equal(answerFormat, 1);
  assert.throws(() => renderAnswer(2, [base], 'region-a'), /format 2/);
});

test('an answer is the same whatever order its metadata was sent in, or comes back in from the database', () => {
  fc.assert(fc.property(fc.dictionary(fc.stringMatching(/^[A-Za-z0-9_.-]{1,8}$/).filter(name => name !== '__proto__'), fc.string()), metadata => {
    const turned = Object.fromEntries(Object.entries(metadata).reverse());
    assert.equal(renderAnswer(1, [row({ metadata: turned })], 'r').body, renderAnswer(1, [row({ metadata })], 'r').body);
  }));
});

test('what a request is hashed over does not depend on the order of its fields, and tells apart what differs', () => {
  assert.equal(canonicalJson({ b: 1n, a: [{ d: null, c: undefined, b: 'x' }], é: true }), '{"a":[{"b":"x","d":null}],"b":"1","é":true}');
  fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => (canonicalJson(a) === canonicalJson(b)) === (canonicalJson(JSON.parse(JSON.stringify(a))) === canonicalJson(JSON.parse(JSON.stringify(b))))));
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), value => canonicalJson(Object.fromEntries(Object.entries(value).reverse())) === canonicalJson(value)));
});
