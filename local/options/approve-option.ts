import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { TIER_NAMES, type TierName } from '../../functions/core/policy/tier-names.ts';
import type { AskPerson, Reply } from '../runs/approver.ts';
import { paint, say } from '../terminal/output.ts';
import { UsageError } from './usage-error.ts';

/** For the help of commands that ask. */
export const APPROVE_HELP = 'answer questions of tiers in mode approve without asking: all, none, or TIER,… to approve';

/** What `--approve` says: approve everything, nothing, or these tiers alone. */
export type Approve = 'all' | 'none' | ReadonlySet<TierName>;

/** Throws UsageError when it names no tier. Undefined where nothing is given. */
export function parseApprove(text: string | undefined): Approve | undefined {
  if (text === undefined || text === 'all' || text === 'none') return text;
  const names = text.split(',').map((name) => name.trim());
  const tiers = TIER_NAMES.filter((name) => names.includes(name));
  const unknown = names.filter((name) => !tiers.some((tier) => tier === name));
  if (unknown.length > 0) {
    throw new UsageError(`--approve ${text}: use all, none, or tiers of ${TIER_NAMES.join(', ')}, with commas between`);
  }
  return new Set(tiers);
}

/** Who answers: the option, else a person at the terminal; without either the answer is no. */
export function personFor(approve: Approve | undefined): AskPerson {
  if (approve !== undefined) return ({ plan }) => Promise.resolve(answerOf(approve, plan.tier));
  return canAsk() ? askAtTerminal : denyUnasked;
}

/** Whether there is a terminal to ask at. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

function answerOf(approve: Approve, tier: TierName): Reply {
  const isYes = approve === 'all' || (approve !== 'none' && approve.has(tier));
  return { answer: isYes ? 'approved' : 'denied', by: `${userInfo().username} (--approve)` };
}

const denyUnasked: AskPerson = () => {
  say(paint('red', 'denied: there is no terminal to ask at; --approve all|none|TIER,… answers in advance'));
  return Promise.resolve({ answer: 'denied', by: 'nobody (no terminal)' });
};

const askAtTerminal: AskPerson = async (approval, signal) => {
  // Not in raw mode, so that Ctrl-C stays what it is: the end of the run.
  const terminal = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  const by = userInfo().username;
  const closed = new AbortController();
  terminal.once('close', () => closed.abort());
  try {
    for (;;) {
      const line = await terminal.question(paint('bold', `May ${approval.plan.tier} do this? yes or no: `), {
        signal: AbortSignal.any([signal, closed.signal]),
      });
      const word = line.trim().toLowerCase();
      if (word === 'yes' || word === 'y') return { answer: 'approved', by };
      if (word === 'no' || word === 'n') return { answer: 'denied', by };
    }
  } catch (error) {
    if (signal.aborted) return { answer: 'nothing', by };
    // The end of the input is not a yes.
    if (closed.signal.aborted) return { answer: 'denied', by };
    throw error;
  } finally {
    terminal.close();
  }
};
