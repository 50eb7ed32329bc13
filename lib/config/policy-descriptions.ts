/** What each field of a policy does, by its path. Apart from the schema, so that Lambda bundles do not carry it. */
export const POLICY_DESCRIPTIONS: Readonly<Record<string, string>> = {
  triggerPercent:
    'Usage, in percent of usable slots, from which an incident is worth acting on. Tiers that lose work act only ' +
    'from here.',
  reliefPercent:
    'Usage at or under which relief has come: every plan stops here. At least 5 points under triggerPercent.',
  ages: 'How old something must be before a tier may end it.',
  'ages.idleSeconds': 'Idle at least this long before kill-idle may end the session.',
  'ages.idleInTransactionSeconds':
    'Idle in a transaction at least this long before end-idle-transactions may end the session.',
  'ages.abortedTransactionSeconds': 'The same for a transaction that has failed already and can only roll back.',
  'ages.querySeconds': 'A query runs at least this long before cancel-long may cancel it.',
  'ages.cancelGraceSeconds': 'How long a cancelled query may take to stop before its session is terminated.',
  'ages.blockerTransactionSeconds':
    "Age of the root blocker's transaction before break-locks may end it; of its query, where it holds tables by LOCK TABLES and reads.",
  'ages.blockerWaitSeconds': 'How long its waiters must have waited.',
  'ages.blockerMinWaiters': 'How many waiters must have waited that long.',
  'ages.suspectIdleSeconds':
    'The same as idleSeconds for a suspect: a session of a consumer that holds more than is usual. Where the ordinary ' +
    'age is shorter, that one applies.',
  'ages.suspectIdleInTransactionSeconds': 'The same as idleInTransactionSeconds for a suspect.',
  'ages.suspectQuerySeconds': 'The same as querySeconds for a suspect.',
  caps: 'Budgets: the most that may be ended, whatever a plan needs. Acts whose result is unknown count in full.',
  'caps.perTierPercent': 'Most sessions that one act of a tier may end, in percent of usable slots.',
  'caps.perIncidentPercent': 'Most sessions that one incident may end, in percent of usable slots.',
  'caps.perHourPercent':
    'Most sessions that all incidents of the target together may end within an hour, in percent of usable slots.',
  minimumPerPool: 'Sessions of each pool (user, application and database) that kill-idle leaves in place.',
  collateral:
    'What may be ended of consumers that hold no more than is usual, where suspects do not suffice and clients are ' +
    'refused or usage is at 90%, to bring usage under the trigger. spare-idle: idle sessions that their pool has not ' +
    'needed for a day. none: nothing.',
  rollback:
    'Work that no tier throws away by itself. A transaction over either limit is spared, unless its tier is in ' +
    'mode approve and a person approves it by name.',
  'rollback.maxRowsModified':
    'MySQL and MariaDB: rows that a transaction may have changed. Undoing them takes as long as changing them, ' +
    'and the slot stays taken meanwhile.',
  'rollback.maxWritingSeconds':
    'PostgreSQL, which counts no rows and undoes nothing: how long a transaction that has written may have been ' +
    'at work. The time it has been idle does not count.',
  consumerCap: 'Temporary connection limits, which cap-consumer sets against reconnect storms.',
  'consumerCap.marginPercent':
    'Slots, in percent of usable slots, that the limit leaves free under the relief level. Clients that it ' +
    'refuses take one while the server checks their password.',
  'consumerCap.leastSessions': 'Connections that the limit always leaves its user.',
  'consumerCap.perIncidentPercent':
    'Most sessions of limited users that one incident may end, in percent of usable slots. This budget is ' +
    'separate from caps.perIncidentPercent.',
  'consumerCap.sharedPercent':
    'A user that several applications share is not limited when it holds more than this share of all client sessions.',
  'consumerCap.idleSeconds':
    'A session above the limit of its user may be ended when it has been idle at least this long.',
  flap: 'When to stop acting, because acting again would only treat a symptom.',
  'flap.maxIncidents':
    'Incidents with the same cause in which Headroom may act within an hour. At the next one it ends nothing and ' +
    'pages a person.',
  escalation:
    'What happens to a page that no person acknowledges (`npx --no headroom acknowledge ID`) while the trouble lasts.',
  'escalation.repeatMinutes': 'Minutes after a page before people are paged again.',
  'escalation.maxRepeats': 'Pages after the first one, each louder. 0: one page only.',
  protect:
    'Sessions that are never ended. Each entry is exact, or a prefix that ends in "*". Where a server does not show ' +
    'what an entry is about, no session that it may mean is ended either, and `headroom doctor` says so.',
  'protect.users': 'Database users.',
  'protect.applications': 'Application names, as the client reports them.',
  'protect.databases': 'Databases.',
  'protect.clients': 'Client addresses; here also networks in CIDR form.',
  'protect.toolUsers':
    'Users that may call themselves a backup or migration tool (pg_dump, flyway and others) and are spared for it. ' +
    'Anybody can give such a name: name the users that run such tools. A tool that shows by what it does what it is ' +
    'needs no name.',
  'protect.masterUser':
    'The master user of RDS, where the responder cannot see who is an administrator (`headroom doctor` says so). ' +
    'Default: what RDS itself says of the instance.',
  'protect.exceptAdministrators':
    'Administrators of RDS (the master user, members of rds_superuser) that are not spared as such, because an ' +
    'application logs in as them.',
  tiers: 'Modes of single tiers, where they differ from the mode of the target.',
  'tiers.kill-idle':
    'Mode of kill-idle, which terminates idle sessions. A pool reconnects; an application without retry sees one ' +
    'error.',
  'tiers.end-idle-transactions':
    'Mode of end-idle-transactions, which terminates sessions idle in a transaction. Their uncommitted work rolls ' +
    'back.',
  'tiers.break-locks': 'Mode of break-locks, which ends root blockers. One transaction rolls back, many proceed.',
  'tiers.cancel-long': 'Mode of cancel-long, which cancels long queries. Those queries fail.',
  'tiers.cap-consumer':
    'Mode of cap-consumer, which limits the connections of the user that storms until the incident is closed, ' +
    'then ends its idle sessions. Needs what `headroom grants --cap-users` prints. Without a mode here it asks ' +
    'first on a target in mode act, and has the mode of the target on any other.',
  loop: 'How the loop of diagnosing and acting runs.',
  'loop.settleSeconds': 'Wait between an act and the next diagnosis.',
  'loop.maxRounds': 'Rounds without relief before a person is paged.',
  'loop.maxMinutes': 'Time without relief before a person is paged. What waits for an answer does not count.',
  'loop.stayMinutes':
    'How long an incident stays open after its page: it keeps looking at growing intervals, up to a minute, acts as ' +
    'soon as a rule, a budget or a person lets it, and ends when relief holds, when a person closes it or when this ' +
    'time is up. The budgets of caps bound what it may end, as before the page. 0: the page ends the incident, and the ' +
    'server is left alone for half an hour unless its state is news.',
  'loop.reliefSamples': 'Samples in a row that must all be good before relief is confirmed.',
  'loop.reliefSpacingSeconds': 'Time between these samples.',
  'loop.holdSeconds':
    'How long relief must hold, with usage under the trigger and ordinary clients admitted, before the incident ' +
    'is closed as relieved.',
  'loop.watchSeconds': 'Wait between two snapshots while relief is watched.',
  'loop.patienceSeconds': 'How long to try to get into a full server.',
  approval: 'Tiers in mode approve ask a person first, who sees the exact plan.',
  'approval.waitMinutes':
    'How long a question waits for an answer. Without one nothing is ended and a person is paged. At least 2 on ' +
    'real targets.',
  sampling: 'How often the sampler takes a sample.',
  'sampling.metrics':
    'Which figures become metrics in CloudWatch, at $0.30 a month each. few: UsagePercent and Refused, which is all ' +
    'that alarms need. full: all 14. The records have every figure either way.',
  'sampling.everySeconds': 'Time between samples. Under 60, the call of each minute takes several; 60 costs least.',
  levels:
    'When people are warned, and when one sample is enough to open an incident. A warning is sent once, and again ' +
    'only after it has been clear for ten minutes. It never ends anything.',
  'levels.warnPercent': 'Usage at or above which people are warned.',
  'levels.warnSeconds': 'How long usage must have been there.',
  'levels.lowHeadroomPercent': 'Free slots, in percent of usable slots, under which people are warned.',
  'levels.lowHeadroomSeconds': 'How long so few slots must have been free.',
  'levels.longQueries': 'People are warned when more queries than this are over five minutes old.',
  'levels.longQueriesSeconds': 'How long there must have been so many.',
  'levels.criticalPercent':
    'Usage at which one sample opens an incident; at triggerPercent it takes two in a row. Counts as ' +
    'triggerPercent where that is higher.',
  statements:
    'How much of a statement leaves the worker. redacted: without literals; verb: only its first keyword; ' +
    'verbatim: as it was written.',
};
