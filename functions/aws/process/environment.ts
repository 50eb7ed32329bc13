import type { ReportLinks } from '../../core/ports/incident-record.ts';
import { newSecret } from './secret.ts';

/** The environment variables of the control functions, with the form of their values. */
const VARIABLES = {
  HEADROOM_TABLE: { pattern: /^[A-Za-z0-9_.-]{3,255}$/, expected: 'the name of the incident table' },
  HEADROOM_TOPIC_ARN: { pattern: /^arn:[^:]+:sns:[^:]*:\d{12}:\S+$/, expected: 'the ARN of the notices topic' },
  HEADROOM_STATE_MACHINE_ARN: {
    pattern: /^arn:[^:]+:states:[^:]*:\d{12}:stateMachine:\S+$/,
    expected: 'the ARN of the workflow',
  },
  HEADROOM_EVENT_BUS_ARN: {
    pattern: /^arn:[^:]+:events:[a-z0-9-]+:\d{12}:event-bus\/\S+$/,
    expected: 'the ARN of the event bus',
  },
  HEADROOM_PAGE_URL: { pattern: /^https?:\/\/[^\s?#]{1,255}$/, expected: 'the URL of the page where people answer' },
  HEADROOM_CHANNELS: { pattern: /^\{.{1,3800}\}$/, expected: 'the channels to send by, as JSON' },
  HEADROOM_REPORT_DAYS: { pattern: /^[1-9]\d?$/, expected: 'for how many days links to reports work' },
  HEADROOM_PREFIX: { pattern: /^[a-z][a-z0-9-]{0,19}$/, expected: 'the prefix of the installation' },
  HEADROOM_DISPATCH: { pattern: /^\S{1,256}$/, expected: 'the name of the dispatch function' },
  HEADROOM_SAMPLE: { pattern: /^\S{1,256}$/, expected: 'the name of the sample function' },
  HEADROOM_RECONCILE: { pattern: /^\S{1,256}$/, expected: 'the name of the reconcile function' },
  HEADROOM_FOLLOW: { pattern: /^\S{1,256}$/, expected: 'the name of the follow function' },
  HEADROOM_NOTIFY: { pattern: /^\S{1,256}$/, expected: 'the name of the notify function' },
} as const;

export type VariableName = keyof typeof VARIABLES;

/**
 * The named variables, read when it is called and never at import. Throws one error that names every variable that is
 * missing or malformed, with what belongs there.
 */
export function readEnvironment<Name extends VariableName>(
  names: readonly Name[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Record<Name, string> {
  const problems: string[] = [];
  const found: Partial<Record<VariableName, string>> = {};
  for (const name of names) {
    const { pattern, expected } = VARIABLES[name];
    const value = environment[name] ?? '';
    if (!pattern.test(value))
      problems.push(`${name} is ${value === '' ? 'not set' : `"${value}"`}, expected ${expected}`);
    found[name] = value;
  }
  if (problems.length > 0) throw new Error(`the environment of this function is incomplete: ${problems.join('; ')}`);
  return found as Record<Name, string>;
}

/** Where people answer (`HEADROOM_PAGE_URL`); null in an installation without the page. Throws when it is no URL. */
export function pageUrlFromEnvironment(environment = process.env): string | null {
  const isSet = (environment['HEADROOM_PAGE_URL'] ?? '') !== '';
  return isSet ? readEnvironment(['HEADROOM_PAGE_URL'], environment).HEADROOM_PAGE_URL : null;
}

/** For how many days links to reports work (`HEADROOM_REPORT_DAYS`); null where there are none. */
export function reportDaysFromEnvironment(environment = process.env): number | null {
  const isSet = (environment['HEADROOM_REPORT_DAYS'] ?? '') !== '';
  return isSet ? Number(readEnvironment(['HEADROOM_REPORT_DAYS'], environment).HEADROOM_REPORT_DAYS) : null;
}

/** How links to reports are made; null in an installation without them. */
export function reportLinksFromEnvironment(environment = process.env): ReportLinks | null {
  const [pageUrl, days] = [pageUrlFromEnvironment(environment), reportDaysFromEnvironment(environment)];
  return pageUrl === null || days === null ? null : { pageUrl, days, newSecret };
}
