/**
 * The local platform's command: `main.ts up|dev|down|status|kill [options]`; see the README beside it.
 * `supervise` is what `up` starts in the background.
 */
import { parseArguments } from './arguments.ts';
import { commandDown, commandKill, commandStatus, commandSupervise, commandUp } from './commands.ts';
import { SetupError } from './setup-error.ts';

const usage = `usage: main.ts <command>
  up [--dev] [--foreground] [--databases-only]   start everything, print the portal's address
  dev                                            the same without the portal, which you start from source
  down [--reset]                                 stop everything; --reset also removes the data
  status [--json]                                one line per process; exit code 1 when something is not healthy
  kill <process> [--signal SIGKILL] [--tree]     send a signal; with --tree its children die with it
environment: AIRPAY_PORT_OFFSET moves all ports, AIRPAY_STATE_DIR replaces .local`;

async function main([command, ...args]: string[]): Promise<number> {
  switch (command) {
    case 'up':
    case 'dev': {
      const { flags } = parseArguments(args, ['--dev', '--foreground', '--databases-only'], []);
      return commandUp({ dev: command === 'dev' || flags.has('--dev'), foreground: flags.has('--foreground'), databasesOnly: flags.has('--databases-only') });
    }
    case 'supervise': {
      const { flags } = parseArguments(args, ['--dev', '--databases-only'], []);
      return commandSupervise({ dev: flags.has('--dev'), databasesOnly: flags.has('--databases-only') });
    }
    case 'down': return commandDown({ reset: parseArguments(args, ['--reset'], []).flags.has('--reset') });
    case 'status': return commandStatus({ json: parseArguments(args, ['--json'], []).flags.has('--json') || process.env['JSON'] === '1' });
    case 'kill': {
      const { flags, options, rest } = parseArguments(args, ['--tree'], ['--signal']);
      if (rest.length !== 1) throw new SetupError(`kill needs the name of one process\n${usage}`);
      return commandKill({ name: rest[0]!, signal: options.get('--signal') ?? 'SIGKILL', tree: flags.has('--tree') });
    }
    default:
      console.error(usage);
      return command === undefined || command === 'help' || command === '--help' ? 0 : 2;
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof SetupError ? error.message : error);
  process.exitCode = 1;
}
