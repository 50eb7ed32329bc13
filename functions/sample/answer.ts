import type { IncidentStore } from '../core/ports/incident-store.ts';
import { samplesPerMinute } from '../core/sampler/samples-per-minute.ts';
import { parseRequest } from '../core/protocol/request.ts';
import { samplerRequest } from '../core/protocol/steps.ts';
import { sample, type SampleDependencies, type SampleOutcome } from './sample.ts';
import type { CheckDependencies, CheckOutcome } from './self-check.ts';

/** The target was removed after it had been asked for. */
interface Unknown {
  readonly unknown: true;
}

/** What the tick asks for: samples of a target each minute, a check of it each day. */
export async function answer(
  payload: unknown,
  deps: SampleDependencies & CheckDependencies & { readonly store: Pick<IncidentStore, 'targets'> },
): Promise<SampleOutcome | CheckOutcome | Unknown> {
  const request = parseRequest(samplerRequest, payload);
  const target = await deps.store.targets.find(request.target);
  if (target === null) return { unknown: true };
  switch (request.kind) {
    case 'sample':
      return sample(target, request.samples ?? samplesPerMinute(target.policy.sampling), deps);
    case 'check': {
      // Once a day; the samples of each minute do without its code.
      const { selfCheck } = await import('./self-check.ts');
      return selfCheck(target, deps);
    }
  }
}
