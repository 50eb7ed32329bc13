import { print } from './output.ts';

interface Answered {
  readonly incidentId: string;
  readonly outcome: string | null;
  readonly notifications: readonly { readonly subject: string; readonly body: string }[];
}

/** The last notice of an incident as people got it; where none is at hand, how to see its record. */
export function printStory({ incidentId, outcome, notifications }: Answered): void {
  const last = notifications.at(-1);
  print(
    last === undefined
      ? `incident ${incidentId}: ${outcome ?? 'not closed'}; headroom incidents show ${incidentId}`
      : `${last.subject}\n\n${last.body.trimEnd()}`,
  );
}
