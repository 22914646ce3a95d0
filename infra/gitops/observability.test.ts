import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import { gitops, readEstate, root } from './lib/estate.ts';
import { allApplications, build, manifestsOf, skip, type Manifest } from './lib/manifests.ts';

const one = (all: Manifest[], kind: string, name: string | RegExp) => all.find(item => item.kind === kind && (typeof name === 'string' ? item.metadata.name === name : name.test(item.metadata.name)))!;
const argsOf = (item: Manifest): string[] => item.spec.template.spec.containers[0].args;
const argument = (item: Manifest, name: string) => argsOf(item).find(arg => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
const collector = (cluster: string) => build(`platform-components/otel-collector/overlays/${cluster}`);
const configOf = (cluster: string, name: string, key: string) => parse(one(collector(cluster), 'ConfigMap', new RegExp(`^${name}-`)).data![key]!, { version: '1.1' }) as any;

/** Labels a target ends with, as Prometheus relabels; undefined when it is dropped. */
function relabel(rules: any[], labels: Record<string, string>): Record<string, string> | undefined {
  const now = { ...labels };
  for (const { source_labels: sources = [], regex = '(.*)', action = 'replace', target_label: target, replacement = '$1' } of rules) {
    const match = new RegExp(`^(?:${regex})$`).exec(sources.map((name: string) => now[name] ?? '').join(';'));
    if (action === 'keep' && !match) return undefined;
    if (action === 'drop' && match) return undefined;
    if (action === 'replace' && match) now[target] = replacement.replace('$1', match[1] ?? '');
    if (!['keep', 'drop', 'replace'].includes(action)) throw new Error(`action ${action} is not known here`);
  }
  return now;
}

/** What the scraper makes of each port of a workload's pods. */
function scraped(rules: any[], item: Manifest, namespace: string): Record<string, string>[] {
  const { metadata, spec } = item.spec.template;
  const pod = Object.fromEntries(Object.entries(metadata.labels as Record<string, string>).map(([key, value]) => [`__meta_kubernetes_pod_label_${key.replace(/[^a-zA-Z0-9_]/g, '_')}`, value]));
  return spec.containers.flatMap((container: any) => (container.ports ?? []).map((port: any) => relabel(rules, {
    ...pod, __meta_kubernetes_pod_phase: 'Running', __meta_kubernetes_namespace: namespace, __meta_kubernetes_pod_container_port_name: port.name,
  }))).filter(Boolean);
}

describe('metrics', { skip }, () => {
  const jobs = () => configOf('gke-payments-region-a', 'otel-scraper', 'scraper.yaml').receivers.prometheus.config.scrape_configs as any[];
  const job = (name: string) => jobs().find(item => item.job_name === name);

  it('of every workload with a PodMonitoring are scraped by the collector too, once, under the name the alerts ask for', () => {
    let seen = 0;
    for (const { application } of allApplications()) {
      const all = manifestsOf(application);
      for (const monitoring of all.filter(item => item.kind === 'PodMonitoring')) {
        const name = monitoring.spec.selector.matchLabels['app.kubernetes.io/name'];
        const deployment = one(all, 'Deployment', name);
        const found = scraped(job('pods').relabel_configs, deployment, application.spec.destination.namespace);
        assert.equal(found.length, 1, application.metadata.name);
        assert.equal(found[0]!.job, name);
        const port = deployment.spec.template.spec.containers[0].ports.find((item: any) => item.name === monitoring.spec.endpoints[0].port);
        assert.ok(port, 'a port that the container names');
        seen += 1;
      }
    }
    assert.ok(seen >= 3, 'dev and both regions');
    assert.match(readFileSync(path.join(root, 'infra/slo/alerts/ledger.rules.yaml'), 'utf8'), /up\{job="ledger"\}/);
    const renamed = structuredClone(one(manifestsOf(allApplications().find(({ application }) => application.metadata.name === 'payments-ledger-region-a')!.application), 'Deployment', 'ledger'));
    renamed.spec.template.spec.containers[0].ports[0].name = 'web';
    assert.deepEqual(scraped(job('pods').relabel_configs, renamed, 'payments'), []);
  });

  it('of the observers themselves are scraped, and of kube-state-metrics with the names it gives', () => {
    for (const [folder, kind, name] of [['devops-components/thanos', 'StatefulSet', 'thanos-compact'], ['devops-components/alertmanager', 'StatefulSet', 'alertmanager'], ['platform-components/otel-collector/overlays/gke-devops', 'StatefulSet', 'otel-scraper']] as const) {
      const item = structuredClone(one(build(folder), kind, name));
      assert.equal(scraped(job('pods').relabel_configs, item, 'observability').length, 1, name);
    }
    const state = one(build('platform-components/kube-state-metrics'), 'Deployment', 'kube-state-metrics');
    assert.equal(scraped(job('pods').relabel_configs, state, 'observability').length, 0);
    assert.equal(scraped(job('controllers').relabel_configs, state, 'observability').length, 1);
    assert.equal(job('controllers').honor_labels, true);
  });

  it('of each region come from its own databases, all of them, and from no other', () => {
    const { databases, sites } = readEstate();
    for (const [site, { cluster, region, environment }] of Object.entries(sites)) {
      const targets = one(collector(cluster), 'ConfigMap', /^otel-targets-/).data!;
      for (const [file, port] of [['patroni.yaml', 8008], ['node.yaml', 9100]] as const) {
        const wanted = (databases[site]?.members ?? []).map((member: string) => `${member}.${environment === 'dev' ? 'dev' : region}.db.airpay.example:${port}`);
        assert.deepEqual((parse(targets[file]!) as any[]).flatMap(item => item.targets), wanted, `${cluster} ${file}`);
      }
    }
  });

  it('from outside are asked where nobody has to sign in, at a path the host routes, by a module that is there; a region by its own name may stand by', () => {
    const { modules } = parse(one(build('devops-components/blackbox'), 'ConfigMap', /^blackbox-config/).data!['blackbox.yaml']!) as any;
    const groups = parse(one(collector('gke-devops'), 'ConfigMap', /^otel-targets-/).data!['blackbox.yaml']!) as any[];
    const all = allApplications().flatMap(({ application }) => manifestsOf(application));
    const guarded = new Set(all.filter(item => item.kind === 'GCPBackendPolicy' && item.spec.default.iap?.enabled).map(item => item.spec.targetRef.name));
    const problem = (target: string): string[] => {
      const { hostname, pathname } = new URL(target);
      const matches = all.filter(item => item.kind === 'HTTPRoute' && item.spec.hostnames?.includes(hostname)).flatMap(item => item.spec.rules as any[])
        .flatMap(rule => (rule.matches as any[]).map(({ path: { type, value } }) => ({ value, fits: type === 'Exact' ? pathname === value : value === '/' || pathname === value || pathname.startsWith(`${value}/`), rule })))
        .filter(({ fits }) => fits).sort((a, b) => b.value.length - a.value.length);
      if (!matches[0]) return [`${target}: nothing is there`];
      return guarded.has(matches[0].rule.backendRefs[0].name) ? [`${target}: one has to sign in`] : [];
    };
    const targets = groups.flatMap(({ targets: list, labels }) => (list as string[]).map(target => ({ target, module: modules[labels.__param_module], labels })));
    assert.ok(targets.length >= 7);
    assert.deepEqual(targets.flatMap(({ target }) => problem(target)), []);
    assert.deepEqual(problem('https://portal.airpay.example/healthcheck'), ['https://portal.airpay.example/healthcheck: one has to sign in']);
    assert.deepEqual(problem('https://atlantis.airpay.example/locks'), ['https://atlantis.airpay.example/locks: nothing is there']);
    for (const { target, module, labels } of targets) {
      assert.ok(module, `${target}: no module ${labels.__param_module}`);
      // Rule LedgerFrontDoorClosed pages for component ledger: a region without pods is no reason to wake somebody.
      if (/\.region-[a-z]\./.test(target)) assert.ok(labels.component !== 'ledger' && module.http.valid_status_codes.includes(503), target);
    }
  });

  it('are written to the address of the hub, by TLS that shows a certificate and checks one', () => {
    const { internalAddresses: { metrics }, sites } = readEstate();
    const receive = build('devops-components/thanos');
    const balancer = one(receive, 'Service', 'thanos-receive-peering');
    assert.equal(balancer.metadata.annotations!['networking.gke.io/load-balancer-type'], 'Internal');
    assert.equal(balancer.metadata.annotations!['networking.gke.io/internal-load-balancer-allow-global-access'], 'true', 'the spokes are in other regions than the hub');
    assert.deepEqual([balancer.spec.loadBalancerIP, balancer.spec.ports[0].port], [metrics.address, metrics.port]);
    assert.ok(one(receive, 'Certificate', 'thanos-receive').spec.dnsNames.includes(metrics.host));
    assert.ok(argument(one(receive, 'StatefulSet', 'thanos-receive'), 'remote-write.server-tls-client-ca'));
    for (const { cluster, role } of Object.values(sites)) {
      const url = new URL(one(collector(cluster), 'ConfigMap', /^otel-site-/).data!.METRICS_URL!);
      assert.equal(`${url.protocol} ${url.port} ${url.pathname}`, `https: ${metrics.port} /api/v1/receive`);
      if (role !== 'hub') assert.equal(url.hostname, metrics.host);
      const { prometheusremotewrite: write } = configOf(cluster, 'otel-scraper', 'scraper.yaml').exporters;
      assert.ok(write.tls.cert_file && write.tls.ca_file && !write.tls.insecure_skip_verify);
      assert.equal(write.add_metric_suffixes, false, 'or the names would be others than the alerts have');
    }
  });

  it('and spans meet a limit on memory first, and every pipeline is of parts that are there', () => {
    for (const [name, key] of [['otel-collector', 'collector.yaml'], ['otel-scraper', 'scraper.yaml']] as const) {
      const config = configOf('gke-payments-region-a', name, key);
      for (const pipeline of Object.values<any>(config.service.pipelines)) {
        assert.equal(pipeline.processors[0], 'memory_limiter');
        assert.equal(pipeline.processors.at(-1), 'batch');
        for (const part of ['receivers', 'processors', 'exporters']) for (const used of pipeline[part]) assert.ok(config[part][used], `${name}: ${part} ${used}`);
      }
    }
    const service = one(collector('gke-payments-region-a'), 'Service', 'otel-collector');
    const ports = one(collector('gke-payments-region-a'), 'Deployment', 'otel-collector').spec.template.spec.containers[0].ports.map((port: any) => port.name);
    for (const { port, targetPort } of service.spec.ports) assert.ok([4317, 4318].includes(port) && ports.includes(targetPort));
  });
});

describe('long-term metrics', { skip }, () => {
  const thanos = () => build('devops-components/thanos');
  const days = (text: string | undefined) => Number(/^(\d+)d$/.exec(text ?? '')?.[1]);

  it('are compacted by exactly one, and kept raw for longer than the longest window of a rule', () => {
    const compact = one(thanos(), 'StatefulSet', 'thanos-compact');
    assert.equal(compact.spec.replicas, 1);
    const [raw, five, hour] = ['raw', '5m', '1h'].map(resolution => days(argument(compact, `retention.resolution-${resolution}`)));
    assert.deepEqual([five, hour], [90, 366]);
    const rules = Object.values(Object.assign({}, ...thanos().filter(item => item.kind === 'ConfigMap' && item.metadata.name.includes('rules')).map(item => item.data)) as Record<string, string>).join('\n');
    const longest = Math.max(...[...rules.matchAll(/\[(\d+)d(?:\]|:)/g)].map(match => Number(match[1])));
    assert.equal(longest, 30);
    const enough = (kept: number) => kept > longest && kept < five!;
    assert.ok(enough(raw!), String(raw));
    assert.ok(!enough(15), 'the 15 days one reads of everywhere would halve a budget unnoticed');
  });

  it('survive the loss of one receiver, and are read once though written twice', () => {
    const receive = one(thanos(), 'StatefulSet', 'thanos-receive');
    assert.equal(receive.spec.replicas, Number(argument(receive, 'receive.replication-factor')));
    const ring = JSON.parse(one(thanos(), 'ConfigMap', /^thanos-hashring/).data!['hashring.json']!);
    assert.equal(ring[0].endpoints.length, receive.spec.replicas);
    for (const endpoint of ring[0].endpoints) assert.ok(endpoint.includes(`.${receive.spec.serviceName}.`), endpoint);
    const replicas = argsOf(one(thanos(), 'Deployment', 'thanos-query')).filter(arg => arg.startsWith('--query.replica-label=')).map(arg => arg.split('=')[1]);
    assert.deepEqual(replicas.sort(), ['receive_replica', 'rule_replica', 'scraper']);
  });

  it('go to the bucket of the estate by an account, not a key', () => {
    const bucket = parse(one(thanos(), 'ConfigMap', /^thanos-objstore/).data!['bucket.yaml']!) as any;
    assert.deepEqual(bucket, { type: 'GCS', config: { bucket: readEstate().buckets.thanos } });
  });

  it('feed every rule file there is to the ruler, which tells all Alertmanagers', () => {
    const slo = path.join(root, 'infra/slo');
    const files = ['alerts', 'generated'].flatMap(folder => readdirSync(path.join(slo, folder)).filter(file => file.endsWith('.rules.yaml')).map(file => `${folder}.${file}`));
    assert.deepEqual(Object.keys(one(thanos(), 'ConfigMap', /^slo-rules/).data!).sort(), files.sort());
    const rule = one(thanos(), 'StatefulSet', 'thanos-rule');
    const told = argsOf(rule).filter(arg => arg.startsWith('--alertmanagers.url='));
    assert.equal(told.length, one(build('devops-components/alertmanager'), 'StatefulSet', 'alertmanager').spec.replicas);
    assert.ok(rule.spec.replicas >= 2 && argument(rule, 'rule-query-offset'), 'samples that are on their way are counted too');
  });

  it('every alert of the platform says who, how bad, and where it is written what to do', () => {
    const file = path.join(gitops, 'devops-components/thanos/platform.rules.yaml');
    const rules = (parse(readFileSync(file, 'utf8')) as any).groups.flatMap((group: any) => group.rules);
    const page = readFileSync(path.join(root, 'docs/platform-alerts.md'), 'utf8');
    const anchors = new Set([...page.matchAll(/^## (.+)$/gm)].map(match => match[1]!.toLowerCase().replaceAll(' ', '-')));
    for (const { alert, labels, annotations } of rules) {
      assert.ok(['page', 'ticket', 'none'].includes(labels.severity) && labels.team && labels.system && annotations.summary, alert);
      assert.ok(anchors.has(annotations.runbook_url.split('#')[1]), `${alert}: ${annotations.runbook_url}`);
    }
    assert.equal(spawnSync('promtool', ['check', 'rules', file], { timeout: 30_000 }).status, 0);
  });
});

describe('Alertmanager', { skip }, () => {
  const all = () => build('devops-components/alertmanager');
  const config = () => parse(one(all(), 'ConfigMap', /^alertmanager-config/).data!['alertmanager.yaml']!) as any;
  /** What amtool says: of the file, and which receivers take an alert. */
  function amtool(content: any, ...labels: string[]): string {
    const folder = mkdtempSync(path.join(tmpdir(), 'routes-'));
    try {
      const file = path.join(folder, 'alertmanager.yaml');
      // Debian's amtool is older than `url_file` of a webhook.
      writeFileSync(file, stringify(content).replace(/url_file: .*heartbeat-url/, 'url: http://127.0.0.1/'));
      const command = labels.length > 0 ? ['config', 'routes', 'test', `--config.file=${file}`, ...labels] : ['check-config', file];
      const done = spawnSync('amtool', command, { encoding: 'utf8', timeout: 20_000 });
      assert.ok(!done.error, `amtool did not run (${done.error?.message})`);
      return done.status === 0 ? done.stdout.trim() : `refused: ${done.stdout}${done.stderr}`;
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  /** Receivers that send nothing anywhere. */
  const mute = (content: any) => content.receivers.filter((receiver: any) => !Object.keys(receiver).some(key => key.endsWith('_configs') && receiver[key].length > 0)).map((receiver: any) => receiver.name);

  it('pages for what is urgent, writes for what is not, and drops nothing', () => {
    assert.doesNotMatch(amtool(config()), /refused/);
    assert.equal(amtool(config(), 'alertname=LedgerAvailability', 'severity=page'), 'duty,channel');
    assert.equal(amtool(config(), 'alertname=Any', 'severity=critical'), 'duty,channel');
    assert.equal(amtool(config(), 'alertname=BackupStale', 'severity=ticket'), 'channel');
    assert.equal(amtool(config(), 'alertname=Watchdog', 'severity=none'), 'heartbeat');
    assert.equal(amtool(config(), 'alertname=FromSomewhere'), 'duty', 'what no route takes wakes somebody');
    assert.deepEqual(mute(config()), []);
    const dropping = config();
    dropping.receivers.push({ name: 'null' });
    dropping.route.receiver = 'null';
    assert.deepEqual(mute(dropping), ['null']);
    assert.equal(amtool(dropping, 'alertname=FromSomewhere'), 'null');
  });

  it('is three that know each other, and one fault is one page', () => {
    const set = one(all(), 'StatefulSet', 'alertmanager');
    assert.equal(set.spec.replicas, 3);
    assert.equal(argsOf(set).filter(arg => arg.startsWith('--cluster.peer=')).length, 3);
    const { ingress, egress } = one(all(), 'NetworkPolicy', 'alertmanager').spec;
    for (const rules of [ingress, egress]) {
      const ports = rules.flatMap((rule: any) => rule.ports).filter((port: any) => port.port === 9094).map((port: any) => port.protocol);
      assert.deepEqual(ports.sort(), ['TCP', 'UDP'], 'gossip');
    }
    const [burn, down] = config().inhibit_rules;
    assert.deepEqual([burn.equal, burn.target_matchers], [['sloth_id'], ['severity="ticket"']]);
    assert.match(down.source_matchers[0], /LedgerDown/);
  });

  it('has its keys from Secret Manager, as files that exist', () => {
    const { spec } = one(all(), 'ExternalSecret', 'alertmanager-receivers');
    const keys = spec.data.map((item: any) => item.secretKey);
    const used = [...JSON.stringify(config()).matchAll(/\/etc\/alertmanager\/receivers\/([a-z-]+)/g)].map(match => match[1]!);
    assert.deepEqual(used.sort(), [...keys].sort());
  });
});
