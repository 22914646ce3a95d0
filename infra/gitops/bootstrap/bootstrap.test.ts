import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readEstate, registrations } from '../lib/estate.ts';
import { clusterSecret, plan } from './bootstrap.ts';

const endpoints = { 'gke-payments-dev': 'gke-1.europe-west1.gke.goog', 'gke-payments-region-a': 'gke-2.europe-west1.gke.goog', 'gke-payments-region-b': 'gke-3.europe-west4.gke.goog' };

describe('cold bootstrap of the hub', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'bootstrap-'));
    writeFileSync(path.join(folder, 'endpoints.json'), JSON.stringify(endpoints));
    // Each writes down how it was called and what it was given; kubectl may be told to fail.
    for (const tool of ['kubectl', 'helm', 'gcloud']) {
      const file = path.join(folder, tool);
      if (tool === 'gcloud') writeFileSync(file, `#!/bin/sh\nprintf '%s' '{"username":"argocd","password":"not-on-a-command-line"}'\n`);
      else writeFileSync(file, `#!/bin/sh\ninput=$(cat)\nprintf '%s\\n' "${tool} $* <$input" >> "$CALLS"\ncase "$*" in *"$FAILS_AT"*) [ -n "$FAILS_AT" ] && exit 1;; esac\nexit 0\n`);
      chmodSync(file, 0o755);
    }
  });
  after(() => rmSync(folder, { recursive: true }));
  const calls = (name: string) => path.join(folder, name);
  const start = (log: string, ...more: string[]) => spawnSync(process.execPath, [path.join(import.meta.dirname, 'bootstrap.ts'), '--endpoints', path.join(folder, 'endpoints.json'), ...more], {
    encoding: 'utf8', timeout: 30_000, env: { ...process.env, PATH: `${folder}:${process.env.PATH}`, CALLS: calls(log), FAILS_AT: log === 'failed' ? 'argocd-projects' : '' },
  });

  it('without --execute only says what it would do', () => {
    const done = start('dry');
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stdout, /helm upgrade --install argocd argo-cd .*--version 10\.9\.5/);
    assert.match(done.stdout, /Nothing was done/);
    assert.equal(existsSync(calls('dry')), false);
  });

  it('goes from the namespaces to the root application, each step as one that may be repeated', () => {
    assert.equal(start('first', '--execute').status, 0);
    assert.equal(start('second', '--execute').status, 0);
    const lines = readFileSync(calls('first'), 'utf8').trim().split('\n');
    assert.equal(readFileSync(calls('second'), 'utf8').trim(), lines.join('\n'), 'the second run does the same');
    const at = (part: string) => {
      const found = lines.findIndex(line => line.includes(part));
      assert.ok(found >= 0, `${part} is never called`);
      return found;
    };
    const order = ['devops-components/namespaces', 'helm upgrade --install', '"cluster-gke-devops"', 'argocd-projects', 'clusters/hub/root.yaml', 'wait application/root'].map(at);
    assert.deepEqual(order, order.toSorted((a, b) => a - b));
    const elsewhere = lines.filter(line => !/--(kube-)?context gke_airpay-devops_europe-north1_gke-devops/.test(line));
    // Never the context that happens to be current: the spokes get the one binding, by their own.
    assert.equal(elsewhere.length, 3);
    for (const line of elsewhere) assert.match(line, /--context gke_airpay-payments-(dev|prod)_\S+_gke-payments-\S+ .*bootstrap\/access\.yaml/);
    for (const line of lines.filter(line => /kubectl/.test(line) && !/ (version|wait) /.test(line))) assert.match(line, / apply --server-side /);
  });

  it('hands the git password on by standard input alone', () => {
    const done = start('secret', '--execute');
    assert.doesNotMatch(done.stdout + done.stderr, /not-on-a-command-line/);
    const line = readFileSync(calls('secret'), 'utf8').split('\n').find(one => one.includes('argocd-repository'))!;
    assert.match(line.slice(line.indexOf('<')), /not-on-a-command-line/);
    assert.doesNotMatch(line.slice(0, line.indexOf('<')), /not-on-a-command-line/);
  });

  it('stops at the first step that fails', () => {
    assert.notEqual(start('failed', '--execute').status, 0);
    const lines = readFileSync(calls('failed'), 'utf8');
    assert.match(lines, /argocd-projects/);
    assert.doesNotMatch(lines, /root\.yaml/);
  });

  it('registers every cluster of the estate with its labels and without a credential', () => {
    const secrets = plan(endpoints).flatMap(step => (step.input ? [step.input as any] : []));
    assert.deepEqual(secrets.map(secret => secret.stringData.name).sort(), Object.values(readEstate().sites).map(site => site.cluster).sort());
    for (const secret of secrets) {
      assert.equal(secret.metadata.labels['argocd.argoproj.io/secret-type'], 'cluster');
      for (const label of ['system', 'environment', 'region', 'role', 'ring']) assert.ok(secret.metadata.labels[label], label);
      const config = JSON.parse(secret.stringData.config);
      assert.equal(config.tlsClientConfig.insecure, false);
      assert.doesNotMatch(secret.stringData.config, /token|password|keyData/i);
    }
  });

  it('comes up before there is a spoke, as it must: what makes the spokes runs on it', () => {
    const names = (steps: ReturnType<typeof plan>) => steps.flatMap(step => (step.input ? [(step.input as any).stringData.name] : []));
    assert.deepEqual(names(plan({})), ['gke-devops']);
    assert.ok(!plan({}).some(step => step.command.includes(path.join(import.meta.dirname, 'access.yaml'))), 'nothing is applied to a cluster that is not there');
    const { 'gke-payments-region-b': _, ...some } = endpoints;
    assert.deepEqual(names(plan(some)), ['gke-devops', 'gke-payments-dev', 'gke-payments-region-a']);
    const file = path.join(folder, 'none.json');
    writeFileSync(file, '{}');
    const said = spawnSync(process.execPath, [path.join(import.meta.dirname, 'bootstrap.ts'), '--endpoints', file], { encoding: 'utf8', timeout: 30_000 });
    assert.equal(said.status, 0, said.stderr);
    assert.match(said.stdout, /Not registered, because \S+ does not name them: gke-payments-dev, gke-payments-region-a, gke-payments-region-b\./);
    assert.doesNotMatch(start('all').stdout, /Not registered/);
  });

  it('is refused with the endpoint of a cluster nobody knows, or with something that is no host', () => {
    assert.throws(() => plan({ ...endpoints, 'gke-payments-regionb': 'gke-4.europe-west4.gke.goog' }), /gke-payments-regionb is no spoke of the estate/);
    assert.throws(() => plan({ 'gke-devops': 'gke-4.europe-north1.gke.goog' }), /gke-devops is no spoke/);
    for (const wrong of ['https://elsewhere', '', null as unknown as string]) assert.throws(() => plan({ ...endpoints, 'gke-payments-dev': wrong }), /no endpoint of gke-payments-dev/);
    assert.equal((clusterSecret(registrations(readEstate())[0]!, undefined) as any).stringData.server, 'https://kubernetes.default.svc');
  });
});
