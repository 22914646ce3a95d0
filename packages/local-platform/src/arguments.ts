/** Command line arguments. */
import { SetupError } from './setup-error.ts';

/** Splits arguments into flags with and without value and the rest. @throws SetupError for a flag it does not know */
export function parseArguments(args: string[], flags: string[], options: string[]): { flags: Set<string>; options: Map<string, string>; rest: string[] } {
  const result = { flags: new Set<string>(), options: new Map<string, string>(), rest: [] as string[] };
  for (let index = 0; index < args.length; index++) {
    const one = args[index]!;
    if (flags.includes(one)) result.flags.add(one);
    else if (options.includes(one) && args[index + 1] !== undefined) result.options.set(one, args[++index]!);
    else if (one.startsWith('-')) throw new SetupError(`unknown option ${one}`);
    else result.rest.push(one);
  }
  return result;
}
