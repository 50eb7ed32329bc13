import { createInterface } from 'node:readline';
import type { Answer, Question } from '../format.ts';

/** Answers every incident on standard input, one a line, with a line on standard output. */
export async function serve(decide: (question: Question) => Answer): Promise<void> {
  for await (const line of createInterface({ input: process.stdin }))
    if (line.trim() !== '') console.log(JSON.stringify(decide(JSON.parse(line) as Question)));
}
