import { createHash } from 'node:crypto';
import { Platform, Region } from './platform';
import { TIERS } from './tiers';

/** What the form asks. Anything may be in it: the form's own checks run in a browser. */
export interface ServiceRequest {
  name: string;
  description: string;
  /** Entity reference of a group. */
  owner: string;
  tier: string;
  currency: string;
  regionSet: string;
}

/** What of the outside world speaks for or against a request. */
export interface Surroundings {
  owner: { exists: boolean; costCenter?: string };
  /** Entities that already use the name, the namespace or the host: "component:default/ledger (namespace payments)". */
  taken: string[];
  /** Names of repositories that exist and were not made by this same request. */
  strangeRepositories: string[];
}

/** The three repositories, in the order they are published; gitops last, since it alone makes anything run. */
export const PARTS = ['service', 'infra', 'gitops'] as const;
export type Part = (typeof PARTS)[number];

const MAX_NAME_LENGTH = 40;
const MAX_DESCRIPTION_LENGTH = 200;
/** Namespaces that belong to the cluster. */
const RESERVED_NAME = /^(kube|gke|gmp|istio|default)(-|$)/;

/** Name of a repository. */
export function repositoryName(name: string, part: Part): string {
  return part === 'service' ? name : `${name}-${part}`;
}

/** What is wrong with the values themselves; empty when nothing is. */
export function faultsOf(request: ServiceRequest, platform: Platform): string[] {
  const faults: string[] = [];
  const { name } = request;
  if (!/^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(name) || name.length > MAX_NAME_LENGTH) {
    faults.push(
      `Name "${name.slice(0, 80)}" must be 1 to ${MAX_NAME_LENGTH} lower-case letters, digits and hyphens, start with a letter and not end with a hyphen`,
    );
  } else if (RESERVED_NAME.test(name)) {
    faults.push(`Name "${name}" is reserved for the cluster's own namespaces`);
  } else if (/-(infra|gitops)$/.test(name)) {
    faults.push(`Name "${name}" ends like the repositories of another service`);
  }
  if (request.description.trim().length === 0 || request.description.length > MAX_DESCRIPTION_LENGTH) {
    faults.push(`Description must have 1 to ${MAX_DESCRIPTION_LENGTH} characters`);
  } else if (/[\p{Cc}\p{Cf}]|\$\{\{|\{%/u.test(request.description)) {
    faults.push('Description must be one line of plain text');
  }
  const tier = Object.hasOwn(TIERS, request.tier) ? TIERS[request.tier] : undefined;
  if (!tier) faults.push(`Tier "${request.tier}" is not one of ${Object.keys(TIERS).join(', ')}`);
  if (!platform.currencies.includes(request.currency)) {
    faults.push(`Currency "${request.currency}" is not one of ${platform.currencies.join(', ')}`);
  }
  const regions = platform.regionSets.get(request.regionSet);
  if (!regions) {
    faults.push(`Region set "${request.regionSet}" is not one of ${[...platform.regionSets.keys()].join(', ')}`);
  } else if (tier && regions.length < tier.minRegions) {
    faults.push(`Tier ${request.tier} must be able to run in ${tier.minRegions} regions; "${request.regionSet}" has ${regions.length}`);
  }
  return faults;
}

/** What of the outside world forbids the service; empty when nothing does. */
export function conflictsOf(request: ServiceRequest, surroundings: Surroundings): string[] {
  const { owner, taken, strangeRepositories } = surroundings;
  const conflicts: string[] = [];
  if (!owner.exists) conflicts.push(`Owner "${request.owner}" is not a group of the catalog`);
  else if (!owner.costCenter) conflicts.push(`Owner "${request.owner}" has no cost center; add airpay.com/cost-center to the group`);
  if (taken.length > 0) conflicts.push(`"${request.name}" is taken by ${taken.join(', ')}`);
  if (strangeRepositories.length > 0) {
    conflicts.push(`These repositories exist and were not made by this request: ${strangeRepositories.join(', ')}`);
  }
  return conflicts;
}

/**
 * The values the templates are rendered with.
 * @param request - without faults
 * @param context - where repositories will be, and what is known of the owner
 */
export function templateValues(
  request: ServiceRequest,
  platform: Platform,
  context: { team: string; costCenter: string; repositoryBase: string; catalogInfo: string },
) {
  const { name } = request;
  const { minRegions: _, ...promises } = TIERS[request.tier];
  const regions = platform.regionSets.get(request.regionSet) ?? [];
  const { productionProject, development } = platform;
  const repository = (part: Part) => `${context.repositoryBase}/${repositoryName(name, part)}`;
  return {
    name,
    title: titleOf(name),
    /** Beginning of alert names: CardPayments. */
    alertName: partsOf(name).map(capitalized).join(''),
    description: request.description.trim(),
    owner: request.owner,
    team: context.team,
    costCenter: context.costCenter,
    tier: request.tier,
    currency: request.currency,
    system: platform.system,
    host: `${name}.${platform.hostSuffix}`,
    organization: platform.organization,
    devProject: development.project,
    devCluster: development.cluster,
    devServiceAccount: serviceAccountEmail(name, regions[0], development.project),
    ...promises,
    regions: regions.map(region => ({
      ...region,
      project: productionProject,
      serviceAccount: serviceAccountEmail(name, region, productionProject),
    })),
    repositories: { service: repository('service'), infra: repository('infra'), gitops: repository('gitops') },
    /** Where the catalog finds the service. */
    catalogInfo: context.catalogInfo,
  };
}

export type TemplateValues = ReturnType<typeof templateValues>;

/** SHA-256 over the request: equal for a second try with the same form, different for anything else. */
export function requestDigest(request: ServiceRequest): string {
  const { name, description, owner, tier, currency, regionSet } = request;
  return createHash('sha256').update(JSON.stringify([name, description, owner, tier, currency, regionSet])).digest('hex');
}

/** Must agree with google_service_account.service of infra/terraform/services: Google allows 30 characters. */
function serviceAccountEmail(name: string, region: Region, project: string): string {
  const full = `${name}-${region.id}`;
  const digest = createHash('sha256').update(full).digest('hex').slice(0, 7);
  const id = full.length <= 30 ? full : `${name.slice(0, 22).replace(/-$/, '')}-${digest}`;
  return `${id}@${project}.iam.gserviceaccount.com`;
}

function titleOf(name: string): string {
  return capitalized(partsOf(name).join(' '));
}

function partsOf(name: string): string[] {
  return name.split('-').filter(Boolean);
}

function capitalized(text: string): string {
  return text.charAt(0).toLocaleUpperCase('en-US') + text.slice(1);
}
