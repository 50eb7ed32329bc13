/** A Lambda function as the template describes it, with every reference resolved. */
export interface FunctionSpec {
  readonly name: string;
  /** Folder of the bundled code. */
  readonly assetFolder: string;
  /** `file.export`. */
  readonly handler: string;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  /** Null when none is reserved. */
  readonly reservedConcurrency: number | null;
  readonly environment: Readonly<Record<string, string>>;
}
