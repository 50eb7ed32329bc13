import { parseRequest } from '../core/protocol/request.ts';
import { samplerRequest } from '../core/protocol/steps.ts';
import { sample, type SampleDependencies, type SampleOutcome } from './sample.ts';
import { selfCheck, type CheckDependencies, type CheckOutcome } from './self-check.ts';

/** What the schedules of a target ask for: samples each minute, a check each day. */
export async function answer(
  payload: unknown,
  deps: SampleDependencies & CheckDependencies,
): Promise<SampleOutcome | CheckOutcome> {
  const request = parseRequest(samplerRequest, payload);
  switch (request.kind) {
    case 'sample':
      return sample(request, deps);
    case 'check':
      return selfCheck(request, deps);
  }
}
