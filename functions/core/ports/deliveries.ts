/** What channels beside the topic have taken: a message is handed over again where one of them failed. */
export interface Deliveries {
  /** The names of the channels that have taken a message. Strongly consistent. */
  takenBy(messageId: string): Promise<ReadonlySet<string>>;
  markTaken(messageId: string, channel: string, at: number): Promise<void>;
  /** Where messages of an incident go on in a channel; null before the first one. Strongly consistent. */
  threadOf(incidentId: string, channel: string): Promise<string | null>;
  /** The first thread of an incident stays. */
  beginThread(incidentId: string, channel: string, thread: string, at: number): Promise<void>;
}
