import { Entity, parseEntityRef, stringifyEntityRef } from '@backstage/catalog-model';
import { annotations, OwnershipAnswer } from '@airpay/plugin-airpay-platform-common';
import { onCallAt, parseRota } from './onCall';

// What an entity says about itself. Pure; times are arguments.

export type Because = OwnershipAnswer['because'][number];
export type Kind = OwnershipAnswer['kind'];

/** Something a text may mean, before its owner is looked up. */
export interface Candidate {
  kind: Kind;
  name: string;
  title: string;
  match: number;
  /** Reference of the entity that stands for it; null when none is known. */
  subjectRef: string | null;
  because: Because[];
  runbook?: OwnershipAnswer['runbook'];
  links?: OwnershipAnswer['links'];
}

export const entityKinds = ['component', 'api', 'resource', 'system', 'domain', 'group', 'user', 'template'] as const;

export function titleOf(entity: Entity): string {
  const profile = entity.spec?.profile;
  const displayName =
    typeof profile === 'object' && profile !== null && !Array.isArray(profile) ? profile.displayName : undefined;
  return entity.metadata.title ?? (typeof displayName === 'string' ? displayName : entity.metadata.name);
}

/** Values of a comma-separated annotation. */
export function listOf(entity: Entity, annotation: string): string[] {
  return (entity.metadata.annotations?.[annotation] ?? '').split(',').map(one => one.trim()).filter(Boolean);
}

/** A group owns itself; other things are owned by what their spec names. */
export function ownerRefOf(entity: Entity): string | null {
  const kind = entity.kind.toLocaleLowerCase('en-US');
  if (kind === 'group') return stringifyEntityRef(entity);
  const owner = entity.spec?.owner;
  if (typeof owner !== 'string' || owner === '') return null;
  return stringifyEntityRef(
    parseEntityRef(owner, { defaultKind: 'group', defaultNamespace: entity.metadata.namespace ?? 'default' }),
  );
}

function pathOf(entity: Entity): string {
  const { kind, metadata } = entity;
  return `${metadata.namespace ?? 'default'}/${kind.toLocaleLowerCase('en-US')}/${metadata.name}`;
}

/** Link to the runbook: a URL or a path of the portal as it stands, else a page of the entity's own docs. */
export function runbookOf(entity: Entity): OwnershipAnswer['runbook'] {
  const text = entity.metadata.annotations?.[annotations.runbook];
  if (!text) return null;
  const title = `Runbook of ${titleOf(entity)}`;
  if (/^https?:\/\//.test(text) || /^\/(?!\/)/.test(text)) return { title, url: text };
  const page = text.replace(/^docs\//, '').replace(/(index)?\.md$/, '');
  return { title, url: `/docs/${pathOf(entity)}/${page}` };
}

export function linksOf(entity: Entity): OwnershipAnswer['links'] {
  const links = [{ title: 'Catalog page', url: `/catalog/${pathOf(entity)}` }];
  if (entity.metadata.annotations?.['backstage.io/techdocs-ref']) {
    links.push({ title: 'Documentation', url: `/docs/${pathOf(entity)}` });
  }
  const source = entity.metadata.annotations?.['backstage.io/source-location']?.replace(/^url:/, '');
  if (source && /^https?:\/\//.test(source)) links.push({ title: 'Source', url: source });
  for (const link of entity.metadata.links ?? []) {
    // Only what a browser opens: a catalog file must not put a script behind a link.
    if (/^https?:\/\//.test(link.url)) links.push({ title: link.title ?? link.url, url: link.url });
  }
  return links;
}

/**
 * Who is on call for what a group owns.
 * @returns the person's reference and the end of their week, a reason why there is none, or null without a rota
 */
export function onCallOf(group: Entity, now: number): { ref: string; until: string } | { problem: string } | null {
  const text = group.metadata.annotations?.[annotations.onCallRota];
  if (!text) return null;
  try {
    const person = onCallAt(parseRota(text), now);
    return person ? { ref: person.ref, until: new Date(person.until).toISOString() } : { problem: 'its rota has not begun' };
  } catch (error) {
    return { problem: `its rota cannot be read: ${(error as Error).message}` };
  }
}

/** Best match first; among equals the thing people mean most often. */
export function byMatch(a: Candidate, b: Candidate): number {
  const order: Kind[] = ['component', 'system', 'group', 'user', 'api', 'resource', 'domain', 'template', 'namespace', 'alert', 'host', 'label', 'pod'];
  return b.match - a.match || order.indexOf(a.kind) - order.indexOf(b.kind) || a.name.localeCompare(b.name);
}
