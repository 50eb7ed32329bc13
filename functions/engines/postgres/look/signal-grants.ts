import type { LimitsRow } from './sample.ts';

/** What the responder lacks to end sessions and to cancel queries. Everybody may call the functions by default. */
export function signalGrants({
  may_signal,
  may_terminate,
  may_cancel,
  quoted_user,
}: Pick<LimitsRow, 'may_signal' | 'may_terminate' | 'may_cancel' | 'quoted_user'>): readonly string[] {
  return [
    ...(may_signal ? [] : [`GRANT pg_signal_backend TO ${quoted_user}`]),
    ...(may_terminate ? [] : [`GRANT EXECUTE ON FUNCTION pg_terminate_backend TO ${quoted_user}`]),
    ...(may_cancel ? [] : [`GRANT EXECUTE ON FUNCTION pg_cancel_backend TO ${quoted_user}`]),
  ];
}
