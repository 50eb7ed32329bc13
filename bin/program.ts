import completeFor from '@bomb.sh/tab/commander';
import { Command, CommanderError } from 'commander';
import { drillCommand } from '../drill/command.ts';
import { errorWords } from '../functions/core/words/error-words.ts';
import { ConfigInvalid } from '../lib/config/problems.ts';
import { readVersion } from '../lib/house/package.ts';
import { acknowledgeCommand } from '../local/commands/acknowledge.ts';
import { costCommand } from '../local/commands/cost.ts';
import { doctorCommand } from '../local/commands/doctor.ts';
import { discoverCommand } from '../local/commands/discover.ts';
import { endCommand } from '../local/commands/end.ts';
import { grantsCommand } from '../local/commands/grants.ts';
import { incidentsCommand } from '../local/commands/incidents.ts';
import { limitsCommand } from '../local/commands/limits.ts';
import { pauseCommand, resumeCommand } from '../local/commands/pause.ts';
import { planCommand } from '../local/commands/plan.ts';
import { profileCommand } from '../local/commands/profile.ts';
import { rehearseCommand } from '../local/commands/rehearse.ts';
import { respondCommand } from '../local/commands/respond.ts';
import { schemaCommand } from '../local/commands/schema.ts';
import { topCommand } from '../local/commands/top.ts';
import { watchCommand } from '../local/commands/watch.ts';
import { nameInstallation } from '../local/options/name-installation.ts';
import { UsageError } from '../local/options/usage-error.ts';
import { RecordsUnusable } from '../local/records/unusable.ts';
import { EXIT } from '../local/terminal/exit-status.ts';
import { paint, say } from '../local/terminal/output.ts';

/** Carries a command out, and says what is wrong with one that cannot be. `process.exitCode` is how it went. */
export async function runProgram(args: readonly string[]): Promise<void> {
  try {
    await buildProgram().parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = explain(error);
  }
}

/** Every command, with its options; nothing is carried out before it is parsed. */
export function buildProgram(): Command {
  const program = new Command('headroom')
    .description('Gives a database its connections back.')
    .version(readVersion(), '-V, --version', 'print the version')
    // Before the command alone: `grants --version 17` is about a server.
    .enablePositionalOptions()
    .showHelpAfterError('(add --help for what is possible)')
    .exitOverride()
    // How it is named to whoever finds it running.
    .hook('preAction', (_, action) => {
      process.title = `headroom ${action.name()}`;
      const named = nameInstallation(action.opts());
      for (const [option, value] of Object.entries(named ?? {})) action.setOptionValue(option, value);
    });
  for (const command of [
    drillCommand(),
    respondCommand(),
    watchCommand(),
    topCommand(),
    planCommand(),
    endCommand(),
    incidentsCommand(),
    acknowledgeCommand(),
    pauseCommand(),
    resumeCommand(),
    limitsCommand(),
    profileCommand(),
    discoverCommand(),
    grantsCommand(),
    doctorCommand(),
    costCommand(),
    rehearseCommand(),
    schemaCommand(),
  ]) {
    program.addCommand(inherit(command, program));
  }
  addCompletion(program);
  return program;
}

/** `headroom completion SHELL`: what a shell sources to complete commands, options and their choices. */
function addCompletion(program: Command): void {
  completeFor(program, { completionCommandName: 'completion' });
  program.commands
    .find((command) => command.name() === 'completion')
    ?.description('print the script with which a shell completes commands');
}

/** Settings go down only to commands made with `.command()`, not to those that are added. */
function inherit(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  for (const inner of command.commands) inherit(inner, command);
  return command;
}

/** Says what went wrong, in words and without a stack, and returns the exit status that goes with it. */
export function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const message = errorWords(error);
  say(`${paint('red', 'headroom:')} ${message}`);
  if (error instanceof UsageError || error instanceof ConfigInvalid || error instanceof RecordsUnusable)
    return EXIT.usage;
  if (error instanceof Error && process.env['HEADROOM_DEBUG'] !== undefined) say(error.stack ?? '');
  return EXIT.failed;
}
