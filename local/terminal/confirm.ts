import { createInterface } from 'node:readline/promises';
import { say } from './output.ts';

/** Asks for a name to be typed, on standard error; false for anything else, and when the input has ended. */
export async function confirmByName(name: string, what: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    // Without this the question would wait for ever on input that has ended.
    const ended = new Promise<null>((resolve) => terminal.once('close', () => resolve(null)));
    const answer = await Promise.race([terminal.question(`${what}\nType ${name} to go on: `), ended]);
    if (answer === null) say('');
    return answer?.trim() === name;
  } finally {
    terminal.close();
  }
}
