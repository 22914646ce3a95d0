import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { gitops, readEstate } from './lib/estate.ts';
import { allApplications, build, components, manifestsOf, readYaml, skip, type Manifest } from './lib/manifests.ts';
import { filesOf, readLock, type Lock } from './pin.ts';

const LABELS = ['team', 'product', 'system', 'component', 'environment', 'region', 'cost-center', 'data-class', 'residency', 'tier'];
const FLOATING = /^(latest|stable|main|master|edge|nightly|dev)$|^v?\d+(\.\d+)?$/;

/** Where the lock and what is deployed say different things. */
function lockFaults(lock: Lock, text: (component: string) => string): string[] {
  const faults: string[] = [];
  for (const { component, chart, repository, version, images } of lock.components) {
    const found = components().find(item => item.name === component);
    if (!found) faults.push(`${component} is no component`);
    else if (found.chart && (found.chart.name !== chart || found.chart.repository !== repository || found.chart.version !== version)) faults.push(`${component}: chart is not that of the lock`);
    if (version && !/^v?\d+\.\d+\.\d+$/.test(version)) faults.push(`${component}: ${version} is not one version`);
    const here = text(component);
    for (const { name, tag, digest } of images) {
      if (FLOATING.test(tag)) faults.push(`${name}:${tag} floats`);
      const [, ...repositoryPath] = name.split('/');
      if (!here.includes(repositoryPath.join('/'))) faults.push(`${component} does not use ${name}`);
      if (!here.includes(tag)) faults.push(`${component} does not use ${name}:${tag}`);
      if (digest !== 'unknown' && !here.includes(digest)) faults.push(`${component} does not use ${digest} of ${name}`);
    }
    const known = new Set(images.map(({ digest }) => digest));
    for (const [digest] of here.matchAll(/sha256:[0-9a-f]{64}/g)) if (!known.has(digest)) faults.push(`${component}: ${digest} is not in the lock`);
    for (const [, image] of here.matchAll(/^\s*(?:- )?(?:image|tag): ["']?([^\s"'{]+)/gm)) {
      const bare = !image!.includes('@sha256:') && !images.some(({ tag, digest, name }) => (here.includes(`digest: ${digest}`) && tag === image) || (digest === 'unknown' && image === `${name}:${tag}`));
      if (bare) faults.push(`${component}: ${image} has no digest`);
    }
  }
  for (const item of components()) if (item.chart && !lock.components.some(({ component }) => component === item.name)) faults.push(`${item.name} is not in the lock`);
  return faults;
}

const textOf = (component: string) => filesOf(component).map(file => readFileSync(file, 'utf8')).join('\n');

describe('what the platform is made of', { skip }, () => {
  it('lock, values and manifests agree, and nothing floats', () => {
    assert.deepEqual(lockFaults(readLock(), textOf), []);
    const images = readLock().components.flatMap(item => item.images);
    assert.ok(images.length >= 26, String(images.length));
    for (const { digest, source, date } of images) {
      assert.match(digest, /^(sha256:[0-9a-f]{64}|unknown)$/);
      assert.ok(source.length > 5 && /^\d{4}-\d\d-\d\d$/.test(date));
    }
  });

  it('an image without a digest, one that floats and one the lock does not know are each seen', () => {
    const faults = (from: string, to: string) => lockFaults(readLock(), component => (component === 'thanos' ? textOf(component).replaceAll(from, to) : textOf(component)));
    const [image] = readLock().components.find(item => item.component === 'thanos')!.images;
    assert.ok(faults(`@${image!.digest}`, '').some(fault => fault.includes('has no digest')));
    assert.ok(faults(image!.digest, `sha256:${'a'.repeat(64)}`).some(fault => fault.includes('is not in the lock')));
    const floating = readLock();
    floating.components.find(item => item.component === 'thanos')!.images[0]!.tag = 'latest';
    assert.ok(lockFaults(floating, textOf).includes('quay.io/thanos/thanos:latest floats'));
  });

  it('every image comes from a registry that the policy of the clusters admits', () => {
    const policy = readFileSync(path.join(gitops, 'platform-components/kyverno-policies/base/image-references.yaml'), 'utf8');
    const admitted = [...policy.matchAll(/'([a-z0-9.-]+\.[a-z]+\/[a-z0-9/-]*)@?'/g)].map(match => match[1]!);
    assert.ok(admitted.length >= 10);
    const refused = (names: string[]) => names.filter(name => !admitted.some(registry => name.startsWith(registry)));
    const mesh = new Set(['istiod', 'istio-cni', 'ztunnel']);
    assert.deepEqual(refused(readLock().components.filter(item => !mesh.has(item.component)).flatMap(item => item.images.map(({ name }) => name))), []);
    assert.deepEqual(refused(['docker.io/somebody/thanos']), ['docker.io/somebody/thanos']);
  });

  it('the digests that could not be read are counted, and do not become more', () => {
    const unknown = readLock().components.flatMap(item => item.images).filter(({ digest }) => digest === 'unknown').map(({ name }) => name);
    assert.deepEqual([...new Set(unknown)], ['ghcr.io/runatlantis/atlantis']);
  });
});

const workloadKinds = ['Deployment', 'StatefulSet', 'DaemonSet'];
/** Every workload of ours in every cluster, with what is beside it. */
function ours(): { where: string; item: Manifest; beside: Manifest[] }[] {
  return allApplications().filter(({ application }) => application.spec.project === 'platform').flatMap(({ application }) => {
    const beside = manifestsOf(application);
    return beside.filter(({ kind }) => workloadKinds.includes(kind)).map(item => ({ where: application.metadata.name, item, beside }));
  });
}

/** What a workload of ours lacks. */
function workloadFaults(item: Manifest, beside: Manifest[]): string[] {
  const faults: string[] = [];
  const { metadata, spec: pod } = item.spec.template;
  const security = pod.securityContext ?? {};
  if (security.runAsNonRoot !== true || security.seccompProfile?.type !== 'RuntimeDefault') faults.push('pod is not restricted');
  if (pod.automountServiceAccountToken !== (['otel-scraper', 'kube-state-metrics'].includes(item.metadata.name))) faults.push('token of the service account');
  for (const container of [...pod.containers, ...(pod.initContainers ?? [])]) {
    const own = container.securityContext ?? {};
    if (own.allowPrivilegeEscalation !== false || own.readOnlyRootFilesystem !== true || !own.capabilities?.drop?.includes('ALL')) faults.push(`${container.name} is not restricted`);
    const { requests, limits } = container.resources ?? {};
    if (!requests || JSON.stringify(requests) !== JSON.stringify(limits)) faults.push(`${container.name}: requests are not limits`);
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) if (!container[probe]) faults.push(`${container.name}: no ${probe}`);
  }
  for (const label of LABELS) if (!metadata.labels?.[label] && !['environment', 'region'].includes(label)) faults.push(`pod has no label ${label}`);
  const selects = (selector: any) => Object.entries(selector?.matchLabels ?? { none: '' }).every(([key, value]) => metadata.labels?.[key] === value);
  const policy = beside.find(one => one.kind === 'NetworkPolicy' && selects(one.spec.podSelector));
  if (!policy || !policy.spec.policyTypes.includes('Egress') || !policy.spec.policyTypes.includes('Ingress')) faults.push('no network policy of its own');
  else if (JSON.stringify(policy.spec.egress).includes('{}') || policy.spec.egress.some((rule: any) => !rule.ports)) faults.push('egress is open');
  const budget = beside.find(one => one.kind === 'PodDisruptionBudget' && selects(one.spec.selector));
  if (item.spec.replicas > 1) {
    if (!budget) faults.push('no disruption budget');
    else if (budget.spec.maxUnavailable !== 1) faults.push('a node could not be drained');
    if (pod.topologySpreadConstraints?.length !== 2) faults.push('not spread');
  } else if (budget && budget.spec.maxUnavailable !== 1) faults.push('a node could not be drained');
  return faults;
}

describe('workloads of the platform', { skip }, () => {
  it('are restricted, bounded, probed, spread, closed to all but named peers, and never hold up a drain', () => {
    const found = ours();
    assert.ok(found.length >= 20, String(found.length));
    for (const { where, item, beside } of found) assert.deepEqual(workloadFaults(item, beside), [], `${where} ${item.kind} ${item.metadata.name}`);
  });

  it('a workload that is not is seen', () => {
    const { item, beside } = structuredClone(ours().find(one => one.item.metadata.name === 'thanos-query')!);
    item.spec.template.spec.containers[0].securityContext = {};
    item.spec.template.spec.containers[0].resources.limits.memory = '1Gi';
    beside.find(one => one.kind === 'PodDisruptionBudget')!.spec = { minAvailable: 2, selector: item.spec.selector };
    assert.deepEqual(workloadFaults(item, beside.filter(one => one.kind !== 'NetworkPolicy')), ['query is not restricted', 'query: requests are not limits', 'no network policy of its own', 'a node could not be drained']);
  });

  it('every object carries the ten labels, two of them from the cluster it goes to', () => {
    for (const { application } of allApplications()) {
      if (application.spec.project !== 'platform') continue;
      for (const { kind, metadata } of manifestsOf(application)) {
        for (const label of LABELS) assert.ok(metadata.labels?.[label], `${application.metadata.name}: ${kind} ${metadata.name} has no label ${label}`);
      }
    }
  });

  it('every account at Google is the one the estate gives to that pod, in its own project', () => {
    const estate = readEstate();
    const accounts = Object.values(estate.sites).flatMap(site => Object.entries(estate.identities).map(([name, identity]) => [site.cluster, name, identity] as const));
    let seen = 0;
    for (const { application } of allApplications()) {
      const cluster = application.spec.destination.name as string;
      const site = Object.values(estate.sites).find(one => one.cluster === cluster)!;
      for (const item of manifestsOf(application).filter(one => one.kind === 'ServiceAccount')) {
        const account = item.metadata.annotations?.['iam.gke.io/gcp-service-account'];
        if (!account) continue;
        const match = accounts.find(([where, , identity]) => where === cluster && identity.serviceAccount === item.metadata.name && identity.namespace === item.metadata.namespace)!;
        assert.equal(account, `${match[1]}${match[2].perRegion ? `-${site.region}` : ''}@${estate.projects[site.project]}.iam.gserviceaccount.com`);
        seen += 1;
      }
      for (const file of application.spec.sources?.[0].helm?.valueFiles ?? []) {
        const one = path.join(gitops, '../..', file.replace('$values/', ''));
        const text = existsSync(one) ? readFileSync(one, 'utf8') : '';
        for (const [, account] of text.matchAll(/gcp-service-account: (\S+)/g)) {
          assert.ok(account!.endsWith(`@${estate.projects[site.project]}.iam.gserviceaccount.com`), account);
          seen += 1;
        }
      }
    }
    assert.ok(seen >= 20, String(seen));
  });
});

describe('secrets of the platform', { skip }, () => {
  it('are in no manifest: each comes from Secret Manager by a name the estate has', () => {
    const { secrets, sites } = readEstate();
    const ids = new Set(Object.entries(secrets).flatMap(([name, { sites: at }]) => at.map(site => (sites[site]!.role === 'hub' ? name : `${name}-${sites[site]!.region}`))));
    for (const { application } of allApplications()) {
      for (const item of manifestsOf(application)) {
        assert.notEqual(item.kind, 'Secret', `${application.metadata.name} ${item.metadata.name}`);
        if (item.kind !== 'ExternalSecret') continue;
        const keys = [...(item.spec.data ?? []).map((one: any) => one.remoteRef.key), ...(item.spec.dataFrom ?? []).map((one: any) => one.extract.key)];
        for (const key of keys) assert.ok(ids.has(key), `${application.metadata.name}: no secret ${key}`);
      }
    }
  });
});

describe('Atlantis', { skip }, () => {
  const server = () => readYaml('devops-components/atlantis/repos.yaml');
  it('applies only what another approved and may be merged, by workflows of the server', () => {
    for (const repo of server().repos) {
      for (const wanted of ['approved', 'mergeable', 'undiverged']) assert.ok(repo.apply_requirements.includes(wanted), wanted);
      assert.equal(repo.allow_custom_workflows, false);
      assert.ok(!repo.allowed_overrides.includes('apply_requirements'));
      // An expression names the host and the organisation and is closed at both ends; the one for all repositories is of no branch.
      if (repo.id === '/.*/') assert.equal(repo.branch, '/^$/');
      else assert.match(repo.id, /^(\/\^github\\\.com\/airpay\/.*\$\/|github\.com\/airpay\/[a-z-]+)$/);
    }
  });

  it('plans as who reads and applies as who writes, each in the project of its environment and in no other', () => {
    const { projects } = readEstate();
    const home: Record<string, string> = { dev: projects['payments-dev']!, prod: projects['payments-prod']!, hub: projects.devops! };
    const { workflows, repos } = server();
    assert.deepEqual(Object.keys(workflows).sort(), [...Object.keys(home), 'default', 'service-dev', 'service-prod'].sort());
    assert.deepEqual([...repos.find((one: any) => one.id === 'github.com/airpay/portal').allowed_workflows].sort(), Object.keys(home).sort());
    for (const [title, workflow] of Object.entries<any>(workflows)) {
      // Refuses (services.test.ts).
      if (title === 'default') continue;
      const name = title.replace(/^service-/, '');
      for (const [stage, role] of [['plan', 'planner'], ['apply', 'deployer']] as const) {
        const env = workflow[stage].steps.find((step: any) => step.env)?.env;
        assert.deepEqual(env, { name: 'GOOGLE_IMPERSONATE_SERVICE_ACCOUNT', value: `${role}-${name}@${home[name]}.iam.gserviceaccount.com` });
      }
    }
  });

  it('has a namespace to itself and takes webhooks, nothing else', () => {
    const all = build('devops-components/atlantis');
    assert.deepEqual([...new Set(all.map(item => item.metadata.namespace))], ['atlantis']);
    const route = all.find(item => item.kind === 'HTTPRoute')!;
    assert.deepEqual(route.spec.rules[0].matches.map((match: any) => match.path.value), ['/events', '/healthz']);
  });
});

describe('Grafana', { skip }, () => {
  const folder = path.join(gitops, 'devops-components/grafana/dashboards');
  const files = readdirSync(folder);
  const read = (file: string) => JSON.parse(readFileSync(path.join(folder, file), 'utf8'));

  it('has dashboards from git, each with an id of its own and panels that ask something', () => {
    assert.deepEqual(files.sort(), ['backup.json', 'capacity.json', 'database.json', 'ledger.json', 'red.json', 'slo.json']);
    assert.equal(new Set(files.map(file => read(file).uid)).size, files.length);
    const served = Object.keys(build('devops-components/grafana').find(item => item.metadata.name.startsWith('grafana-dashboards'))!.data!);
    assert.deepEqual(served.sort(), files.sort());
    for (const file of files) {
      const { uid, panels, editable } = read(file);
      assert.ok(uid && panels.length >= 6 && editable === false, file);
      assert.equal(new Set(panels.map((panel: any) => panel.id)).size, panels.length, file);
      for (const panel of panels) assert.ok(panel.title && panel.targets.length > 0 && panel.targets.every((target: any) => target.expr && target.datasource.uid === 'thanos'), `${file} ${panel.title}`);
    }
  });

  it('asks in PromQL that Prometheus reads, and a query that is none is seen', () => {
    const check = (exprs: string[]) => {
      const rules = { groups: [{ name: 'panels', rules: exprs.map((expr, index) => ({ record: `panel:${index}`, expr: expr.replaceAll('$region', '.*') })) }] };
      const temporary = mkdtempSync(path.join(tmpdir(), 'panels-'));
      try {
        writeFileSync(path.join(temporary, 'panels.json'), JSON.stringify(rules));
        const done = spawnSync('promtool', ['check', 'rules', path.join(temporary, 'panels.json')], { encoding: 'utf8', timeout: 30_000 });
        assert.ok(!done.error, `promtool did not run (${done.error?.message})`);
        return done.status;
      } finally {
        rmSync(temporary, { recursive: true });
      }
    };
    assert.equal(check(files.flatMap(file => read(file).panels.flatMap((panel: any) => panel.targets.map((target: any) => target.expr)))), 0);
    assert.notEqual(check(['sum(rate(http_requests_total[5m])']), 0);
  });

  it('lets nobody in by a password, and nobody without a group of ours', () => {
    const { data } = build('devops-components/grafana').find(item => item.metadata.name.startsWith('grafana-config'))!;
    const ini = data!['grafana.ini']!;
    for (const line of ['disable_initial_admin_creation = true', 'disable_login_form = true', 'role_attribute_strict = true']) assert.ok(ini.includes(line), line);
    assert.match(ini, /\[auth\.anonymous\]\nenabled = false/);
    for (const [, group] of ini.matchAll(/'([^']+@[^']+)'/g)) assert.ok(Object.values(readEstate().groups).includes(group!), group);
    assert.doesNotMatch(ini, /admin_password|'Admin'|GrafanaAdmin/);
  });
});
