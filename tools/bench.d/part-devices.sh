# shellcheck shell=bash
# Messages of hubs and devices, signed beforehand by their own keys: taken,
# verified, applied, and answered with N62 (8F8A), N39 (8F8B) or passed on
# (8F72), up to where the message to the User is durable.
# Floor: OpenSSL's own verifications on all cores and COPY of the same rows, one
# after another.

bench_devices() {
    local verify
    sign_messages
    start_world silent
    begin_campaign held
    verify=$(verify_rate)
    is_number "$verify" || die "openssl speed gave no rate: '$verify'"
    devices_say 8F8A N62 "$most" '8F8A verified, applied, N62 written'
    devices_say 8F8B N39 "$most" '8F8B verified, applied, N39 written'
    devices_say 8F72 DeviceAlertMessage $((most / 5)) '8F72 verified, passed on'
    devices_told
}

# Made once for an estate: counters are only known to what `forget` removes.
sign_messages() {
    local kind pid pids=()
    for kind in 8F8A 8F8B 8F72; do
        [ ! -s "$estate/$kind-south" ] || continue
        progress "devices sign their messages: $kind"
        messages_of $kind north "$north_regions" &
        pids+=($!)
        messages_of $kind south "$south_regions" &
        pids+=($!)
        for pid in "${pids[@]}"; do
            wait "$pid" || die 'the devices do not sign'
        done
        pids=()
    done
}
# messages_of KIND CSP REGIONS
messages_of() {
    local list=devices-1 of=$image
    [ "$1" != 8F72 ] || list=devices-meter of=$meter_image
    $bin/fotasim alerts --pki "$pki" --devices "$estate/$list" \
        --image "$of" --kind "$1" --regions "$3" --batch $((most / 100)) \
        >"$estate/$1-$2.new"
    mv "$estate/$1-$2.new" "$estate/$1-$2"
}

# devices_say KIND CODE COUNT NAME: in three slices
devices_say() {
    local slice kind=$1 code=$2 count=$3 before=0 after began name floor copy
    for slice in 0 1 2; do
        progress "$kind: $((slice + 1)) of 3"
        for name in north south; do
            awk -v s=$slice 'NR % 3 == s' "$estate/$kind-$name" \
                >"$out/slice-$name"
            [ -s "$out/slice-$name" ] ||
                echo '[]' >"$out/slice-$name"
        done
        began=$(now)
        bring_slice
        wait_until 600 "not exists (select from gbcs_message
            where state = 'waiting')"
        after=$(ask "select count(*) from gbcs_message where state = 'done'
            and $(kind_of "$kind")")
        calculate "($after - $before) / $(seconds_since "$began")" 0
        echo
        before=$after
    done >$out/said.rates
    numbers 3 $out/said.rates
    check_said "$kind" "$code" "$count"
    progress "$kind: its floor"
    copy=$(devices_copy "$kind" "$code" "$count")
    floor=$(one_after_another "$verify" "$copy")
    result "$4" "$(median <$out/said.rates)" 1/s floor="$floor" \
        spread="$(spread <$out/said.rates)" 'aim=>= 5000' \
        note="a second: openssl verify $verify, COPY $copy"
}
# What tells the messages of a kind in gbcs_message.
kind_of() {
    case $1 in
    8F8A) echo "code = 296" ;;
    8F8B) echo "code = 299" ;;
    8F72) echo "code = 206" ;;
    esac
}

bring_slice() {
    local name pids=()
    for name in north south; do
        $bin/fotasim load --lines "$out/slice-$name" --bearer "from-$name" \
            --header 'Content-Type: application/json' --connections 2 \
            --url "http://127.0.0.1:$csp_port/csp/v1/gbcs-messages" \
            --expect '"rejected":[]' >$out/slice.json &
        pids+=($!)
    done
    for name in "${pids[@]}"; do
        wait "$name" || die "$part: fotad did not take the messages"
    done
}

# check_said KIND CODE COUNT: every one was genuine and told to somebody
check_said() {
    local got
    got=$(ask "select count(*) from gbcs_message where state = 'done'
        and $(kind_of "$1")")
    [ "$got" = "$3" ] || die "$part: $got of $3 $1 were good: $(ask "select
        detail from gbcs_message where state <> 'done' limit 1")"
    got=$(ask "select count(distinct device_id) from alert where code = '$2'")
    [ "$got" = "$3" ] || die "$part: $2 was written for $got of $3 devices"
}

# devices_copy KIND CODE COUNT: COPY of the rows that they left
devices_copy() {
    dump_rows message "select * from gbcs_message where $(kind_of "$1")"
    dump_rows alert "select * from alert where code = '$2'"
    dump_rows sat "select * from sat_entry where code in ('$1', '$2')
        or kind = 'status' and code = '$(status_of "$1")'"
    copy_rate "$3" message:gbcs_message alert:alert sat:sat_entry
}
status_of() {
    case $1 in
    8F8A) echo SUCCESSFUL_HAN_TRANSFER ;;
    8F8B) echo FIRMWARE_ACTIVATED ;;
    esac
}

# What was written is delivered to all Users at once.
devices_told() {
    local count began rate sign copy bare
    progress 'N62 and N39: delivery'
    count=$(ask 'select count(*) from alert')
    dump_rows alert 'select * from alert'
    began=$(now)
    release_users
    wait_until 600 'not exists (select from alert)'
    rate=$(calculate "$count / $(seconds_since "$began")" 0)
    end_fotad
    sign=$(sign_rate "$count")
    copy=$(copy_rate "$count" alert:alert)
    bare=$(post_rate "$count" 32)
    result 'N62, N39 and 8F72 delivered and confirmed' "$rate" 1/s \
        floor="$(one_after_another "$sign" "$copy" "$bare")" \
        note="$count messages; a second: signing $sign, COPY $copy, bare POST $bare"
}
