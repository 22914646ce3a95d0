import {
  planRequestSchema,
  recoveryAuditPermission,
  recoveryExecutePermission,
  recoveryReadPermission,
  Refusal,
  startRunSchema,
  steerSchema,
} from '@airpay/plugin-airpay-dr-common';
import { AuditorService, HttpAuthService, PermissionsService } from '@backstage/backend-plugin-api';
import { InputError, NotAllowedError } from '@backstage/errors';
import { AuthorizeResult, BasicPermission } from '@backstage/plugin-permission-common';
import express, { Request, Response } from 'express';
import Router from 'express-promise-router';
import { z } from 'zod';
import { SteerAction } from './run';
import { Answer, RunService } from './RunService';

export interface RouterOptions {
  runs: RunService;
  httpAuth: HttpAuthService;
  permissions: PermissionsService;
  auditor: AuditorService;
}

const bodyLimit = '16kb';
const listQuerySchema = z.object({
  system: z.string().min(1).max(63).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
const runIdSchema = z.string().uuid();
const notFound: readonly Refusal['code'][] = ['unknown-system', 'unknown-region', 'run-not-found'];

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new InputError(result.error.issues.map(issue => `${issue.path.join('.') || 'request'}: ${issue.message}`).join('; '));
}

function send<T>(response: Response, answer: Answer<T>, status = 200, wrap: (value: T) => unknown = value => value): void {
  if (answer.ok) response.status(status).json(wrap(answer.value));
  else response.status(notFound.includes(answer.refusal.code) ? 404 : 409).json({ refusal: answer.refusal });
}

/** The routes listed at the end of types.ts. Only a clear ALLOW lets anybody in. */
export function createRouter({ runs, httpAuth, permissions, auditor }: RouterOptions): express.Router {
  const router = Router();
  router.use(express.json({ limit: bodyLimit }));

  const authorise = async (request: Request, permission: BasicPermission): Promise<string> => {
    const credentials = await httpAuth.credentials(request, { allow: ['user'] });
    const [decision] = await permissions.authorize([{ permission }], { credentials });
    if (decision.result !== AuthorizeResult.ALLOW) throw new NotAllowedError(`${permission.name} is not allowed for you`);
    return credentials.principal.userEntityRef;
  };

  /** Written before anything is done and closed with the outcome: an attempt that was refused is evidence too. */
  const audited = async <T>(request: Request, eventId: string, meta: Record<string, string>, work: () => Promise<Answer<T>>): Promise<Answer<T>> => {
    const event = await auditor.createEvent({ eventId, severityLevel: 'high', request, meta });
    try {
      const answer = await work();
      if (answer.ok) await event.success();
      else await event.fail({ error: new Error(`${answer.refusal.code}: ${answer.refusal.message}`) });
      return answer;
    } catch (error) {
      await event.fail({ error: error as Error });
      throw error;
    }
  };

  router.get('/systems', async (request, response) => {
    await authorise(request, recoveryReadPermission);
    response.json({ systems: await runs.systems(), at: new Date().toISOString() });
  });
  router.get('/systems/:name', async (request, response) => {
    await authorise(request, recoveryReadPermission);
    send(response, await runs.system(request.params.name));
  });
  router.post('/plans', async (request, response) => {
    await authorise(request, recoveryReadPermission);
    send(response, await runs.plan(parse(planRequestSchema, request.body)));
  });
  router.post('/runs', async (request, response) => {
    const actor = await authorise(request, recoveryExecutePermission);
    const start = parse(startRunSchema, request.body);
    const meta = { action: 'start', runId: start.id, system: start.system, to: start.to };
    send(response, await audited(request, 'run-start', meta, () => runs.start(start, actor)), 202);
  });
  router.get('/runs', async (request, response) => {
    await authorise(request, recoveryReadPermission);
    response.json({ runs: await runs.list(parse(listQuerySchema, request.query)) });
  });
  router.get('/runs/:id', async (request, response) => {
    await authorise(request, recoveryReadPermission);
    send(response, await runs.get(parse(runIdSchema, request.params.id)));
  });
  router.get('/runs/:id/events', async (request, response) => {
    await authorise(request, recoveryAuditPermission);
    send(response, await runs.events(parse(runIdSchema, request.params.id)), 200, events => ({ events }));
  });
  for (const action of ['retry', 'skip', 'abort'] satisfies SteerAction[]) {
    router.post(`/runs/:id/${action}`, async (request, response) => {
      const actor = await authorise(request, recoveryExecutePermission);
      const runId = parse(runIdSchema, request.params.id);
      const steer = parse(steerSchema, request.body);
      const meta = { action, runId, stepId: steer.stepId };
      send(response, await audited(request, 'run-steer', meta, () => runs.steer(runId, action, steer, actor)));
    });
  }
  return router;
}
