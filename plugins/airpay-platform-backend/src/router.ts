import type { BackstageCredentials, HttpAuthService, PermissionsService } from '@backstage/backend-plugin-api';
import { InputError, NotAllowedError, NotFoundError } from '@backstage/errors';
import { AuthorizeResult, BasicPermission } from '@backstage/plugin-permission-common';
import {
  Overview,
  ownershipReadPermission,
  OwnershipResult,
  SloDetail,
  SloList,
  sloRangeSchema,
  sloReadPermission,
  SloSeries,
} from '@airpay/plugin-airpay-platform-common';
import express from 'express';
import Router from 'express-promise-router';
import { z } from 'zod';

/** What the routes call; one use case each. */
export interface RouterOptions {
  httpAuth: HttpAuthService;
  permissions: PermissionsService;
  overview: { read(credentials: BackstageCredentials): Promise<Overview> };
  slos: {
    list(credentials: BackstageCredentials, filter: { entityRef?: string }): Promise<SloList>;
    detail(id: string, credentials: BackstageCredentials): Promise<SloDetail | undefined>;
    series(id: string, range: z.infer<typeof sloRangeSchema>): Promise<SloSeries | undefined>;
  };
  ownership: { find(text: string, credentials: BackstageCredentials): Promise<OwnershipResult> };
}

const sloIdSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,126}$/, 'is not the id of an objective');
const listQuerySchema = z.object({
  entityRef: z
    .string()
    .max(300)
    .regex(/^([a-z]+:)?([a-z0-9-]+\/)?[a-z0-9]([-_.a-z0-9]{0,61}[a-z0-9])?$/i, 'is not an entity reference')
    .optional(),
});
const seriesQuerySchema = z.object({ range: sloRangeSchema.default('1d') });
const ownershipQuerySchema = z.object({ q: z.string().trim().min(1).max(200) });

/** Parse, authorise, call one use case, answer. 400 on bad input, 401 without credentials, 403 without permission. */
export function createRouter(options: RouterOptions): express.Router {
  const { httpAuth, permissions, overview, slos, ownership } = options;
  const router = Router();

  const authorise = async (request: express.Request, permission: BasicPermission) => {
    const credentials = await httpAuth.credentials(request, { allow: ['user', 'service'] });
    const [decision] = await permissions.authorize([{ permission }], { credentials });
    // Only a plain yes counts: CONDITIONAL makes no sense for these routes and must not slip through.
    if (decision.result !== AuthorizeResult.ALLOW) {
      throw new NotAllowedError(`${permission.name} is needed for this`);
    }
    return credentials;
  };

  router.get('/overview', async (request, response) => {
    response.json(await overview.read(await authorise(request, sloReadPermission)));
  });

  router.get('/slos', async (request, response) => {
    const credentials = await authorise(request, sloReadPermission);
    response.json(await slos.list(credentials, parse(listQuerySchema, request.query)));
  });

  router.get('/slos/:id', async (request, response) => {
    const credentials = await authorise(request, sloReadPermission);
    const id = parse(sloIdSchema, request.params.id);
    response.json(found(await slos.detail(id, credentials), id));
  });

  router.get('/slos/:id/series', async (request, response) => {
    await authorise(request, sloReadPermission);
    const id = parse(sloIdSchema, request.params.id);
    const { range } = parse(seriesQuerySchema, request.query);
    response.json(found(await slos.series(id, range), id));
  });

  router.get('/ownership', async (request, response) => {
    const credentials = await authorise(request, ownershipReadPermission);
    const { q } = parse(ownershipQuerySchema, request.query);
    response.json(await ownership.find(q, credentials));
  });

  return router;
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new InputError(`${issue.path.join('.') || 'The value'} ${issue.message}`);
}

function found<T>(value: T | undefined, id: string): T {
  if (value === undefined) throw new NotFoundError(`There is no objective ${id}`);
  return value;
}
