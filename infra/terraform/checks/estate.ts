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
}

const stageOf = (project: string): string | undefined => /-(dev|prod)$/.exec(project)?.[1];

/** Project key -> system and environment. The hub and the archive are production: a mistake there is one in production. */
export function systemsOf(estate: Estate): Map<string, System> {
  return new Map(Object.keys(estate.projects).map(key => [key, { system: key.replace(/-(dev|prod)$/, ''), environment: stageOf(key) === 'dev' ? 'dev' : 'production' }]));
}

/**
 * Which pair of accounts plans and applies a root (planner-<this>, deployer-<this>). Null: people do, because it says what those accounts
 * may do (the hub's other roots) or because nothing at the hub may act there (the archive).
 */
export function deploymentOf(project: string, region: string): string | null {
  return stageOf(project) ?? (project === 'devops' && region === 'hub' ? 'hub' : null);
}

/** The account that only reads, for plans, or the one that applies; it lives in the project. Null where people do it. */
export function accountOf(estate: Estate, project: string, region: string, kind: 'planner' | 'deployer'): string | null {
  const deployment = deploymentOf(project, region);
  return deployment && `${kind}-${deployment}@${estate.projects[project]}.iam.gserviceaccount.com`;
}
