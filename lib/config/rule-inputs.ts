import { SCHEMA } from '../../functions/core/protocol/schema.ts';
import type { HeadroomConfig, Target } from './schema.ts';
import { toSampleRequest, toTargetSettings } from './settings.ts';

/** What EventBridge allows for the input of a rule's target, in characters. */
export const LONGEST_INPUT = 8192;

/** What the rules of a target hand on: constants, apart from the event of an alarm. */
export function ruleInputsOf(config: HeadroomConfig, target: Target) {
  const settings = { schema: SCHEMA, target: toTargetSettings(config, target) };
  return {
    /** With the event beside it: see `withEvent`. */
    alarm: settings,
    minute: settings,
    check: { ...settings, kind: 'check' },
    sample: toSampleRequest(config, target),
  } as const;
}

/** A template that EventBridge fills: a constant object with the whole event in its field `event`. */
export function withEvent(constant: object): string {
  // In a template <…> is a variable, so the constant's own brackets are written as escapes of JSON.
  const text = JSON.stringify(constant).replaceAll('<', '\\u003c').replaceAll('>', '\\u003e');
  return `${text.slice(0, -1)},"event":<aws.events.event.json>}`;
}

/** How long the longest of them is, in characters. */
export function longestInputOf(config: HeadroomConfig, target: Target): number {
  const { alarm, ...plain } = ruleInputsOf(config, target);
  return Math.max(withEvent(alarm).length, ...Object.values(plain).map((input) => JSON.stringify(input).length));
}
