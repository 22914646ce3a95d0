/** Small trees for the tests of the rules. */
import { parseFolder, type Tree } from './tree.ts';
import type { Surroundings } from './rules.ts';

export const versions = `
terraform {
  required_version = ">= 1.9"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }
}`;

export const rootVersions = versions.replace('  required_providers', '  backend "gcs" {}\n  required_providers') + `
provider "google" {
  default_labels = local.labels
}`;

export const readme = '# thing\n\n```hcl\nmodule "thing" {\n  source = "../../modules/thing"\n}\n```\n';
export const tests = 'mock_provider "google" {}\n\nrun "works" {\n  assert {\n    condition = true\n    error_message = "x"\n  }\n}\n';

export interface Parts {
  /** Terraform of modules/thing. */
  module?: string;
  /** Terraform of live/project-1-payments-dev/region-a, which calls the module unless it says otherwise. */
  root?: string;
  /** Other files of either; null takes one away. */
  moduleFiles?: Record<string, string | null>;
  rootFiles?: Record<string, string | null>;
  rootPath?: string;
  /** Further modules: name -> Terraform. */
  modules?: Record<string, string>;
}

const merge = (base: Record<string, string>, over: Record<string, string | null> = {}): Map<string, string> =>
  new Map(Object.entries({ ...base, ...over }).filter((entry): entry is [string, string] => entry[1] !== null));

/** A module and a root in which no rule finds anything, but for what the parts say. */
export async function sample(parts: Parts = {}): Promise<Tree> {
  const moduleFiles = merge({ 'main.tf': parts.module ?? '', 'versions.tf': versions, 'README.md': readme, 'tests/thing.tftest.hcl': tests }, parts.moduleFiles);
  const rootFiles = merge({
    'main.tf': parts.root ?? 'module "thing" {\n  source = "../../../modules/thing"\n}\n',
    'locals.tf': 'locals {\n  labels = {}\n}\n',
    'versions.tf': rootVersions,
    'backend.hcl': 'bucket = "states"\nprefix = "payments/dev/region-a"\n',
    'tests/root.tftest.hcl': tests,
  }, parts.rootFiles);
  return {
    modules: await Promise.all([
      parseFolder('infra/terraform/modules/thing', 'module', moduleFiles),
      ...Object.entries(parts.modules ?? {}).map(([name, text]) => parseFolder(`infra/terraform/modules/${name}`, 'module', new Map([['main.tf', text]]))),
    ]),
    roots: [await parseFolder(parts.rootPath ?? 'infra/terraform/live/project-1-payments-dev/region-a', 'root', rootFiles)],
  };
}

export const around: Surroundings = {
  estate: { stateBucket: 'states', requiredLabels: ['team'], projects: { devops: 'x-devops', 'payments-dev': 'x-payments-dev' }, sites: {}, residency: {}, databases: {} },
  clusters: new Map(),
  plans: new Map(),
};
