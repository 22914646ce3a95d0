/** All rules by name, and the run of all of them over a tree. */
import { readdirSync, readFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { apisEnabled } from './apis.ts';
import { readEstate, type Estate } from './estate.ts';
import { conditionsCanHold, deployersMayGrant, impersonationByAccount, nobodyAnonymous, noPersons, noPrimitiveRoles } from './iam.ts';
import { accountsOfPoolsAreMade, nodesFindAWayOut } from './order.ts';
import { plansDoNotRaiseWhatIsIgnored, selectorsHaveAPool, taintsAreTolerated } from './plans.ts';
import { quotaProject } from './quota.ts';
import { calls, declaredOnce, noBareWords, references } from './references.ts';
import { knownTypes, labelsPassed, noOpenIngress, noProvisioners, noPublicIp, nothingDestroysLightly, ownKeys, privateClusters, protectedState, sizesNotIgnored } from './resources.ts';
import { databasesHaveMachines, documented, identities, noDeadModules, nothingInert, provedModules, productionIsNotSmall, provedRoots, states } from './structure.ts';
import { noPlanTimeValues, numbersInTextsComputed, pinned, providersPinned } from './texts.ts';
import { readTree, type Tree } from './tree.ts';
import { readWaivers, sieve, type Finding } from './waivers.ts';

export interface Surroundings {
  estate: Estate;
  /** Cluster -> what it runs (infra/gitops/rendered). */
  clusters: ReadonlyMap<string, readonly any[]>;
  /** File -> text of the plans of a recovery. */
  plans: ReadonlyMap<string, string>;
}

type Rule = (tree: Tree, around: Surroundings) => string[];

export const rules = new Map<string, Rule>(Object.entries<Rule>({
  'known-types': knownTypes,
  'no-provisioners': noProvisioners,
  'labels': labelsPassed,
  'own-keys': ownKeys,
  'protected': protectedState,
  'nothing-destroys-lightly': nothingDestroysLightly,
  'no-public-ip': noPublicIp,
  'private-clusters': privateClusters,
  'no-open-ingress': noOpenIngress,
  'sizes-not-ignored': sizesNotIgnored,
  'no-primitive-roles': noPrimitiveRoles,
  'nobody-anonymous': nobodyAnonymous,
  'impersonation-by-account': impersonationByAccount,
  'no-persons': noPersons,
  'conditions-can-hold': conditionsCanHold,
  'deployers-may-grant': deployersMayGrant,
  'pinned': pinned,
  'providers-pinned': providersPinned,
  'no-plan-time-values': noPlanTimeValues,
  'numbers-in-texts-computed': numbersInTextsComputed,
  'states': (tree, { estate }) => states(tree, estate),
  'identities': identities,
  'apis-enabled': apisEnabled,
  'quota-project': quotaProject,
  'nodes-find-a-way-out': nodesFindAWayOut,
  'accounts-of-pools-are-made': accountsOfPoolsAreMade,
  'no-dead-modules': noDeadModules,
  'nothing-inert': nothingInert,
  'documented': documented,
  'proved-modules': provedModules,
  'proved-roots': provedRoots,
  'databases-have-machines': (tree, { estate }) => databasesHaveMachines(tree, estate),
  'production-is-not-small': (_tree, { estate }) => productionIsNotSmall(estate),
  'calls': calls,
  'references': references,
  'declared-once': declaredOnce,
  'no-bare-words': noBareWords,
  'plans-do-not-raise-what-is-ignored': (tree, { plans }) => plansDoNotRaiseWhatIsIgnored(tree, plans),
  'taints-are-tolerated': (tree, { clusters }) => taintsAreTolerated(tree, clusters),
  'selectors-have-a-pool': (tree, { clusters }) => selectorsHaveAPool(tree, clusters),
}));

/** Rules from which a dated exception is possible. From the others there is none: nothing but a mistake breaks them. */
export const waivable: ReadonlySet<string> = new Set(['known-types', 'own-keys', 'protected', 'no-public-ip', 'no-open-ingress', 'pinned', 'nothing-inert', 'impersonation-by-account', 'sizes-not-ignored']);

export function readSurroundings(repository: string): Surroundings {
  const rendered = path.join(repository, 'infra/gitops/rendered');
  const plans = path.join(repository, 'infra/recovery-plans');
  const manifests = (cluster: string) => {
    const file = path.join(rendered, cluster, 'manifests.yaml');
    // The cluster reads YAML 1.1.
    return existsSync(file) ? parseAllDocuments(readFileSync(file, 'utf8'), { version: '1.1' }).map(document => document.toJS() as any) : [];
  };
  return {
    estate: readEstate(repository),
    clusters: new Map(readdirSync(rendered).sort().map(cluster => [cluster, manifests(cluster)])),
    plans: new Map(readdirSync(plans).sort().map(name => [`infra/recovery-plans/${name}`, readFileSync(path.join(plans, name), 'utf8')])),
  };
}

export function findings(tree: Tree, around: Surroundings): Finding[] {
  return [...rules].flatMap(([rule, check]) => check(tree, around).map(problem => ({ rule, problem })));
}

/** Problems of the repository that no waiver covers. */
export async function problemsOf(repository: string, today: Date): Promise<string[]> {
  const around = readSurroundings(repository);
  const tree = await readTree(repository);
  const owners = new Set(Object.keys((around.estate as unknown as { groups: Record<string, string> }).groups));
  return sieve(findings(tree, around), readWaivers(), today, waivable, owners);
}
