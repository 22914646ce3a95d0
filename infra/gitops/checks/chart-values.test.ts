import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chosen, leaves, readCharts, valueFaults } from './chart-values.ts';

describe('values of charts', () => {
  it('set no key that the chart does not read', () => {
    assert.deepEqual(valueFaults(chosen(), readCharts()), []);
    assert.ok(chosen().length >= 10);
  });

  it('are red for a key misspelt, one level too deep, or of another version of the chart', () => {
    const with_ = (name: string, change: (values: any) => void) => chosen().map(item => {
      if (item.component.name !== name) return item;
      const copy = structuredClone(item);
      change(copy.values['values.yaml']);
      return copy;
    });
    const faults = (name: string, change: (values: any) => void) => valueFaults(with_(name, change), readCharts());
    assert.deepEqual(faults('keda', values => { values.operator = { replicas: 2 }; }), ['keda/values.yaml: operator.replicas is no key of the chart', 'keda: operator.replicaCount is on the list and nobody sets it']);
    assert.deepEqual(faults('istio-cni', values => { values.cni = { cniBinDir: values.cniBinDir }; delete values.cniBinDir; }),
      ['istio-cni/values.yaml: cni.cniBinDir is no key of the chart', 'istio-cni: cniBinDir is on the list and nobody sets it']);
    assert.deepEqual(faults('kyverno', values => { values.test = { enabled: false }; }), ['kyverno/values.yaml: test.enabled is no key of the chart']);
    const newer = chosen().map(item => (item.component.name === 'istiod' ? { ...item, component: { ...item.component, chart: { ...item.component.chart!, version: '1.31.0' } } } : item));
    assert.deepEqual(valueFaults(newer, readCharts()), [`istiod: the keys were read for ${readCharts()['istiod']!.version}, the chart is 1.31.0`]);
  });

  it('are read to their last key, and what a chart passes on as it is may be anything', () => {
    assert.deepEqual(leaves({ a: { b: 1, 'c.d': null }, e: [{ f: 1 }], g: {} }), ['a.b', 'a.c.d', 'e']);
    const found = chosen().filter(({ component }) => component.name === 'keda');
    const list = { keda: { ...readCharts()['keda']!, keys: ['serviceAccount.*'] } };
    assert.ok(!valueFaults(found, list).some(text => text.includes('serviceAccount')));
    assert.ok(valueFaults(found, list).some(text => text.includes('image.keda.tag is no key')));
  });
});
