declare module 'asl-validator' {
  /** `definition` is a parsed state machine. */
  export default function validate(definition: unknown): {
    readonly isValid: boolean;
    readonly errors: readonly { readonly message: string }[];
  };
}
