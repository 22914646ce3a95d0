/** What infra/estate.yaml says, as the GitOps side needs it: the clusters as Argo CD knows them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

export const gitops = path.resolve(import.meta.dirname, '..');
export const root = path.resolve(gitops, '../..');

export interface Site {
  project: string;
  environment: string;
  region: string;
  location: string;
  residency: string;
  cluster: string;
  role: 'hub' | 'primary' | 'standby';
  cidrs: Record<string, string>;
}

// Open-ended by nature: each check looks at the part it knows.
export interface Estate {
  projects: Record<string, string>;
  sites: Record<string, Site>;
  hosts: Record<string, { host: string; site: string; regional?: boolean }>;
  identities: Record<string, { perRegion: boolean; sites: string[]; namespace: string; serviceAccount: string }>;
  secrets: Record<string, { sites: string[]; readers: string[] }>;
  buckets: Record<string, any>;
  groups: Record<string, string>;
  [key: string]: any;
}

export function readEstate(): Estate {
  return parse(readFileSync(path.join(root, 'infra/estate.yaml'), 'utf8'), { version: '1.1' }) as Estate;
}

export interface Registration {
  name: string;
  site: string;
  labels: Record<string, string>;
}

/** The clusters as they are registered in Argo CD. The labels are what ApplicationSets select by, and nothing else is. */
export function registrations(estate: Estate): Registration[] {
  return Object.entries(estate.sites).map(([site, { cluster, project, environment, region, residency, role }]) => ({
    name: cluster,
    site,
    labels: {
      'argocd.argoproj.io/secret-type': 'cluster',
      system: role === 'hub' ? 'devops' : project.replace(/-(dev|prod)$/, ''),
      environment,
      region,
      role,
      residency,
      // dev, standby, hub, primary: the order in which a change travels.
      ring: environment === 'dev' ? 'dev' : role,
      'airpay.example/platform': 'true',
      [role === 'hub' ? 'airpay.example/hub' : 'airpay.example/spoke']: 'true',
    },
  }));
}

/** Email of the Google account of an identity at a site. */
export function accountOf(estate: Estate, identity: string, site: string): string {
  const { perRegion } = estate.identities[identity]!;
  const { project, region } = estate.sites[site]!;
  return `${identity}${perRegion ? `-${region}` : ''}@${estate.projects[project]}.iam.gserviceaccount.com`;
}
