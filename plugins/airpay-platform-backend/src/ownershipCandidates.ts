import { Entity, stringifyEntityRef } from '@backstage/catalog-model';
import { annotations, ownershipLabels, sloLabels } from '@airpay/plugin-airpay-platform-common';
import { hostOf, matchOf } from './match';
import type { AlertRule, KubernetesObject, KubernetesReading } from './observed';
import { Because, Candidate, entityKinds, Kind, listOf, titleOf } from './ownershipFacts';

// What a text may mean, out of what was read. Pure.

/** Entities by what other systems call them. */
export interface Index {
  byKubernetesId: Map<string, Entity>;
  bySlo: Map<string, Entity>;
  annotated: Entity[];
}

/** Label that ties a workload to its component, the surest first. */
const workloadLabels = [annotations.kubernetesId, ownershipLabels.component, 'app.kubernetes.io/name'];

const catalogSource = 'Catalog';
const sentence = (text: string, source: string, at: string): Because => ({ text, source, at });

export function indexOf(entities: readonly Entity[]): Index {
  const index: Index = { byKubernetesId: new Map(), bySlo: new Map(), annotated: [...entities] };
  for (const entity of entities) {
    const id = entity.metadata.annotations?.[annotations.kubernetesId];
    if (id && !index.byKubernetesId.has(id)) index.byKubernetesId.set(id, entity);
    for (const service of listOf(entity, annotations.slo)) index.bySlo.set(service, entity);
  }
  return index;
}

/** Where a component runs, from its Deployments; evidence that the catalog entry is alive. */
function runsWhere(entity: Entity, readings: readonly KubernetesReading[]): Because[] {
  const id = entity.metadata.annotations?.[annotations.kubernetesId];
  if (!id) return [];
  return readings.flatMap(reading =>
    reading.objects
      .filter(object => object.kind === 'Deployment' && object.labels[annotations.kubernetesId] === id)
      .slice(0, 2)
      .map(object =>
        sentence(
          `Deployment ${object.name} in namespace ${object.namespace} of ${reading.region} runs it, ${object.state}`,
          `Kubernetes API, ${reading.region}`,
          reading.at,
        ),
      ),
  );
}

export function entityCandidates(text: string, entities: readonly Entity[], readings: readonly KubernetesReading[], at: string): Candidate[] {
  return entities.flatMap((entity): Candidate[] => {
    const kind = entity.kind.toLocaleLowerCase('en-US') as Kind;
    if (!(entityKinds as readonly string[]).includes(kind)) return [];
    const ref = stringifyEntityRef(entity);
    const { name } = entity.metadata;
    const match = matchOf(text, [name, titleOf(entity), ref, `${kind}:${name}`]);
    if (match === 0) return [];
    return [{ kind, name, title: titleOf(entity), match, subjectRef: ref, because: [sentence(`The catalog knows ${ref}`, catalogSource, at), ...runsWhere(entity, readings)] }];
  });
}

/** From an object's labels to the entity that stands for it, with the sentences that say how. */
function subjectOf(object: KubernetesObject, reading: KubernetesReading, index: Index, at: string): Pick<Candidate, 'subjectRef' | 'because'> {
  const source = `Kubernetes API, ${reading.region}`;
  const where = object.namespace ? ` in namespace ${object.namespace}` : '';
  const named = `${object.kind} ${object.name}${where}`;
  // A namespace is shared: its "component" label, if any, names the namespace itself.
  for (const key of object.kind === 'Namespace' ? [] : workloadLabels) {
    const value = object.labels[key];
    if (!value) continue;
    const because = [sentence(`${named} carries the label ${key}=${value}`, source, reading.at)];
    const entity = index.byKubernetesId.get(value);
    if (!entity) return { subjectRef: `component:default/${value.toLocaleLowerCase('en-US')}`, because };
    const ref = stringifyEntityRef(entity);
    return { subjectRef: ref, because: [...because, sentence(`${ref} has ${annotations.kubernetesId}: ${value}`, catalogSource, at)] };
  }
  for (const [key, kind] of [[ownershipLabels.system, 'system'], [ownershipLabels.team, 'group']] as const) {
    const value = object.labels[key];
    if (value) {
      return {
        subjectRef: `${kind}:default/${value.toLocaleLowerCase('en-US')}`,
        because: [sentence(`${named} carries the label ${key}=${value}`, source, reading.at)],
      };
    }
  }
  return { subjectRef: null, because: [sentence(`${named} runs, but carries no label that names its component, system or team`, source, reading.at)] };
}

export function podCandidates(text: string, readings: readonly KubernetesReading[], index: Index, at: string): Candidate[] {
  return readings.flatMap(reading =>
    reading.objects
      .filter(object => object.kind === 'Pod')
      .map((pod): Candidate => ({
        kind: 'pod',
        name: pod.name,
        title: `${pod.name} (${reading.region}${pod.state ? `, ${pod.state}` : ''})`,
        // An address is either right or wrong.
        match: pod.ip === text.trim() ? 1 : matchOf(text, [pod.name, `${pod.namespace}/${pod.name}`]),
        ...subjectOf(pod, reading, index, at),
      }))
      .filter(one => one.match > 0),
  );
}

export function namespaceCandidates(text: string, readings: readonly KubernetesReading[], index: Index, at: string): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const reading of readings) {
    for (const object of reading.objects.filter(one => one.kind === 'Namespace')) {
      const match = matchOf(text, [object.name]);
      if (match === 0) continue;
      const { subjectRef, because } = subjectOf(object, reading, index, at);
      const known = found.get(object.name);
      if (known) {
        known.because.push(...because);
        known.subjectRef ??= subjectRef;
      } else {
        found.set(object.name, { kind: 'namespace', name: object.name, title: `Namespace ${object.name}`, match, subjectRef, because: [...because] });
      }
    }
  }
  for (const entity of index.annotated) {
    for (const name of listOf(entity, annotations.namespace)) {
      const match = matchOf(text, [name]);
      if (match === 0) continue;
      const ref = stringifyEntityRef(entity);
      const known: Candidate = found.get(name) ?? { kind: 'namespace', name, title: `Namespace ${name}`, match, subjectRef: null, because: [] };
      found.set(name, known);
      // The system owns the namespace several of its components share.
      const system = entity.spec?.system;
      known.subjectRef ??= typeof system === 'string' ? `system:default/${system.replace(/^system:(default\/)?/, '')}` : ref;
      if (known.because.length < 6) known.because.push(sentence(`${ref} runs in it (${annotations.namespace})`, catalogSource, at));
    }
  }
  return [...found.values()];
}

export function hostCandidates(text: string, readings: readonly KubernetesReading[], index: Index, at: string): Candidate[] {
  const wanted = hostOf(text);
  const found = new Map<string, Candidate>();
  const add = (host: string, subjectRef: string | null, because: Because[]) => {
    const match = matchOf(wanted, [host]);
    if (match === 0) return;
    const known = found.get(host);
    if (known) {
      known.because.push(...because);
      known.subjectRef ??= subjectRef;
    } else {
      found.set(host, { kind: 'host', name: host, title: host, match, subjectRef, because: [...because] });
    }
  };
  for (const entity of index.annotated) {
    const ref = stringifyEntityRef(entity);
    for (const host of listOf(entity, annotations.hosts)) add(host, ref, [sentence(`${ref} states the host (${annotations.hosts})`, catalogSource, at)]);
  }
  for (const reading of readings) {
    for (const route of reading.objects.filter(one => one.kind === 'HTTPRoute')) {
      const labelled = subjectOf(route, reading, index, at);
      const backend = route.backends.map(name => index.byKubernetesId.get(name)).find(Boolean);
      const source = `Kubernetes API, ${reading.region}`;
      const sends = route.backends.length > 0 ? `, which sends it to ${route.backends.join(', ')}` : '';
      for (const host of route.hosts) {
        const because = [sentence(`HTTPRoute ${route.name} in namespace ${route.namespace} serves the host${sends}`, source, reading.at)];
        if (labelled.subjectRef) add(host, labelled.subjectRef, [...because, ...labelled.because]);
        else add(host, backend ? stringifyEntityRef(backend) : null, because);
      }
    }
  }
  return [...found.values()];
}

export function alertCandidates(text: string, rules: readonly AlertRule[], index: Index, at: string): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const rule of rules) {
    const match = matchOf(text, [rule.name]);
    if (match === 0 || found.has(rule.name)) continue;
    const keys = [ownershipLabels.component, sloLabels.service, ownershipLabels.system, ownershipLabels.team];
    const key = keys.find(one => rule.labels[one]);
    const value = key && rule.labels[key];
    const kinds: Record<string, string> = { [ownershipLabels.system]: 'system', [ownershipLabels.team]: 'group' };
    const bySlo = key === sloLabels.service && value ? index.bySlo.get(value) : undefined;
    const url = rule.annotations.runbook_url;
    found.set(rule.name, {
      kind: 'alert',
      name: rule.name,
      title: rule.annotations.summary && !rule.annotations.summary.includes('{{') ? rule.annotations.summary : rule.name,
      match,
      subjectRef: bySlo ? stringifyEntityRef(bySlo) : (key && value && `${kinds[key] ?? 'component'}:default/${value}`) || null,
      because: [
        sentence(
          key ? `The rule of alert ${rule.name} carries the label ${key}=${value}` : `The rule of alert ${rule.name} carries no label that names its owner`,
          'Prometheus rules',
          rule.evaluatedAt ?? at,
        ),
      ],
      ...(url ? { runbook: { title: `Runbook of ${rule.name}`, url } } : {}),
    });
  }
  return [...found.values()];
}
