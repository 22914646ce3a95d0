/** Checks infra/terraform by the rules of this folder. Usage: node infra/terraform/checks/main.ts [rule …]. Exit 1: there are problems. */
import path from 'node:path';
import { problemsOf, rules } from './rules.ts';

const repository = path.resolve(import.meta.dirname, '../../..');
const wanted = process.argv.slice(2);
const unknown = wanted.filter(name => !rules.has(name));
if (unknown.length > 0) {
  console.error(`No rule named ${unknown.join(', ')}. There are: ${[...rules.keys()].join(', ')}`);
  process.exitCode = 2;
} else {
  const problems = (await problemsOf(repository, new Date())).filter(problem => wanted.length === 0 || wanted.some(rule => problem.endsWith(`[${rule}]`)));
  for (const problem of problems) console.log(problem);
  console.log(problems.length === 0 ? `${rules.size} rules, no problem` : `${problems.length} problems`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
