/**
 * Renders one valid input of a template into a folder, for checks that need other tools (Terraform, kustomize):
 *
 *   yarn workspace @airpay/plugin-scaffolder-backend-module-airpay render <template> <input> <folder>
 *
 * Exit status: 0 rendered, 1 the template refused the input, 2 wrong arguments.
 */
import fs from 'node:fs/promises';
import path from 'node:path';
import { readInputs, startHarness } from './harness';

async function main([template, input, folder]: string[]): Promise<number> {
  const inputs = template ? await readInputs(template, 'valid').catch(() => undefined) : undefined;
  const values = inputs?.get(input);
  if (!values || !folder) {
    process.stderr.write('usage: render <template> <name of a valid input> <folder>\n');
    if (inputs) process.stderr.write(`valid inputs: ${[...inputs.keys()].join(', ')}\n`);
    return 2;
  }
  const harness = await startHarness();
  try {
    const result = await harness.render(template, values);
    if ('refusal' in result) {
      process.stderr.write(`${result.refusal}\n`);
      return 1;
    }
    for (const [file, text] of result.files) {
      const target = path.resolve(folder, file);
      await fs.mkdir(path.dirname(target), { recursive: true });
      await fs.writeFile(target, text);
    }
    process.stdout.write(`${result.files.size} files in ${folder}\n`);
    return 0;
  } finally {
    await harness.stop();
  }
}

main(process.argv.slice(2)).then(
  status => process.exit(status),
  error => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  },
);
