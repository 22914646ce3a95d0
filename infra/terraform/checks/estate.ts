/** infra/estate.yaml, and what follows from it for the roots of infra/terraform/live. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

export interface Site {
  project: string;
  environment: string;
  region: string;
  location: string;
  zones: string[];
  residency: string;
  network: string;
  cluster: string;
  role: 'hub' | 'primary' | 'standby';
  cidrs: Record<string, string>;
}

export interface Estate {
  stateBucket: string;
  requiredLabels: string[];
  projects: Record<string, string>;
  sites: Record<string, Site>;
  residency: Record<string, string[]>;
  databases: Record<string, { members: string[]; machineType: string }>;
}

export const readEstate = (repository: string): Estate => parse(readFileSync(path.join(repository, 'infra/estate.yaml'), 'utf8')) as Estate;

export interface System {
  /** First part of the state's prefix. */
  system: string;
  environment: string;
  /** Name of the service account that plans and applies here; it lives in the hub's project. */
  deployer: string;
}

/** Project key -> system, environment, deployer. The hub and the archive are production: a mistake there is one in production. */
export function systemsOf(estate: Estate): Map<string, System> {
  return new Map(Object.keys(estate.projects).map(key => {
    const dev = key.endsWith('-dev');
    const deployer = key.startsWith('payments') ? (dev ? 'deployer-dev' : 'deployer-prod') : `deployer-${key}`;
    return [key, { system: key.replace(/-(dev|prod)$/, ''), environment: dev ? 'dev' : 'production', deployer }];
  }));
}
