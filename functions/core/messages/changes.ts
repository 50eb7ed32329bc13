import type { TargetSettings } from '../policy/target.ts';
import { SCHEMA } from '../protocol/schema.ts';
import { printable } from '../words/printable.ts';
import { build, howToStop } from './form/build.ts';
import type { Message, Section } from './message.ts';
import { LINE_LENGTH } from './text.ts';
import { utc } from '../words/in-words.ts';

/** What has changed about a target by itself. */
export type Change =
  /** A member of the cluster came, went, took the other role, or is another server under the same name. */
  | { readonly kind: 'came' | 'went' | 'role' | 'replaced'; readonly member: string; readonly isWriter: boolean }
  /** Another server or cluster has the target's name: its resource ids. */
  | { readonly kind: 'moved'; readonly before: string; readonly now: string }
  /** It has other slots now, and so its alarms have other thresholds. */
  | {
      readonly kind: 'slots';
      readonly instance: string;
      readonly usable: number;
      readonly before: number;
      readonly now: number;
    };

/** For what a new look by the control plane has found; null when nothing has changed. `at`: epoch milliseconds. */
export function composeChanges(target: TargetSettings, changes: readonly Change[], at: number): Message | null {
  if (changes.length === 0) return null;
  const id = printable(target.id, 100);
  const lines = changes.map((change) => printable(inWords(change), LINE_LENGTH));
  const toDo = changes.flatMap((change) => (change.kind === 'moved' ? adviceOn(change.now, target) : []));
  const severity = toDo.length > 0 ? 'warning' : 'info';
  const [first = ''] = changes.map(inShort);
  const more = lines.length > 1 ? [`and ${lines.length - 1} more`] : [];
  const sections: Section[] = [
    ['Do', toDo.length > 0 ? toDo : ['Nothing: Headroom has taken it into account.']],
    ['Affects', [`${affected(changes)}; since ${utc(at)} or before`]],
    ['What', lines],
    ['Sure', ['Certain: RDS itself says so. No session was ended because of it.']],
    ['Where', [`${printable(target.endpoint, 255)} (${target.engine}, ${printable(target.instance)})`]],
    ['Times', [`seen ${utc(at)}`]],
    howToStop(target),
  ];
  return build({
    target: id,
    clauses: [first, ...more],
    sections,
    json: { schema: SCHEMA, notice: 'target-changed', severity, target: target.id, changes, advice: toDo, at },
    attributes: { severity, outcome: 'target-changed', target: id, incidentId: '', notice: 'target-changed' },
  });
}

function affected(changes: readonly Change[]): string {
  return changes.some(({ kind }) => kind === 'moved')
    ? 'no client by this itself: should the new server fill up, Headroom could not help its clients'
    : 'no client because of Headroom: it only takes note of what RDS has done';
}

/** For a subject, without names that may be long. */
function inShort(change: Change): string {
  switch (change.kind) {
    case 'came':
      return 'the cluster has a new member';
    case 'went':
      return 'a member has left the cluster';
    case 'role':
      return change.isWriter ? 'the cluster has another writer' : 'a member is a reader now';
    case 'replaced':
      return 'a member was replaced by another server';
    case 'moved':
      return 'another server has this name now';
    case 'slots':
      return `${change.usable} usable slots now`;
  }
}

function inWords(change: Change): string {
  switch (change.kind) {
    case 'came': {
      const role = change.isWriter ? 'the writer' : 'a reader';
      return `${change.member} is a member now, ${role}: sampled from now on, and without history at first`;
    }
    case 'went':
      return `${change.member} is no member any more: nothing is done about it, and its incident is closed`;
    case 'role':
      return `${change.member} is ${change.isWriter ? 'the writer now' : 'a reader now'}`;
    case 'replaced':
      return `another server has the name ${change.member} now`;
    case 'moved':
      return `another server has this name now: resource id ${change.now}, where the deployment meant ${change.before}`;
    case 'slots':
      return (
        `${change.instance} has ${change.usable} usable slots now; ` +
        `its alarm goes off at ${change.now} connections, before at ${change.before}`
      );
  }
}

/** IAM names the server by its resource id, so a new one needs a new permission. */
function adviceOn(resourceId: string, { id }: TargetSettings): string[] {
  return [
    `if it is meant to be the same database, set resourceId: ${resourceId} for target ${id} in the configuration, ` +
      'then run: npx --no cdk deploy --all',
    'until then IAM authentication does not let Headroom in there: it samples nothing and ends nobody',
  ];
}
