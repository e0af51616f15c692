/* The verbs of fotactl that list something: a statement, its parameters, and
 * what is shown of its rows. list_verb.c does them. */
#include "fotactl/lists.h"

#include "base/lists.h"

#define FIELDS(table) (table), sizeof(table) / sizeof *(table)

/* ---- what is shown ---- */

const struct view_field request_fields[REQUEST_FIELDS] = {
    {"requestId", "Request", "REQUEST", VIEW_TEXT},
    {"serviceReferenceVariant", "Service", "SERVICE", VIEW_TEXT},
    {"sender", "Sender", NULL, VIEW_EUI64},
    {"received", "Received", "RECEIVED", VIEW_INSTANT},
    {"responseCode", "Response", "RESPONSE", VIEW_TEXT},
    {"state", "State", "STATE", VIEW_TEXT},
    {"devices.listed", "Devices listed", "LISTED", VIEW_COUNT},
    {"devices.accepted", "Accepted", "ACCEPTED", VIEW_COUNT},
    {"devices.refused.invalid", "Invalid", NULL, VIEW_COUNT},
    {"devices.refused.notCommissioned", "Not Commissioned", NULL, VIEW_COUNT},
    {"devices.refused.notApplicable", "Not applicable", NULL, VIEW_COUNT},
    {"devices.refused.invalidGbcsVersion", "Invalid GBCS version", NULL,
     VIEW_COUNT},
    {"devices.refused.otherRequestInProgress", "Other request in progress",
     NULL, VIEW_COUNT},
    {"firmwareVersion", "Firmware version", "VERSION", VIEW_TEXT},
    {"imageHash", "Manufacturer Image hash", NULL, VIEW_TEXT},
};

/* In the order of list_accounts(), then notices_of(). */
static const struct view_field account_fields[] = {
    {"name", "Name", "NAME", VIEW_TEXT},
    {"role", "Role", "ROLE", VIEW_TEXT},
    {"supplierId", "Supplier", "SUPPLIER", VIEW_EUI64},
    {"active", "Active", "ACTIVE", VIEW_BOOL},
    {"hasPassword", "Password", "PASSWORD", VIEW_BOOL},
    {"tokens", "Tokens", "TOKENS", VIEW_COUNT},
    {"created", "Created", NULL, VIEW_INSTANT},
    {"lastSignIn", "Last sign-in", "LAST SIGN-IN", VIEW_INSTANT},
    {"lockedUntil", "Locked until", "LOCKED UNTIL", VIEW_INSTANT},
    {"mail", "E-mail", "E-MAIL", VIEW_TEXT},
    {"wishes", "Told of", "TOLD OF", VIEW_TEXT},
};

/* In the order of list_holds(). */
static const struct view_field hold_fields[] = {
    {"id", "Id", "ID", VIEW_COUNT},
    {"requestId", "Request", "REQUEST", VIEW_TEXT},
    {"sender", "Sender", NULL, VIEW_EUI64},
    {"senderName", "Sender's name", "SENDER", VIEW_TEXT},
    {"serviceReferenceVariant", "Service", "SERVICE", VIEW_TEXT},
    {"threshold", "Threshold", "THRESHOLD", VIEW_TEXT},
    {"devices", "Devices", "DEVICES", VIEW_COUNT},
    {"volume", "Volume", "VOLUME", VIEW_COUNT},
    {"quarantine", "Level", "LEVEL", VIEW_COUNT},
    {"periodSeconds", "Period", "PERIOD", VIEW_SECONDS},
    {"held", "Held", "HELD", VIEW_INSTANT},
    {"state", "State", "STATE", VIEW_TEXT},
    {"decided", "Decided", NULL, VIEW_INSTANT},
    {"person", "Person", NULL, VIEW_TEXT},
    {"reason", "Reason", NULL, VIEW_TEXT},
    {"ended", "Ended", NULL, VIEW_INSTANT},
    {"responseCode", "Response", NULL, VIEW_TEXT},
};

/* In the order of list_steering(). */
static const struct view_field steering_fields[] = {
    {"id", "Id", "ID", VIEW_COUNT},
    {"verb", "Order", "ORDER", VIEW_TEXT},
    {"state", "State", "STATE", VIEW_TEXT},
    {"cause", "Cause", NULL, VIEW_TEXT},
    {"scope", "Of", "OF", VIEW_TEXT},
    {"requestId", "Request", NULL, VIEW_TEXT},
    {"user", "User", NULL, VIEW_EUI64},
    {"imageHash", "Manufacturer Image hash", NULL, VIEW_TEXT},
    {"model", "Model", NULL, VIEW_TEXT},
    {"csp", "CSP", NULL, VIEW_TEXT},
    {"deviceType", "Device type", NULL, VIEW_TEXT},
    {"named", "Devices named", NULL, VIEW_COUNT},
    {"bySender", "By the sender", NULL, VIEW_BOOL},
    {"person", "Person", "PERSON", VIEW_TEXT},
    {"reason", "Reason", "REASON", VIEW_TEXT},
    {"made", "Made", "MADE", VIEW_INSTANT},
    {"until", "Until", "UNTIL", VIEW_INSTANT},
    {"decided", "Decided", NULL, VIEW_INSTANT},
    {"decidedBy", "Decided by", NULL, VIEW_TEXT},
    {"decision", "Decision", NULL, VIEW_TEXT},
    {"ended", "Ended", NULL, VIEW_INSTANT},
    {"endedBy", "Ended by", NULL, VIEW_TEXT},
    {"devices", "Devices", "DEVICES", VIEW_COUNT},
    {"underWay", "With a CSP", "WITH A CSP", VIEW_COUNT},
};

static const struct view_field plan_fields[] = {
    {"id", "Id", "ID", VIEW_COUNT},
    {"user", "User", "USER", VIEW_EUI64},
    {"serviceReferenceVariant", "Service", "SERVICE", VIEW_TEXT},
    {"model", "Model", "MODEL", VIEW_TEXT},
    {"plan", "Plan", "PLAN", VIEW_TEXT},
    {"person", "By", "BY", VIEW_TEXT},
    {"made", "Set", "SET", VIEW_INSTANT},
};

/* In the order of list_guard(). */
static const struct view_field guard_fields[] = {
    {"rule", "Rule", "RULE", VIEW_TEXT},
    {"user", "User", "USER", VIEW_EUI64},
    {"userName", "Name", "NAME", VIEW_TEXT},
    {"mode", "Mode", "MODE", VIEW_TEXT},
    {"level", "Level", "LEVEL", VIEW_COUNT},
    {"counts", "Level of", "OF", VIEW_TEXT},
    {"list", "List", "LIST", VIEW_TEXT},
    {"meaning", "Meaning", "MEANING", VIEW_TEXT},
    {"person", "By", "BY", VIEW_TEXT},
    {"made", "Set", "SET", VIEW_INSTANT},
};

/* In the order of list_thresholds(). */
static const struct view_field threshold_fields[] = {
    {"userId", "User", "USER", VIEW_EUI64},
    {"userName", "Name", "NAME", VIEW_TEXT},
    {"serviceReferenceVariant", "Service", "SERVICE", VIEW_TEXT},
    {"periodSeconds", "Period", "PERIOD", VIEW_SECONDS},
    {"warning", "Warning", "WARNING", VIEW_COUNT},
    {"quarantine", "Quarantine", "QUARANTINE", VIEW_COUNT},
    {"volume", "Volume", "VOLUME", VIEW_COUNT},
    {"state", "State", "STATE", VIEW_TEXT},
    {"lastWarned", "Last warned", NULL, VIEW_INSTANT},
    {"setAt", "Set", "SET", VIEW_INSTANT},
    {"setBy", "By", "BY", VIEW_TEXT},
};

/* In the order of threshold_history(). */
static const struct view_field threshold_change_fields[] = {
    {"at", "At", "AT", VIEW_INSTANT},
    {"person", "Person", "PERSON", VIEW_TEXT},
    {"change", "Change", "CHANGE", VIEW_TEXT},
    {"userId", "User", "USER", VIEW_EUI64},
    {"serviceReferenceVariant", "Service", "SERVICE", VIEW_TEXT},
    {"periodSeconds", "Period", "PERIOD", VIEW_SECONDS},
    {"warning", "Warning", "WARNING", VIEW_COUNT},
    {"quarantine", "Quarantine", "QUARANTINE", VIEW_COUNT},
};

/* In the order of undelivered(). */
static const struct view_field message_fields[] = {
    {"responseId", "ResponseID", "RESPONSEID", VIEW_TEXT},
    {"user", "User", NULL, VIEW_EUI64},
    {"code", "Code", "CODE", VIEW_TEXT},
    {"requestId", "Request", NULL, VIEW_TEXT},
    {"deviceId", "Device", "DEVICE", VIEW_EUI64},
    {"devices", "Devices", "DEVICES", VIEW_COUNT},
    {"created", "Created", "CREATED", VIEW_INSTANT},
    {"state", "State", "STATE", VIEW_TEXT},
    {"tries", "Tries", "TRIES", VIEW_COUNT},
    {"nextTry", "Next try", NULL, VIEW_INSTANT},
    {"lastError", "Last error", "LAST ERROR", VIEW_TEXT},
};

static const struct view_field device_fields[] = {
    {"deviceId", "Device", "DEVICE", VIEW_EUI64},
    {"deviceType", "Type", "TYPE", VIEW_TEXT},
    {"status", "Status", "STATUS", VIEW_TEXT},
    {"inProgress", "In progress", "IN PROGRESS", VIEW_BOOL},
    {"reasonCode", "Reason", "REASON", VIEW_TEXT},
    {"lastUpdated", "Last updated", "LAST UPDATED", VIEW_INSTANT},
    {"releaseDue", "Released at", NULL, VIEW_INSTANT},
    {"chfId", "Communications Hub", NULL, VIEW_EUI64},
    {"csp", "CSP", "CSP", VIEW_TEXT},
};

static const struct view_field job_fields[] = {
    {"jobId", "Job", "JOB", VIEW_TEXT},
    {"csp", "CSP", "CSP", VIEW_TEXT},
    {"deviceType", "Device type", "TYPE", VIEW_TEXT},
    {"devices", "Devices", "DEVICES", VIEW_COUNT},
    {"requests", "Requests", "REQUESTS", VIEW_COUNT},
    {"state", "State", "STATE", VIEW_TEXT},
    {"created", "Made", NULL, VIEW_INSTANT},
    {"tries", "Tries", "TRIES", VIEW_COUNT},
    {"nextTry", "Next try", "NEXT TRY", VIEW_INSTANT},
    {"ended", "Handed over", "HANDED OVER", VIEW_INSTANT},
    {"reported", "Reported", "REPORTED", VIEW_INSTANT},
    {"lastError", "Last error", "LAST ERROR", VIEW_TEXT},
};

/* In the order of Need in schemas/ssi-openapi.json. */
static const struct view_field need_fields[] = {
    {"kind", "What", "WHAT", VIEW_TEXT},
    {"count", "How many", "COUNT", VIEW_COUNT},
    {"of", "Of", "OF", VIEW_COUNT},
    {"since", "Since", "SINCE", VIEW_INSTANT},
    {"until", "Until", "UNTIL", VIEW_INSTANT},
    {"id", "Id", "ID", VIEW_TEXT},
    {"name", "Name", "NAME", VIEW_TEXT},
    {"why", "Why", "WHY", VIEW_TEXT},
};

/* In the order of list_stuck(), without its key. */
static const struct view_field stuck_fields[] = {
    {"deviceId", "Device", "DEVICE", VIEW_EUI64},
    {"deviceType", "Type", "TYPE", VIEW_TEXT},
    {"csp", "CSP", NULL, VIEW_TEXT},
    {"stage", "Stage", "STAGE", VIEW_TEXT},
    {"since", "Since", "SINCE", VIEW_INSTANT},
    {"lateSince", "Late since", NULL, VIEW_INSTANT},
    {"requestId", "Request", NULL, VIEW_TEXT},
    {"sender", "Sender", NULL, VIEW_EUI64},
    {"jobId", "Job", NULL, VIEW_TEXT},
    {"why", "Why", "WHY", VIEW_TEXT},
    {"comes", "What comes by itself", NULL, VIEW_TEXT},
    {"comesAt", "At", "ENDS BY ITSELF", VIEW_INSTANT},
    {"advice", "To do", NULL, VIEW_TEXT},
};

/* In the order of list_alarms(). */
static const struct view_field alarm_fields[] = {
    {"id", "Id", "ID", VIEW_COUNT},
    {"rule", "Rule", "RULE", VIEW_TEXT},
    {"title", "What", NULL, VIEW_TEXT},
    {"about", "About", "ABOUT", VIEW_TEXT},
    {"deviceId", "Device", NULL, VIEW_EUI64},
    {"csp", "CSP", NULL, VIEW_TEXT},
    {"requestId", "Request", NULL, VIEW_TEXT},
    {"user", "User", NULL, VIEW_EUI64},
    {"userName", "User's name", NULL, VIEW_TEXT},
    {"since", "Since", "SINCE", VIEW_INSTANT},
    {"until", "Until", "UNTIL", VIEW_INSTANT},
    {"count", "Count", "COUNT", VIEW_COUNT},
    {"why", "Why", "WHY", VIEW_TEXT},
    {"advice", "To do", NULL, VIEW_TEXT},
};

/* In the order of list_alarm_rules(). */
static const struct view_field alarm_rule_fields[] = {
    {"rule", "Rule", "RULE", VIEW_TEXT},
    {"title", "What", "WHAT", VIEW_TEXT},
    {"on", "On", "ON", VIEW_BOOL},
    {"threshold", "Threshold", "THRESHOLD", VIEW_COUNT},
    {"unit", "Of", "OF", VIEW_TEXT},
    {"standing", "Alarms that stand", "STANDING", VIEW_COUNT},
    {"person", "By", "BY", VIEW_TEXT},
    {"made", "Set", "SET", VIEW_INSTANT},
    {"meaning", "Meaning", NULL, VIEW_TEXT},
    {"advice", "To do", NULL, VIEW_TEXT},
};

static const struct view_field csp_fields[] = {
    {"csp", "CSP", "CSP", VIEW_TEXT},
    {"up", "Takes jobs", "TAKES JOBS", VIEW_BOOL},
    {"busySince", "Busy since", "BUSY SINCE", VIEW_INSTANT},
    {"nextTry", "Next try", "NEXT TRY", VIEW_INSTANT},
    {"lastError", "Last error", "LAST ERROR", VIEW_TEXT},
    {"jobs.waiting", "Jobs waiting", "JOBS WAITING", VIEW_COUNT},
    {"jobs.handedOver", "Jobs not reported on", "NOT REPORTED", VIEW_COUNT},
    {"devices.waiting", "Devices waiting", "DEVICES WAITING", VIEW_COUNT},
    {"devices.underWay", "Devices under way", "UNDER WAY", VIEW_COUNT},
};

/* ---- the table ---- */

const struct list_verb list_verbs[] = {
    {"requests",
     "There are no such requests.",
     FIELDS(request_fields),
     request_states,
     {LIST_NOW, LIST_USER, LIST_STATE, LIST_LIMIT, LIST_SINCE, LIST_BEFORE},
     {"list_requests",
      "select q.* from service_request r, request_report(r, $1) q"
      " where ($2::macaddr8 is null or r.originator = $2)"
      " and ($3::text is null or q.state = $3)"
      " and ($5::timestamptz is null or r.received >= $5)"
      " and ($6::timestamptz is null or r.received < $6)"
      " order by r.request_no desc limit $4"}},
    {"request devices",
     "No device of it was tracked, or there is no such request.",
     FIELDS(device_fields),
     NULL,
     {LIST_REQUEST, LIST_LIMIT, LIST_NOW, LIST_SINCE, LIST_BEFORE},
     {"list_request_devices",
      "select device_id, device_type, status, in_progress, reason_code,"
      " last_updated, release_due, chf_id, csp"
      " from list_request_devices(find_request($1, $2, $3), null, null, null,"
      " null, null, null, null, null, null, $5)"
      " where ($6::timestamptz is null or last_updated >= $6)"
      " and ($7::timestamptz is null or last_updated < $7)"
      " limit $4"}},
    {"request jobs",
     "No device of it is in a job, or there is no such request.",
     FIELDS(job_fields),
     NULL,
     {LIST_REQUEST},
     {"list_request_jobs",
      "select job_id, csp, device_type::text, devices, requests, state::text,"
      " created, tries, case state when 'waiting' then next_try end, ended,"
      " reported, last_error"
      " from jobs_of_request(find_request($1, $2, $3)) order by job_no"}},
    {"needs",
     "Nothing waits for anybody.",
     FIELDS(need_fields),
     NULL,
     {LIST_NOW, LIST_TIMEOUT},
     {"list_needs",
      "select kind, count, \"of\", since, until, id, name, why"
      " from json_to_recordset(needs_now(null, false, null, null, $1,"
      " make_interval(secs => $2::bigint))"
      " -> 'items') as n (kind text, count bigint, \"of\" bigint,"
      " since timestamptz, until timestamptz, id text, name text, why text)"}},
    {"stuck",
     "Nothing is later than 99 of 100 were.",
     FIELDS(stuck_fields),
     NULL,
     {LIST_USER, LIST_LIMIT, LIST_TIMEOUT, LIST_NOW},
     {"list_stuck",
      "select device_id, device_type, csp, stage, since, late_since,"
      " request_id, sender, job_id, why, comes, comes_at, advice"
      " from list_stuck($1, null, null, make_interval(secs => $3::bigint), $4,"
      " null, $2::bigint::integer)"}},
    {"alarms",
     "There is no such alarm.",
     FIELDS(alarm_fields),
     alarm_states,
     {LIST_STATE, LIST_LIMIT, LIST_SINCE, LIST_BEFORE},
     {"list_alarms",
      "select * from list_alarms(null, $1, null, null) a"
      " where ($3::timestamptz is null or a.since >= $3)"
      " and ($4::timestamptz is null or a.since < $4) limit $2"}},
    {"alarms rules",
     "There is no rule.",
     FIELDS(alarm_rule_fields),
     NULL,
     {LIST_NO_MORE},
     {"list_alarm_rules", "select * from list_alarm_rules()"}},
    {"csps",
     "There is no [csp NAME] section in the configuration.",
     FIELDS(csp_fields),
     NULL,
     {LIST_CSPS, LIST_NOW},
     {"list_csps",
      "select c ->> 'csp', (c ->> 'up')::boolean,"
      " (c ->> 'busySince')::timestamptz, (c ->> 'nextTry')::timestamptz,"
      " c ->> 'lastError', (c #>> '{jobs,waiting}')::bigint,"
      " (c #>> '{jobs,handedOver}')::bigint,"
      " (c #>> '{devices,waiting}')::bigint,"
      " (c #>> '{devices,underWay}')::bigint"
      " from json_array_elements(csp_list($1, $2, $3) -> 'items') c"}},
    {"account list",
     "There are no accounts.",
     FIELDS(account_fields),
     NULL,
     {LIST_LOCK_OUT_FOR, LIST_LOCK_OUT_AFTER, LIST_NOW},
     {"list_accounts",
      "select l.*, n.mail, nullif(array_to_string(n.wishes, ','), '')"
      " from list_accounts(null, make_interval(secs => $1::bigint), $2, $3)"
      " l cross join notices_of(l.name) n"}},
    {"quarantine list",
     "No such request is or was held.",
     FIELDS(hold_fields),
     hold_states,
     {LIST_USER, LIST_STATE, LIST_LIMIT, LIST_SINCE, LIST_BEFORE},
     {"list_holds",
      "select * from list_holds(null, $1, $2::text::hold_state, null, null) h"
      " where ($4::timestamptz is null or h.held >= $4)"
      " and ($5::timestamptz is null or h.held < $5) limit $3"}},
    {"steering list",
     "There is no such order.",
     FIELDS(steering_fields),
     steering_states,
     {LIST_USER, LIST_STATE, LIST_LIMIT, LIST_SINCE, LIST_BEFORE},
     {"list_steering",
      "select * from list_steering(null, $1, $2::text::steering_state, null,"
      " null, null) s where ($4::timestamptz is null or s.made >= $4)"
      " and ($5::timestamptz is null or s.made < $5) limit $3"}},
    {"plan list",
     "Every request goes out at once.",
     FIELDS(plan_fields),
     NULL,
     {LIST_NO_MORE},
     {"list_plans",
      "select plan_no, user_id, service_reference_variant,"
      " model_text(manufacturer_id, model_id, null), said, person, made"
      " from plan order by plan_no"}},
    {"guard list",
     "There is no rule.",
     FIELDS(guard_fields),
     NULL,
     {LIST_USER},
     {"list_guard", "select * from list_guard(null, $1)"}},
    {"thresholds list",
     "There is none.",
     FIELDS(threshold_fields),
     NULL,
     {LIST_USER, LIST_NOW},
     {"list_thresholds", "select * from list_thresholds(null, $1, null, $2)"}},
    {"thresholds history",
     "There is none.",
     FIELDS(threshold_change_fields),
     NULL,
     {LIST_USER, LIST_LIMIT, LIST_SINCE, LIST_BEFORE},
     {"threshold_history",
      "select * from threshold_history($1, null) t"
      " where ($3::timestamptz is null or t.at >= $3)"
      " and ($4::timestamptz is null or t.at < $4) limit $2"}},
    {"undelivered list",
     "Every message that was tried is delivered.",
     FIELDS(message_fields),
     NULL,
     {LIST_ACB_ID, LIST_USER, LIST_LIMIT, LIST_SINCE, LIST_BEFORE},
     {"undelivered",
      "select * from undelivered($1, $2, null) u"
      " where ($4::timestamptz is null or u.created >= $4)"
      " and ($5::timestamptz is null or u.created < $5) limit $3"}},
};
