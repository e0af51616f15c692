# shellcheck shell=bash
# Requests, and campaigns up to where their CSPs have accepted them.

# The CPL knows the image's hash.
list_image() {
    local hash
    hash=$(tail -c +61 "$1" | sha256sum | cut -c1-64)
    sql -c "update cpl_entry set manufacturer_image_hash = '\\x$hash'
        where device_type = 'PPMID' and firmware_version = '\\x0A000003'"
}

# The request's counter makes it new at each run.
counter=$(($(date +%s) * 1000000))
# write_request LIST COUNT FILE [OPTION...]: the first COUNT devices of a list
write_request() {
    local user
    user=$(owner_of "$1")
    counter=$((counter + 100000))
    head -n "$2" "$estate/devices-$1" >$out/request-devices
    [ "$(wc -l <$out/request-devices)" = "$2" ] ||
        die "$part: the list $1 has no $2 devices"
    sign_request "$user" 11.4 $counter "$3" \
        --image "${request_image-$out/image.ota}" \
        --devices $out/request-devices "${@:4}"
}

# post FILE...: accepted whole, or the bench ends; prints JSON
post() {
    $bin/fotasim load --url "$url" --expect '>I99<' "$@" ||
        die "$part: fotad did not accept the request"
}

# All that a run leaves in the database, so that each begins with the same.
# fotad's own threads look at these tables too: the locks may need a few tries.
transient='tracking_live tracking_history distribution csp_job csp_image
    csp_message gbcs_message replay_window device_command pre_command alert alert_count
    alert_lane alert_confirmed sat_entry sat_request service_request'
forget() {
    local tables tries=0
    tables=$(ask "select string_agg(t, ', ') from
        regexp_split_to_table('$transient', '\s+') t
        where to_regclass(t) is not null")
    until sql -c 'set lock_timeout = 200; set session_replication_role = replica' \
        -c "truncate $tables cascade" 2>$out/forget.log; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || die "forget: $(cat $out/forget.log)"
        sleep 0.1
    done
    sql -c 'update smi_device s set firmware_version = v.firmware_version
            from bench_versions v where v.device_id = s.device_id
            and s.firmware_version <> v.firmware_version' -c checkpoint
}

# ---- a campaign up to where its CSPs have accepted it ----

# Users are told later, or now.
hold_users() {
    sql -c "insert into alert_lane (user_id, next_try)
        select user_id, now() + interval '1 day' from service_user
        on conflict (user_id) do update set next_try = excluded.next_try"
}
release_users() { sql -c "update alert_lane set next_try = '-infinity'"; }

# approved LIST COUNT: one request of it, its jobs taken and reported
approved() {
    write_request "$1" "$2" $out/campaign.xml
    post $out/campaign.xml >/dev/null
    wait_until 300 "not exists (select from tracking_live
        where status = 'AWAITING_CSP')"
    [ "$(ask 'select count(*) from tracking_live')" = "$2" ] ||
        die "$part: not all $2 devices are with the CSPs"
}

# delivered FIRST COUNT BATCH: writes to $out/said-CSP the notifications of
# devices FIRST to FIRST + COUNT - 1 of each CSP's share, a batch on a line
delivered() {
    local name
    for name in north south-and-central; do
        ask "with d as (
                select l.*, j.job_id, row_number() over (order by l.device_id)
                    as n
                from tracking_live l join csp_job j on j.job_no = l.job_no
                where l.csp = '$name')
            select case $3 when 1 then json_agg(o) -> 0 else json_agg(o) end
            from (select (n - 1) / $3 as line, json_build_object(
                    'notificationId', job_id || '-' || n, 'jobId', job_id,
                    'commsHubId', eui64_text(chf_id),
                    'deviceId', eui64_text(device_id),
                    'deviceType', device_type, 'firmwareVersion', '0A000003',
                    'timestamp', to_char(now() at time zone 'UTC',
                        'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),
                    'status', 'Success') as o
                from d where n >= $1 and n < $1 + $2) x
            group by line order by line" >"$out/said-$name"
    done
    [[ -s $out/said-north && -s $out/said-south-and-central ]] ||
        die "$part: there are no devices to notify of"
}

# tell_all: both CSPs post what `delivered` wrote; prints JSON of each
notification_connections=8 # of both
tell_all() {
    local pids=() name short
    for name in north south-and-central; do
        short=${name%%-*}
        $bin/fotasim load --lines "$out/said-$name" --bearer "from-$short" \
            --header 'Content-Type: application/json' \
            --url "http://127.0.0.1:$csp_port/csp/v1/delivery-notifications" \
            --connections $((notification_connections / 2)) \
            --expect '"rejected":[]' &
        pids+=($!)
    done
    for name in "${pids[@]}"; do
        wait "$name" || die "$part: fotad did not take the notifications"
    done
}

# begin_campaign [held]: N devices with their CSPs and nothing more heard of
begin_campaign() {
    forget
    [ $# = 0 ] || hold_users
    approved 1 "$most"
}

# Rate of what came between a start and now, by what the database has.
applied_since() {
    local applied seconds
    seconds=$(seconds_since "$1")
    applied=$(ask "select count(*) from tracking_live
        where status = 'SUCCESSFUL_CH_TRANSFER'")
    [ "$applied" = "$2" ] ||
        die "$part: $applied of $2 devices were moved by the notifications"
    calculate "$2 / $seconds" 0
    echo
}
