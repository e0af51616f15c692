# build/bench.json as a table in Markdown: one measurement is one line there.
function value(name,    at, rest) {
    at = index($0, "\"" name "\": ")
    if (!at) return ""
    rest = substr($0, at + length(name) + 4)
    if (substr(rest, 1, 1) == "\"") {
        rest = substr(rest, 2)
        sub(/".*/, "", rest)
    } else {
        sub(/[,}].*/, "", rest)
    }
    return rest == "null" ? "" : rest
}
/"processor": / {
    printf "%s, %s cores, %s GB; Linux %s; PostgreSQL %s, %s huge pages\n\n", \
        value("processor"), value("cores"), value("memory_gb"), \
        value("kernel"), value("postgresql"), \
        /"huge_pages": true/ ? "with" : "without"
    print "| measurement | figure | floor | ratio | spread | aim | |"
    print "|---|---:|---:|---:|---|---|---|"
}
/"part": / {
    met = value("met")
    printf "| %s | %s %s | %s | %s | %s | %s | %s |\n", value("name"), \
        value("figure"), value("unit"), value("floor"), value("ratio"), \
        value("spread"), value("aim"), \
        met == "true" ? "met" : met == "false" ? "**not met**" : ""
}
