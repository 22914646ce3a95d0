/**
 * Changes of the ledger's Deployment: what a patch or a replacement may alter, and nothing else.
 * The processes run this checkout, so an image or an environment cannot be changed here.
 */
import { isDeepStrictEqual } from 'node:util';
import { DEPLOYMENT, NAMESPACE, REPLICAS_MAX, type ClusterState, type ClusterView, type KubeObject } from './cluster-api-model.ts';
import { deploymentObject } from './cluster-api-objects.ts';
import { applyPatch, type PatchType } from './cluster-api-patch.ts';
import { HttpError } from './http-kit.ts';

const PATCH_TYPES: Record<string, PatchType> = {
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/json-patch+json': 'json',
};

export type DeploymentChange = Pick<ClusterState, 'replicas' | 'annotations' | 'templateAnnotations'>;

/**
 * What a request changes.
 * @param before the Deployment as it is
 * @throws HttpError 400 unreadable, 409 another resource version, 415 unknown patch type, 422 what may not be changed
 */
export function changeDeployment(before: KubeObject, method: string, contentType: string, body: Buffer): DeploymentChange {
  const after = edit(before, method, contentType, body) as KubeObject;
  const strip = (object: KubeObject) => {
    const copy = structuredClone(object);
    delete copy.status;
    delete copy.metadata.annotations;
    delete copy.metadata.managedFields;
    delete copy.spec?.replicas;
    delete copy.spec?.template?.metadata?.annotations;
    return copy;
  };
  if (!isDeepStrictEqual(strip(before), strip(after))) {
    throw new HttpError(422, 'Invalid', `Deployment.apps "${DEPLOYMENT}" is invalid: only spec.replicas and annotations can be changed on this cluster`);
  }
  return {
    replicas: checkReplicas(after.spec?.replicas),
    annotations: checkAnnotations(after.metadata.annotations),
    templateAnnotations: checkAnnotations(after.spec?.template?.metadata?.annotations),
  };
}

/** The Scale subresource of the Deployment. */
export function scaleObject(view: ClusterView): KubeObject {
  const deployment = deploymentObject(view)!;
  const selector = Object.entries(deployment.spec.selector.matchLabels as Record<string, string>).map(([key, value]) => `${key}=${value}`).join(',');
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: DEPLOYMENT, namespace: NAMESPACE, resourceVersion: String(view.resourceVersion) },
    spec: { replicas: view.state.replicas },
    status: { replicas: view.state.pods.length, selector },
  };
}

/** The Scale after a request. @throws HttpError as changeDeployment does */
export function writeScale(view: ClusterView, method: string, contentType: string, body: Buffer): KubeObject {
  const before = scaleObject(view);
  const after = edit(before, method, contentType, body) as KubeObject;
  if (after.metadata?.name !== DEPLOYMENT) throw new HttpError(422, 'Invalid', 'the name of a Scale cannot be changed');
  return after;
}

/** The replicas a Scale asks for. @throws HttpError 422 */
export function readScale(scale: KubeObject): number {
  return checkReplicas(scale.spec?.replicas ?? 0);
}

function edit(before: KubeObject, method: string, contentType: string, body: Buffer): unknown {
  const mediaType = contentType.split(';')[0]!.trim().toLowerCase();
  const type = PATCH_TYPES[mediaType];
  if (method === 'PATCH' && type === undefined) throw new HttpError(415, 'UnsupportedMediaType', `the body must be one of: ${Object.keys(PATCH_TYPES).join(', ')}`);
  let sent: any;
  try {
    sent = JSON.parse(body.toString('utf8'));
  } catch {
    throw new HttpError(400, 'BadRequest', 'the body is not valid JSON');
  }
  const version = sent?.metadata?.resourceVersion;
  if (version !== undefined && version !== '' && String(version) !== before.metadata.resourceVersion) {
    throw new HttpError(409, 'Conflict', `Operation cannot be fulfilled on "${DEPLOYMENT}": the object has been modified; please apply your changes to the latest version and try again`);
  }
  try {
    if (method === 'PATCH') return applyPatch(before, sent, type!);
  } catch (error) {
    throw new HttpError(400, 'BadRequest', (error as Error).message);
  }
  if (typeof sent !== 'object' || sent === null || typeof sent.metadata !== 'object' || sent.metadata === null) throw new HttpError(400, 'BadRequest', 'the body must be a whole object');
  // What the server alone sets may be left out.
  return { ...sent, metadata: { ...serverFields(before), ...sent.metadata } };
}

function serverFields({ metadata }: KubeObject) {
  const { uid, resourceVersion, generation, creationTimestamp } = metadata;
  return { uid, resourceVersion, generation, creationTimestamp };
}

function checkReplicas(value: unknown): number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > REPLICAS_MAX) {
    throw new HttpError(422, 'Invalid', `Deployment.apps "${DEPLOYMENT}" is invalid: spec.replicas: must be a whole number from 0 to ${REPLICAS_MAX}`);
  }
  return value as number;
}

function checkAnnotations(value: unknown): Record<string, string> {
  const annotations = value ?? {};
  const entries = typeof annotations === 'object' && !Array.isArray(annotations) ? Object.entries(annotations) : undefined;
  if (entries === undefined || !entries.every(([, text]) => typeof text === 'string')) throw new HttpError(422, 'Invalid', 'metadata.annotations: every value must be a text');
  if (JSON.stringify(annotations).length > 64 * 1024) throw new HttpError(422, 'Invalid', 'metadata.annotations: too long');
  return annotations as Record<string, string>;
}
