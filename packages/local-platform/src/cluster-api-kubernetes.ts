/**
 * The Kubernetes API of one cluster over REST: discovery, lists with selectors, single objects, pod
 * logs, and the changes that mean something here (scale, restart, delete a pod). Errors are Status
 * objects.
 */
import type { Control } from './cluster-api-control.ts';
import { changeDeployment, readScale, scaleObject, writeScale } from './cluster-api-deployment.ts';
import { DEPLOYMENT, type ClusterConfig, type KubeObject } from './cluster-api-model.ts';
import { objectsOf } from './cluster-api-objects.ts';
import { findResource, groupList, resourceList, RESOURCES, servedResources, type Resource } from './cluster-api-resources.ts';
import { parseFieldSelector, parseLabelSelector } from './cluster-api-selector.ts';
import { type Call, hasBearer, HttpError, readBody, readJsonObject, type RenderError, type Route, sendJson, sendText } from './http-kit.ts';

export type KubernetesParts = {
  config: ClusterConfig;
  control: Control;
  token: string;
  /** Wakes the control loop after a change. */
  changed: () => void;
  /** The last lines of a process's log. */
  readLog: (process: string, lines: number) => string;
};

const LOG_LINES_DEFAULT = 1_000;
const LOG_LINES_MAX = 5_000;

const pods = RESOURCES.find(item => item.kind === 'Pod')!;
const deployments = RESOURCES.find(item => item.kind === 'Deployment')!;

const REASONS: Record<number, string> = { 400: 'BadRequest', 401: 'Unauthorized', 403: 'Forbidden', 404: 'NotFound', 405: 'MethodNotAllowed', 409: 'Conflict', 413: 'RequestEntityTooLarge', 415: 'UnsupportedMediaType', 422: 'Invalid', 503: 'ServiceUnavailable' };

/** Errors as Kubernetes gives them. */
export const renderStatus: RenderError = (response, { status, message, headers }) =>
  sendJson(response, status, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: REASONS[status] ?? 'InternalError', code: status }, headers);

/** The routes of one cluster's API server. */
export function kubernetesRoutes(parts: KubernetesParts): Route[] {
  const route = (method: string, pattern: string, handle: (call: Call) => Promise<void> | void): Route => ({
    method,
    pattern,
    handle: call => {
      if (!hasBearer(call.request, parts.token)) throw new HttpError(401, 'Unauthorized', 'Unauthorized');
      return handle(call);
    },
  });
  const resources = servedResources(parts.control.view(parts.config).manifests);
  const open = (pattern: string): Route => ({ method: 'GET', pattern, handle: call => sendText(call.response, 200, 'text/plain', 'ok') });
  const discovery = (call: Call, group: string, version: string) => {
    const body = resourceList(resources, group, version);
    if (body === undefined) throw unknownPath();
    sendJson(call.response, 200, body);
  };
  const both = (method: string, path: string, handle: (call: Call, resource: Resource) => Promise<void> | void): Route[] =>
    [['/api/{version}', ''], ['/apis/{group}/{version}', undefined]].map(([prefix, group]) =>
      route(method, `${prefix}${path}`, call => {
        const resource = findResource(resources, group ?? call.params.group!, call.params.version!, call.params.plural!);
        if (resource === undefined) throw unknownPath();
        return handle(call, resource);
      }));
  const pod = '/api/v1/namespaces/{namespace}/pods/{name}';
  const deployment = '/apis/apps/v1/namespaces/{namespace}/deployments/{name}';
  return [
    ...['/livez', '/readyz', '/healthz'].map(open),
    route('GET', '/version', call => sendJson(call.response, 200, { major: '1', minor: '34', gitVersion: 'v1.34.1-airpay-local', platform: 'linux/amd64' })),
    route('GET', '/api', call => sendJson(call.response, 200, { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] })),
    route('GET', '/apis', call => sendJson(call.response, 200, groupList(resources))),
    route('GET', '/api/{version}', call => discovery(call, '', call.params.version!)),
    route('GET', '/apis/{group}/{version}', call => discovery(call, call.params.group!, call.params.version!)),
    route('GET', `${pod}/log`, call => podLog(parts, call)),
    route('DELETE', pod, call => deletePod(parts, call)),
    ...['PATCH', 'PUT'].flatMap(method => [
      route(method, deployment, call => editDeployment(parts, call)),
      route(method, `${deployment}/scale`, call => editScale(parts, call)),
    ]),
    route('GET', `${deployment}/scale`, call => {
      named(parts, deployments, call);
      sendJson(call.response, 200, scaleObject(parts.control.view(parts.config)));
    }),
    ...both('GET', '/{plural}', (call, resource) => list(parts, resource, call)),
    ...both('GET', '/{plural}/{name}', (call, resource) => {
      if (resource.namespaced) throw unknownPath();
      sendJson(call.response, 200, named(parts, resource, call));
    }),
    ...both('GET', '/namespaces/{namespace}/{plural}', (call, resource) => {
      if (!resource.namespaced) throw unknownPath();
      list(parts, resource, call);
    }),
    ...both('GET', '/namespaces/{namespace}/{plural}/{name}', (call, resource) => sendJson(call.response, 200, named(parts, resource, call))),
  ];
}

function list(parts: KubernetesParts, resource: Resource, { response, params, url }: Call): void {
  if (['1', 'true'].includes(url.searchParams.get('watch') ?? '')) throw new HttpError(405, 'MethodNotAllowed', 'watch is not served here; list again instead');
  const view = parts.control.view(parts.config);
  const { labels, fields } = selectors(url);
  const items = objectsOf(view, resource.kind)
    .filter(item => params.namespace === undefined || item.metadata.namespace === params.namespace)
    .filter(item => labels(item.metadata.labels ?? {}) && fields(item));
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
  sendJson(response, 200, { kind: `${resource.kind}List`, apiVersion, metadata: { resourceVersion: String(view.resourceVersion) }, items });
}

function selectors(url: URL) {
  try {
    return { labels: parseLabelSelector(url.searchParams.get('labelSelector') ?? ''), fields: parseFieldSelector(url.searchParams.get('fieldSelector') ?? '') };
  } catch (error) {
    throw new HttpError(400, 'BadRequest', (error as Error).message);
  }
}

function named(parts: KubernetesParts, resource: Resource, { params }: Call): KubeObject {
  const found = objectsOf(parts.control.view(parts.config), resource.kind)
    .find(item => item.metadata.name === params.name && item.metadata.namespace === params.namespace);
  if (found === undefined) throw new HttpError(404, 'NotFound', `${resource.plural} "${params.name}" not found`);
  return found;
}

function podOf(parts: KubernetesParts, call: Call) {
  const object = named(parts, pods, call);
  return { object, pod: parts.control.view(parts.config).state.pods.find(item => item.name === object.metadata.name)! };
}

function podLog(parts: KubernetesParts, call: Call): void {
  const { pod } = podOf(parts, call);
  const container = call.url.searchParams.get('container');
  if (container !== null && container !== DEPLOYMENT) throw new HttpError(400, 'BadRequest', `container ${container} is not valid for pod ${pod.name}`);
  const lines = Number(call.url.searchParams.get('tailLines') ?? LOG_LINES_DEFAULT);
  if (!Number.isInteger(lines) || lines < 0) throw new HttpError(400, 'BadRequest', 'tailLines must be a whole number of at least 0');
  if (pod.process === undefined) throw new HttpError(400, 'BadRequest', `container "${DEPLOYMENT}" in pod "${pod.name}" is waiting to start: ContainerCreating`);
  sendText(call.response, 200, 'text/plain', parts.readLog(pod.process, Math.min(lines, LOG_LINES_MAX)));
}

async function deletePod(parts: KubernetesParts, call: Call): Promise<void> {
  const { object, pod } = podOf(parts, call);
  const options = await readJsonObject(call.request);
  const grace = call.url.searchParams.get('gracePeriodSeconds') ?? options.gracePeriodSeconds;
  const signal = String(grace) === '0' ? 'SIGKILL' : 'SIGTERM';
  await orUnavailable(() => parts.control.deletePod(parts.config, pod, signal));
  parts.changed();
  sendJson(call.response, 200, { ...object, metadata: { ...object.metadata, deletionTimestamp: new Date().toISOString() } });
}

async function editDeployment(parts: KubernetesParts, call: Call): Promise<void> {
  const before = named(parts, deployments, call);
  const change = changeDeployment(before, call.request.method!, call.request.headers['content-type'] ?? '', await readBody(call.request));
  parts.control.changeDeployment(parts.config, change);
  parts.changed();
  sendJson(call.response, 200, named(parts, deployments, call));
}

async function editScale(parts: KubernetesParts, call: Call): Promise<void> {
  named(parts, deployments, call);
  const view = parts.control.view(parts.config);
  const body = await readBody(call.request);
  const scaled = writeScale(view, call.request.method!, call.request.headers['content-type'] ?? '', body);
  const { annotations, templateAnnotations } = view.state;
  parts.control.changeDeployment(parts.config, { replicas: readScale(scaled), annotations, templateAnnotations });
  parts.changed();
  sendJson(call.response, 200, scaleObject(parts.control.view(parts.config)));
}

async function orUnavailable(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    throw new HttpError(503, 'ServiceUnavailable', `the supervisor does not answer: ${(error as Error).message}`);
  }
}

function unknownPath(): HttpError {
  return new HttpError(404, 'NotFound', 'the server could not find the requested resource');
}

