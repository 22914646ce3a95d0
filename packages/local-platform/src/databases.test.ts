import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RegionConfig } from './config.ts';
import { decideRoles } from './databases.ts';

const regions = [{ id: 'region-a', startsAs: 'primary' }, { id: 'region-b', startsAs: 'standby' }] as unknown as RegionConfig[];

test('before the first start the settings decide', () => {
  const { primary, standby, standbyExists } = decideRoles(regions, [undefined, undefined]);
  assert.deepEqual([primary.id, standby.id, standbyExists], ['region-a', 'region-b', false]);
});

test('after a region switch the regions themselves decide', () => {
  const { primary, standby, standbyExists } = decideRoles(regions, [{ standby_cluster: { port: 15435 } }, { ttl: 10 }]);
  assert.deepEqual([primary.id, standby.id, standbyExists], ['region-b', 'region-a', true]);
});

test('two primaries are not started, nor are two standbys', () => {
  assert.throws(() => decideRoles(regions, [{ ttl: 10 }, { ttl: 10 }]), /both region-a and region-b are configured as primary/);
  assert.throws(() => decideRoles(regions, [{ standby_cluster: {} }, { standby_cluster: {} }]), /both regions are configured as standby/);
});
