/** A notification, ready to send. */
export interface Message {
  /** At most 100 printable ASCII characters. */
  readonly subject: string;
  readonly body: string;
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
