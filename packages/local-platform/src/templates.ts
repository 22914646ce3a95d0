/**
 * Renders the templates of infra/ansible/roles, the ones production uses. They keep to the part of
 * Jinja2 that nunjucks shares: variables, `for`, `if` and the filter `to_json`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import nunjucks from 'nunjucks';
import { parse } from 'yaml';

export type Variables = Record<string, unknown>;

const environment = new nunjucks.Environment(null, {
  autoescape: false,
  // A variable that is missing must not become an empty word in a database's configuration.
  throwOnUndefined: true,
  trimBlocks: true,
});
environment.addFilter('to_json', (value: unknown) => {
  if (value === undefined) throw new Error('to_json of a variable that is not defined');
  return JSON.stringify(value);
});

/** How deep defaults may refer to each other. */
const MAX_ROUNDS = 5;

/** @throws Error naming what is missing or wrong */
export function renderTemplate(text: string, variables: Variables): string {
  return environment.renderString(text, variables);
}

/** Replaces `{{ name }}` inside values by the variables they name, as Ansible does when it reads them. */
export function resolveVariables(variables: Variables): Variables {
  let current = variables;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const next = mapStrings(current, text => (text.includes('{{') ? renderTemplate(text, current) : text)) as Variables;
    if (JSON.stringify(next) === JSON.stringify(current)) return next;
    current = next;
  }
  throw new Error(`Variables refer to each other more than ${MAX_ROUNDS} times in a row.`);
}

function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map(one => mapStrings(one, change));
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, mapStrings(one, change)]));
  return value;
}

/**
 * Renders `infra/ansible/roles/<role>/templates/<template>` with the role's defaults and `variables`.
 * @throws Error with the template's name when a variable is missing
 */
export function renderRole(root: string, role: string, template: string, variables: Variables): string {
  const folder = join(root, 'infra/ansible/roles', role);
  const file = join(folder, 'templates', template);
  try {
    const defaults = readDefaults(join(folder, 'defaults/main.yml'));
    const all = resolveVariables({ ansible_managed: `From infra/ansible/roles/${role}/templates/${template}; changes here are lost.`, ...defaults, ...variables });
    return renderTemplate(readFileSync(file, 'utf8'), all);
  } catch (error) {
    throw new Error(`${role}/${template} cannot be rendered: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readDefaults(file: string): Variables {
  try {
    return (parse(readFileSync(file, 'utf8')) ?? {}) as Variables;
  } catch (error) {
    // A role may have no defaults.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}
