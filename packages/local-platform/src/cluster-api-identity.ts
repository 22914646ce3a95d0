/** Names and uids that stay the same for the same object. Pure. */
import { createHash } from 'node:crypto';
import type { ClusterView, KubeObject } from './cluster-api-model.ts';

/** The uid of an object: made of what names it, so that owners and owned agree on it. */
export function objectUid({ config, state }: Pick<ClusterView, 'config' | 'state'>, { kind, metadata }: Pick<KubeObject, 'kind'> & { metadata: { name: string; namespace?: string } }): string {
  const text = `${config.name}/${state.createdAt}/${kind}/${metadata.namespace ?? ''}/${metadata.name}`;
  return asUuid(createHash('sha256').update(text).digest('hex'));
}

function asUuid(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}

/** Ten letters and digits without vowels, as Kubernetes makes them, so that no words appear. */
export function shortHash(text: string): string {
  const letters = 'bcdfghjklmnpqrstvwxz2456789';
  return [...createHash('sha256').update(text).digest().subarray(0, 10)].map(byte => letters[byte % letters.length]).join('');
}
