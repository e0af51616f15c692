# shellcheck shell=bash
# fotactl imports an inventory in which most devices are other than they were,
# and then as they were again; CSPs say something a hundred times a second, and
# each counts from when it was due.
# Floor: the same notifications with nothing beside them.

# shellcheck source=/dev/null
. $here/part-beside.sh

bench_importing() {
    local alone agent
    start_world silent
    progress 'status path beside an import: the inventory'
    rm -rf $out/imports && mkdir -p $out/imports
    $bin/fotasim estate $out/imports --homes "$homes" >/dev/null
    begin_notifications
    progress 'status path beside an import: alone'
    steady 100 said $((60 * scale / 100 + 1)) >$out/beside.json
    alone=$(field p99_ms <$out/beside.json | percentile 100)
    for agent in 90-B3-D5-1F-30-0A-00-00 ''; do
        progress "status path beside an import, agent '$agent'"
        begin_notifications
        import_beside "$agent" $((1500000 * scale / 100)) "$alone"
    done
    rm -rf $out/imports
}

begin_notifications() {
    begin_campaign held
    delivered 1 $((most / 2)) 1
}

# import_beside AGENT COUNT ALONE
import_beside() {
    local began took
    awk -F , -v OFS=, -v agent="$1" -v most="$2" '
        NR > most + 1 {exit} NR > 1 {$17 = agent} {print}' \
        $out/imports/smi.csv >$out/imports/changed.csv
    begin_steady 100 said
    began=$(now)
    fotactl import smi $out/imports/changed.csv >$out/import.log
    took=$(seconds_since "$began")
    end_steady >$out/beside.json
    result 'notifications beside an import: p99' \
        "$(field p99_ms <$out/beside.json | percentile 100)" ms \
        floor="$3" 'aim=<= 50' \
        spread="median $(field median_ms <$out/beside.json | percentile 100 |
            tidy), most $(field most_ms <$out/beside.json | percentile 100 |
            tidy)" \
        note="floor: the same alone; $(field requests <$out/beside.json |
            awk '{t += $1} END {print t}') messages while $(cat $out/import.log |
            tail -n 1) in $(tidy <<<"$took") s"
}
