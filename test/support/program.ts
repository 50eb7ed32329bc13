import { CommanderError, type Command } from 'commander';
import { vi } from 'vitest';
import { buildProgram, runProgram } from '../../bin/program.ts';
import type { Finished } from './headroom.ts';
import { argumentsOf } from './printed-commands.ts';

/** Runs the program in this process, with these variables and in this folder: much faster than a process of its own. */
export async function runInProcess(
  args: readonly string[],
  { folder, environment = {} }: { readonly folder: string; readonly environment?: NodeJS.ProcessEnv },
): Promise<Finished> {
  const before = { folder: process.cwd(), exitCode: process.exitCode };
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      written[stream] += String(text);
      return true;
    }),
  );
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  process.chdir(folder);
  process.exitCode = undefined;
  try {
    await runProgram(args);
    return { status: Number(process.exitCode ?? 0), ...written };
  } finally {
    process.exitCode = before.exitCode;
    process.chdir(before.folder);
    vi.unstubAllEnvs();
    for (const spy of spies) spy.mockRestore();
  }
}

/** Parses a command and carries nothing out; what is wrong with it, or null. */
export function parseProgram(args: readonly string[]): string | null {
  const program = buildProgram();
  const disarm = (command: Command): void => {
    // A command of commands shows its help where none of them is named.
    if (command.commands.length === 0) command.action(() => undefined);
    command.configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
    for (const inner of command.commands) disarm(inner);
  };
  disarm(program);
  try {
    program.parse(args, { from: 'user' });
    return null;
  } catch (error) {
    if (!(error instanceof CommanderError)) return String(error);
    return error.exitCode === 0 ? null : error.message;
  }
}

/** What a text that names a command, with or without options and values, names that there is not. */
export function unknownIn(text: string): string[] {
  const words = (argumentsOf(text) ?? []).filter((word) => word !== '|');
  let command: Command = buildProgram();
  const unknown: string[] = [];
  for (const word of words) {
    const inner = command.commands.find((each) => each.name() === word);
    const isOption = word.startsWith('--');
    if (inner !== undefined) command = inner;
    else if (isOption && !command.options.some(({ long }) => long === word)) unknown.push(`no option ${word}`);
    else if (!isOption && command.commands.length > 0 && !isSibling(command, word)) unknown.push(`no command ${word}`);
  }
  return unknown;
}

/** As in `limits list | drop`. */
function isSibling({ parent }: Command, word: string): boolean {
  return parent?.commands.some((each) => each.name() === word) ?? false;
}
