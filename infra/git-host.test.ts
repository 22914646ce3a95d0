/** One git host: what reads it, writes to it, lets something out to it or trusts its pipelines names the one of the estate (ADR 0127). */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { readEstate, root } from './gitops/checks/manifests.ts';

interface Git { host: string; hosts: string[]; organization: string; repository: string }
const estate = readEstate() as any;
const git: Git = estate.git;
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const documents = (file: string): any[] => parseAllDocuments(read(file), { version: '1.1' }).map(document => document.toJS());

/** Every `<host>/<organization>/…` of a text that is another host's, and what is written as only another host writes it. */
function hostProblems(file: string, text: string, { host, organization }: Git): string[] {
  const found = [...text.matchAll(new RegExp(`(?<![\\w.-])((?:[a-z0-9-]+\\\\?\\.)+[a-z]{2,})/${organization}/[\\w*[.]`, 'g'))].map(match => match[1]!.replaceAll('\\', ''));
  const others = [...new Set(found)].filter(one => one !== host).map(one => `${file}: ${one} is not the git host ${host}`);
  return /\/src\/branch\//.test(text) ? [...others, `${file}: an address as ${host} has none`] : others;
}

describe('the git host', () => {
  const files = globSync(['infra/**/*.{yaml,yml,ts,tf,hcl,md}', 'app-config.production.yaml', 'docs/**/*.md', 'templates/**/*', '.github/**/*.yml', '*.md'], { cwd: root, exclude: name => /node_modules/.test(name) })
    .filter(file => !/\/rendered\/|\.test\.ts$|\.tftest\.hcl$/.test(file) && /\.\w+$/.test(file)).sort();

  it('is one, wherever a repository of ours is named', () => {
    const texts = files.flatMap(file => { try { return [[file, read(file)] as const]; } catch { return []; } });
    assert.ok(texts.length > 300, String(texts.length));
    assert.deepEqual(texts.flatMap(([file, text]) => hostProblems(file, text, git)), []);
    const naming = texts.filter(([, text]) => text.includes(`${git.host}/${git.organization}/`)).map(([file]) => file);
    for (const file of ['app-config.production.yaml', 'infra/gitops/clusters/hub/root.yaml', 'infra/gitops/devops-components/argocd-projects/services.yaml', 'infra/gitops/devops-components/atlantis/repos.yaml']) assert.ok(naming.includes(file), file);
  });

  it('is red for another host, for a second one, and for addresses of another kind', () => {
    assert.deepEqual(hostProblems('x', 'repoURL: https://git.airpay.example/airpay/portal.git', git), ['x: git.airpay.example is not the git host github.com']);
    assert.deepEqual(hostProblems('x', 'https://github.com/airpay/portal and gitlab.com/airpay/portal', git), ['x: gitlab.com is not the git host github.com']);
    assert.deepEqual(hostProblems('x', '^https://git\\.airpay\\.example/airpay/[a-z]', git), ['x: git.airpay.example is not the git host github.com']);
    assert.deepEqual(hostProblems('x', 'https://github.com/airpay/portal/src/branch/main/a.md', git).length, 1);
    assert.deepEqual(hostProblems('x', 'europe-docker.pkg.dev/airpay-devops/payments https://github.com/airpay/portal/blob/main/a.md', git), []);
  });

  it('is the one whose pipelines sign', () => {
    assert.equal(git.host, 'github.com', 'the issuer below is that of this host alone');
    assert.equal(estate.signing.issuer, 'https://token.actions.githubusercontent.com');
    assert.ok(estate.signing.subject.startsWith(`https://${git.host}/${git.organization}/${git.repository}/`));
    assert.ok(estate.signing.services.startsWith(`^https://${git.host.replaceAll('.', '\\.')}/${git.organization}/`) && estate.signing.services.endsWith('$'));
  });

  it('is the one that the portal reads, publishes to and is let out to', () => {
    const config = parse(read('app-config.production.yaml'));
    assert.deepEqual(Object.keys(config.integrations), ['github']);
    assert.deepEqual(config.integrations.github.map((one: any) => one.host), [git.host]);
    for (const { target } of config.catalog.locations) assert.ok(target.startsWith(`https://${git.host}/${git.organization}/${git.repository}/blob/main/`), target);
    const names = documents('infra/gitops/apps/portal/base/network-policy.yaml').find(item => item.kind === 'FQDNNetworkPolicy').spec.egress[0].matches.map((one: any) => one.name);
    assert.deepEqual(git.hosts.filter(host => !names.includes(host)), []);
    assert.ok(git.hosts.includes(parse(read('infra/gitops/network-matrix.yaml')).places?.['git-host']?.name ?? /git-host: \{ name: (\S+) \}/.exec(read('infra/gitops/network-matrix.yaml'))?.[1]));
    assert.equal(parse(read('app-config.yaml')).airpay.templates.organization, git.organization);
  });

  it('is the one that Argo CD and Atlantis ask', () => {
    const [matrix] = documents('infra/gitops/clusters/hub/services.yaml')[0].spec.generators;
    const { scmProvider } = matrix.matrix.generators[1];
    assert.equal(scmProvider.github.organization, git.organization);
    assert.equal(scmProvider.github.api, undefined, 'the host of the generator when it says none is github.com');
    assert.ok(read('infra/gitops/bootstrap/bootstrap.ts').includes(`url: 'https://${git.host}/${git.organization}'`));
    assert.ok(read('infra/gitops/devops-components/argocd/access.yaml').includes(`url: https://${git.host}/${git.organization}\n`));
    const server = documents('infra/gitops/devops-components/atlantis/workload.yaml').find(item => item.kind === 'StatefulSet').spec.template.spec.containers[0];
    const setting = (name: string) => server.env.find((one: any) => one.name === name)?.value;
    assert.equal(setting('ATLANTIS_GH_HOSTNAME'), git.host);
    // The server compares only what stands before a wildcard, or only what follows it: a name that goes on after one would let in other organisations.
    assert.equal(setting('ATLANTIS_REPO_ALLOWLIST'), `${git.host}/${git.organization}/*`);
    for (const { id } of parse(read('infra/gitops/devops-components/atlantis/repos.yaml')).repos.filter((one: any) => one.id !== '/.*/')) {
      assert.ok(id.replace(/^\/\^/, '').replaceAll('\\', '').startsWith(`${git.host}/${git.organization}/`), id);
    }
  });
});
