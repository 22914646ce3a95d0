import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { clusterOf, contains, judge, type Endpoint, type Pod, type Port } from './network-engine.ts';
import { parseManifests, type Labels, type Manifest } from './manifests.ts';

const pod = (namespace: string, app: string, ports: Record<string, number> = { http: 8080 }): Pod => ({ kind: 'pod', namespace, labels: { app }, serviceAccount: app, ports });
const tcp = (port: number): Port => ({ protocol: 'TCP', port });
const may = (text: string, from: Endpoint, to: Endpoint, port: Port, namespaces: Record<string, Labels> = {}) => judge(clusterOf(parseManifests(text), namespaces), from, to, port).allowed;
const a = pod('one', 'a');
const b = pod('two', 'b');
const deny = (namespace: string) => `
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: deny, namespace: ${namespace} }
spec: { podSelector: {}, policyTypes: [Ingress, Egress] }`;
const policy = (namespace: string, spec: string) => `
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: p${spec.length}, namespace: ${namespace} }
spec: ${spec}`;

describe('NetworkPolicy', () => {
  it('allows everything where no policy selects the pod, and each side asks its own', () => {
    assert.equal(may('', a, b, tcp(1)), true);
    assert.equal(may(deny('one'), a, b, tcp(1)), false);
    assert.equal(may(deny('two'), a, b, tcp(1)), false);
    assert.equal(may(deny('three'), a, b, tcp(1)), true);
  });

  it('takes a policy without policyTypes for ingress, and for egress only when it speaks of it', () => {
    assert.equal(may(policy('one', '{ podSelector: {} }'), a, b, tcp(1)), true);
    assert.equal(may(policy('two', '{ podSelector: {} }'), a, b, tcp(1)), false);
    assert.equal(may(policy('one', '{ podSelector: {}, egress: [] }'), a, b, tcp(1)), false);
  });

  it('knows one peer with two selectors (both) from two peers (either)', () => {
    const both = policy('two', '{ podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: x } }, podSelector: { matchLabels: { app: a } } }] }] }');
    const either = policy('two', '{ podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: x } } }, { podSelector: { matchLabels: { app: a } } }] }] }');
    assert.equal(may(both, a, b, tcp(1), { one: { team: 'x' } }), true);
    assert.equal(may(both, pod('one', 'z'), b, tcp(1), { one: { team: 'x' } }), false);
    assert.equal(may(either, pod('one', 'z'), b, tcp(1), { one: { team: 'x' } }), true);
    assert.equal(may(either, a, b, tcp(1), { one: {} }), false, 'a podSelector alone is of the own namespace');
    assert.equal(may(either, pod('two', 'a'), b, tcp(1)), true);
  });

  it('reads ports by number, by range, by the name the called pod gives it, and by protocol', () => {
    const ports = (text: string) => policy('two', `{ podSelector: {}, ingress: [{ ports: [${text}] }] }`);
    assert.equal(may(ports('{ port: 8080 }'), a, b, tcp(8080)), true);
    assert.equal(may(ports('{ port: 8080 }'), a, b, { protocol: 'UDP', port: 8080 }), false);
    assert.equal(may(ports('{ port: http }'), a, b, tcp(8080)), true);
    assert.equal(may(ports('{ port: http }'), a, pod('two', 'b', { http: 9090 }), tcp(8080)), false);
    assert.equal(may(ports('{ port: 8000, endPort: 8100 }'), a, b, tcp(8080)), true);
    assert.equal(may(ports('{ port: 8000, endPort: 8100 }'), a, b, tcp(8101)), false);
    assert.equal(may(ports('{ protocol: TCP }'), a, b, tcp(1)), true);
  });

  it('does not take a range of addresses for a pod, and leaves out what it excepts', () => {
    const open = policy('one', '{ podSelector: {}, egress: [{ to: [{ ipBlock: { cidr: 0.0.0.0/0, except: [10.0.0.0/8] } }] }] }');
    assert.equal(may(open, a, b, tcp(1)), false);
    assert.equal(may(open, a, { kind: 'address', address: '10.1.2.3' }, tcp(1)), false);
    assert.equal(may(open, a, { kind: 'address', address: '11.1.2.3' }, tcp(1)), true);
    assert.equal(may(open, a, { kind: 'name', name: 'psp.example' }, tcp(1)), true);
  });

  it('does not take a range of addresses for a node of the cluster either, and a port alone for every node', () => {
    const rule = (text: string) => clusterOf(parseManifests(policy('one', `{ podSelector: {}, egress: [{ ${text}ports: [{ port: 10250 }] }] }`)), {}, undefined, '10.10.0.0/20');
    const asks = (text: string, address: string) => judge(rule(text), a, { kind: 'address', address }, tcp(10250)).allowed;
    const range = 'to: [{ ipBlock: { cidr: 10.10.0.0/16 } }], ';
    assert.equal(asks(range, '10.10.0.17'), false);
    assert.equal(asks(range, '10.10.16.17'), true, 'a machine beside the cluster is an address like another');
    assert.equal(asks('', '10.10.0.17'), true);
  });

  it('refuses to judge by a field it does not know', () => {
    assert.throws(() => may(policy('two', '{ podSelector: {}, ingress: [{ fromNode: {} }] }'), a, b, tcp(1)), /fromNode is not known/);
  });
});

describe('FQDNNetworkPolicy', () => {
  const fqdn = `
---
apiVersion: networking.gke.io/v1alpha1
kind: FQDNNetworkPolicy
metadata: { name: psp, namespace: one }
spec: { podSelector: { matchLabels: { app: a } }, egress: [{ matches: [{ name: api.psp.example }, { pattern: '*.cards.example' }], ports: [{ protocol: TCP, port: 443 }] }] }`;
  it('opens names, and closes the pod to the rest', () => {
    const to = (name: string): Endpoint => ({ kind: 'name', name });
    assert.equal(may(fqdn, a, to('api.psp.example'), tcp(443)), true);
    assert.equal(may(fqdn, a, to('eu.cards.example'), tcp(443)), true);
    assert.equal(may(fqdn, a, to('a.eu.cards.example'), tcp(443)), false);
    assert.equal(may(fqdn, a, to('evil.example'), tcp(443)), false);
    assert.equal(may(fqdn, a, to('api.psp.example'), tcp(80)), false);
    assert.equal(may(fqdn, a, b, tcp(443)), false);
    assert.equal(may(fqdn, pod('one', 'other'), b, tcp(443)), true);
  });
});

describe('mesh', () => {
  const mesh = { one: { 'istio.io/dataplane-mode': 'ambient' }, two: { 'istio.io/dataplane-mode': 'ambient' } };
  const strict = `
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: istio-system }
spec: { mtls: { mode: STRICT } }`;
  const allow = (rules: string, name = 'allow', action = 'ALLOW') => `
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ${name}, namespace: two }
spec: { action: ${action}, rules: [${rules}] }`;
  const outside = pod('three', 'c');

  it('refuses plain text when STRICT (traps D10), from pods outside the mesh and from addresses; probes pass', () => {
    assert.equal(may(strict, outside, b, tcp(8080), mesh), false);
    assert.equal(may(strict, { kind: 'address', address: '35.191.1.1' }, b, tcp(8080), mesh), false);
    assert.equal(may(strict, { kind: 'address', address: '169.254.7.127' }, b, tcp(8080), mesh), true);
    assert.equal(may(strict, a, b, tcp(8080), mesh), true);
    assert.equal(may('', outside, b, tcp(8080), mesh), true, 'permissive without a policy');
  });

  it('takes the nearest PeerAuthentication, and a port of its own', () => {
    const near = `${strict}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: b, namespace: two }
spec: { selector: { matchLabels: { app: b } }, portLevelMtls: { 8080: { mode: PERMISSIVE } } }`;
    assert.equal(may(near, outside, b, tcp(8080), mesh), true);
    assert.equal(may(near, outside, b, tcp(9090), mesh), false);
  });

  it('needs the tunnel open on both sides, whatever port is meant', () => {
    const port = policy('two', '{ podSelector: {}, ingress: [{ ports: [{ port: 8080 }] }] }');
    assert.equal(may(port, a, b, tcp(8080), mesh), false);
    assert.equal(may(port.replace('8080', '15008'), a, b, tcp(8080), mesh), true);
  });

  it('lets AuthorizationPolicies decide by identity, denials first', () => {
    const fromOne = allow('{ from: [{ source: { namespaces: [one] } }], to: [{ operation: { ports: ["8080"] } }] }');
    assert.equal(may(fromOne, a, b, tcp(8080), mesh), true);
    assert.equal(may(fromOne, a, b, tcp(9090), mesh), false);
    assert.equal(may(fromOne, outside, b, tcp(8080), { ...mesh, three: mesh.one }), false);
    assert.equal(may(fromOne, outside, b, tcp(8080), mesh), false, 'no identity without the mesh');
    assert.equal(may(fromOne + allow('{ from: [{ source: { principals: ["cluster.local/ns/one/sa/a"] } }] }', 'no', 'DENY'), a, b, tcp(8080), mesh), false);
    assert.equal(may(allow(''), a, b, tcp(8080), mesh), false, 'an empty policy allows nothing');
    assert.throws(() => may(allow('{ to: [{ operation: { methods: [GET] } }] }'), a, b, tcp(8080), mesh), /methods is not known/);
  });
});

describe('properties', () => {
  const address = fc.tuple(...[0, 1, 2, 3].map(() => fc.nat(255))).map(parts => parts.join('.'));
  const bitsOf = (text: string) => text.split('.').map(part => Number(part).toString(2).padStart(8, '0')).join('');
  it('a range contains the addresses that begin with its bits', () => {
    fc.assert(fc.property(address, address, fc.nat(32), (network, other, length) => contains(`${network}/${length}`, other) === (bitsOf(network).slice(0, length) === bitsOf(other).slice(0, length))));
  });

  const labels = fc.constantFrom('a', 'b', 'c').map(app => ({ matchLabels: { app } }));
  const peer = fc.oneof(
    labels.map(podSelector => ({ podSelector })),
    fc.constantFrom('x', 'y').map(team => ({ namespaceSelector: { matchLabels: { team } } })),
    fc.tuple(address, fc.nat(32)).map(([network, length]) => ({ ipBlock: { cidr: `${network}/${length}` } })),
  );
  const rule = (direction: string) => fc.record({ [direction]: fc.array(peer, { minLength: 1, maxLength: 3 }), ports: fc.array(fc.integer({ min: 1, max: 5 }).map(port => ({ port })), { minLength: 1, maxLength: 3 }) });
  const anyPolicy = fc.record({
    namespace: fc.constantFrom('one', 'two'),
    podSelector: fc.oneof(fc.constant({}), labels),
    ingress: fc.array(rule('from'), { maxLength: 3 }),
    egress: fc.array(rule('to'), { maxLength: 3 }),
  }).map(({ namespace, ...spec }): Manifest => ({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'p', namespace }, spec: { ...spec, policyTypes: ['Ingress', 'Egress'] } }));
  const policies = fc.array(anyPolicy, { maxLength: 5 });
  const end: fc.Arbitrary<Endpoint> = fc.oneof(
    fc.tuple(fc.constantFrom('one', 'two'), fc.constantFrom('a', 'b', 'c')).map(([namespace, app]) => pod(namespace, app)),
    address.map(text => ({ kind: 'address' as const, address: text })),
  );
  const namespaces = { one: { team: 'x' }, two: { team: 'y' } };
  const closed = [...parseManifests(deny('one') + deny('two'))];
  const verdict = (manifests: Manifest[], from: Endpoint, to: Endpoint, port: number) => judge(clusterOf(manifests, namespaces), from, to, tcp(port)).allowed;

  it('where everything is closed, one more policy only ever opens', () => {
    fc.assert(fc.property(policies, anyPolicy, end, end, fc.integer({ min: 1, max: 5 }), (some, more, from, to, port) =>
      !verdict([...closed, ...some], from, to, port) || verdict([...closed, ...some, more], from, to, port)));
  });

  it('the order of policies says nothing', () => {
    fc.assert(fc.property(policies, end, end, fc.integer({ min: 1, max: 5 }), (some, from, to, port) => verdict(some, from, to, port) === verdict([...some].reverse(), from, to, port)));
  });

  it('deny-all on both sides leaves nothing between pods', () => {
    fc.assert(fc.property(end.filter(one => one.kind === 'pod'), end, fc.integer({ min: 1, max: 5 }), (from, to, port) => !verdict(closed, from, to, port)));
  });
});
