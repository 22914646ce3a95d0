/** The API's description as something that answers can be held against. */
import { createRequire } from 'node:module';
import type { Reply } from './ledger.ts';

// Both are CommonJS with a `default` that differs by loader.
const require = createRequire(import.meta.url);
const { Ajv2020 } = require('ajv/dist/2020') as typeof import('ajv/dist/2020.js');
const addFormats = require('ajv-formats') as (ajv: unknown) => void;

type Json = Record<string, unknown>;

export interface DescribedOperation {
  /** `POST /v1/holds/{id}/void` */
  name: string;
  method: string;
  path: string;
  statuses: number[];
  hasBody: boolean;
  /** An example of a request body. */
  example: unknown;
}

const methods = ['get', 'post', 'put', 'patch', 'delete'];

export class Contract {
  readonly #document: Json;
  readonly #ajv: InstanceType<typeof Ajv2020>;

  constructor(document: object) {
    this.#document = document as Json;
    this.#ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats(this.#ajv);
    this.#ajv.addSchema(closed(document), 'api');
  }

  operations(): DescribedOperation[] {
    return Object.entries(this.#document['paths'] as Json).flatMap(([path, item]) =>
      methods.filter(method => method in (item as Json)).map(method => {
        const operation = (item as Json)[method] as Json;
        const body = operation['requestBody'] as { content: Record<string, { example?: unknown }> } | undefined;
        const statuses = Object.keys(operation['responses'] as Json).filter(status => status !== 'default').map(Number);
        return { name: `${method.toUpperCase()} ${path}`, method: method.toUpperCase(), path, statuses, hasBody: body !== undefined, example: body?.content['application/json']?.example };
      }),
    );
  }

  /** Every reason to refuse that is described. */
  codes(operation: DescribedOperation): string[] {
    return operation.statuses.flatMap(status => {
      const { content } = this.#response(operation, status)!.response as { content?: Record<string, { schema: { allOf?: [unknown, { properties: { code: { enum: string[] } } }] } }> };
      return content?.['application/problem+json']?.schema.allOf?.[1].properties.code.enum ?? [];
    });
  }

  /** One sentence per way in which the answer is not as described. */
  faults(operation: DescribedOperation, reply: Reply): string[] {
    const described = this.#response(operation, reply.status);
    if (!described) return [`${operation.name} answered ${reply.status}, which is not described: ${reply.text.slice(0, 300)}`];
    const faults: string[] = [];
    const { pointer, response } = described;
    const mediaType = (reply.headers.get('content-type') ?? '').split(';')[0]!;
    const content = (response['content'] ?? {}) as Record<string, unknown>;
    if (!(mediaType in content)) faults.push(`${mediaType || 'no body'} instead of ${Object.keys(content).join()}`);
    else if (reply.json !== undefined) faults.push(...this.#check(`${pointer}/content/${escape(mediaType)}/schema`, reply.json));
    for (const [name, header] of Object.entries((response['headers'] ?? {}) as Record<string, { $ref: string }>)) {
      const value = reply.headers.get(name);
      const { required } = this.#at(header.$ref) as { required?: boolean };
      if (value === null && required) faults.push(`the header ${name} is missing`);
      if (value !== null) faults.push(...this.#check(`${header.$ref}/schema`, value));
    }
    return faults.map(fault => `${operation.name} ${reply.status}: ${fault} in ${reply.text.slice(0, 500)}`);
  }

  /** Of a component. */
  schemaFaults(name: string, value: unknown): string[] {
    return this.#check(`#/components/schemas/${name}`, value);
  }

  /** Is the example one that the service would let in? */
  requestFaults(operation: DescribedOperation, body: unknown): string[] {
    return this.#check(`#/paths/${escape(operation.path)}/${operation.method.toLowerCase()}/requestBody/content/application~1json/schema`, body);
  }

  #response(operation: DescribedOperation, status: number): { pointer: string; response: Json } | undefined {
    const pointer = `#/paths/${escape(operation.path)}/${operation.method.toLowerCase()}/responses/${status}`;
    const response = this.#at(pointer) as Json | undefined;
    const ref = response?.['$ref'] as string | undefined;
    if (ref) return { pointer: ref, response: this.#at(ref) as Json };
    return response && { pointer, response };
  }

  #at(pointer: string): unknown {
    return pointer.slice(2).split('/').reduce<unknown>((value, part) => (value as Json | undefined)?.[part.replaceAll('~1', '/').replaceAll('~0', '~')], this.#document);
  }

  #check(pointer: string, value: unknown): string[] {
    const validate = this.#ajv.compile({ $ref: `api${encodeURI(pointer)}` });
    if (validate(value)) return [];
    return validate.errors!.map(error => `${error.instancePath || 'the answer'} ${error.message}${error.params['additionalProperty'] ? ` (${error.params['additionalProperty']})` : ''}`);
  }
}

const escape = (part: string) => part.replaceAll('~', '~0').replaceAll('/', '~1');

/**
 * Clients must take further fields; here they are faults: a field that is not described is one that nobody promised to keep. Only of
 * schemas that say what they are: the parts of an `allOf` say only what they add.
 */
function closed<T>(schema: T): T {
  if (Array.isArray(schema)) return schema.map(closed) as T;
  if (schema === null || typeof schema !== 'object') return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, key === 'example' || key === 'examples' ? value : closed(value)]));
  if (copy['type'] === 'object' && copy['properties'] && !('additionalProperties' in copy)) copy['additionalProperties'] = false;
  return copy as T;
}
