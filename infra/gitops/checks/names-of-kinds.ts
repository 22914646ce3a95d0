/** References of single kinds: volumes, priorities, Services of StatefulSets, issuers, who a role is given to. */
import { find, has, namespaceOf, type Check } from './context.ts';
import { nameOf, podTemplateOf, type Manifest } from './manifests.ts';

/** Disks of this class are encrypted with a key of ours. No class that GKE brings is; the organisation's policy refuses their disks. */
const encrypts = (item: Manifest | undefined) => item?.['provisioner'] === 'pd.csi.storage.gke.io' && Boolean(item['parameters']?.['disk-encryption-kms-key']);
const priorityClasses = new Set(['system-cluster-critical', 'system-node-critical']);

export const volumesPrioritiesAndServicesExist: Check = context =>
  context.manifests.flatMap(item => {
    const problems: string[] = [];
    const claims = item.kind === 'PersistentVolumeClaim' ? [item.spec] : (item.spec?.volumeClaimTemplates ?? []).map((one: any) => one.spec);
    for (const { storageClassName } of claims) {
      if (!storageClassName) problems.push(`${nameOf(item)}: a volume without storageClassName takes whatever is the default`);
      else if (!has(context, 'StorageClass', storageClassName)) problems.push(`${nameOf(item)}: no StorageClass ${storageClassName}`);
      else if (!encrypts(find(context, 'StorageClass', storageClassName))) problems.push(`${nameOf(item)}: StorageClass ${storageClassName} encrypts with no key of ours`);
    }
    const mounted = (podTemplateOf(item)?.spec.volumes ?? []).map((one: any) => one.persistentVolumeClaim?.claimName).filter(Boolean);
    for (const claim of mounted) if (!has(context, 'PersistentVolumeClaim', claim, namespaceOf(item))) problems.push(`${nameOf(item)}: no PersistentVolumeClaim ${claim}`);
    const priority = podTemplateOf(item)?.spec.priorityClassName;
    if (priority && !priorityClasses.has(priority) && !has(context, 'PriorityClass', priority)) problems.push(`${nameOf(item)}: no PriorityClass ${priority}`);
    if (item.kind === 'StatefulSet' && !has(context, 'Service', item.spec.serviceName, namespaceOf(item))) problems.push(`${nameOf(item)}: no Service ${item.spec.serviceName}`);
    return problems;
  });

/** Of a rule what GKE's gateways take; a route with anything else they refuse as a whole (UnsupportedValue). How long a request may take is said by the GCPBackendPolicy. */
const routeFields = { rule: ['name', 'matches', 'filters', 'backendRefs'], match: ['path', 'headers'] };

export const routesAreTaken: Check = context =>
  context.manifests.filter(item => item.kind === 'HTTPRoute').flatMap(item =>
    (item.spec.rules ?? []).flatMap((rule: any) => [
      ...Object.keys(rule).filter(key => !routeFields.rule.includes(key)).map(key => `${nameOf(item)}: GKE's gateways refuse a route with ${key}`),
      ...(rule.matches ?? []).flatMap((match: any) => Object.keys(match)).filter((key: string) => !routeFields.match.includes(key)).map((key: string) => `${nameOf(item)}: GKE's gateways refuse a route that matches by ${key}`),
    ]));

export const issuersExist: Check = context =>
  context.manifests.filter(item => item.kind === 'Certificate').flatMap(item => {
    const { kind = 'Issuer', name } = item.spec.issuerRef;
    const there = kind === 'ClusterIssuer' ? has(context, kind, name) : has(context, kind, name, namespaceOf(item));
    return there ? [] : [`${nameOf(item)}: no ${kind} ${name}`];
  });

/** Who is given a role is there, and so is a role that is named. Roles that Kubernetes brings have names of their own. */
export const bindingsMeetSubjects: Check = context =>
  context.manifests.filter(item => ['RoleBinding', 'ClusterRoleBinding'].includes(item.kind)).flatMap(item => {
    const problems: string[] = [];
    for (const subject of (item['subjects'] ?? []).filter((one: any) => one.kind === 'ServiceAccount')) {
      const namespace = subject.namespace ?? namespaceOf(item);
      if (!has(context, 'ServiceAccount', subject.name, namespace)) problems.push(`${nameOf(item)}: no ServiceAccount ${namespace}/${subject.name}`);
    }
    const { kind, name } = item['roleRef'];
    const builtIn = ['view', 'edit', 'admin', 'cluster-admin'].includes(name) || name.startsWith('system:');
    const there = kind === 'ClusterRole' ? builtIn || has(context, kind, name) : has(context, kind, name, namespaceOf(item));
    if (!there) problems.push(`${nameOf(item)}: no ${kind} ${name}`);
    return problems;
  });
