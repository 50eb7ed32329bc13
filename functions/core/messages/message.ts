/** A label and its lines. */
export type Section = readonly [label: string, lines: readonly string[]];

/** Where a reader finds more; each is a whole URL, and left out where there is none. */
export interface Links {
  /** The incident, told as a page. */
  readonly report?: string;
  /** The page that takes the answer to a question. Whoever has it may answer. */
  readonly approval?: string;
  /** The incident's workflow, in the console of AWS. */
  readonly console?: string;
  readonly dashboard?: string;
  readonly runbook?: string;
}

/** A notification, ready to send. */
export interface Message {
  /** At most 100 printable ASCII characters. */
  readonly subject: string;
  readonly body: string;
  /** What the body is made of, for those who lay it out otherwise: commands are in it as they must be typed. */
  readonly sections: readonly Section[];
  readonly links: Links;
  /** The JSON form, for machines. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly attributes: {
    readonly severity: 'critical' | 'warning' | 'info';
    readonly outcome: string;
    readonly target: string;
    readonly incidentId: string;
    readonly notice: string;
  };
}
