import type { BackstageCredentials } from '@backstage/backend-plugin-api';
import { Entity, stringifyEntityRef } from '@backstage/catalog-model';
import { annotations, OwnershipAnswer, OwnershipResult, PartialError } from '@airpay/plugin-airpay-platform-common';
import type { Catalog } from './Catalog';
import type { Kubernetes } from './Kubernetes';
import { labelOf } from './match';
import type { AlertRule, KubernetesReading } from './observed';
import { alertCandidates, entityCandidates, hostCandidates, indexOf, namespaceCandidates, podCandidates } from './ownershipCandidates';
import { byMatch, Candidate, linksOf, onCallOf, ownerRefOf, runbookOf, titleOf } from './ownershipFacts';
import type { Prometheus } from './Prometheus';
import { asPartialError } from './upstream';

export interface OwnershipServiceOptions {
  catalog: Catalog;
  prometheus: Prometheus;
  /** One per region. */
  kubernetes: Kubernetes[];
  now?: () => number;
}

const maxAnswers = 10;
/** Pods of one Deployment are one answer and a few examples, not the whole page. */
const maxPods = 4;

/** From any name people meet at work to who owns the thing, and why the portal believes so. */
export class OwnershipService {
  constructor(private readonly options: OwnershipServiceOptions) {}

  /** Best first. Never throws: a source that cannot be read is named, the others answer. */
  async find(text: string, credentials: BackstageCredentials): Promise<OwnershipResult> {
    const errors: PartialError[] = [];
    const at = this.#iso();
    const { catalog, prometheus } = this.options;
    const read = <T>(source: string, promise: Promise<T[]>) =>
      promise.catch((error): T[] => {
        const failure = asPartialError(error, source);
        if (!errors.some(one => one.message === failure.message)) errors.push(failure);
        return [];
      });
    const label = labelOf(text);
    const indexed = [annotations.kubernetesId, annotations.namespace, annotations.hosts, annotations.slo];
    const [named, labelled, readings, rules, ...annotated] = await Promise.all([
      read('Catalog', catalog.search(withoutKind(text), credentials)),
      label ? read('Catalog', catalog.withLabel(label.key, label.value, credentials)) : ([] as Entity[]),
      Promise.all(this.options.kubernetes.map(one => one.read())),
      read<AlertRule>('Prometheus', prometheus.alertRules()),
      ...indexed.map(annotation => read('Catalog', catalog.withAnnotation(annotation, credentials))),
    ]);
    for (const reading of readings) errors.push(...reading.errors);
    const index = indexOf(unique(annotated.flat()));
    const candidates = [
      ...entityCandidates(text, unique([...named, ...index.annotated]), readings, at),
      ...podCandidates(text, readings, index, at).sort(byMatch).slice(0, maxPods),
      ...namespaceCandidates(text, readings, index, at),
      ...hostCandidates(text, readings, index, at),
      ...alertCandidates(text, rules, index, at),
      ...(label ? labelCandidates(label, labelled, readings, at) : []),
    ]
      .sort(byMatch)
      .slice(0, maxAnswers);
    const answers = await this.#answers(candidates, credentials, errors);
    return { query: text, answers, errors, at };
  }

  async #answers(candidates: Candidate[], credentials: BackstageCredentials, errors: PartialError[]): Promise<OwnershipAnswer[]> {
    const subjects = await this.#entities(candidates.map(one => one.subjectRef), credentials, errors);
    const owners = await this.#entities([...subjects.values()].map(ownerRefOf), credentials, errors);
    const now = this.#now();
    const people = await this.#entities(
      [...owners.values()].map(owner => {
        const person = onCallOf(owner, now);
        return person && 'ref' in person ? person.ref : null;
      }),
      credentials,
      errors,
    );
    return candidates.map(one => answerOf(one, { subjects, owners, people }, now));
  }

  async #entities(refs: (string | null)[], credentials: BackstageCredentials, errors: PartialError[]): Promise<Map<string, Entity>> {
    const wanted = [...new Set(refs.filter((ref): ref is string => ref !== null))];
    try {
      return await this.options.catalog.byRefs(wanted, credentials);
    } catch (error) {
      const failure = asPartialError(error, 'Catalog');
      if (!errors.some(known => known.message === failure.message)) errors.push(failure);
      return new Map();
    }
  }

  #now(): number {
    return (this.options.now ?? Date.now)();
  }

  #iso(): string {
    return new Date(this.#now()).toISOString();
  }
}

interface Known {
  subjects: Map<string, Entity>;
  owners: Map<string, Entity>;
  people: Map<string, Entity>;
}

function answerOf(candidate: Candidate, known: Known, now: number): OwnershipAnswer {
  const at = new Date(now).toISOString();
  const because = [...candidate.because];
  const say = (text: string, source = 'Catalog') => because.push({ text, source, at });
  const subject = candidate.subjectRef === null ? undefined : known.subjects.get(candidate.subjectRef.toLocaleLowerCase('en-US'));
  const answer: OwnershipAnswer = {
    kind: candidate.kind,
    name: candidate.name,
    title: candidate.title,
    entityRef: subject ? stringifyEntityRef(subject) : null,
    owner: null,
    onCall: null,
    runbook: candidate.runbook ?? (subject ? runbookOf(subject) : null),
    links: [...(candidate.links ?? []), ...(subject ? linksOf(subject) : [])],
    because,
    match: candidate.match,
  };
  if (!subject) {
    if (candidate.subjectRef) say(`The catalog has no ${candidate.subjectRef}, or you may not see it`);
    return answer;
  }
  const ownerRef = ownerRefOf(subject);
  if (ownerRef === null) {
    if (subject.kind !== 'User') say(`${stringifyEntityRef(subject)} names no owner`);
    return answer;
  }
  const owner = known.owners.get(ownerRef);
  answer.owner = { ref: ownerRef, title: owner ? titleOf(owner) : ownerRef };
  if (subject.kind !== 'Group') say(`${stringifyEntityRef(subject)} names ${ownerRef} as its owner (spec.owner)`);
  if (!owner) {
    say(`The catalog has no ${ownerRef}, or you may not see it`);
    return answer;
  }
  const person = onCallOf(owner, now);
  if (person && 'problem' in person) say(`${ownerRef} has nobody on call: ${person.problem}`);
  if (person && 'ref' in person) {
    const source = `${annotations.onCallRota} of ${ownerRef}`;
    const entity = known.people.get(person.ref);
    answer.onCall = { ...person, title: entity ? titleOf(entity) : person.ref, source };
    say(`The rota of ${ownerRef} names ${person.ref} until ${person.until}`, source);
  }
  return answer;
}

/** What a label stands for: the entity it names, or what everything that carries it has in common. */
function labelCandidates(
  label: { key: string; value: string },
  entities: readonly Entity[],
  readings: readonly KubernetesReading[],
  at: string,
): Candidate[] {
  const kinds: Record<string, string> = { component: 'component', system: 'system', team: 'group', [annotations.kubernetesId]: 'component' };
  const text = `${label.key}=${label.value}`;
  const because = entities.slice(0, 5).map(entity => ({ text: `${stringifyEntityRef(entity)} carries ${text}`, source: 'Catalog', at }));
  for (const reading of readings) {
    const carrying = reading.objects.filter(object => object.labels[label.key] === label.value);
    if (carrying.length > 0) {
      because.push({ text: `${carrying.length} objects in ${reading.region} carry ${text}, first ${carrying[0].kind} ${carrying[0].name}`, source: `Kubernetes API, ${reading.region}`, at: reading.at });
    }
  }
  if (because.length === 0) return [];
  const owners = new Set(entities.map(ownerRefOf));
  const [only] = owners;
  const kind = kinds[label.key];
  const named = kind ? `${kind}:default/${label.value.toLocaleLowerCase('en-US')}` : null;
  if (!named && owners.size > 1) because.push({ text: `They have ${owners.size} owners, so the label alone names none`, source: 'Catalog', at });
  return [{ kind: 'label', name: text, title: text, match: 1, subjectRef: named ?? (owners.size === 1 ? only : null), because }];
}

function withoutKind(text: string): string {
  return text.trim().replace(/^[a-z]+:/i, '').replace(/^[a-z0-9-]+\//i, '') || text;
}

function unique(entities: readonly Entity[]): Entity[] {
  return [...new Map(entities.map(entity => [stringifyEntityRef(entity), entity])).values()];
}
