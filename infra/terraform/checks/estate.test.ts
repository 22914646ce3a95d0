/** The estate itself: what every root, overlay and inventory takes for true. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { readEstate, type Estate } from './estate.ts';

const repository = path.resolve(import.meta.dirname, '../../..');

interface Range {
  name: string;
  first: number;
  last: number;
}

function rangeOf(name: string, cidr: string): Range {
  const [, a, b, c, d, length] = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(cidr)!.map(Number);
  const first = ((a! * 256 + b!) * 256 + c!) * 256 + d!;
  const size = 2 ** (32 - length!);
  assert.equal(first % size, 0, `${name}: ${cidr} does not begin where a range of its size may`);
  return { name, first, last: first + size - 1 };
}

/** Pairs of ranges that overlap, over all sites; and ranges outside of their site. */
function overlaps(sites: Estate['sites']): string[] {
  const all = Object.entries(sites).flatMap(([site, { cidrs }]) => Object.entries(cidrs).map(([name, cidr]) => ({ site, key: name, ...rangeOf(`${site} ${name}`, cidr) })));
  const problems: string[] = [];
  const real = all.filter(one => one.key !== 'site');
  for (const [index, one] of real.entries()) {
    for (const other of real.slice(index + 1)) if (one.first <= other.last && other.first <= one.last) problems.push(`${one.name} overlaps ${other.name}`);
    const whole = all.find(site => site.site === one.site && site.key === 'site')!;
    if (one.key !== 'controlPlane' && (one.first < whole.first || one.last > whole.last)) problems.push(`${one.name} is outside of its site`);
  }
  return problems;
}

describe('estate', () => {
  const estate = readEstate(repository);

  it('no two ranges overlap, so that peered networks can talk', () => {
    assert.ok(Object.keys(estate.sites).length >= 4);
    assert.deepEqual(overlaps(estate.sites), []);
  });

  it('an overlap, across sites or within one, is found', () => {
    const one = structuredClone(estate.sites);
    one['hub']!.cidrs['pods'] = '10.10.0.0/17';
    assert.ok(overlaps(one).some(problem => problem.includes('hub pods overlaps payments-prod-region-a application')));
    const two = structuredClone(estate.sites);
    two['hub']!.cidrs['edge'] = two['hub']!.cidrs['database']!;
    assert.deepEqual(overlaps(two), ['hub database overlaps hub edge']);
    const three = structuredClone(estate.sites);
    three['hub']!.cidrs['edge'] = '10.1.0.0/24';
    assert.deepEqual(overlaps(three), ['hub edge is outside of its site']);
  });

  it('every site lies in its residency class, and a system has one primary', () => {
    for (const [name, site] of Object.entries(estate.sites)) assert.ok(estate.residency[site.residency]?.includes(site.location), name);
    for (const network of new Set(Object.values(estate.sites).filter(site => site.role !== 'hub').map(site => site.network))) {
      assert.equal(Object.values(estate.sites).filter(site => site.network === network && site.role === 'primary').length, 1, network);
    }
  });

  it('the hub is peered with every network, and no spoke with another', () => {
    const peerings = (estate as unknown as { peerings: { hub: string; spoke: string }[] }).peerings;
    const networks = new Set(Object.values(estate.sites).map(site => site.network));
    assert.deepEqual(new Set(peerings.map(one => one.hub)), new Set(['devops']));
    assert.deepEqual(new Set(peerings.map(one => one.spoke)), new Set([...networks].filter(name => name !== 'devops')));
  });
});
