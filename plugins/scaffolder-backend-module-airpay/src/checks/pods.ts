import { Finding } from './finding';
import { YamlDocument } from './yamlFile';

const DIGEST = /@sha256:[0-9a-f]{64}$/;
const PROBES = ['livenessProbe', 'readinessProbe'];

/** One pod template is restricted, probed, limited and names its image by digest. */
export function podFindings(workload: YamlDocument): Finding[] {
  const path = ['spec', 'template', 'spec'];
  const at = (more: Array<string | number>, message: string): Finding => ({
    file: workload.file,
    line: workload.lineOf([...path, ...more]),
    message,
  });
  const pod = workload.value.spec?.template?.spec ?? {};
  const findings: Finding[] = [];
  if (pod.securityContext?.runAsNonRoot !== true) findings.push(at(['securityContext'], 'securityContext.runAsNonRoot must be true'));
  if (pod.securityContext?.seccompProfile?.type !== 'RuntimeDefault') {
    findings.push(at(['securityContext'], 'securityContext.seccompProfile.type must be RuntimeDefault'));
  }
  if (!pod.serviceAccountName) findings.push(at([], 'serviceAccountName is missing'));
  const containers: any[] = pod.containers ?? [];
  if (containers.length === 0) findings.push(at([], 'there is no container'));
  for (const [index, container] of containers.entries()) {
    findings.push(...containerFindings(container, (more, message) => at(['containers', index, ...more], message)));
  }
  return findings;
}

function containerFindings(container: any, at: (path: string[], message: string) => Finding): Finding[] {
  const findings: Finding[] = [];
  const { name, image, securityContext, resources, ports = [] } = container;
  if (!DIGEST.test(image ?? '')) findings.push(at(['image'], `image of ${name} must name a digest (@sha256:…)`));
  if (securityContext?.allowPrivilegeEscalation !== false) {
    findings.push(at(['securityContext'], `${name}: allowPrivilegeEscalation must be false`));
  }
  if (securityContext?.readOnlyRootFilesystem !== true) {
    findings.push(at(['securityContext'], `${name}: readOnlyRootFilesystem must be true`));
  }
  if (!securityContext?.capabilities?.drop?.includes('ALL')) {
    findings.push(at(['securityContext'], `${name}: capabilities.drop must contain ALL`));
  }
  for (const resource of ['cpu', 'memory']) {
    if (!resources?.requests?.[resource]) findings.push(at(['resources'], `${name}: resources.requests.${resource} is missing`));
  }
  if (!resources?.limits?.memory) findings.push(at(['resources'], `${name}: resources.limits.memory is missing`));
  const portNames = ports.flatMap((port: any) => [port.name, port.containerPort]);
  for (const probe of PROBES) {
    const port = container[probe]?.httpGet?.port ?? container[probe]?.tcpSocket?.port ?? container[probe]?.grpc?.port;
    if (!container[probe]) findings.push(at([], `${name}: ${probe} is missing`));
    else if (port !== undefined && !portNames.includes(port)) {
      findings.push(at([probe], `${name}: ${probe} asks port ${port}, which the container does not have`));
    }
  }
  return findings;
}
