import { expect, it } from 'vitest';
import * as z from 'zod/mini';
import { parseRequest } from '../../../../functions/core/protocol/request.ts';
import { actRequest } from '../../../../functions/core/protocol/steps.ts';

const parse = (payload: unknown) => () => parseRequest(actRequest, payload);

it('names every problem of a request by its place, in words', () => {
  expect(parse({ schema: 1, incidentId: 7, round: 1, tier: 'kill-all' })).toThrow(
    /^incidentId: Invalid input: expected string, received number; tier: Invalid option: expected one of /,
  );
  expect(parse('text')).toThrow('payload: Invalid input: expected object, received string');
});

it('refuses the request of another version as such, whatever else is wrong with it', () => {
  expect(parse({ schema: 2 })).toThrow(/^payload has schema 2, this function knows 1/);
});

it('keeps a hostile name of a field on one line', () => {
  const request = z.record(z.string(), z.number());
  expect(() => parseRequest(request, { 'a\nb': 'x' })).toThrow(/^a.{1,6}b: Invalid input: expected number/);
});
