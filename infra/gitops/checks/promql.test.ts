import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { read } from './promql.ts';

const metrics = (expression: string) => read(expression).selectors.map(one => one.metric);

describe('reading PromQL', () => {
  it('finds metrics beside functions, aggregations, numbers, durations and keywords', () => {
    assert.deepEqual(metrics('sum by (le) (rate(http_requests_total{code=~"5.."}[5m])) / 0.5 > 1e3'), ['http_requests_total']);
    assert.deepEqual(metrics('sum(rate(a_total[1h30m] offset 1w)) by (x) or vector(0) unless on (job) up offset 30s == bool 1'), ['a_total', 'up']);
    assert.deepEqual(metrics('max without (y) (a:b:rate5m) * on (x) group_left (z) c'), ['a:b:rate5m', 'c']);
    assert.deepEqual(metrics('max_over_time((a - b)[5m:30s]) @ end()'), ['a', 'b']);
    assert.deepEqual(metrics('{__name__="x", job="y"}'), ['x']);
    assert.deepEqual(metrics('a # b\n + c'), ['a', 'c']);
    assert.deepEqual(metrics('a and on () group_left () max(b)'), ['a', 'b']);
  });

  it('finds labels: in matchers, in groupings, and made by a function', () => {
    const reading = read('label_replace(sum by (pod, code) (a{x="1",y!~"`z`|}"}), "made", "$1", "pod", "(.*)") * on (n) group_left (g) b');
    assert.deepEqual(reading.selectors[0]!.matchers, [{ label: 'x', op: '=', value: '1' }, { label: 'y', op: '!~', value: '`z`|}' }]);
    assert.deepEqual(reading.grouping, ['pod', 'code', 'n', 'g']);
    assert.deepEqual(reading.made, ['made']);
  });

  it('says what it cannot read', () => {
    assert.throws(() => read('a ; b'), /not PromQL at "; b"/);
    assert.throws(() => read('{job="x"}'), /without the name of a metric/);
  });
});
