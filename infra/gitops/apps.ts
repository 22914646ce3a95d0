/** Rules over the manifests of an app. Pure: each returns what is wrong, in words. */

// Open-ended by nature: every rule looks at the part it knows.
export type Manifest = { apiVersion: string; kind: string; metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> }; spec?: any };

/** The account at Google of a ServiceAccount, as the estate makes it. @throws Error when the estate knows no such account there */
export function accountOf(estate: any, serviceAccount: string, namespace: string, site: string): string {
  const found = Object.entries<any>(estate.identities).find(([, item]) => item.serviceAccount === serviceAccount && item.namespace === namespace && item.sites.includes(site));
  if (!found) throw new Error(`the estate has no identity for ${serviceAccount} in ${namespace} at ${site}`);
  const [name, { perRegion }] = found;
  const { project, region } = estate.sites[site];
  return `${perRegion ? `${name}-${region}` : name}@${estate.projects[project]}.iam.gserviceaccount.com`;
}

/** Ids of the secrets in Secret Manager that a site has. */
export function secretIdsWanted(estate: any, site: string): string[] {
  const { region, role } = estate.sites[site];
  return Object.entries<any>(estate.secrets).filter(([, item]) => item.sites.includes(site) && item.readers.includes('external-secrets')).map(([name]) => (role === 'hub' ? name : `${name}-${region}`));
}

/** Ids an ExternalSecret asks for. */
export function secretIdsOf(secret: Manifest): string[] {
  return secret.spec.data.map((item: any) => item.remoteRef.key);
}

/** Names of the variables that a configuration file reads. */
export function variablesOf(text: string): string[] {
  return [...text.matchAll(/\$\{([A-Z0-9_]+)\}/g)].map(match => match[1]!);
}

/** Whether a FQDNNetworkPolicy lets a host out at a port: names as they are, `*` for any characters but the dot. */
export function fqdnAllows(policy: Manifest, host: string, port: number): boolean {
  return policy.spec.egress.some((rule: any) => {
    const fits = rule.matches.some(({ name, pattern }: { name?: string; pattern?: string }) =>
      name === host || (pattern !== undefined && (pattern === '*' || new RegExp(`^${pattern.split('*').map(part => part.replace(/[.]/g, '\\.')).join('[^.]*')}$`).test(host))));
    return fits && (rule.ports === undefined || rule.ports.some((item: any) => item.port === port && (item.protocol ?? 'TCP') === 'TCP'));
  });
}

/** Labels of http_requests_total, and those that the registry adds to every series. */
const REQUEST_LABELS = ['method', 'route', 'code', 'service', 'region', 'instance'];

/**
 * What is wrong between autoscalers, disruption budgets and workloads.
 * @param made series the application makes
 */
export function autoscalingFaults(all: Manifest[], made: Set<string>): string[] {
  const faults: string[] = [];
  const production = all.some(item => item.metadata.labels?.['environment'] === 'production');
  const workloads = all.filter(item => ['Deployment', 'StatefulSet'].includes(item.kind));
  for (const workload of workloads) {
    const labels: Record<string, string> = workload.spec.template.metadata.labels;
    const budgets = all.filter(item => item.kind === 'PodDisruptionBudget' && Object.entries(item.spec.selector.matchLabels).every(([key, value]) => labels[key] === value));
    if (budgets.length !== 1) faults.push(`${workload.metadata.name} has ${budgets.length === 0 ? 'no PodDisruptionBudget' : 'several PodDisruptionBudgets'}`);
    const scaled = all.find(item => item.kind === 'ScaledObject' && item.spec.scaleTargetRef.name === workload.metadata.name);
    const least = scaled?.spec.minReplicaCount ?? workload.spec.replicas;
    for (const { spec } of budgets) {
      const away = spec.maxUnavailable ?? least - spec.minAvailable;
      if (!(away >= 1)) faults.push(`${workload.metadata.name}: of ${least} pods none may be away, no node could be drained`);
    }
    if (scaled && production && least < 2) faults.push(`${workload.metadata.name}: production keeps at least 2 pods`);
  }
  for (const { metadata, spec } of all.filter(item => item.kind === 'ScaledObject')) {
    const target = workloads.find(item => item.metadata.name === spec.scaleTargetRef.name);
    if (!target) faults.push(`${metadata.name} scales ${spec.scaleTargetRef.name}, which is not there`);
    if (all.some(item => item.kind === 'HorizontalPodAutoscaler')) faults.push('a HorizontalPodAutoscaler beside the one that KEDA makes');
    // A region that stands by has no series: its fallback is all that speaks there.
    if (spec.fallback?.replicas !== spec.minReplicaCount || spec.fallback.behavior !== 'currentReplicasIfHigher') faults.push(`${metadata.name}: the fallback must keep what runs and ask for no more than the least`);
    if (!spec.triggers.some((item: any) => item.type === 'cpu')) faults.push(`${metadata.name}: without the cpu trigger nothing scales while the metric cannot be read`);
    for (const { metadata: trigger } of spec.triggers.filter((item: any) => item.type === 'prometheus')) {
      const query: string = trigger.query;
      if (trigger.ignoreNullValues !== 'false') faults.push(`${metadata.name}: ignoreNullValues takes a metric that is missing for a rate of 0`);
      const series = [...query.matchAll(/([a-z_]+)\{/g)].map(match => match[1]!);
      if (series.length === 0) faults.push(`${metadata.name}: the query names no series`);
      for (const name of series) if (!made.has(name)) faults.push(`${metadata.name}: ${name} is a series nothing makes`);
      for (const [, label] of query.matchAll(/[{,]([a-z_]+)(?:=~|!~|!=|=)"/g)) if (!REQUEST_LABELS.includes(label!)) faults.push(`${metadata.name}: no series has a label ${label}`);
      const region = /region="([^"]*)"/.exec(query)?.[1];
      if (region !== metadata.labels?.['region']) faults.push(`${metadata.name}: counts requests of another region (${region})`);
    }
  }
  for (const { metadata, spec } of all.filter(item => item.kind === 'VerticalPodAutoscaler')) {
    if (spec.updatePolicy?.updateMode !== 'Off') faults.push(`${metadata.name}: two autoscalers on the same processors`);
  }
  return faults;
}

/** What is wrong with the spread of Deployments of tier 0 and 1 over zones. */
export function spreadFaults(all: Manifest[]): string[] {
  return all.filter(item => item.kind === 'Deployment' && ['0', '1'].includes(item.metadata.labels?.['tier'] ?? '0')).flatMap(({ metadata, spec }) => {
    const zone = (spec.template.spec.topologySpreadConstraints ?? []).find((item: any) => item.topologyKey === 'topology.kubernetes.io/zone');
    const faults: string[] = [];
    if (zone?.whenUnsatisfiable !== 'DoNotSchedule') faults.push(`${metadata.name}: the spread over zones must be hard`);
    if (zone?.minDomains !== undefined) faults.push(`${metadata.name}: with minDomains a region cannot start on its first node`);
    if (zone?.nodeTaintsPolicy !== 'Honor') faults.push(`${metadata.name}: a lost zone would hold up the others`);
    const labels: Record<string, string> = spec.template.metadata.labels;
    if (!zone || !Object.entries(zone.labelSelector.matchLabels).every(([key, value]) => labels[key] === value)) faults.push(`${metadata.name}: the spread counts other pods than its own`);
    return faults;
  });
}
