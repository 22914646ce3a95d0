/**
 * Evaluates the Kyverno policies of platform-components/kyverno-policies as the admission controller does, as far as these policies go:
 * ValidatingPolicy and ImageValidatingPolicy with CEL in the subset that CEL libraries share, policies on pods also for what makes pods
 * (autogen), and the generate rules of ClusterPolicy. What it does not know it refuses to evaluate.
 */
import { Environment } from '@marcbachmann/cel-js';
import { podTemplateOf, selects, type Labels, type Manifest } from './manifests.ts';

export interface Problem {
  policy: string;
  action: string;
  object: string;
  message: string;
}

/** The signature of an image as the registry would give it. */
export interface SignedImage {
  issuer: string;
  subject: string;
  sbom?: { issuer: string; subject: string; type: string };
}

const RESOURCES: Record<string, string> = {
  Pod: '/pods', Service: '/services', Namespace: '/namespaces', ServiceAccount: '/serviceaccounts',
  Deployment: 'apps/deployments', StatefulSet: 'apps/statefulsets', DaemonSet: 'apps/daemonsets',
  Job: 'batch/jobs', CronJob: 'batch/cronjobs', PodDisruptionBudget: 'policy/poddisruptionbudgets',
};
const resourceOf = (item: Manifest) => RESOURCES[item.kind] ?? `${item.apiVersion.includes('/') ? item.apiVersion.split('/')[0] : ''}/${item.kind.toLowerCase()}s`;
const knownSpec = new Set([
  'validationActions', 'failurePolicy', 'autogen', 'matchConstraints', 'matchConditions', 'variables', 'validations', 'webhookConfiguration',
  'evaluation', 'matchImageReferences', 'validationConfigurations', 'credentials', 'attestors', 'attestations',
]);

const options = { unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false, enableOptionalTypes: true };

/** Numbers of a manifest as CEL has them: whole ones are int. */
export function celValue(value: unknown): unknown {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (Array.isArray(value)) return value.map(celValue);
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, celValue(entry)]));
  return value;
}

function environment(attestors: any[], signed: ReadonlyMap<string, SignedImage>): Environment {
  const identityFits = (attestor: any, by: { issuer: string; subject: string } | undefined) =>
    Boolean(by) && attestor.cosign.keyless.identities.some((identity: any) =>
      identity.issuer === by!.issuer && (identity.subjectRegExp ? new RegExp(identity.subjectRegExp).test(by!.subject) : identity.subject === by!.subject));
  const fits = (names: any[], by?: { issuer: string; subject: string }) =>
    BigInt(names.filter(attestor => identityFits(attestors.find(one => one.name === attestor.name), by)).length);
  return new Environment(options)
    .registerFunction('verifyImageSignatures(dyn, list): int', (image: string, names: any[]) => fits(names, signed.get(image)))
    .registerFunction('verifyAttestationSignatures(dyn, dyn, list): int', (image: string, attestation: any, names: any[]) => {
      const sbom = signed.get(image)?.sbom;
      return sbom?.type === attestation.intoto.type ? fits(names, sbom) : 0n;
    });
}

function matchesRules(policy: Manifest, item: Manifest): boolean {
  return policy.spec.matchConstraints.resourceRules.some((rule: any) => {
    const [group, resource] = resourceOf(item).split('/');
    const version = item.apiVersion.split('/').at(-1)!;
    return rule.apiGroups.includes(group) && rule.resources.includes(resource) && rule.apiVersions.includes(version) && rule.operations.includes('CREATE');
  });
}

/** What of `item` a policy looks at: itself, or for a policy on pods the pod it would make. */
function subjectOf(policy: Manifest, item: Manifest): Manifest | undefined {
  if (matchesRules(policy, item)) return item;
  const controllers: string[] = policy.spec.autogen?.podControllers?.controllers ?? ['deployments', 'statefulsets', 'daemonsets', 'jobs', 'cronjobs'];
  const template = podTemplateOf(item);
  if (!template || !controllers.includes(resourceOf(item).split('/')[1]!)) return undefined;
  // As autogen rewrites it: object.metadata and object.spec become those of the template. There is no namespace in them.
  const pod: Manifest = { apiVersion: 'v1', kind: 'Pod', metadata: { ...template.metadata, name: '' }, spec: template.spec };
  return matchesRules(policy, pod) ? pod : undefined;
}

function imagesOf(pod: Manifest): Record<string, string[]> {
  const list = (field: string) => (pod.spec?.[field] ?? []).map((container: any) => container.image);
  return { containers: list('containers'), initContainers: list('initContainers'), ephemeralContainers: list('ephemeralContainers') };
}

const globFits = (glob: string, text: string) => new RegExp(`^${glob.split('*').map(part => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`).test(text);

export interface World {
  /** Labels of namespaces; those of which nothing is known have only their name. */
  namespaces?: ReadonlyMap<string, Labels>;
  signed?: ReadonlyMap<string, SignedImage>;
}

/** @returns what the policy has against the object; empty when it is content or does not look at it */
export function evaluate(policy: Manifest, item: Manifest, world: World = {}): Problem[] {
  const unknown = Object.keys(policy.spec).filter(key => !knownSpec.has(key));
  if (unknown.length > 0) throw new Error(`${policy.metadata.name}: spec.${unknown.join(', ')} is not known to this evaluator`);
  const subject = subjectOf(policy, item);
  if (!subject) return [];
  const namespace = item.metadata.namespace ?? 'default';
  const namespaceLabels = { 'kubernetes.io/metadata.name': namespace, ...world.namespaces?.get(namespace) };
  const selector = policy.spec.matchConstraints.namespaceSelector;
  if (selector && item.kind !== 'Namespace' && !selects(selector, namespaceLabels)) return [];

  const images = imagesOf(subject);
  if (policy.kind === 'ImageValidatingPolicy') {
    const globs: string[] = policy.spec.matchImageReferences.map((reference: any) => reference.glob);
    for (const [field, list] of Object.entries(images)) images[field] = list.filter(image => globs.some(glob => globFits(glob, image)));
    if (Object.values(images).flat().length === 0) return [];
  }
  const attestors: any[] = policy.spec.attestors ?? [];
  const cel = environment(attestors, world.signed ?? new Map());
  const byName = (list: any[] = []) => Object.fromEntries(list.map(entry => [entry.name, entry]));
  const scope: Record<string, unknown> = {
    object: celValue(subject),
    namespaceObject: { metadata: { name: namespace, labels: namespaceLabels } },
    request: { namespace, operation: 'CREATE' },
    images,
    attestors: byName(attestors),
    attestations: byName(policy.spec.attestations),
    variables: {},
  };
  const run = (expression: string) => cel.evaluate(expression, scope);
  for (const condition of policy.spec.matchConditions ?? []) if (run(condition.expression) !== true) return [];
  for (const { name, expression } of policy.spec.variables ?? []) (scope['variables'] as Record<string, unknown>)[name] = run(expression);
  return policy.spec.validations
    .filter((validation: any) => run(validation.expression) !== true)
    .map((validation: any) => ({
      policy: policy.metadata.name,
      action: policy.spec.validationActions.join(),
      object: `${item.kind} ${item.metadata.name}`,
      message: validation.messageExpression ? String(run(validation.messageExpression)) : validation.message,
    }));
}

function filled(value: any, item: Manifest): any {
  if (typeof value === 'string') {
    return value.replace(/\{\{\s*request\.object\.([a-zA-Z0-9_.-]+)\s*\}\}/g, (_, path: string) => {
      const found = path.split('.').reduce((at: any, key) => at?.[key], item);
      if (typeof found !== 'string') throw new Error(`${path} is not on ${item.kind} ${item.metadata.name}`);
      return found;
    });
  }
  if (Array.isArray(value)) return value.map(entry => filled(entry, item));
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, filled(entry, item)]));
  return value;
}

function filterFits(filter: any, item: Manifest): boolean {
  return filter.any.some(({ resources }: any) => {
    if (resources.kinds && !resources.kinds.includes(item.kind)) return false;
    if (resources.names && !resources.names.some((name: string) => globFits(name, item.metadata.name))) return false;
    // Kyverno takes ?* in a value for "not empty".
    for (const [key, wanted] of Object.entries<string>(resources.selector?.matchLabels ?? {})) {
      const value = item.metadata.labels?.[key] ?? '';
      if (wanted === '?*' ? value === '' : value !== wanted) return false;
    }
    return true;
  });
}

/** The objects the generate rules of a ClusterPolicy make for an object. */
export function generated(policy: Manifest, item: Manifest): Manifest[] {
  if (policy.kind !== 'ClusterPolicy') return [];
  return policy.spec.rules
    .filter((rule: any) => rule.generate && filterFits(rule.match, item) && !(rule.exclude && filterFits(rule.exclude, item)))
    .map((rule: any) => {
      const { apiVersion, kind, name, namespace, data } = filled(rule.generate, item);
      return { apiVersion, kind, metadata: { name, namespace }, ...data };
    });
}
