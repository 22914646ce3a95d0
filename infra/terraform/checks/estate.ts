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
  /** Who plans and applies: planner-<deployment> and deployer-<deployment>, which live in the project. Null: people do, Atlantis may not. */
  deployment: string | null;
}

/** Project key -> system, environment, deployment. The hub and the archive are production: a mistake there is one in production. */
export function systemsOf(estate: Estate): Map<string, System> {
  return new Map(Object.keys(estate.projects).map(key => {
    const [, system, stage] = /^(.*?)(?:-(dev|prod))?$/.exec(key)!;
    return [key, { system: system!, environment: stage === 'dev' ? 'dev' : 'production', deployment: stage ?? (key === 'devops' ? 'hub' : null) }];
  }));
}

/** The account that only reads, for plans; `deployer` applies. Null where there is none. */
export function accountOf(estate: Estate, project: string, kind: 'planner' | 'deployer'): string | null {
  const { deployment } = systemsOf(estate).get(project)!;
  return deployment && `${kind}-${deployment}@${estate.projects[project]}.iam.gserviceaccount.com`;
}
