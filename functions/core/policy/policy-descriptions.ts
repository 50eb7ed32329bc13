/** What each field of a policy does, by its path: for the JSON Schema and for docs/policy.md. */
export const POLICY_DESCRIPTIONS: Readonly<Record<string, string>> = {
  triggerPercent:
    'Usage, in percent of usable slots, at which an incident is worth acting on. Tiers that lose work act only from here.',
  reliefPercent:
    'Usage at or under which relief has come: every plan stops here. At least 5 points under triggerPercent.',
  ages: 'How old something must be before a tier may end it.',
  'ages.idleSeconds': 'Idle at least this long before kill-idle may end the session.',
  'ages.idleInTransactionSeconds':
    'Idle in a transaction at least this long before end-idle-transactions may end the session.',
  'ages.abortedTransactionSeconds': 'The same for a transaction that has failed already and can only roll back.',
  'ages.querySeconds': 'A query runs at least this long before cancel-long may cancel it.',
  'ages.cancelGraceSeconds': 'How long a cancelled query may take to stop before its session is terminated.',
  'ages.blockerTransactionSeconds': "Age of the root blocker's transaction before break-locks may end it.",
  'ages.blockerWaitSeconds': 'How long its waiters have waited.',
  'ages.blockerMinWaiters': 'How many waiters must have waited that long.',
  caps: 'The most that may be ended, whatever a plan needs. Acts whose result is unknown count in full.',
  'caps.perTierPercent': 'Most sessions one act of a tier may end, in percent of usable slots.',
  'caps.perIncidentPercent': 'Most sessions one incident may end, in percent of usable slots.',
  'caps.perHourPercent':
    'Most sessions all incidents of the target may end within an hour, in percent of usable slots.',
  minimumPerPool: 'Sessions of each pool (user, application and database) that kill-idle leaves in place.',
  rollback:
    'Work that no tier throws away by itself: a transaction over either limit is spared, unless its tier is in mode approve and a person says yes to it by name.',
  'rollback.maxRowsModified':
    'MySQL and MariaDB: rows a transaction may have changed. Undoing them takes as long as doing them, and the slot stays taken meanwhile.',
  'rollback.maxWritingSeconds':
    'PostgreSQL, which counts no rows and undoes nothing: how long a transaction that has written may have been at work, not counting the time it has been idle.',
  consumerCap: 'Temporary connection limits, which cap-consumer sets against reconnect storms.',
  'consumerCap.marginPercent':
    'Usable slots, in percent, that the limit leaves free under the relief level: clients that it refuses take one while their password is checked.',
  'consumerCap.leastSessions': 'Connections that the limit leaves its user in any case.',
  'consumerCap.perIncidentPercent':
    'Most sessions of limited users that one incident may end, in percent of usable slots: a budget beside caps.perIncidentPercent.',
  'consumerCap.sharedPercent':
    'A user that several applications share is not limited when it holds more than this share of all client sessions.',
  'consumerCap.idleSeconds': 'Idle at least this long before a session above the limit of its user may be ended.',
  flap: 'When acting again and again would only treat a symptom.',
  'flap.maxIncidents':
    'Incidents with the same cause in which Headroom may act within an hour; at the next one it acts on nothing and pages a person.',
  escalation: 'What becomes of a page that nobody acknowledges (`headroom acknowledge ID`) while the trouble stands.',
  'escalation.repeatMinutes': 'Minutes after a page before people are paged again.',
  'escalation.maxRepeats': 'Pages after the first one, each louder; 0 pages once.',
  protect: 'Who is never ended. Each entry is exact, or a prefix that ends in "*".',
  'protect.users': 'Database users.',
  'protect.applications': 'Application names, as the client reports them.',
  'protect.databases': 'Databases.',
  'protect.clients': 'Client addresses; here also networks in CIDR form.',
  tiers: 'Modes of single tiers, where they differ from the mode of the target.',
  'tiers.kill-idle':
    'Mode of kill-idle: terminates idle sessions. A pool reconnects; a careless client sees one error.',
  'tiers.end-idle-transactions':
    'Mode of end-idle-transactions: terminates sessions idle in a transaction. Their uncommitted work rolls back.',
  'tiers.break-locks': 'Mode of break-locks: ends root blockers. One transaction rolls back, many proceed.',
  'tiers.cancel-long': 'Mode of cancel-long: cancels long queries. That query fails.',
  'tiers.cap-consumer':
    'Mode of cap-consumer: limits the connections of the user that storms until the incident is closed, then ends its idle sessions. Needs what `headroom grants --cap-users` prints. Without a mode here it asks first on a target in mode act, and on any other has the mode of the target.',
  loop: 'How the loop of diagnosing and acting runs.',
  'loop.settleSeconds': 'Wait between an act and the next diagnosis.',
  'loop.maxRounds': 'Rounds before the incident is escalated.',
  'loop.maxMinutes': 'Total time before the incident is escalated.',
  'loop.reliefSamples': 'Samples in a row that must all be good before relief is confirmed.',
  'loop.reliefSpacingSeconds': 'Time between these samples.',
  'loop.holdSeconds':
    'How long relief must hold, usage under the trigger and clients getting in, before the incident is closed as relieved.',
  'loop.watchSeconds': 'Wait between two looks while relief is watched.',
  'loop.patienceSeconds': 'How long to try to get into a full server.',
  approval: 'Tiers in mode approve ask a person first, who sees the exact plan.',
  'approval.waitMinutes':
    'How long a question waits for an answer. Without one nothing is ended and a person is paged. At least 2 on real targets.',
  sampling: 'How often the sampler looks.',
  'sampling.everySeconds':
    'Time between samples. Under 60, one call each minute takes several; 60 keeps the cost lowest.',
  levels:
    'When people are warned, and when an incident does not wait for a second sample. A warning is told once and told again only after it has been clear for ten minutes; it never ends anything.',
  'levels.warnPercent': 'Usage at or above which people are warned.',
  'levels.warnSeconds': 'How long usage must have been there.',
  'levels.lowHeadroomPercent': 'Free slots, in percent of usable slots, under which people are warned.',
  'levels.lowHeadroomSeconds': 'How long so few slots must have been free.',
  'levels.longQueries': 'More queries over five minutes old than this, and people are warned.',
  'levels.longQueriesSeconds': 'How long there must have been so many.',
  'levels.criticalPercent':
    'Usage at which one sample opens an incident; at triggerPercent it takes two running. Counts as triggerPercent where that is higher.',
  statements:
    'How much of a statement leaves the worker: without literals, only its first keyword, or as it was written.',
};
