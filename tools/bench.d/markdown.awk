# build/bench.json as a table in Markdown: one measurement is one line there.
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
