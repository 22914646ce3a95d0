/** Every error as application/problem+json, and what of it goes into the log. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { translate } from '../adapters/db.ts';
import { errors, LedgerError, problemOf, type ErrorCode } from '../domain/errors.ts';

export const problemType = 'application/problem+json; charset=utf-8';

/** Fastify's own errors. */
const frameworkCodes: Record<string, ErrorCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed-json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed-json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed-request',
  FST_ERR_BAD_URL: 'malformed-request',
  FST_ERR_MAX_PARAM_LENGTH: 'uri-too-long',
};

/** Node's errors about requests that never became one, as the HTTP parser names them. */
const parserCodes: Record<string, ErrorCode> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
  HPE_HEADER_OVERFLOW: 'headers-too-large',
};

export function codeOfParserError(error: Error & { code?: string }): ErrorCode {
  return parserCodes[error.code ?? ''] ?? 'malformed-request';
}

/** What the client is told. Anything unforeseen is `internal`, without its message. */
export function toLedgerError(error: FastifyError): LedgerError {
  const known = translate(error);
  if (known) return known;
  if (error.validation) return new LedgerError('invalid-request', describeValidation(error));
  const code = frameworkCodes[error.code];
  if (code) return new LedgerError(code, `${errors[code].title}.`, { cause: error });
  // Broken JSON, and __proto__ in it, come as bare SyntaxErrors with a status.
  if (error.statusCode === 400) return new LedgerError('malformed-json', 'The body is not valid JSON.', { cause: error });
  return new LedgerError('internal', 'The ledger met something it did not expect. The same request with the same key is safe to repeat.', { cause: error });
}

/** Where and what, but never the value: it may be what must not be in a log. */
function describeValidation(error: FastifyError): string {
  const [first] = error.validation ?? [];
  const property = first?.params['additionalProperty'];
  const named = typeof property === 'string' && /^[A-Za-z_]{1,40}$/.test(property) ? ` (${property})` : '';
  // Below metadata the path holds keys that the client has made up.
  const where = (first?.instancePath ?? '').replace(/\/metadata\/.*$/s, '/metadata');
  return `${error.validationContext ?? 'request'}${where} ${first?.message ?? 'is not valid'}${named}.`;
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: LedgerError): FastifyReply {
  const problem = problemOf(error.code, error.message, request.id);
  if (problem.status >= 500) logServerError(request, error);
  if (problem.status === 503) reply.header('retry-after', '1');
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="ledger"');
  return reply.code(problem.status).header('content-type', problemType).send(JSON.stringify(problem));
}

/** The database's messages can quote values; its codes and names cannot. */
function logServerError(request: FastifyRequest, error: LedgerError): void {
  const cause = error.cause as { code?: string; constraint?: string; routine?: string; stack?: string; severity?: string } | undefined;
  const ours = error.code === 'internal' && !cause?.severity ? cause?.stack : undefined;
  request.log.error({ problem: error.code, cause: { code: cause?.code, constraint: cause?.constraint, routine: cause?.routine }, stack: ours }, 'request failed');
}
