import type { HeadroomConfig, Target } from '../../lib/config/schema.ts';
import { toTargetSettings } from '../../lib/config/settings.ts';
import type { FunctionRegistry } from '../lambda/function-registry.ts';
import type { Assembly } from '../synthesis/cloud-assembly.ts';
import { callFunction } from './call-function.ts';

/** The EventBridge rules of the stacks. Nothing happens by itself: a caller says when a rule matches. */
export interface Rules {
  /** Sends the rule's function what the rule makes of an event, and returns its answer. Throws FunctionFailed. */
  trigger(ruleName: string, event: unknown): Promise<unknown>;
  /** The same for a rule of a target, with the target's own settings. `changed`: fields to set in what is sent. */
  triggerFor(target: Target, ruleName: string, event: unknown, changed?: object): Promise<unknown>;
}

export function createRules(
  { rules }: Pick<Assembly, 'rules'>,
  config: HeadroomConfig,
  functions: Pick<FunctionRegistry, 'invoke'>,
): Rules {
  const find = (ruleName: string) => {
    const rule = rules.get(ruleName);
    if (rule === undefined) throw new Error(`no stack has the rule ${ruleName}`);
    return rule;
  };
  return {
    async trigger(ruleName, event) {
      const { functionName, toPayload } = find(ruleName);
      return callFunction(functions, functionName, toPayload(event));
    },
    async triggerFor(target, ruleName, event, changed = {}) {
      const { functionName, toPayload } = find(ruleName);
      const payload = withOwnSettings(toPayload(event), config, target);
      return callFunction(functions, functionName, { ...payload, ...changed });
    },
  };
}

/** Settings of a target as configured, in the place of those it was synthesized with; see `toSynthesizedConfig`. */
function withOwnSettings(payload: unknown, config: HeadroomConfig, target: Target): object {
  if (typeof payload !== 'object' || payload === null || !('target' in payload)) {
    throw new Error(`the rule of target ${target.id} does not pass the target's settings on`);
  }
  return { ...payload, target: toTargetSettings(config, target) };
}
