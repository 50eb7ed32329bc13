import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { describeAdvising } from './contract-advising.ts';
import { describeBounds } from './contract-bounds.ts';
import { describeEnding } from './contract-ending.ts';
import { describeEntering } from './contract-entering.ts';
import { describeHolding } from './contract-holding.ts';
import { describeLimiting } from './contract-limiting.ts';
import { describeLooking } from './contract-looking.ts';
import type { Stage } from './stage.ts';

/**
 * What Headroom relies on, whatever the engine: it gets in, it sees what is there, it ends and limits what it was asked
 * to and nothing else. Runs on a real server, as the logins that `headroom grants` creates, through the worker as it
 * runs in Lambda.
 */
export function describeContract<T extends Stage>(
  name: string,
  openStage: () => Promise<T>,
  more?: (stage: () => T) => void,
) {
  describe(name, () => {
    let opened: T | null = null;
    const stage = (): T => {
      if (opened === null) throw new Error('the stage is not open');
      return opened;
    };
    beforeAll(async () => {
      opened = await openStage();
    });
    afterEach(() => stage().clear());
    afterAll(() => opened?.stop());

    describe('entering', () => describeEntering(stage));
    describe('looking', () => describeLooking(stage));
    describe('ending', () => describeEnding(stage));
    describe('holding', () => describeHolding(stage));
    describe('limiting', () => describeLimiting(stage));
    describe('advising', () => describeAdvising(stage));
    describe('bounds', () => describeBounds(stage));
    if (more !== undefined) describe('of its own', () => more(stage));
  });
}
