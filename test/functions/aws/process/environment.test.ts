import { expect, it } from 'vitest';
import { readEnvironment } from '../../../../functions/aws/process/environment.ts';

const WHOLE = {
  HEADROOM_TABLE: 'headroom-incidents',
  HEADROOM_TOPIC_ARN: 'arn:aws:sns:eu-west-1:123456789012:headroom-notices',
  HEADROOM_STATE_MACHINE_ARN: 'arn:aws:states:eu-west-1:123456789012:stateMachine:headroom-workflow',
  HEADROOM_DISPATCH: 'headroom-dispatch',
};

it('reads the variables it is asked for', () => {
  expect(readEnvironment(['HEADROOM_TABLE', 'HEADROOM_TOPIC_ARN'], WHOLE)).toEqual({
    HEADROOM_TABLE: WHOLE.HEADROOM_TABLE,
    HEADROOM_TOPIC_ARN: WHOLE.HEADROOM_TOPIC_ARN,
  });
});

it('names every missing or malformed variable at once, with what belongs there', () => {
  const read = () =>
    readEnvironment(['HEADROOM_TABLE', 'HEADROOM_TOPIC_ARN', 'HEADROOM_STATE_MACHINE_ARN', 'HEADROOM_DISPATCH'], {
      ...WHOLE,
      HEADROOM_TABLE: undefined,
      HEADROOM_TOPIC_ARN: 'notices',
      HEADROOM_STATE_MACHINE_ARN: '',
    });
  expect(read).toThrow(
    'HEADROOM_TABLE is not set, expected the name of the incident table; ' +
      'HEADROOM_TOPIC_ARN is "notices", expected the ARN of the notices topic; ' +
      'HEADROOM_STATE_MACHINE_ARN is not set, expected the ARN of the workflow',
  );
});

it('does not mind what it is not asked for', () => {
  expect(readEnvironment(['HEADROOM_TABLE'], { HEADROOM_TABLE: 'incidents' })).toEqual({ HEADROOM_TABLE: 'incidents' });
});
