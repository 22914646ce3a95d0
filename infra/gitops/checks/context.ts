/** What the checks of names look at, and how they look things up. */
import { podTemplateOf, selects, type Manifest } from './manifests.ts';
import { podOf } from './network-engine.ts';

/** Names that something outside the manifests brings: charts, GKE, cert-manager. `<kind> <namespace>/<name>` or `<kind> <name>`. */
export type Elsewhere = ReadonlySet<string>;

export interface Context {
  manifests: Manifest[];
  elsewhere: Elsewhere;
}

export type Check = (context: Context) => string[];

export const namespaceOf = (item: Manifest) => item.metadata.namespace ?? '';
export const find = ({ manifests }: Context, kind: string, name: string, namespace?: string) =>
  manifests.find(item => item.kind === kind && item.metadata.name === name && (namespace === undefined || namespaceOf(item) === namespace));
export const has = (context: Context, kind: string, name: string, namespace?: string) =>
  Boolean(find(context, kind, name, namespace)) || context.elsewhere.has(namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`);
export const workloadsOf = ({ manifests }: Context) => manifests.filter(item => podTemplateOf(item));
export const podsIn = (context: Context, namespace: string, selector: any) => workloadsOf(context).filter(item => namespaceOf(item) === namespace && selects(selector, podOf(item).labels));
