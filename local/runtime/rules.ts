import type { FunctionRegistry } from '../lambda/function-registry.ts';
import type { Assembly } from '../synthesis/cloud-assembly.ts';
import { callFunction } from './call-function.ts';

/** The EventBridge rules of the stacks. Nothing happens by itself: a caller says when a rule matches. */
export interface Rules {
  /** Sends the rule's function an event, and returns its answer. Throws FunctionFailed. */
  trigger(ruleName: string, event: unknown): Promise<unknown>;
}

export function createRules({ rules }: Pick<Assembly, 'rules'>, functions: Pick<FunctionRegistry, 'invoke'>): Rules {
  return {
    async trigger(ruleName, event) {
      const functionName = rules.get(ruleName);
      if (functionName === undefined) throw new Error(`no stack has the rule ${ruleName}`);
      return callFunction(functions, functionName, event);
    },
  };
}
