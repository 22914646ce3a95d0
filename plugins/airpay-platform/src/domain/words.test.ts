import { exampleOverview } from '../__testUtils__/fakeApi';
import { exampleSlo } from '../__testUtils__/slos';
import { answerCountText, answerPath, moveChoice } from './ownership';
import { exampleAnswer } from '../__testUtils__/fakeApi';
import { budgetTimeText, budgetsText, exhaustionText, moneyFigures, moneyText, sloSentence, worstStatus } from './words';

it('says what is left in time', () => {
  expect(budgetTimeText(exampleSlo({ left: 0.31 }))).toBe('1 m 20 s of 4 m 19 s');
  expect(budgetTimeText(exampleSlo({ left: -0.5 }))).toBe('2 m 10 s over 4 m 19 s');
  expect(budgetTimeText(exampleSlo({ left: null }))).toBe('no data, of 4 m 19 s');
});

it('says when the budget is gone', () => {
  expect(exhaustionText(exampleSlo({ left: 0.06, burn: 16.2 }))).toBe('2 h 40 m');
  expect(exhaustionText(exampleSlo({ left: 0, burn: 0 }))).toBe('gone');
  expect(exhaustionText(exampleSlo({ left: 0.5, burn: 0 }))).toBe('not burning');
  expect(exhaustionText(exampleSlo({ left: 0.5, burn: 0.001 }))).toBe('> 1 year');
  expect(exhaustionText(exampleSlo({ left: 0.5, burn: null }))).toBe('no data');
});

it('counts budgets in words', () => {
  expect(budgetsText({ ok: 0, watch: 0, act: 0, unknown: 0 })).toBe('No SLOs yet');
  expect(budgetsText({ ok: 1, watch: 0, act: 0, unknown: 0 })).toBe('The one SLO is fine');
  expect(budgetsText({ ok: 3, watch: 0, act: 0, unknown: 0 })).toBe('All 3 are fine');
  expect(budgetsText({ ok: 11, watch: 2, act: 1, unknown: 0 })).toBe('1 to act on, 2 to watch of 14');
});

it('unknown is not ok', () => {
  expect(worstStatus(['ok', 'unknown'])).toBe('unknown');
  expect(worstStatus(['unknown', 'watch', 'ok'])).toBe('watch');
  expect(worstStatus([])).toBe('unknown');
  expect(moneyText('unknown')).toMatch(/unknown/);
});

it('gives each figure of the first line its unit', () => {
  const figures = moneyFigures(exampleOverview([]));
  expect(figures.map(one => `${one.text} ${one.unit}`)).toEqual(['412 payments/min', '99.994 % ok', '38 ms p99']);
});

it('names an SLO in one sentence', () => {
  expect(sloSentence(exampleSlo({ left: 0.31 }))).toBe('ledger availability: Watch, 31 % of the budget left');
  expect(sloSentence(exampleSlo({ left: null, burn: null }))).toBe('ledger availability: No data, budget unknown');
});

describe('ownership', () => {
  it('leads to the entity, or to the page of its exact name', () => {
    expect(answerPath(exampleAnswer())).toBe('/catalog/default/component/ledger');
    expect(answerPath(exampleAnswer({ entityRef: null, name: 'system=payments' }))).toBe('/ownership?q=system%3Dpayments');
  });
  it('moves round the list', () => {
    expect([moveChoice(0, 1, 3), moveChoice(2, 1, 3), moveChoice(0, -1, 3), moveChoice(0, 1, 0)]).toEqual([1, 0, 2, -1]);
  });
  it('counts answers', () => expect([1, 3].map(answerCountText)).toEqual(['1 answer', '3 answers, best first']));
});
