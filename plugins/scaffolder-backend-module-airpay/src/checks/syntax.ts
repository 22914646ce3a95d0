import { Files, Finding } from './finding';
import { readYaml } from './yamlFile';

/** Files with ${{ }} of their own: GitHub reads them. */
const WORKFLOWS = /(^|\/)\.github\//;

/** Every YAML and JSON file parses, and no placeholder of the template is left. */
export function checkSyntax(files: Files): Finding[] {
  const findings = readYaml(files).findings;
  for (const [file, text] of files) {
    if (file.endsWith('.json')) findings.push(...jsonFindings(file, text));
    if (WORKFLOWS.test(file)) continue;
    const lines = text.split('\n');
    const left = lines.findIndex(line => line.includes('${{') || /\{%-?\s/.test(line));
    if (left >= 0) findings.push({ file, line: left + 1, message: 'a placeholder of the template was left' });
  }
  return findings;
}

function jsonFindings(file: string, text: string): Finding[] {
  try {
    JSON.parse(text);
    return [];
  } catch (error) {
    const { message } = error as Error;
    const position = Number(/position (\d+)/.exec(message)?.[1] ?? 0);
    return [{ file, line: text.slice(0, position).split('\n').length, message }];
  }
}
