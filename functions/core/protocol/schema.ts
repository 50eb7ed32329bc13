/** Version of every payload between functions. A mismatch means a deployment in the middle of an incident. */
export const SCHEMA = 1;
