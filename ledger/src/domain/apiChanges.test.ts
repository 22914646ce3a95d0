import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breakingChanges } from './apiChanges.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- cases reach deep into it
type Any = any;

/** A description with one operation of each kind of thing that can change. */
const description = (): Any => ({
  info: { version: '1.4.0' },
  paths: {
    '/things/{id}': {
      post: {
        security: [{ apiKey: ['things:write'] }, { token: ['things:write'] }],
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string', pattern: '^a' } }, { name: 'limit', in: 'query', schema: { type: 'string' } }, { $ref: '#/components/parameters/Key' }],
        requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/New' } } } },
        responses: { 201: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } } }, 422: { $ref: '#/components/responses/Problem' } },
      },
      get: { security: [], responses: { 200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } } } } },
    },
  },
  components: {
    parameters: { Key: { name: 'Key', in: 'header', required: true, schema: { type: 'string', maxLength: 255 } } },
    responses: { Problem: { content: { 'application/problem+json': { schema: { allOf: [{ type: 'object', required: ['code'], properties: { code: { enum: ['a', 'b'] } } }, { properties: { code: { enum: ['a'] } } }] } } } } },
    schemas: {
      New: {
        type: 'object', required: ['name'], additionalProperties: false,
        properties: { name: { type: 'string', minLength: 1, maxLength: 10 }, kind: { enum: ['x', 'y'] }, note: { anyOf: [{ type: 'string' }, { type: 'null' }] }, tags: { type: 'array', maxItems: 5, items: { type: 'string' } }, more: { type: 'object', additionalProperties: { type: 'string', maxLength: 5 } } },
      },
      Thing: {
        type: 'object', required: ['id', 'name', 'note'],
        properties: { id: { type: 'string', pattern: '^t_' }, name: { type: 'string' }, state: { enum: ['open', 'done'] }, note: { anyOf: [{ type: 'string' }, { type: 'null' }] }, parts: { type: 'array', items: { $ref: '#/components/schemas/Part' } } },
      },
      Part: { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } },
    },
  },
});

const post = (api: Any) => api.paths['/things/{id}'].post;
const created = (api: Any) => api.components.schemas.New;
const thing = (api: Any) => api.components.schemas.Thing;

const breaks: [what: string, change: (api: Any) => void, fault: RegExp][] = [
  ['a path is gone', api => void delete api.paths['/things/{id}'], /^POST \/things\/\{id\} is gone$/],
  ['a method is gone', api => void delete api.paths['/things/{id}'].get, /^GET \/things\/\{id\} is gone$/],
  ['a status is gone', api => void delete post(api).responses[422], /422 is not answered any more/],
  ['a media type is gone', api => void (post(api).responses[201].content = { 'text/plain': {} }), /201: application\/json is gone/],
  ['another scope is needed', api => void (post(api).security = [{ apiKey: ['things:admin'] }]), /apiKey with things:write is not enough any more/],
  ['one way to show who one is is gone', api => void post(api).security.pop(), /token with things:write is not enough/],
  ['what was open is not', api => void (api.paths['/things/{id}'].get.security = [{ apiKey: [] }]), /a caller is required now/],
  ['a parameter is gone', api => void post(api).parameters.splice(1, 1), /query limit is gone/],
  ['a parameter is required', api => void (post(api).parameters[1].required = true), /query limit is required now/],
  ['a new parameter is required', api => void post(api).parameters.push({ name: 'If-Match', in: 'header', required: true, schema: {} }), /header If-Match is required now/],
  ['a path takes fewer ids', api => void (post(api).parameters[0].schema.pattern = '^ab'), /path id: pattern became "\^ab"/],
  ['a header may be less long', api => void (api.components.parameters.Key.schema.maxLength = 100), /header Key: maxLength became 100/],
  ['a body is required', api => void (post(api).requestBody.required = true), /a body is required now/],
  ['a body is not taken', api => void delete post(api).requestBody, /takes no body any more/],
  ['a field of a request is required', api => void created(api).required.push('kind'), /kind is required now/],
  ['a new field of a request is required', api => void ((created(api).properties.colour = {}), created(api).required.push('colour')), /colour is required now/],
  ['a field of a request is refused', api => void delete created(api).properties.kind, /body: kind is gone/],
  ['a value of a request is refused', api => void created(api).properties.kind.enum.pop(), /body\.kind: "y" is not accepted any more/],
  ['values of a request are listed', api => void (created(api).properties.name.enum = ['x']), /only some values are accepted now/],
  ['a request has a pattern', api => void (created(api).properties.name.pattern = '^a'), /body\.name: pattern became/],
  ['a request may be less long', api => void (created(api).properties.name.maxLength = 9), /maxLength became 9, it was 10/],
  ['a request must be longer', api => void (created(api).properties.name.minLength = 2), /minLength became 2/],
  ['a request may hold fewer', api => void (created(api).properties.tags.maxItems = 4), /body\.tags: maxItems/],
  ['members of a request are narrower', api => void (created(api).properties.tags.items.pattern = 'a'), /body\.tags\[\]: pattern/],
  ['free members of a request are narrower', api => void (created(api).properties.more.additionalProperties.maxLength = 4), /body\.more\.\*: maxLength/],
  ['null is refused', api => void (created(api).properties.note = { type: 'string' }), /body\.note: an alternative is not accepted/],
  ['a request has another type', api => void (created(api).properties.name.type = 'integer'), /string became integer/],
  ['a field of an answer is gone', api => void delete thing(api).properties.state, /201: state is gone/],
  ['a field of an answer may be missing', api => void thing(api).required.shift(), /id may be missing now/],
  ['a field of an answer may be null', api => void (thing(api).properties.name = { anyOf: [{ type: 'string' }, { type: 'null' }] }), /201\.name: may be something else now/],
  ['a field of an answer has another type', api => void (thing(api).properties.name.type = ['string', 'integer']), /string became string or integer/],
  ['an answer has other ids', api => void (thing(api).properties.id.pattern = '^u_'), /201\.id: pattern/],
  ['an answer may be any value', api => void (thing(api).properties.state = { type: 'string' }), /201\.state: may be any value now/],
  ['deep in an answer', api => void (api.components.schemas.Part.properties = {}), /201\.parts\[\]: n is gone/],
  ['a problem loses its code', api => void (api.components.responses.Problem.content['application/problem+json'].schema.allOf[0].properties = {}), /422: code is gone/],
];

for (const [what, change, fault] of breaks) {
  test(`breaks a client: ${what}`, () => {
    const after = description();
    change(after);
    const faults = breakingChanges(description(), after);
    assert.ok(faults.length > 0, 'not found');
    assert.match(faults.join('\n'), new RegExp(fault, 'm'));
    after.info.version = '2.0.0';
    assert.deepEqual(breakingChanges(description(), after), [], 'a new major version may');
  });
}

const harmless: [what: string, change: (api: Any) => void][] = [
  ['nothing', () => undefined],
  ['a new operation', api => void (api.paths['/new'] = { get: { responses: {} } })],
  ['a new status', api => void (post(api).responses[409] = { content: {} })],
  ['a new parameter', api => void post(api).parameters.push({ name: 'x', in: 'query', schema: {} })],
  ['a new field in a request', api => void (created(api).properties.colour = { type: 'string' })],
  ['a field of a request is not required any more', api => void (created(api).required = [])],
  ['a request may hold more', api => void Object.assign(created(api).properties.name, { maxLength: 20, minLength: 0 })],
  ['a request may have more values', api => void created(api).properties.kind.enum.push('z')],
  ['a request loses its pattern', api => void delete post(api).parameters[0].schema.pattern],
  ['a request takes further fields', api => void delete created(api).additionalProperties],
  ['a new field in an answer', api => void (thing(api).properties.colour = { type: 'string' })],
  ['a field of an answer is always there now', api => void thing(api).required.push('state')],
  ['an answer is never null now', api => void (thing(api).properties.note = { type: 'string' })],
  ['a new value in an answer', api => void thing(api).properties.state.enum.push('late')],
  ['a further way to show who one is', api => void post(api).security.push({ certificate: [] })],
  ['a schema stands in place of its name', api => void (thing(api).properties.parts.items = api.components.schemas.Part)],
  ['a higher minor version', api => void (api.info.version = '1.5.0')],
];

for (const [what, change] of harmless) {
  test(`breaks nobody: ${what}`, () => {
    const after = description();
    change(after);
    assert.deepEqual(breakingChanges(description(), after), []);
  });
}
