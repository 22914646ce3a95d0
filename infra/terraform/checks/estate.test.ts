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

/** Names that Terraform makes of the estate and Google would refuse: accounts 6 to 30 characters, clusters 40, buckets 63 with what the archive adds. */
function misfits(estate: Estate & { identities: Record<string, { perRegion: boolean; sites: string[] }>; buckets: Record<string, string | Record<string, string>> }): string[] {
  const accounts = [
    ...Object.entries(estate.identities).flatMap(([name, { perRegion, sites }]) => (perRegion ? sites.map(site => `${name}-${estate.sites[site]!.region}`) : [name])),
    ...Object.values(estate.sites).flatMap(({ region }) => ['system', 'application', 'batch', 'auto'].map(pool => `gke-${pool}-${region}`)),
    ...Object.keys(estate.databases).map(site => `patroni-${estate.sites[site]!.region}`),
  ];
  const buckets = Object.values(estate.buckets).flatMap(one => (typeof one === 'string' ? [one] : Object.values(one).map(name => `${name}-locked`)));
  const wrong = (names: string[], what: string, shape: RegExp) => [...new Set(names)].filter(name => !shape.test(name)).map(name => `${name} is no name of ${what}`);
  return [
    ...wrong(accounts, 'an account', /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/),
    ...wrong(Object.values(estate.projects), 'a project', /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/),
    ...wrong(Object.values(estate.sites).map(site => site.cluster), 'a cluster', /^[a-z][a-z0-9-]{0,38}[a-z0-9]$/),
    ...wrong(buckets, 'a bucket', /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/),
  ];
}

describe('estate', () => {
  const estate = readEstate(repository);

  it('names made of it are of the length and letters that Google takes', () => {
    const whole = estate as any;
    assert.deepEqual(misfits(whole), []);
    const worse = structuredClone(whole);
    worse.identities['a-name-that-is-far-too-long-here'] = { perRegion: true, sites: [Object.keys(estate.sites)[0]] };
    worse.identities['dr'] = { perRegion: false, sites: [] };
    worse.buckets.backups.more = 'b'.repeat(57);
    assert.equal(misfits(worse).length, 3, misfits(worse).join('; '));
  });

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
