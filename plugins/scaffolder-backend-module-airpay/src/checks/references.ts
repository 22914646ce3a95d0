import { Finding } from './finding';
import { YamlDocument } from './yamlFile';

type Labels = Record<string, string>;

/** Names, ports and selectors in one set of manifests point at things that exist in it. */
export function referenceFindings(documents: readonly YamlDocument[]): Finding[] {
  const ofKind = (...kinds: string[]) => documents.filter(document => kinds.includes(document.value?.kind));
  const names = (...kinds: string[]) => ofKind(...kinds).map(document => document.value.metadata?.name);
  const workloads = ofKind('Deployment', 'StatefulSet', 'Rollout');
  const configNames = [...names('ConfigMap', 'Secret'), ...generatedNames(documents)];
  const findings: Finding[] = [];
  const miss = (document: YamlDocument, path: Array<string | number>, message: string) =>
    findings.push({ file: document.file, line: document.lineOf(path), message });

  for (const workload of workloads) {
    const pod = workload.value.spec?.template?.spec ?? {};
    const path = ['spec', 'template', 'spec'];
    if (pod.serviceAccountName && !names('ServiceAccount').includes(pod.serviceAccountName)) {
      miss(workload, [...path, 'serviceAccountName'], `service account ${pod.serviceAccountName} does not exist`);
    }
    for (const name of configReferences(pod).filter(one => !configNames.includes(one))) {
      miss(workload, [...path, 'containers'], `config map or secret ${name} does not exist`);
    }
    if (!selects(workload.value.spec?.selector?.matchLabels, podLabels(workload))) {
      miss(workload, ['spec', 'selector'], 'the selector does not match the labels of its own pods');
    }
  }
  for (const service of ofKind('Service')) {
    const target = workloads.find(workload => selects(service.value.spec?.selector, podLabels(workload)));
    if (!target) miss(service, ['spec', 'selector'], 'the selector matches no pod');
    for (const [index, port] of (service.value.spec?.ports ?? []).entries()) {
      if (target && !portsOf(target).includes(port.targetPort ?? port.port)) {
        miss(service, ['spec', 'ports', index], `no container has port ${port.targetPort ?? port.port}`);
      }
    }
  }
  for (const document of ofKind('PodDisruptionBudget', 'PodMonitoring')) {
    if (!workloads.some(workload => selects(document.value.spec?.selector?.matchLabels, podLabels(workload)))) {
      miss(document, ['spec', 'selector'], 'the selector matches no pod');
    }
  }
  for (const document of ofKind('PodMonitoring')) {
    for (const [index, endpoint] of (document.value.spec?.endpoints ?? []).entries()) {
      if (!workloads.some(workload => portsOf(workload).includes(endpoint.port))) {
        miss(document, ['spec', 'endpoints', index], `no container has port ${endpoint.port}`);
      }
    }
  }
  for (const document of ofKind('NetworkPolicy')) {
    const labels = document.value.spec?.podSelector?.matchLabels;
    if (labels && !workloads.some(workload => selects(labels, podLabels(workload)))) {
      miss(document, ['spec', 'podSelector'], 'the selector matches no pod');
    }
  }
  findings.push(...scalerFindings(ofKind('HorizontalPodAutoscaler'), workloads), ...routeFindings(ofKind('HTTPRoute'), ofKind('Service')));
  return findings;
}

/** Labels a pod has by its own template; kustomize only adds to them. */
export function podLabels(workload: YamlDocument): Labels {
  return workload.value.spec?.template?.metadata?.labels ?? {};
}

function selects(selector: Labels | undefined, labels: Labels): boolean {
  const wanted = Object.entries(selector ?? {});
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}

function portsOf(workload: YamlDocument): Array<string | number> {
  const containers: any[] = workload.value.spec?.template?.spec?.containers ?? [];
  return containers.flatMap(container => (container.ports ?? []).flatMap((port: any) => [port.name, port.containerPort]));
}

function configReferences(pod: any): string[] {
  const containers: any[] = pod.containers ?? [];
  return containers.flatMap(container => [
    ...(container.envFrom ?? []).map((source: any) => source.configMapRef?.name ?? source.secretRef?.name),
    ...(container.env ?? []).map(
      (variable: any) => variable.valueFrom?.secretKeyRef?.name ?? variable.valueFrom?.configMapKeyRef?.name,
    ),
  ]).filter(Boolean);
}

function generatedNames(documents: readonly YamlDocument[]): string[] {
  return documents.flatMap(({ value }) => {
    if (value?.kind === 'ExternalSecret') return [value.spec?.target?.name ?? value.metadata?.name];
    if (value?.kind !== 'Kustomization') return [];
    return [...(value.configMapGenerator ?? []), ...(value.secretGenerator ?? [])].map((generator: any) => generator.name);
  });
}

function scalerFindings(scalers: readonly YamlDocument[], workloads: readonly YamlDocument[]): Finding[] {
  return scalers
    .filter(({ value }) => !workloads.some(one => one.value.kind === value.spec?.scaleTargetRef?.kind && one.value.metadata?.name === value.spec?.scaleTargetRef?.name))
    .map(scaler => ({ file: scaler.file, line: scaler.lineOf(['spec', 'scaleTargetRef']), message: 'the scale target does not exist' }));
}

function routeFindings(routes: readonly YamlDocument[], services: readonly YamlDocument[]): Finding[] {
  return routes.flatMap(route => {
    const rules: any[] = route.value.spec?.rules ?? [];
    return rules.flatMap((rule, index) =>
      ((rule.backendRefs ?? []) as any[])
        .filter(ref => !services.some(one => one.value.metadata?.name === ref.name && one.value.spec?.ports?.some((port: any) => port.port === ref.port)))
        .map(ref => ({
          file: route.file,
          line: route.lineOf(['spec', 'rules', index, 'backendRefs']),
          message: `no service ${ref.name} with port ${ref.port}`,
        })),
    );
  });
}
