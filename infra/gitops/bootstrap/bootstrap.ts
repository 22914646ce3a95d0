/**
 * Brings Argo CD up on an empty hub, after which it keeps itself and everything else from git.
 * Usage: node infra/gitops/bootstrap/bootstrap.ts --endpoints <file> [--execute]
 * Prints what it would do; with --execute does it. Every step may be repeated. `--endpoints`: JSON, cluster -> host of its control plane,
 * from the Terraform output `dns_endpoint` of each region (infra/gitops/README.md). A spoke that is not in it is not registered: the first
 * time there are none yet ({}), because what makes them runs at the hub.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { gitops, readEstate, registrations, type Registration } from '../lib/estate.ts';

export interface Step {
  say: string;
  command: string[];
  /** Goes to the command's standard input, and is not shown. */
  input?: object;
  /** A command whose JSON output is made into the input: nothing secret is on a command line, in a file or on the screen. */
  from?: { command: string[]; input: (found: any) => object };
}

export type Endpoints = Record<string, string>;

/** What Argo CD knows a cluster by. No credentials: it asks as its own Google account, and the certificate is a public one. */
export function clusterSecret({ name, labels }: Registration, endpoint: string | undefined): object {
  const config = endpoint === undefined
    ? { tlsClientConfig: { insecure: false } }
    : { execProviderConfig: { command: 'argocd-k8s-auth', args: ['gcp'], apiVersion: 'client.authentication.k8s.io/v1beta1' }, tlsClientConfig: { insecure: false } };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `cluster-${name}`, namespace: 'argocd', labels },
    type: 'Opaque',
    stringData: { name, server: endpoint === undefined ? 'https://kubernetes.default.svc' : `https://${endpoint}`, config: JSON.stringify(config) },
  };
}

function repositorySecret({ username, password }: { username: string; password: string }): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'argocd-repository', namespace: 'argocd', labels: { 'argocd.argoproj.io/secret-type': 'repo-creds' } },
    type: 'Opaque',
    stringData: { type: 'git', url: 'https://github.com/airpay', username, password },
  };
}

/** All steps, in order. @throws Error when an endpoint is of no spoke, or is not a host */
export function plan(endpoints: Endpoints): Step[] {
  const estate = readEstate();
  const chart = component('devops-components/argocd').chart!;
  const hub = registrations(estate).find(({ labels }) => labels.role === 'hub')!;
  const { project, location, cluster } = estate.sites[hub.site]!;
  const context = `gke_${estate.projects[project]}_${location}_${cluster}`;
  const kubectl = (...rest: string[]) => ['kubectl', '--context', context, ...rest];
  const apply = (...rest: string[]) => kubectl('apply', '--server-side', '--field-manager=bootstrap', ...rest);
  const spokes = registrations(estate).filter(({ labels, name }) => labels.role !== 'hub' && name in endpoints);
  for (const [name, endpoint] of Object.entries(endpoints)) {
    if (!spokes.some(spoke => spoke.name === name)) throw new Error(`${name} is no spoke of the estate`);
    if (typeof endpoint !== 'string' || !/^[a-z0-9][a-z0-9.-]{3,252}$/.test(endpoint)) throw new Error(`no endpoint of ${name}`);
  }
  const secrets = [hub, ...spokes].map(registration => clusterSecret(registration, endpoints[registration.name]));
  const folder = (name: string) => path.join(gitops, name);
  const contextOf = ({ site }: Registration) => {
    const { project: key, location: where, cluster: name } = estate.sites[site]!;
    return `gke_${estate.projects[key]}_${where}_${name}`;
  };
  return [
    { say: 'the hub answers', command: kubectl('version', '--output=json') },
    { say: 'its namespaces', command: apply('-k', folder('devops-components/namespaces')) },
    {
      say: 'Argo CD, by the chart and values it will keep itself with',
      command: ['helm', 'upgrade', '--install', 'argocd', chart.name, '--repo', chart.repository, '--version', chart.version, '--kube-context', context,
        '--namespace', 'argocd', '--values', folder('devops-components/argocd/values.yaml'), '--wait', '--timeout', '15m'],
    },
    {
      say: 'how it reads git, until External Secrets keeps this',
      command: apply('-f', '-'),
      from: { command: ['gcloud', 'secrets', 'versions', 'access', 'latest', '--secret=argocd-repository', `--project=${estate.projects[project]}`], input: repositorySecret },
    },
    ...spokes.map(spoke => ({
      say: `its account may deploy in ${spoke.name}`,
      command: ['kubectl', '--context', contextOf(spoke), 'apply', '--server-side', '--field-manager=bootstrap', '-f', folder('bootstrap/access.yaml')],
    })),
    ...secrets.map(input => ({ say: `registers ${(input as { metadata: { name: string } }).metadata.name}`, command: apply('-f', '-'), input })),
    { say: 'projects: without them no application may do anything', command: apply('-k', folder('devops-components/argocd-projects')) },
    { say: 'the root application; from here on git decides', command: apply('-n', 'argocd', '-f', folder('clusters/hub/root.yaml')) },
    { say: 'the root application is synced', command: kubectl('-n', 'argocd', 'wait', 'application/root', '--for=jsonpath={.status.sync.status}=Synced', '--timeout=15m') },
  ];
}

function component(folder: string): { chart?: { name: string; repository: string; version: string } } {
  return (parse(readFileSync(path.join(gitops, folder, 'component.yaml'), 'utf8'), { version: '1.1' }) as { component: object }).component;
}

/** Spokes of the estate that these endpoints leave out. */
export function left(endpoints: Endpoints): string[] {
  return registrations(readEstate()).filter(({ labels, name }) => labels.role !== 'hub' && !(name in endpoints)).map(({ name }) => name);
}

export function run(steps: Step[], execute: boolean, write: (line: string) => void): void {
  const shown = (command: string[]) => command.map(word => (/[^\w@%+=:,./-]/.test(word) ? `'${word}'` : word)).join(' ');
  for (const [index, { say, command, input, from }] of steps.entries()) {
    write(`${index + 1}. ${say}\n   ${from ? `${shown(from.command)} | ` : ''}${shown(command)}\n`);
    if (!execute) continue;
    const given = from ? from.input(JSON.parse(execFileSync(from.command[0]!, from.command.slice(1), { encoding: 'utf8', timeout: 60_000 }))) : input;
    execFileSync(command[0]!, command.slice(1), { stdio: ['pipe', 'inherit', 'inherit'], input: given ? JSON.stringify(given) : '', timeout: 20 * 60_000 });
  }
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { endpoints: { type: 'string' }, execute: { type: 'boolean' } } });
  if (values.endpoints === undefined) {
    process.stderr.write('usage: node infra/gitops/bootstrap/bootstrap.ts --endpoints <file> [--execute]\n');
    process.exit(2);
  }
  const endpoints = JSON.parse(readFileSync(values.endpoints, 'utf8')) as Endpoints;
  run(plan(endpoints), values.execute === true, line => process.stdout.write(line));
  if (left(endpoints).length > 0) process.stdout.write(`Not registered, because ${values.endpoints} does not name them: ${left(endpoints).join(', ')}.\n`);
  if (!values.execute) process.stdout.write('Nothing was done. Add --execute.\n');
}
