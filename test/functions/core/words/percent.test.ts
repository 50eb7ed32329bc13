import { expect, it } from 'vitest';
import { configuredPercent, percent } from '../../../../functions/core/words/percent.ts';

it('prints what was measured in whole percents, and says where nothing was', () => {
  expect([percent(97.4), percent(0), percent(null), percent(Number.NaN), percent(null, '?')]).toEqual([
    '97%',
    '0%',
    'unknown',
    'unknown',
    '?',
  ]);
});

it('prints what was configured as it is', () => {
  expect([configuredPercent(87.5), configuredPercent(85)]).toEqual(['87.5%', '85%']);
});
