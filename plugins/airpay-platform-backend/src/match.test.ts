import { hostOf, labelOf, matchOf } from './match';

describe('matchOf', () => {
  it('orders exact, beginning, beginning of a word, part, all words, none', () => {
    const scores = ['ledger', 'ledg', 'api', 'dge', 'api ledger', 'refunds'].map(text => matchOf(text, [text === 'ledger' ? 'Ledger' : 'ledger-api']));
    expect(scores[0]).toBe(1);
    expect([...scores].sort((a, b) => b - a)).toEqual(scores);
    expect(scores[4]).toBeGreaterThan(0);
    expect(scores[5]).toBe(0);
  });

  it('takes the best of several names and ignores missing ones', () => {
    expect(matchOf('lea', [undefined, 'Lea Brandt', 'lea'])).toBe(1);
    expect(matchOf('  ', ['x'])).toBe(0);
  });
});

describe('texts people paste', () => {
  it.each([
    ['team=payments-core', { key: 'team', value: 'payments-core' }],
    ['backstage.io/kubernetes-id="ledger"', { key: 'backstage.io/kubernetes-id', value: 'ledger' }],
    ['a == b', { key: 'a', value: 'b' }],
    ['just a text', undefined],
    ['=x', undefined],
  ])('label of %p', (text, expected) => expect(labelOf(text)).toEqual(expected));

  it.each([
    ['https://ledger.pay.airpay.example/v1/accounts?x=1', 'ledger.pay.airpay.example'],
    ['Ledger.Pay.airpay.example:8443', 'ledger.pay.airpay.example'],
    ['ledger', 'ledger'],
  ])('host of %p', (text, expected) => expect(hostOf(text)).toBe(expected));
});
