import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { gitops } from './lib/estate.ts';
import { applicationsOf, folderOf, selected, stepOf, type Application } from './lib/expand.ts';
import { allApplications, clusters, components, exampleWorld, hub, manifestsOf, parseManifests, setsOf, skip, type Component, type Manifest } from './lib/manifests.ts';
import { renderTemplate } from './lib/template.ts';

const rings = ['dev', 'standby', 'hub', 'primary'];
const set = (name: string) => setsOf(hub()).find(item => item.metadata.name === name)!;
const clone = <T>(value: T): T => structuredClone(value);

/** Selectors that no registered cluster meets. */
function deadSelectors(sets: Manifest[]): string[] {
  const dead: string[] = [];
  const look = (name: string, value: any): void => {
    if (value === null || typeof value !== 'object') return;
    const selector = value.clusters?.selector;
    if (selector && !JSON.stringify(selector).includes('{{') && !clusters().some(({ labels }) => selected(selector, labels))) dead.push(`${name}: ${JSON.stringify(selector)}`);
    for (const item of Object.values(value)) look(name, item);
  };
  for (const item of sets) look(item.metadata.name, item.spec.generators);
  return dead;
}

/** Providers of definitions and webhooks must be waves before what uses them. */
function waveFaults(found: Component[]): string[] {
  const wave = new Map(found.map(item => [item.name, Number(item.wave)]));
  const needs: [user: string, provider: string][] = [
    ['cert-manager', 'namespaces'], ['cert-manager-issuers', 'cert-manager'], ['cert-manager-issuers', 'external-secrets'], ['secret-store', 'external-secrets'],
    ['kyverno', 'namespaces'], ['kyverno-policies', 'kyverno'], ['istiod', 'istio-base'], ['istio-cni', 'istio-base'], ['ztunnel', 'istiod'], ['ztunnel', 'istio-cni'],
    ['mesh-policies', 'ztunnel'], ['mesh-policies', 'payments-namespace'], ['otel-collector', 'cert-manager-issuers'], ['otel-collector', 'secret-store'],
    ['argocd', 'external-secrets'], ['thanos', 'cert-manager-issuers'], ['alertmanager', 'secret-store'], ['grafana', 'secret-store'], ['atlantis', 'secret-store'], ['grafana', 'thanos'],
    ['otel-collector', 'storage'], ['thanos', 'storage'], ['alertmanager', 'storage'], ['atlantis', 'storage'],
  ];
  return needs.filter(([user, provider]) => !(wave.get(provider)! < wave.get(user)!)).map(([user, provider]) => `${user} does not wait for ${provider}`);
}

/** Seconds until a sync that fails again and again is given up. */
function waits({ limit, backoff }: { limit: number; backoff: { duration: string; factor: number; maxDuration: string } }): number {
  const seconds = (text: string) => Number(text.slice(0, -1)) * (text.endsWith('m') ? 60 : 1);
  return Array.from({ length: limit }, (_, time) => Math.min(seconds(backoff.duration) * backoff.factor ** time, seconds(backoff.maxDuration))).reduce((sum, one) => sum + one, 0);
}

const waitedFor = (item: Manifest) => item.metadata.annotations?.['argocd.argoproj.io/ignore-healthcheck'] !== 'true';

/**
 * What would never be healthy where it is applied, so that the steps after it never begin (health checks of Argo CD 3.5): a route whose
 * gateway comes with a later step, what recommends or scales by figures that are not there yet, a job whose last run failed.
 */
function stalls(found: { step: number; manifests: Manifest[] }[]): string[] {
  const gateways = new Map(found.flatMap(({ step, manifests }) => manifests.filter(item => item.kind === 'Gateway').map(item => [`${item.metadata.namespace}/${item.metadata.name}`, step] as const)));
  return found.flatMap(({ step, manifests }) => manifests.filter(waitedFor).flatMap(item => {
    const name = `${item.kind} ${item.metadata.namespace}/${item.metadata.name}`;
    if (['VerticalPodAutoscaler', 'ScaledObject', 'CronJob'].includes(item.kind)) return [`${name} is waited for`];
    if (item.kind !== 'HTTPRoute') return [];
    return (item.spec.parentRefs as { namespace?: string; name: string }[]).flatMap(parent => {
      const gateway = gateways.get(`${parent.namespace ?? item.metadata.namespace}/${parent.name}`);
      return gateway === undefined || gateway > step ? [`${name} comes before Gateway ${parent.name}`] : [];
    });
  }));
}

/** An Application's folder with the patches its set adds, built as Argo CD builds it. */
function patched(application: Application): Manifest[] {
  const { path: from, kustomize } = application.spec.source;
  const folder = mkdtempSync(path.join(tmpdir(), 'gitops-patched-'));
  try {
    writeFileSync(path.join(folder, 'kustomization.yaml'), JSON.stringify({ resources: [path.relative(folder, folderOf(from))], patches: kustomize?.patches ?? [] }));
    return parseManifests(execFileSync('kubectl', ['kustomize', folder], { encoding: 'utf8', timeout: 60_000, maxBuffer: 64 * 1024 * 1024 }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What an Application could take away unasked in production. */
function pruneFaults(application: Application, manifests: Manifest[]): string[] {
  const { automated, syncOptions } = application.spec.syncPolicy;
  if (application.metadata.labels?.environment === 'dev' || automated.prune === false) return [];
  const faults = syncOptions?.includes('PruneLast=true') ? [] : ['what is taken away is not taken away last'];
  if (application.spec.sources?.some((source: any) => source.chart)) faults.push('a chart is pruned');
  for (const { kind, metadata } of manifests) {
    if (!['Namespace', 'StatefulSet', 'PersistentVolumeClaim', 'StorageClass', 'Gateway', 'ClusterIssuer', 'ClusterSecretStore'].includes(kind)) continue;
    if (kind === 'StatefulSet' && metadata.namespace === 'synthetic') continue;
    if (!metadata.annotations?.['argocd.argoproj.io/sync-options']?.includes('Prune=confirm')) faults.push(`${kind} ${metadata.name} is taken away without a person`);
  }
  return faults;
}

describe('applications of the clusters', { skip }, () => {
  it('every ApplicationSet selects labels that registered clusters have', () => {
    assert.ok(setsOf(hub()).length >= 4);
    assert.deepEqual(deadSelectors(setsOf(hub())), []);
    const dead = clone(set('payments-ledger'));
    dead.spec.generators[0].clusters.selector.matchLabels.system = 'payment';
    assert.equal(deadSelectors([dead]).length, 1);
  });

  it('no set takes away the confirmation of a person before it was used', () => {
    for (const item of setsOf(hub())) assert.deepEqual(item.spec.preservedFields?.annotations, ['argocd.argoproj.io/deletion-approved'], item.metadata.name);
  });

  it('the ledger is deployed to every cluster of the payments system, both regions among them', () => {
    const found = applicationsOf(set('payments-ledger'), exampleWorld());
    assert.deepEqual(found.map(item => [item.spec.destination.name, item.spec.source.path]), [
      ['gke-payments-dev', 'infra/gitops/apps/ledger/overlays/dev'],
      ['gke-payments-region-a', 'infra/gitops/apps/ledger/overlays/region-a'],
      ['gke-payments-region-b', 'infra/gitops/apps/ledger/overlays/region-b'],
    ].sort((a, b) => clusters().findIndex(c => c.name === a[0]) - clusters().findIndex(c => c.name === b[0])));
    for (const item of found) assert.ok(manifestsOf(item).some(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'ledger'), item.metadata.name);
  });

  it('every component reaches every cluster it names, from folders that exist', () => {
    const found = applicationsOf(set('platform'), exampleWorld());
    const wanted = components().filter(item => item.name !== 'argocd-projects').flatMap(item => clusters().filter(({ labels }) => item.where in labels).map(({ name }) => `${item.name}-${name}`));
    assert.deepEqual(found.map(item => item.metadata.name).sort(), wanted.sort());
    assert.ok(wanted.length >= 60, String(wanted.length));
    for (const { application } of allApplications()) {
      for (const source of application.spec.sources ?? [application.spec.source]) {
        if (source.path?.startsWith('infra/gitops/')) assert.ok(existsSync(path.join(folderOf(source.path), 'kustomization.yaml')), source.path);
        for (const file of source.helm?.valueFiles?.slice(0, 1) ?? []) assert.ok(existsSync(folderOf(file.replace('$values/', ''))), file);
      }
    }
  });

  it('no folder of a component is forgotten', () => {
    const known = new Set(components().map(item => item.folder));
    const folders = ['platform-components', 'devops-components'].flatMap(kind => readdirSync(path.join(gitops, kind)).map(name => `${kind}/${name}`));
    assert.deepEqual(folders.filter(folder => !known.has(folder)), ['devops-components/argocd-projects'], 'the projects come with clusters/hub');
  });

  it('a cluster that is registered gets the platform and the ledger without a change here', () => {
    const world = exampleWorld();
    const model = world.clusters.find(({ labels }) => labels.role === 'standby')!;
    world.clusters = [...world.clusters, { ...model, name: 'gke-payments-region-c', labels: { ...model.labels, region: 'region-c' } }];
    const added = allApplications(world).filter(({ application }) => application.spec.destination.name === 'gke-payments-region-c').map(({ application }) => application.metadata.name);
    const spoke = components().filter(item => item.where !== 'airpay.example/hub').length;
    assert.equal(added.length, spoke + 1 + 1, 'components, ledger, service');
    assert.ok(added.includes('payments-ledger-region-c') && added.includes('cert-manager-gke-payments-region-c'));
  });

  it('a change reaches dev, then the standby, then the hub, and the primary last', () => {
    for (const name of ['platform', 'payments-ledger', 'services']) {
      const found = applicationsOf(set(name), exampleWorld());
      const first = (ring: string) => Math.min(...found.filter(item => item.metadata.labels!.ring === ring).map(item => stepOf(set(name), item)));
      const last = (ring: string) => Math.max(...found.filter(item => item.metadata.labels!.ring === ring).map(item => stepOf(set(name), item)));
      const here = rings.filter(ring => found.some(item => item.metadata.labels!.ring === ring));
      assert.ok(here.length >= 3, name);
      for (const [index, ring] of here.slice(1).entries()) assert.ok(last(here[index]!) < first(ring), `${name}: ${here[index]} before ${ring}`);
      assert.deepEqual(found.filter(item => stepOf(set(name), item) < 0).map(item => item.metadata.name), [], `${name}: nobody would sync these`);
    }
    const forgetful = clone(set('platform'));
    forgetful.spec.strategy.rollingSync.steps.pop();
    assert.ok(applicationsOf(forgetful, exampleWorld()).some(item => stepOf(forgetful, item) < 0));
  });

  it('what gives definitions, webhooks and stores is healthy before what uses them', () => {
    assert.deepEqual(waveFaults(components()), []);
    assert.deepEqual(waveFaults(components().map(item => (item.name === 'kyverno-policies' ? { ...item, wave: '20' } : item))), ['kyverno-policies does not wait for kyverno']);
    const steps = new Set<number>();
    for (const item of applicationsOf(set('platform'), exampleWorld())) steps.add(stepOf(set('platform'), item));
    assert.ok(steps.size >= 15, 'waves within rings');
  });

  it('nothing that cannot be healthy where it stands holds up what comes after it', () => {
    for (const { name } of clusters()) {
      const found = applicationsOf(set('platform'), exampleWorld()).filter(item => item.spec.destination.name === name)
        .map(item => ({ item, step: stepOf(set('platform'), item), manifests: manifestsOf(item) }));
      assert.deepEqual(stalls(found), [], name);
      if (name !== 'gke-devops') continue;
      assert.ok(found.some(({ manifests }) => manifests.some(item => item.kind === 'HTTPRoute' && item.metadata.name === 'argocd')));
      const early = found.map(one => (one.item.metadata.labels!.component === 'argocd' ? { ...one, step: one.step - 1 } : one));
      assert.deepEqual(stalls(early), ['HTTPRoute argocd/argocd comes before Gateway hub']);
      const bare = found.map(one => ({ ...one, manifests: one.manifests.map(item => ({ ...item, metadata: { ...item.metadata, annotations: {} } })) }));
      assert.deepEqual(stalls(bare).sort(), ['CronJob drift-check/drift-check is waited for', ...['kube-state-metrics', 'otel-collector', 'otel-scraper'].map(vpa => `VerticalPodAutoscaler observability/${vpa} is waited for`)]);
    }
  });

  it('a region that stands by without a node for its pods does not hold up the primary', () => {
    const judged = (application: Application) => patched(application).filter(item => ['Deployment', 'Rollout', 'StatefulSet', 'HorizontalPodAutoscaler'].includes(item.kind) && waitedFor(item)).map(item => item.kind);
    const ledger = applicationsOf(set('payments-ledger'), exampleWorld());
    for (const item of ledger) {
      assert.deepEqual(judged(item), item.metadata.labels!.role === 'standby' ? [] : ['Deployment'], item.metadata.name);
      // Its gateway is the platform's, which is another set.
      assert.deepEqual(stalls([{ step: 0, manifests: patched(item) }]).filter(text => !text.includes('Gateway')), [], item.metadata.name);
    }
    const forgetful = clone(ledger.find(item => item.metadata.labels!.role === 'standby')!);
    delete forgetful.spec.source.kustomize;
    assert.deepEqual(judged(forgetful), ['Deployment']);
    for (const item of applicationsOf(set('services'), exampleWorld())) {
      const kinds = (item.spec.source.kustomize?.patches ?? []).map((one: any) => one.target.kind);
      assert.deepEqual(kinds, item.metadata.labels!.ring === 'standby' ? ['Deployment|Rollout|ScaledObject|HorizontalPodAutoscaler'] : [], item.metadata.name);
    }
  });

  it('drift is put back where Argo CD does that, a failed sync is tried again, and the number of pods is left alone', () => {
    for (const { application } of allApplications()) {
      const { automated, retry, syncOptions } = application.spec.syncPolicy;
      assert.equal(automated.selfHeal, true, application.metadata.name);
      assert.ok(retry.limit >= 3 && retry.backoff.maxDuration, application.metadata.name);
      // In a set with rings nobody else tries again, and a newer commit comes by the rings.
      if (application.spec.project === 'platform') assert.ok(waits(retry) >= 45 * 60 && retry.refresh !== true, `${application.metadata.name} gives up after ${waits(retry)} s`);
      // Nothing orders these after the platform: in a new cluster they must still be trying when it is there.
      if (!['platform', 'root'].includes(application.spec.project)) assert.ok(waits(retry) >= 90 * 60 && retry.refresh === true, `${application.metadata.name} gives up after ${waits(retry)} s`);
      if (application.spec.ignoreDifferences) assert.ok(syncOptions.includes('RespectIgnoreDifferences=true'), `${application.metadata.name} would write what it says it ignores`);
    }
  });

  it('nothing that holds data or closes a door is pruned in production without a person', () => {
    let guarded = 0;
    for (const { set: of, application } of allApplications()) {
      const manifests = manifestsOf(application);
      guarded += manifests.filter(({ kind }) => kind === 'Namespace' || kind === 'StatefulSet').length;
      assert.deepEqual(pruneFaults(application, manifests), [], application.metadata.name);
      assert.equal(of.spec.syncPolicy.applicationsSync, 'create-update', `${of.metadata.name} may delete Applications`);
      assert.equal(of.spec.syncPolicy.preserveResourcesOnDeletion, true, of.metadata.name);
    }
    assert.ok(guarded > 20, String(guarded));
    const gateway = allApplications().find(({ application }) => application.metadata.name === 'gateway-gke-devops')!.application;
    const bare = manifestsOf(gateway).map(item => ({ ...item, metadata: { ...item.metadata, annotations: {} } }));
    assert.deepEqual(pruneFaults(gateway, bare), ['Gateway hub is taken away without a person']);
    const chart = clone(allApplications().find(({ application }) => application.metadata.name === 'cert-manager-gke-devops')!.application);
    chart.spec.syncPolicy.automated.prune = true;
    assert.deepEqual(pruneFaults(chart, []), ['a chart is pruned']);
  });

  it('a service goes where its repository says nothing about', () => {
    const found = applicationsOf(set('services'), exampleWorld());
    assert.deepEqual([...new Set(found.map(item => `${item.spec.project} ${item.spec.destination.namespace} ${item.spec.source.repoURL}`))], ['services refunds https://github.com/airpay/refunds-gitops.git']);
    for (const item of found) assert.ok(item.spec.syncPolicy.syncOptions.includes('FailOnSharedResource=true'), 'what another Application has may not be taken');
    // No Application before there is an image: it would never be healthy, and the rings of all services wait for it.
    const [filter] = set('services').spec.generators[0].matrix.generators[1].scmProvider.filters;
    const [clusters] = set('services').spec.generators[0].matrix.generators;
    assert.ok(clusters.clusters);
    assert.deepEqual(filter.pathsExist.length, 1);
    for (const item of found) assert.equal(renderTemplate(filter.pathsExist[0], { metadata: { labels: item.metadata.labels } }), `${item.spec.source.path}/released`);
  });

  it('the revision is one that is protected, the repository ours, and the ApplicationSet in no repository of a team', () => {
    for (const { application } of allApplications()) {
      for (const source of application.spec.sources ?? [application.spec.source]) {
        if (source.chart) assert.match(source.targetRevision, /^v?\d+\.\d+\.\d+$/, 'a chart is of one version');
        else assert.equal(source.targetRevision, 'main');
      }
    }
  });
});

describe('templates of ApplicationSets', () => {
  it('are read as Argo CD reads them', () => {
    assert.equal(renderTemplate('a {{ .x.y }}{{- if eq .x.y "1" }} one {{- else if hasKey .x "z" }} z {{ else }} other {{ end -}} .', { x: { y: '1' } }), 'a 1 one.');
    assert.equal(renderTemplate('{{ if hasKey .x "z" }}z{{ else }}no{{ end }} {{ index .x "a" }} {{ trimSuffix "-gitops" .x.a }}', { x: { a: 'pay-gitops' } }), 'no pay-gitops pay');
  });

  it('fail on a value that is missing and on what is not known', () => {
    assert.throws(() => renderTemplate('{{ .x.y }}', { x: {} }), /missing key y/);
    assert.throws(() => renderTemplate('{{ range .x }}{{ end }}', { x: [] }), /not known/);
    assert.throws(() => renderTemplate('{{ if .x }}', { x: 1 }), /no \{\{ end \}\}|if without end/);
    assert.throws(() => renderTemplate('{{ lower .x }}', { x: 'A' }), /not known/);
  });
});
