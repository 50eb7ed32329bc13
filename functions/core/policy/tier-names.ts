/** The tiers, from least to most harm. The order breaks ties between tiers. */
export const TIER_NAMES = ['kill-idle', 'end-idle-transactions', 'break-locks', 'cancel-long', 'cap-consumer'] as const;
export type TierName = (typeof TIER_NAMES)[number];

/** Takes the place of a tier where a person ordered the act. */
export const BY_HAND = 'by-hand';
export type ActKind = TierName | typeof BY_HAND;
