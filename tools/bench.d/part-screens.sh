# shellcheck shell=bash
# The JSON of every page, over HTTP, beside 5 million rows of tracking history
# and as many of the audit trail; and the plans of every statement of src/people,
# of which none may read a history table from end to end.

bench_screens() {
    local main=$database
    use_database fotad_bench_screens
    if [ "$(cat $out/screens.made 2>/dev/null)" != "$(screens_marker)" ] ||
        ! sql -c 'select 1' >/dev/null 2>&1; then
        make_history
    fi
    sql -c "alter database $database reset session_preload_libraries"
    accounts
    begin_fotad
    pages
    time_pages
    end_fotad
    examine_plans
    use_database "$main"
}

# ---- the history: made once ----

screens_marker() {
    echo "$scale $(schema_hash $here/history.sql src/fotasim/estate*.c)"
}

make_history() {
    progress 'screens: a history, made once'
    create_database
    rm -rf $out/screens && mkdir -p $out/screens
    $bin/fotasim estate $out/screens --homes 13000 >/dev/null
    {
        fotactl import cpl $out/screens/cpl.csv
        fotactl import users $out/screens/users.csv
        fotactl import smi --replace $out/screens/smi.csv
        fotactl import certificates "$pki/certificates"
    } >$out/import.log
    sql -v devices="$most" -f $here/history.sql >$out/history.log 2>&1 ||
        die "screens: the history was not made: $(tail -n 3 $out/history.log)"
    screens_marker >$out/screens.made
}

# ---- who looks ----

declare -A token
account() {
    fotactl account add "$1" --role "${@:2}" >/dev/null 2>&1 || true
    token[$1]=$(fotactl account token "$1" | tail -n 1 | awk '{print $NF}')
    [ -n "${token[$1]}" ] || die "screens: no token for $1"
}
accounts() {
    account desk service_desk
    account supplier supplier --supplier "$(supplier 1)"
    account administrator administrator
}

# ---- the pages ----

# One a line: account, name, and a query for what follows /api/v1.
pages() {
    local id="request_id_text(originator, target, counter)"
    local big="from service_request where accepted > 1000"
    local some="(select device_id from tracking_history tablesample system (1) limit 200) d"
    local live="(select device_id from tracking_live limit 200) d"
    cat >$out/pages <<END
desk|device status, in progress|select '/devices/' || eui64_text(device_id) || '/firmware-status' from $live
desk|device status, ended|select '/devices/' || eui64_text(device_id) || '/firmware-status' from $some
supplier|device status, as a supplier|select '/devices/' || eui64_text(device_id) || '/firmware-status' from (select t.device_id from tracking_history t join service_request r using (request_no) where r.originator = '$(supplier 1)' limit 100) d
desk|requests|select '/requests'
supplier|requests, as a supplier|select '/requests'
desk|requests, later page|select '/requests?after=' || (request_no - 7) from service_request order by request_no limit 50 offset 20000
desk|requests in progress|select '/requests?state=in-progress'
desk|requests refused|select '/requests?state=refused'
desk|requests of three days|select '/requests?from=' || (now() - interval '4 days')::date || '&to=' || (now() - interval '1 day')::date
desk|requests of a device|select '/requests?search=' || eui64_text(device_id) from $some
desk|requests by version|select '/requests?search=0A000003'
desk|requests by counter|select '/requests?search=' || counter $big
desk|one request, ended|select '/requests/' || $id $big and received < now() - interval '1 day'
desk|one request, in progress|select '/requests/' || $id $big and request_no in (select distinct request_no from tracking_live)
desk|devices of a request|select '/requests/' || $id || '/devices' $big
desk|devices of a request, later page|select '/requests/' || $id || '/devices?after=00-DB-00-00-00-00-80-00' $big
desk|devices of a request, failed|select '/requests/' || $id || '/devices?status=HAN_DISCARDED' $big
desk|CSPs|select '/csps'
desk|undelivered|select '/undelivered'
supplier|undelivered, as a supplier|select '/undelivered'
desk|RSAT_004|select '/reports/rsat-004'
supplier|RSAT_004, as a supplier|select '/reports/rsat-004?deviceType=ESME'
administrator|accounts|select '/accounts'
END
}

# look ACCOUNT FILE TIMES: prints JSON
look() {
    $bin/fotasim load --method GET --bearer "${token[$1]}" --lines "$2" \
        --url "http://127.0.0.1:$people_port/api/v1" --repeat "$3" \
        --connections 1 || die "screens: $(head -n 1 "$2") failed"
}

time_pages() {
    local who name query lines
    while IFS='|' read -r who name query; do
        progress "screens: $name"
        ask "$query" >$out/page-urls
        lines=$(wc -l <$out/page-urls)
        [ "$lines" -gt 0 ] || die "screens: nothing to look at for $name"
        look "$who" $out/page-urls $(((99 + lines) / lines)) >$out/page.json
        result "page: $name: median" "$(field median_ms <$out/page.json)" ms \
            'aim=<= 100' note="p99 $(field p99_ms <$out/page.json | tidy) ms, most $(field \
                most_ms <$out/page.json | tidy) ms, $(field requests <$out/page.json) times"
    done <$out/pages
    time_dry_run
}

# A dry run of 1,000 devices and a 4 KB image.
time_dry_run() {
    local count=$((1000 * scale / 100))
    $bin/fotasim devices --image $image --user "$(supplier 1)" --homes 13000 \
        --expect accepted --count $count >$out/dry-devices
    $bin/fotasim image $image --octets 4096 --output $out/small.ota
    list_image $out/small.ota
    sign_request 1 11.4 77 $out/dry.xml --image $out/small.ota \
        --devices $out/dry-devices
    $bin/fotasim load --bearer "${token[desk]}" --repeat 50 --expect I99 \
        --url "http://127.0.0.1:$people_port/api/v1/dry-runs" $out/dry.xml \
        >$out/page.json || die 'screens: the dry run failed'
    list_image $out/image.ota
    result "page: dry run of $count devices: median" \
        "$(field median_ms <$out/page.json)" ms 'aim=<= 100'
}

# ---- the plans ----

# PostgreSQL's auto_explain writes the plan of every statement, those inside
# functions included, with the very parameters of the pages.
examine_plans() {
    local who name query before log=$pgdir/log id
    progress 'screens: plans'
    sql -c "alter database $database
            set session_preload_libraries = 'auto_explain'" \
        -c "alter database $database set auto_explain.log_min_duration = 0" \
        -c "alter database $database
            set auto_explain.log_nested_statements = on"
    before=$(stat -c %s "$log")
    begin_fotad
    while IFS='|' read -r who name query; do
        ask "$query" | sed -n 1,3p >$out/page-urls
        look "$who" $out/page-urls 1 >/dev/null
    done <$out/pages
    examine_streams
    end_fotad
    sql -c "alter database $database reset session_preload_libraries"
    tail -c "+$((before + 1))" "$log" | awk '
        /^[0-9-]+ [0-9:.]+ / {people = / fotad (people|screens) LOG:  duration/
            plans += people; next}
        people && /Seq Scan on / {sub(/.*Seq Scan on /, ""); print $1}
        END {print plans + 0 >"/dev/stderr"}' 2>$out/plans.count |
        sort -u >$out/plans.scanned
    judge_plans
}

# The lists as CSV and the live counts are statements of their own.
examine_streams() {
    local base="http://127.0.0.1:$people_port/api/v1" id
    local header="Authorization: Bearer ${token[desk]}"
    id=$(ask "select request_id_text(originator, target, counter)
        from service_request where request_no in (
            select max(request_no) from tracking_live)")
    curl -sf -H "$header" "$base/requests/$id/devices?format=csv" -o /dev/null ||
        die 'screens: the CSV of devices failed'
    curl -sf -H "$header" "$base/reports/rsat-004?format=csv" -o /dev/null ||
        die 'screens: the CSV of RSAT_004 failed'
    curl -s -m 2 -H "$header" "$base/requests/$id/events" -o /dev/null || true
}

# Of tables that are large here; an empty day may well be read whole. The table
# of requests is not a history of devices: for the CSV of RSAT_004 with most of
# its rows, reading it once is the better plan. It is named, and no failure.
judge_plans() {
    local found plans also=''
    plans=$(cat $out/plans.count)
    [ "$plans" -ge 50 ] || die "screens: only $plans plans were found in the log"
    found=$(ask "select string_agg(relname, ', ') from pg_class
        where reltuples > 1000 and relname = any (string_to_array('$(paste \
            -sd , $out/plans.scanned)', ','))
        and relname ~ '^(tracking_history|sat_entry|csp_job|alert_count|device_command|gbcs_message|csp_message)'")
    ! grep -qx service_request $out/plans.scanned ||
        also='; service_request is read whole by one'
    result 'page: statements that scan a history table' \
        "$(tr ',' '\n' <<<"$found" | grep -c . || true)" tables 'aim=<= 0' \
        note="$plans plans of src/people by auto_explain${found:+: $found}$also"
    [ -z "$found" ] || fail_later "screens: read from end to end: $found"
}
