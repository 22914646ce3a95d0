import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { folder } from '../render.ts';
import { containersOf, nameOf, parseManifests, readEstate, renderedClusters, type Labels, type Manifest } from './manifests.ts';
import { evaluate, generated, type Problem, type SignedImage } from './policies.ts';

const base = path.join(folder, 'platform-components/kyverno-policies/base');
const policies = readdirSync(base)
  .filter(name => name.endsWith('.yaml') && name !== 'kustomization.yaml')
  .flatMap(name => parseManifests(readFileSync(path.join(base, name), 'utf8')));
const validating = policies.filter(policy => policy.kind.endsWith('ValidatingPolicy'));
const estate = readEstate();
const signer = { issuer: estate.signing.issuer, subject: estate.signing.subject };
const signed = (): SignedImage => ({ ...signer, sbom: { ...signer, type: 'https://cyclonedx.org/bom' } });
const registry = `${estate.registry.host}/`;
const digest = `sha256:${'5'.repeat(64)}`;
const image = `${registry}shop@${digest}`;

/** Signatures of our images are taken for given: whether the registry has them is asked at admission. */
const signaturesOf = (items: Manifest[]) => new Map(items.flatMap(containersOf).filter(one => one.image.startsWith(registry)).map(one => [one.image, signed()]));
const problemsOf = (item: Manifest, world = {}): Problem[] => validating.flatMap(policy => evaluate(policy, item, { signed: new Map([[image, signed()]]), ...world }));

const labels = 'team: payments-core, product: payments, system: payments, component: shop, environment: production, region: region-a, cost-center: cc-4100, data-class: confidential, residency: eu, tier: "0"';
const good = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop, namespace: payments, labels: { ${labels} } }
spec:
  replicas: 2
  selector: { matchLabels: { app: shop } }
  template:
    metadata: { labels: { app: shop, ${labels} } }
    spec:
      serviceAccountName: shop
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 40
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: RuntimeDefault } }
      volumes: [{ name: tmp, emptyDir: {} }]
      containers:
        - name: shop
          image: ${image}
          ports: [{ name: http, containerPort: 8080 }]
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: [ALL] } }
          resources: { requests: { cpu: "1", memory: 1Gi }, limits: { cpu: "1", memory: 1Gi } }
          readinessProbe: { httpGet: { path: /readyz, port: http } }
          livenessProbe: { httpGet: { path: /livez, port: http } }
          lifecycle: { preStop: { sleep: { seconds: 10 } } }
`;
const fresh = (): Manifest => parse(good, { version: '1.1' });
type Change = (spec: any, item: any) => void;
const container = (spec: any) => spec.template.spec.containers[0];

/** [what is wrong, the policy, part of its message, the change that makes it wrong] */
const bad: [string, string, RegExp, Change][] = [
  ['a pod on the network of the node', 'restricted-pods', /stay off the node's network/, spec => (spec.template.spec.hostNetwork = true)],
  ['a hostPath volume', 'restricted-pods', /hostPath is not/, spec => spec.template.spec.volumes.push({ name: 'node', hostPath: { path: '/' } })],
  ['a privileged container', 'restricted-pods', /not privileged/, spec => (container(spec).securityContext.privileged = true)],
  ['a container that may gain privileges, by saying nothing', 'restricted-pods', /not privileged/, spec => delete container(spec).securityContext.allowPrivilegeEscalation],
  ['a container that keeps capabilities', 'restricted-pods', /drop ALL/, spec => delete container(spec).securityContext.capabilities],
  ['a container that adds SYS_ADMIN', 'restricted-pods', /drop ALL/, spec => (container(spec).securityContext.capabilities.add = ['SYS_ADMIN'])],
  ['a pod that may be root, by saying nothing', 'restricted-pods', /do not run as root/, spec => delete spec.template.spec.securityContext.runAsNonRoot],
  ['a root user', 'restricted-pods', /do not run as root/, spec => (spec.template.spec.securityContext.runAsUser = 0)],
  ['a root user of one container', 'restricted-pods', /do not run as root/, spec => (container(spec).securityContext.runAsUser = 0)],
  ['no seccomp profile', 'restricted-pods', /seccomp/, spec => delete spec.template.spec.securityContext.seccompProfile],
  ['a root file system that can be written', 'restricted-pods', /read-only/, spec => delete container(spec).securityContext.readOnlyRootFilesystem],
  ['a port of the node', 'restricted-pods', /hostPort/, spec => (container(spec).ports[0].hostPort = 80)],
  ['an init container that is root', 'restricted-pods', /do not run as root/, spec => (spec.template.spec.initContainers = [{ ...container(spec), securityContext: { ...container(spec).securityContext, runAsUser: 0 } }])],
  ['an image by tag', 'image-references', /by digest/, spec => (container(spec).image = `${registry}shop:1.0.0`)],
  ['an image of another registry', 'image-references', /from our registries/, spec => (container(spec).image = `docker.io/library/shop@${digest}`)],
  ['a registry that only begins like ours', 'image-references', /from our registries/, spec => (container(spec).image = `${estate.registry.host}-evil/shop@${digest}`)],
  ['an unsigned image', 'signed-images', /are signed by the release workflow/, spec => (container(spec).image = `${registry}unsigned@${digest}`)],
  ['an unsigned image of a service', 'signed-service-images', /signed by the workflow of its repository/, spec => (container(spec).image = `europe-west1-docker.pkg.dev/airpay-payments-prod/shop/service@${digest}`)],
  ['an image of a project that is not ours', 'image-references', /from our registries/, spec => (container(spec).image = `europe-west1-docker.pkg.dev/airpay-payments-prod-x/shop/service@${digest}`)],
  ['no memory limit', 'resource-limits', /memory limit/, spec => delete container(spec).resources.limits.memory],
  ['no requests', 'resource-limits', /requests/, spec => delete container(spec).resources.requests.cpu],
  ['tier 0 with limits above its requests', 'resource-limits', /Tier 0/, spec => (container(spec).resources.limits.cpu = '2')],
  ['a token of the Kubernetes API that nobody asked for', 'service-account-tokens', /automountServiceAccountToken/, spec => delete spec.template.spec.automountServiceAccountToken],
  ['no readiness probe', 'probes', /readinessProbe and a livenessProbe/, spec => delete container(spec).readinessProbe],
  ['no liveness probe', 'probes', /readinessProbe and a livenessProbe/, spec => delete container(spec).livenessProbe],
  ['one path for readiness and liveness', 'probes', /not the same question/, spec => (container(spec).livenessProbe.httpGet.path = '/readyz')],
  ['no wait before the end', 'graceful-shutdown', /waits before it stops/, spec => delete container(spec).lifecycle],
  ['a grace period that the wait uses up', 'graceful-shutdown', /terminationGracePeriodSeconds/, spec => (spec.template.spec.terminationGracePeriodSeconds = 20)],
  ['no team', 'required-labels', /^These labels are missing: team$/, (spec, item) => (delete item.metadata.labels.team, delete spec.template.metadata.labels.team)],
  ['a label value no tool can read', 'required-labels', /lower case/, (spec, item) => (item.metadata.labels.component = spec.template.metadata.labels.component = 'The Shop')],
  ['a tier that does not exist', 'required-labels', /tier is 0, 1, 2 or 3/, (_, item) => (item.metadata.labels.tier = '7')],
  ['pods of another tier than their workload', 'required-labels', /carry the labels of the workload/, spec => (spec.template.metadata.labels.tier = '1')],
  ['Mexican data in a European cluster', 'residency', /of residency class eu, the pod of mx/, (spec, item) => (item.metadata.labels.residency = spec.template.metadata.labels.residency = 'mx')],
];

describe('Kyverno policies', () => {
  it('is content with a manifest that keeps every rule', () => assert.deepEqual(problemsOf(fresh()), []));

  for (const [what, policy, message, change] of bad) {
    it(`refuses ${what}`, () => {
      const item = fresh();
      change(item.spec, item);
      const found = problemsOf(item);
      assert.ok(found.some(one => one.policy === policy && message.test(one.message)), JSON.stringify(found, null, 1));
    });
  }

  const other: [string, string, RegExp, string][] = [
    ['a disruption budget that lets nobody go', 'disruption-budgets', /maxUnavailable of at least 1/, 'apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: { name: shop, namespace: payments }\nspec: { maxUnavailable: 0, selector: { matchLabels: { app: shop } } }'],
    ['a disruption budget that wants all replicas (3 of 3)', 'disruption-budgets', /maxUnavailable of at least 1/, 'apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: { name: shop, namespace: payments }\nspec: { minAvailable: 3, selector: { matchLabels: { app: shop } } }'],
    ['a disruption budget at 100 %', 'disruption-budgets', /maxUnavailable of at least 1/, 'apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: { name: shop, namespace: payments }\nspec: { minAvailable: 100%, selector: { matchLabels: { app: shop } } }'],
    ['a disruption budget over every pod of a namespace', 'disruption-budgets', /empty selector/, 'apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: { name: shop, namespace: payments }\nspec: { maxUnavailable: 1, selector: {} }'],
    ['a Service with an address of its own', 'services-stay-inside', /ClusterIP/, 'apiVersion: v1\nkind: Service\nmetadata: { name: shop, namespace: payments }\nspec: { type: LoadBalancer, ports: [{ port: 80 }] }'],
    ['a NodePort', 'services-stay-inside', /ClusterIP/, 'apiVersion: v1\nkind: Service\nmetadata: { name: shop, namespace: payments }\nspec: { type: NodePort, ports: [{ port: 80 }] }'],
    ['external addresses on a Service', 'services-stay-inside', /externalIPs/, 'apiVersion: v1\nkind: Service\nmetadata: { name: shop, namespace: payments }\nspec: { externalIPs: [203.0.113.5], ports: [{ port: 80 }] }'],
    ['a namespace without the labels', 'required-labels-namespaces', /missing: team, product/, 'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop, labels: { pod-security.kubernetes.io/enforce: restricted } }'],
    ['a namespace that enforces no Pod Security Standard', 'required-labels-namespaces', /Pod Security Standard/, `apiVersion: v1\nkind: Namespace\nmetadata: { name: shop, labels: { ${labels} } }`],
    ['an application namespace at baseline', 'required-labels-namespaces', /Pod Security Standard/, `apiVersion: v1\nkind: Namespace\nmetadata: { name: shop, labels: { ${labels}, pod-security.kubernetes.io/enforce: baseline } }`],
    ['an exception nobody answers for', 'exceptions-end', /names its owner/, 'apiVersion: policies.kyverno.io/v1\nkind: PolicyException\nmetadata: { name: shop, namespace: kyverno, labels: { cleanup.kyverno.io/ttl: "2027-01-31" }, annotations: { airpay.com/expires: "2027-01-31" } }'],
    ['an exception without an end', 'exceptions-end', /ends on a day/, 'apiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: { name: shop, namespace: kyverno, annotations: { airpay.com/owner: payments-core, airpay.com/reason: the old image runs as root until it is rebuilt } }'],
    ['an exception outside the namespace of the platform', 'exceptions-end', /namespace kyverno/, 'apiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: { name: shop, namespace: payments }'],
  ];
  for (const [what, policy, message, text] of other) {
    it(`refuses ${what}`, () => {
      const found = problemsOf(parse(text, { version: '1.1' }));
      assert.ok(found.some(one => one.policy === policy && message.test(one.message)), JSON.stringify(found, null, 1));
    });
  }

  it('takes an exception with an owner, a reason and a day on which it ends', () => {
    const text = `apiVersion: policies.kyverno.io/v1
kind: PolicyException
metadata:
  name: shop
  namespace: kyverno
  labels: { cleanup.kyverno.io/ttl: "2027-01-31" }
  annotations: { airpay.com/expires: "2027-01-31", airpay.com/owner: payments-core, airpay.com/reason: the old image runs as root until it is rebuilt }`;
    assert.deepEqual(problemsOf(parse(text, { version: '1.1' })), []);
  });

  it('refuses an image that somebody else signed, and one whose bill of materials somebody else signed', () => {
    const stranger = { issuer: signer.issuer, subject: 'https://github.com/somebody/portal/.github/workflows/release.yml@refs/heads/main' };
    const verdict = (by: SignedImage) => problemsOf(fresh(), { signed: new Map([[image, by]]) }).map(one => one.message);
    assert.match(verdict({ ...stranger, sbom: signed().sbom! }).join(), /are signed by the release workflow/);
    assert.deepEqual(verdict({ ...signer, sbom: { ...stranger, type: 'https://cyclonedx.org/bom' } }), ['Images of our registry carry a CycloneDX bill of materials signed by the release workflow']);
    assert.equal(verdict(signer).length, 1, 'no bill of materials');
    assert.equal(verdict({ ...signer, sbom: { ...signer, type: 'https://slsa.dev/provenance/v1' } }).length, 1, 'another attestation');
  });

  it('takes a service whose own repository signed it, and no other repository or branch', () => {
    const service = `europe-west1-docker.pkg.dev/airpay-payments-prod/shop/service@${digest}`;
    const item = fresh();
    item.spec.template.spec.containers[0].image = service;
    const verdict = (subject: string) => problemsOf(item, { signed: new Map([[service, { issuer: signer.issuer, subject }]]) }).map(one => one.policy);
    assert.deepEqual(verdict('https://github.com/airpay/shop/.github/workflows/ci.yml@refs/heads/main'), []);
    const workflow = readFileSync(path.join(folder, '../../templates/payment-service/skeleton/service/.github/workflows/ci.yml'), 'utf8');
    assert.ok(workflow.indexOf('docker push') < workflow.indexOf('cosign sign --yes'), 'what the template makes signs what it pushed');
    for (const subject of ['https://github.com/airpay/shop/.github/workflows/ci.yml@refs/heads/try', 'https://github.com/evil/shop/.github/workflows/ci.yml@refs/heads/main', 'https://github.com/airpay/shop/.github/workflows/other.yml@refs/heads/main']) {
      assert.deepEqual(verdict(subject), ['signed-service-images'], subject);
    }
  });

  it('names the signer, the registry, the labels and the residency classes that infra/estate.yaml names', () => {
    const text = (name: string) => readFileSync(path.join(base, `${name}.yaml`), 'utf8');
    const { attestors, matchImageReferences } = policies.find(policy => policy.metadata.name === 'signed-images')!.spec;
    assert.deepEqual(attestors[0].cosign.keyless.identities, [signer]);
    assert.deepEqual(matchImageReferences, [{ glob: `${estate.registry.host}/*` }]);
    const services = policies.find(policy => policy.metadata.name === 'signed-service-images')!.spec;
    assert.deepEqual(services.attestors[0].cosign.keyless.identities, [{ issuer: signer.issuer, subjectRegExp: estate.signing.services }]);
    const projects = ['payments-dev', 'payments-prod'].map(key => estate.projects[key]);
    assert.deepEqual(services.matchImageReferences, projects.map(project => ({ glob: `europe-*-docker.pkg.dev/${project}/*` })));
    const locations = new Set(Object.values<any>(estate.sites).map(site => site.location.replace('europe-', '')));
    assert.ok(text('image-references').includes(`'^europe-(${['west1', 'west4', 'north1'].join('|')})-docker[.]pkg[.]dev/(airpay-payments-dev|airpay-payments-prod)/'`));
    assert.deepEqual([...locations].sort(), ['north1', 'west1', 'west4']);
    assert.ok(text('image-references').includes(`'${registry}'`));
    const listed = `[${estate.requiredLabels.map((name: string) => `'${name}'`).join(', ')}]`;
    for (const name of ['required-labels', 'required-labels-namespaces']) {
      assert.ok(text(name).includes(listed), `${name} has another list than requiredLabels`);
      assert.ok(text(name).includes(`in [${Object.keys(estate.residency).map(one => `'${one}'`).join(', ')}]`), `${name}: residency`);
    }
  });

  it('leaves out the same namespaces everywhere: of the cluster itself, and where a rule is for applications those of the platform', () => {
    const lists = new Set<string>();
    for (const policy of validating) {
      const expression = policy.spec.matchConstraints.namespaceSelector?.matchExpressions;
      if (!expression) continue;
      assert.equal(expression.length, 1, policy.metadata.name);
      assert.deepEqual([expression[0].key, expression[0].operator], ['kubernetes.io/metadata.name', 'NotIn']);
      lists.add(expression[0].values.join());
      for (const name of ['payments', 'portal', 'synthetic']) assert.ok(!expression[0].values.includes(name), `${policy.metadata.name} leaves out ${name}`);
    }
    assert.equal(lists.size, 2, [...lists].join('\n'));
  });

  it('keeps policies on pods clear of object.metadata.namespace, which has no value once they are applied to what makes pods', () => {
    for (const policy of validating.filter(one => one.spec.autogen)) assert.doesNotMatch(JSON.stringify(policy), /object\.metadata\.\??namespace/, policy.metadata.name);
  });

  it('refuses in production (Deny, fail closed); dev reports', () => {
    for (const policy of validating) {
      assert.deepEqual(policy.spec.validationActions, ['Deny'], policy.metadata.name);
      assert.equal(policy.spec.failurePolicy, 'Fail', policy.metadata.name);
    }
    const overlay = (name: string) => parse(readFileSync(path.join(base, `../overlays/${name}/kustomization.yaml`), 'utf8'));
    assert.equal(overlay('production').patches, undefined);
    assert.deepEqual(overlay('dev').patches, [{ path: 'audit.yaml', target: { group: 'policies.kyverno.io', kind: 'ValidatingPolicy|ImageValidatingPolicy' } }]);
    assert.deepEqual(parse(readFileSync(path.join(base, '../overlays/dev/audit.yaml'), 'utf8')), [{ op: 'replace', path: '/spec/validationActions', value: ['Audit'] }]);
  });

  it('lets the controllers do what the policies count on: delete exceptions on their day, make what is generated', () => {
    const may = (controller: string, resource: string) => policies.filter(one => one.kind === 'ClusterRole' && one.metadata.labels![`rbac.kyverno.io/aggregate-to-${controller}-controller`] === 'true')
      .flatMap(one => one['rules']).filter(rule => rule.resources.includes(resource)).flatMap(rule => rule.verbs);
    assert.ok(['watch', 'delete'].every(verb => may('cleanup', 'policyexceptions').includes(verb)));
    const kinds = new Set(policies.filter(one => one.kind === 'ClusterPolicy').flatMap(one => one.spec.rules).map((rule: any) => rule.generate.kind));
    assert.deepEqual([...kinds], ['NetworkPolicy']);
    assert.ok(['create', 'update', 'delete', 'watch'].every(verb => may('background', 'networkpolicies').includes(verb)));
  });

  it('has been seen to refuse, policy by policy', () => {
    const tried = new Set([...bad.map(([, policy]) => policy), ...other.map(([, policy]) => policy)]);
    assert.deepEqual(validating.map(policy => policy.metadata.name).filter(name => !tried.has(name)), []);
  });

  it('does not evaluate what it does not know', () => {
    const policy = structuredClone(validating[0]!);
    policy.spec.celFutureField = {};
    assert.throws(() => evaluate(policy, fresh()), /celFutureField is not known/);
  });
});

describe('what the clusters run', () => {
  for (const [cluster, items] of renderedClusters()) {
    it(`${cluster}: every object keeps every policy`, () => {
      const namespaces = new Map<string, Labels>(items.filter(item => item.kind === 'Namespace').map(item => [item.metadata.name, item.metadata.labels ?? {}]));
      const world = { namespaces, signed: signaturesOf(items) };
      const found = items.flatMap(item => validating.flatMap(policy => evaluate(policy, item, world)).map(one => `${nameOf(item)}: ${one.policy}: ${one.message}`));
      assert.deepEqual(found, []);
    });
  }

  it('has no exception that has ended, or that nobody answers for', () => {
    const today = new Date().toISOString().slice(0, 10);
    const { metadata, spec } = policies.find(one => one.metadata.name === 'image-references')!;
    const listed = metadata.annotations!['airpay.com/excepted']!.trim().split('\n').map(line => /^(\S+) until (20\d\d-\d\d-\d\d) ([a-z-]+): .{20,}$/.exec(line));
    const images: string[] = JSON.parse(spec.variables.find((one: any) => one.name === 'byTag').expression.replaceAll("'", '"'));
    assert.deepEqual(listed.map(one => one?.[1]), images, 'what is excepted has a line with its end, its team and its reason');
    for (const one of listed) assert.ok(one![2]! > today, `${one![1]}: the exception has ended`);
    const running = new Set([...renderedClusters().values()].flat().flatMap(containersOf).map(one => one.image));
    const sources = globSync('**/*.yaml', { cwd: folder, exclude: (name: string) => name.includes('node_modules') }).filter(name => !name.includes('kyverno-policies')).map(name => readFileSync(path.join(folder, name), 'utf8')).join('\n');
    for (const one of images) assert.ok(running.has(one) || sources.includes(`image: ${one}\n`), `${one} runs nowhere: take the exception away`);
    for (const items of renderedClusters().values()) {
      for (const item of items.filter(one => one.kind === 'PolicyException')) {
        assert.ok(item.metadata.annotations!['airpay.com/expires']! > today, `${nameOf(item)} has ended: repair what it excused, or decide anew`);
      }
    }
  });
});

describe('network policies every namespace begins with', () => {
  const policy = policies.find(one => one.metadata.name === 'namespace-network')!;
  const namespace = (name: string, extra: Labels = {}): Manifest => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { system: 'payments', ...extra } } });

  it('closes a namespace of an application, with names, probes and, in the mesh, the tunnel left open', () => {
    const names = (item: Manifest) => generated(policy, item).map(one => `${one.metadata.namespace}/${one.metadata.name}`);
    assert.deepEqual(names(namespace('shop')), ['shop/platform-default-deny', 'shop/platform-default-allow']);
    const meshed = generated(policy, namespace('shop', { 'istio.io/dataplane-mode': 'ambient' }));
    assert.equal(meshed.length, 3);
    assert.equal(meshed[2]!.spec.ingress[0].from[0].namespaceSelector.matchLabels.system, 'payments');
    assert.deepEqual(names(namespace('kube-system')), []);
    assert.deepEqual(names(namespace('observability')), []);
  });
});
