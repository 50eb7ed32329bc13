import type { CheckFinding } from '../check/finding.ts';
import type { TargetSettings } from '../policy/target.ts';
import { SCHEMA } from '../protocol/schema.ts';
import { withCommands } from '../words/commands.ts';
import { printable } from '../words/printable.ts';
import { build, howToStop } from './form/build.ts';
import type { Message, Section } from './message.ts';
import { LINE_LENGTH } from './text.ts';
import { utc } from '../words/in-words.ts';

/** People copy fixes, so this is longer than any statement: none is cut. */
const FIX_LENGTH = 1_000;

/** For a self-check that found something missing; null when nothing failed. `at`: epoch milliseconds. */
export function composeCheck(
  target: Pick<TargetSettings, 'id' | 'engine' | 'endpoint' | 'instance' | 'commands'>,
  findings: readonly CheckFinding[],
  at: number,
): Message | null {
  const failures = findings.filter(({ status }) => status === 'failed');
  const warnings = findings.filter(({ status }) => status === 'warning');
  if (failures.length === 0) return null;
  const name = printable(target.id, 40);
  const fixOf = (fix: string) => withCommands(printable(fix, FIX_LENGTH), target);
  const sections: Section[] = [
    ['Do', failures.flatMap(({ title, fix }) => (fix === null ? [] : [`${title}: ${fixOf(fix)}`]))],
    [
      'Affects',
      [
        `no client now: in an incident, whoever needs a connection to ${name} would wait for a person`,
        `found at ${utc(at)}; since when is not known: Headroom checks once a day`,
      ],
    ],
    [
      'Why',
      ['As it is, Headroom could not do its work in an incident. Whether the database is well is another matter.'],
    ],
    ['Sure', ['Certain: Headroom has just tried it on the server itself. It changed nothing and ended nobody.']],
    ['Where', [`${printable(target.endpoint, 255)} (${target.engine}, instance ${printable(target.instance)})`]],
    ['Failed', failures.map(({ title, detail }) => `${title}: ${printable(detail, LINE_LENGTH)}`)],
    ['Warnings', warnings.map(({ title, detail }) => `${title}: ${printable(detail, LINE_LENGTH)}`)],
    ['Times', [`checked ${utc(at)}`]],
    howToStop(target),
  ];
  return build({
    target: name,
    clauses: ['Headroom is not ready for an incident', ...failures.map(({ title }) => `failed: ${title}`)],
    sections,
    json: {
      schema: SCHEMA,
      notice: 'self-check',
      severity: 'warning',
      target: name,
      engine: target.engine,
      findings: [...failures, ...warnings].map(({ id, status, detail, fix }) => ({
        id,
        status,
        detail: printable(detail, LINE_LENGTH),
        fix: fix === null ? null : fixOf(fix),
      })),
      at,
    },
    attributes: { severity: 'warning', outcome: 'check-failed', target: name, incidentId: '', notice: 'self-check' },
  });
}
