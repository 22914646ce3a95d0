import type { OwnershipAnswer } from '@airpay/plugin-airpay-platform-common';
import { entityPath } from './format';

/** How a kind of answer is called. */
export const kindWord: Record<OwnershipAnswer['kind'], string> = {
  component: 'Component',
  api: 'API',
  resource: 'Resource',
  system: 'System',
  domain: 'Domain',
  group: 'Team',
  user: 'Person',
  template: 'Template',
  namespace: 'Namespace',
  pod: 'Pod',
  alert: 'Alert',
  host: 'Host name',
  label: 'Label',
};

/** Where an answer leads: its entity, or the ownership page with its exact name. */
export function answerPath(answer: OwnershipAnswer): string {
  return entityPath(answer.entityRef) ?? ownershipPath(answer.name);
}

export function ownershipPath(query: string): string {
  return `/ownership?${new URLSearchParams({ q: query })}`;
}

/** `1 answer`, `3 answers, best first`. */
export function answerCountText(count: number): string {
  return count === 1 ? '1 answer' : `${count} answers, best first`;
}

/** Next choice in a list by arrow key, going round; -1 when there is nothing to choose. */
export function moveChoice(current: number, by: 1 | -1, count: number): number {
  return count === 0 ? -1 : (current + by + count) % count;
}
