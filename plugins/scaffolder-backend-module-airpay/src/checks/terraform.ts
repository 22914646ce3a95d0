import { Files, Finding, REQUIRED_LABELS } from './finding';

const CLOSING: Readonly<Record<string, string>> = { '{': '}', '[': ']', '(': ')' };

/**
 * What can be said of Terraform without Terraform: brackets close, the required labels stand in one place, state is
 * remote, every variable that is used or set is declared.
 */
export function checkTerraform(files: Files): Finding[] {
  const sources = [...files].filter(([file]) => /\.(tf|tfvars|hcl)$/.test(file));
  const modules = sources.filter(([file]) => file.endsWith('.tf'));
  if (modules.length === 0) return [{ file: 'infra', line: 1, message: 'there are no Terraform files' }];
  const findings = sources.flatMap(([file, text]) => bracketFindings(file, text));
  return findings.length > 0 ? findings : [...labelFindings(modules), ...stateFindings(modules), ...variableFindings(sources)];
}

/** The text with strings and comments blanked out, line breaks kept. Interpolations count as part of their string. */
export function withoutStringsAndComments(text: string): string {
  return text.replace(
    /<<-?"?(\w+)"?\n[\s\S]*?\n[ \t]*\1(?=\n|$)|"(?:\\.|\$\{(?:[^{}"]|"(?:\\.|[^"\\])*"|\{[^{}]*\})*\}|[^"\\\n])*"|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    part => part.replace(/[^\n]/g, ' '),
  );
}

function bracketFindings(file: string, text: string): Finding[] {
  const open: Array<{ bracket: string; line: number }> = [];
  const lines = withoutStringsAndComments(text).split('\n');
  for (const [index, content] of lines.entries()) {
    for (const character of content) {
      if (character === '"') return [{ file, line: index + 1, message: 'a string is not closed' }];
      if (CLOSING[character]) open.push({ bracket: character, line: index + 1 });
      if (!Object.values(CLOSING).includes(character)) continue;
      const last = open.pop();
      if (!last || CLOSING[last.bracket] !== character) {
        return [{ file, line: index + 1, message: `"${character}" closes nothing` }];
      }
    }
  }
  return open.length === 0 ? [] : [{ file, line: open[0].line, message: `"${open[0].bracket}" is not closed` }];
}

function labelFindings(modules: Array<[string, string]>): Finding[] {
  for (const [file, text] of modules) {
    const match = /^[ \t]*labels\s*=\s*\{([^}]*)\}/m.exec(text);
    if (!match) continue;
    const line = text.slice(0, match.index).split('\n').length;
    const present = [...match[1].matchAll(/^\s*"?([\w-]+)"?\s*=/gm)].map(one => one[1]);
    return REQUIRED_LABELS.filter(label => !present.includes(label)).map(label => ({
      file,
      line,
      message: `required label ${label} is missing`,
    }));
  }
  return [{ file: modules[0][0], line: 1, message: 'no labels = { … } with the required labels' }];
}

function stateFindings(modules: Array<[string, string]>): Finding[] {
  if (modules.some(([, text]) => /^\s*backend\s+"gcs"/m.test(text))) return [];
  return [{ file: modules[0][0], line: 1, message: 'state must be remote: backend "gcs" is missing' }];
}

function variableFindings(sources: Array<[string, string]>): Finding[] {
  const declared = new Set(
    sources.flatMap(([file, text]) =>
      file.endsWith('.tf') ? [...text.matchAll(/^variable\s+"([\w-]+)"/gm)].map(one => one[1]) : [],
    ),
  );
  return sources.flatMap(([file, text]) => {
    const pattern = file.endsWith('.tfvars') ? /^([\w-]+)\s*=/gm : /\bvar\.([\w-]+)/g;
    if (file.endsWith('.hcl')) return [];
    return [...text.matchAll(pattern)]
      .filter(match => !declared.has(match[1]))
      .map(match => ({
        file,
        line: text.slice(0, match.index).split('\n').length,
        message: `variable ${match[1]} is not declared`,
      }));
  });
}
