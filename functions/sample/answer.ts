import { parseRequest } from '../core/protocol/request.ts';
import { samplerRequest } from '../core/protocol/steps.ts';
import { sample, type SampleDependencies, type SampleOutcome } from './sample.ts';
import type { CheckDependencies, CheckOutcome } from './self-check.ts';

/** What the schedules of a target ask for: samples each minute, a check each day. */
export async function answer(
  payload: unknown,
  deps: SampleDependencies & CheckDependencies,
): Promise<SampleOutcome | CheckOutcome> {
  const request = parseRequest(samplerRequest, payload);
  switch (request.kind) {
    case 'sample':
      return sample(request, deps);
    case 'check': {
      // Once a day; the samples of each minute do without its code.
      const { selfCheck } = await import('./self-check.ts');
      return selfCheck(request, deps);
    }
  }
}
