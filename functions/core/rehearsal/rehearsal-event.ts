import * as z from 'zod/mini';
import { printable } from '../words/printable.ts';

const rehearsalEvent = z.object({
  source: z.literal('headroom'),
  'detail-type': z.literal('Headroom Rehearsal'),
  /** Epoch milliseconds: the same event has the same incident. */
  at: z.number(),
  detail: z.object({ by: z.string() }),
});

/** What `headroom rehearse` sends to dispatch in the place of an alarm event. `at`: epoch milliseconds. */
export function makeRehearsalEvent(by: string, at: number): z.infer<typeof rehearsalEvent> {
  return { source: 'headroom', 'detail-type': 'Headroom Rehearsal', at, detail: { by } };
}

/** Whether an event is a rehearsal, and what its record says of it; null for any other. */
export function readRehearsalEvent(event: unknown): { readonly at: number; readonly reason: string } | null {
  const parsed = rehearsalEvent.safeParse(event);
  if (!parsed.success) return null;
  const { at, detail } = parsed.data;
  return { at, reason: `a rehearsal, started by ${printable(detail.by, 60)}: no alarm went off` };
}
