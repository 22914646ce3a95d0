/**
 * Whether what the manifests of a cluster name is there: accounts, secrets, ports, gateways, namespaces, targets, selectors. Kubernetes
 * takes a wrong name without a word and the pod never starts, or starts without what it was promised.
 */
import { containersOf, nameOf, podTemplateOf, selects, type Labels, type Manifest } from './manifests.ts';
import { find, has, namespaceOf, podsIn, workloadsOf, type Check, type Context } from './context.ts';
import { bindingsMeetSubjects, issuersExist, routesAreTaken, volumesPrioritiesAndServicesExist } from './names-of-kinds.ts';
import { podOf } from './network-engine.ts';

export type { Context } from './context.ts';

const clusterScoped = new Set([
  'Namespace', 'ClusterRole', 'ClusterRoleBinding', 'ClusterSecretStore', 'ClusterIssuer', 'ClusterPolicy', 'ValidatingPolicy', 'ImageValidatingPolicy',
  'StorageClass', 'PriorityClass', 'GatewayClass', 'CustomResourceDefinition', 'ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration',
  'ClusterPodMonitoring', 'ClusterNodeMonitoring', 'Rules', 'ClusterRules', 'ClusterTriggerAuthentication', 'ClusterExternalSecret', 'ComputeClass',
  'ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding', 'PersistentVolume', 'APIService',
]);

export const namespacesExist: Check = context =>
  context.manifests
    .filter(item => !clusterScoped.has(item.kind))
    .filter(item => !item.metadata.namespace || !has(context, 'Namespace', item.metadata.namespace))
    .map(item => `${nameOf(item)}: its namespace is made by nobody`);

export const serviceAccountsExist: Check = context =>
  workloadsOf(context).flatMap(item => {
    const { serviceAccount } = podOf(item);
    return serviceAccount === 'default' || has(context, 'ServiceAccount', serviceAccount, namespaceOf(item)) ? [] : [`${nameOf(item)}: no ServiceAccount ${serviceAccount}`];
  });

/** Keys a secret will have; undefined when there is none, 'any' when they cannot be known here. */
function keysOfSecret(context: Context, namespace: string, name: string): string[] | 'any' | undefined {
  if (context.elsewhere.has(`Secret ${namespace}/${name}`)) return 'any';
  const plain = find(context, 'Secret', name, namespace);
  if (plain) return Object.keys({ ...plain['data'], ...plain['stringData'] });
  const external = context.manifests.find(item => item.kind === 'ExternalSecret' && namespaceOf(item) === namespace && (item.spec.target?.name ?? item.metadata.name) === name);
  if (external) {
    const { target, data = [], dataFrom } = external.spec;
    if (dataFrom || target?.template?.templateFrom) return 'any';
    return target?.template?.data ? Object.keys(target.template.data) : data.map((entry: any) => entry.secretKey);
  }
  const certificate = context.manifests.find(item => item.kind === 'Certificate' && namespaceOf(item) === namespace && item.spec.secretName === name);
  return certificate ? ['tls.crt', 'tls.key', 'ca.crt'] : undefined;
}

function keysOfConfigMap(context: Context, namespace: string, name: string): string[] | 'any' | undefined {
  if (context.elsewhere.has(`ConfigMap ${namespace}/${name}`)) return 'any';
  const found = find(context, 'ConfigMap', name, namespace);
  return found && Object.keys({ ...found['data'], ...found['binaryData'] });
}

interface Reference {
  kind: 'Secret' | 'ConfigMap';
  name: string;
  keys: string[];
}

export function referencesOf(item: Manifest): Reference[] {
  const spec = podTemplateOf(item)?.spec;
  const found: Reference[] = [];
  const add = (kind: Reference['kind'], source: any, name: string | undefined, keys: string[]) => {
    if (name && !source.optional) found.push({ kind, name, keys });
  };
  const projected = (source: any) => {
    const keys = (source?.items ?? []).map((entry: any) => entry.key);
    return { keys };
  };
  for (const container of containersOf(item)) {
    for (const { valueFrom } of container.env ?? []) {
      if (valueFrom?.secretKeyRef) add('Secret', valueFrom.secretKeyRef, valueFrom.secretKeyRef.name, [valueFrom.secretKeyRef.key]);
      if (valueFrom?.configMapKeyRef) add('ConfigMap', valueFrom.configMapKeyRef, valueFrom.configMapKeyRef.name, [valueFrom.configMapKeyRef.key]);
    }
    for (const { secretRef, configMapRef } of container.envFrom ?? []) {
      if (secretRef) add('Secret', secretRef, secretRef.name, []);
      if (configMapRef) add('ConfigMap', configMapRef, configMapRef.name, []);
    }
  }
  for (const volume of spec?.volumes ?? []) {
    if (volume.secret) add('Secret', volume.secret, volume.secret.secretName, projected(volume.secret).keys);
    if (volume.configMap) add('ConfigMap', volume.configMap, volume.configMap.name, projected(volume.configMap).keys);
    for (const source of volume.projected?.sources ?? []) {
      if (source.secret) add('Secret', source.secret, source.secret.name, projected(source.secret).keys);
      if (source.configMap) add('ConfigMap', source.configMap, source.configMap.name, projected(source.configMap).keys);
    }
  }
  for (const { name } of spec?.imagePullSecrets ?? []) add('Secret', {}, name, []);
  return found;
}

export const secretsAndConfigMapsExist: Check = context =>
  workloadsOf(context).flatMap(item =>
    referencesOf(item).flatMap(({ kind, name, keys }) => {
      const there = kind === 'Secret' ? keysOfSecret(context, namespaceOf(item), name) : keysOfConfigMap(context, namespaceOf(item), name);
      if (there === undefined) return [`${nameOf(item)}: no ${kind} ${name}`];
      return there === 'any' ? [] : keys.filter(key => !there.includes(key)).map(key => `${nameOf(item)}: ${kind} ${name} has no key ${key}`);
    }),
  );

export const secretStoresExist: Check = context =>
  context.manifests
    .filter(item => ['ExternalSecret', 'ClusterExternalSecret'].includes(item.kind))
    .flatMap(item => {
      const { kind = 'SecretStore', name } = item.spec.secretStoreRef ?? item.spec.externalSecretSpec?.secretStoreRef ?? {};
      const there = kind === 'ClusterSecretStore' ? has(context, kind, name) : has(context, kind, name, namespaceOf(item));
      return there ? [] : [`${nameOf(item)}: no ${kind} ${name}`];
    });

export const servicesMeetPods: Check = context =>
  context.manifests
    .filter(item => item.kind === 'Service' && item.spec.type !== 'ExternalName' && item.spec.selector)
    .filter(item => !context.elsewhere.has(`pods of Service ${namespaceOf(item)}/${item.metadata.name}`))
    .flatMap(item => {
      const pods = podsIn(context, namespaceOf(item), { matchLabels: item.spec.selector });
      if (pods.length === 0) return [`${nameOf(item)}: its selector finds no pod`];
      return pods.flatMap(workload => {
        const named = podOf(workload).ports;
        const numbers = containersOf(workload).flatMap(container => (container.ports ?? []).map((port: any) => port.containerPort));
        return (item.spec.ports ?? []).flatMap((port: any) => {
          const target = port.targetPort ?? port.port;
          const there = typeof target === 'string' ? named[target] !== undefined : numbers.includes(target);
          return there ? [] : [`${nameOf(item)}: ${nameOf(workload)} has no port ${target}`];
        });
      });
    });

/** Whether a listener's host name (maybe with *) takes a route's. */
const hostFits = (listener: string | undefined, host: string) => !listener || listener === host || (listener.startsWith('*.') && host.endsWith(listener.slice(1)));

export const routesMeetGateways: Check = context =>
  context.manifests
    .filter(item => ['HTTPRoute', 'GRPCRoute'].includes(item.kind))
    .flatMap(item => {
      const problems: string[] = [];
      for (const parent of item.spec.parentRefs ?? []) {
        const namespace = parent.namespace ?? namespaceOf(item);
        const gateway = find(context, 'Gateway', parent.name, namespace);
        if (!gateway) {
          if (!context.elsewhere.has(`Gateway ${namespace}/${parent.name}`)) problems.push(`${nameOf(item)}: no Gateway ${namespace}/${parent.name}`);
          continue;
        }
        const listeners = gateway.spec.listeners.filter((listener: any) => !parent.sectionName || listener.name === parent.sectionName);
        if (listeners.length === 0) problems.push(`${nameOf(item)}: Gateway ${namespace}/${parent.name} has no listener ${parent.sectionName}`);
        const open = listeners.filter((listener: any) => routesFrom(context, listener, namespace, namespaceOf(item)));
        if (listeners.length > 0 && open.length === 0) problems.push(`${nameOf(item)}: no listener of Gateway ${namespace}/${parent.name} takes routes of this namespace`);
        for (const host of open.length > 0 ? (item.spec.hostnames ?? []) : []) {
          if (!open.some((listener: any) => hostFits(listener.hostname, host))) problems.push(`${nameOf(item)}: no listener of Gateway ${namespace}/${parent.name} is for ${host}`);
        }
      }
      for (const { kind = 'Service', name, namespace, port } of (item.spec.rules ?? []).flatMap((rule: any) => rule.backendRefs ?? [])) {
        const where = namespace ?? namespaceOf(item);
        const service = find(context, kind, name, where);
        if (!service && !context.elsewhere.has(`${kind} ${where}/${name}`)) problems.push(`${nameOf(item)}: no ${kind} ${where}/${name}`);
        if (service && !service.spec.ports.some((one: any) => one.port === port)) problems.push(`${nameOf(item)}: Service ${where}/${name} has no port ${port}`);
      }
      return problems;
    });

function routesFrom(context: Context, listener: any, gatewayNamespace: string, routeNamespace: string): boolean {
  const from = listener.allowedRoutes?.namespaces?.from ?? 'Same';
  if (from === 'All') return true;
  if (from === 'Same') return gatewayNamespace === routeNamespace;
  const labels: Labels = { 'kubernetes.io/metadata.name': routeNamespace, ...find(context, 'Namespace', routeNamespace)?.metadata.labels };
  return selects(listener.allowedRoutes.namespaces.selector, labels);
}

const targetOf = (item: Manifest): { kind: string; name: string } | undefined => {
  if (item.kind === 'ScaledObject') return { kind: item.spec.scaleTargetRef.kind ?? 'Deployment', name: item.spec.scaleTargetRef.name };
  if (item.kind === 'HorizontalPodAutoscaler') return item.spec.scaleTargetRef;
  if (item.kind === 'VerticalPodAutoscaler' || item.kind === 'HealthCheckPolicy' || item.kind === 'GCPBackendPolicy' || item.kind === 'GCPGatewayPolicy') return item.spec.targetRef;
  return undefined;
};

export const targetsExist: Check = context =>
  context.manifests.flatMap(item => {
    const target = targetOf(item);
    if (target && !has(context, target.kind, target.name, namespaceOf(item))) return [`${nameOf(item)}: no ${target.kind} ${target.name}`];
    if (item.kind !== 'ScaledObject') return [];
    return (item.spec.triggers ?? []).flatMap((trigger: any) => {
      const reference = trigger.authenticationRef;
      const kind = reference?.kind ?? 'TriggerAuthentication';
      const there = !reference || (kind === 'ClusterTriggerAuthentication' ? has(context, kind, reference.name) : has(context, kind, reference.name, namespaceOf(item)));
      return there ? [] : [`${nameOf(item)}: no ${kind} ${reference.name}`];
    });
  });

/** The fewest pods a workload is kept at. */
export function leastReplicas(context: Context, workload: Manifest): number {
  const scaler = context.manifests.find(item => {
    const target = targetOf(item);
    return ['ScaledObject', 'HorizontalPodAutoscaler'].includes(item.kind) && namespaceOf(item) === namespaceOf(workload) && target?.kind === workload.kind && target.name === workload.metadata.name;
  });
  if (scaler) return scaler.spec.minReplicaCount ?? scaler.spec.minReplicas ?? (scaler.kind === 'ScaledObject' ? 0 : 1);
  return workload.spec.replicas ?? 1;
}

const rounded = (value: number | string, of: number, up: boolean) => {
  if (typeof value === 'number') return value;
  const share = (Number(value.replace('%', '')) / 100) * of;
  return up ? Math.ceil(share) : Math.floor(share);
};

/** Every budget finds pods, and with the fewest replicas there is still one that may go. */
export const budgetsLetPodsGo: Check = context =>
  context.manifests
    .filter(item => item.kind === 'PodDisruptionBudget')
    .filter(item => !context.elsewhere.has(`pods of PodDisruptionBudget ${namespaceOf(item)}/${item.metadata.name}`))
    .flatMap(item => {
      const pods = podsIn(context, namespaceOf(item), item.spec.selector).filter(workload => !['Job', 'CronJob'].includes(workload.kind));
      if (pods.length === 0) return [`${nameOf(item)}: its selector finds no workload`];
      if (pods.length > 1) return [`${nameOf(item)}: its selector finds ${pods.map(nameOf).join(' and ')}`];
      const least = leastReplicas(context, pods[0]!);
      const { minAvailable, maxUnavailable } = item.spec;
      // Kubernetes rounds both up.
      const mayGo = maxUnavailable !== undefined ? rounded(maxUnavailable, least, true) : least - rounded(minAvailable ?? 1, least, true);
      return mayGo >= 1 ? [] : [`${nameOf(item)}: with ${least} replicas no pod may go, and no node can be drained`];
    });

export const monitoringMeetsPods: Check = context =>
  context.manifests
    .filter(item => ['PodMonitoring', 'ServiceMonitor', 'PodMonitor'].includes(item.kind))
    .filter(item => !context.elsewhere.has(`pods of ${item.kind} ${namespaceOf(item)}/${item.metadata.name}`))
    .flatMap(item => {
      if (item.kind !== 'PodMonitoring') return [`${nameOf(item)}: nothing here reads a ${item.kind}; PodMonitoring is what managed Prometheus reads`];
      const pods = podsIn(context, namespaceOf(item), item.spec.selector);
      if (pods.length === 0) return [`${nameOf(item)}: its selector finds no pod`];
      return pods.flatMap(workload =>
        item.spec.endpoints.flatMap(({ port }: any) => {
          const { ports } = podOf(workload);
          const there = typeof port === 'number' ? Object.values(ports).includes(port) : ports[port] !== undefined;
          return there ? [] : [`${nameOf(item)}: ${nameOf(workload)} has no port ${port}`];
        }),
      );
    });

export const selectorsMeetTemplates: Check = context =>
  workloadsOf(context).flatMap(item => {
    const { labels } = podOf(item);
    const problems: string[] = [];
    if (['Deployment', 'StatefulSet', 'DaemonSet', 'Rollout'].includes(item.kind) && !selects(item.spec.selector, labels)) problems.push(`${nameOf(item)}: its selector does not find its own pods`);
    const others = workloadsOf(context).filter(other => other !== item && namespaceOf(other) === namespaceOf(item) && item.spec.selector?.matchLabels && selects(item.spec.selector, podOf(other).labels));
    for (const other of others) problems.push(`${nameOf(item)}: its selector finds the pods of ${nameOf(other)} too`);
    const spec = podTemplateOf(item)!.spec;
    const spread = (spec.topologySpreadConstraints ?? []).map((one: any) => one.labelSelector);
    const affinity = spec.affinity?.podAntiAffinity ?? {};
    const terms = [
      ...(affinity.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(affinity.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((one: any) => one.podAffinityTerm),
    ].map(one => one.labelSelector);
    for (const selector of [...spread, ...terms]) if (!selects(selector, labels)) problems.push(`${nameOf(item)}: a spread or anti-affinity does not find its own pods`);
    return problems;
  });

/** A policy that is meant for one workload and finds none protects nothing. */
export const networkPoliciesFindPods: Check = context =>
  context.manifests
    .filter(item => ['NetworkPolicy', 'FQDNNetworkPolicy'].includes(item.kind) && (item.spec.podSelector?.matchLabels || item.spec.podSelector?.matchExpressions))
    .filter(item => !context.elsewhere.has(`pods of ${item.kind} ${namespaceOf(item)}/${item.metadata.name}`) && !context.elsewhere.has(`pods of charts in ${namespaceOf(item)}`))
    .filter(item => podsIn(context, namespaceOf(item), item.spec.podSelector).length === 0)
    .map(item => `${nameOf(item)}: its selector finds no pod`);

export const checks: Record<string, Check> = {
  volumesPrioritiesAndServicesExist, issuersExist, bindingsMeetSubjects, routesAreTaken,
  namespacesExist, serviceAccountsExist, secretsAndConfigMapsExist, secretStoresExist, servicesMeetPods, routesMeetGateways, targetsExist,
  budgetsLetPodsGo, monitoringMeetsPods, selectorsMeetTemplates, networkPoliciesFindPods,
};

export const problemsOf = (context: Context): string[] => Object.values(checks).flatMap(check => check(context));
