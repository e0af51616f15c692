# build/bench.json as a chart: for every figure that has a floor a bar, which is
# as long as the figure's share of what the floor would allow. The floor is the
# right-hand line; the aim, where it is a ratio, is a mark.
function text(s) {
    gsub(/&/, "\\&amp;", s)
    gsub(/</, "\\&lt;", s)
    return s
}
# Of a time less is better, of a rate more.
function share(ratio, unit) { return unit ~ /\/s$/ ? ratio : 1 / ratio }

/"processor": / {
    machine = value("processor") ", " value("cores") " cores, PostgreSQL " \
        value("postgresql")
}
/"part": / {
    ratio = value("ratio")
    if (ratio == "" || ratio + 0 <= 0 || value("part") == "soak") next
    n++
    part[n] = value("part")
    name[n] = value("name")
    unit[n] = value("unit")
    label[n] = value("figure") " " unit[n] " (floor " value("floor") ")"
    length_of[n] = share(ratio + 0, unit[n])
    aim = value("aim")
    mark[n] = 0
    if (sub(/^ratio [<>]= /, "", aim)) mark[n] = share(aim + 0, unit[n])
    met[n] = value("met")
}
END {
    left = 360; full = 400; row = 26; top = 92
    height = top + n * row + 60
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1030\" " \
        "height=\"%d\" viewBox=\"0 0 1030 %d\" " \
        "font-family=\"system-ui, Helvetica, Arial, sans-serif\" " \
        "font-size=\"13\">\n", height, height
    print "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>"
    print "<text x=\"24\" y=\"34\" font-size=\"20\" font-weight=\"600\" " \
        "fill=\"#0b0c0c\">fotad beside its floors</text>"
    printf "<text x=\"24\" y=\"56\" fill=\"#505a5f\">Share of what the " \
        "same work allows with nothing of fotad around it; longer is " \
        "better.</text>\n"
    printf "<text x=\"1006\" y=\"34\" text-anchor=\"end\" " \
        "fill=\"#505a5f\">%s</text>\n", text(machine)
    for (i = 0; i <= 4; i++) {
        x = left + full * i / 4
        printf "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" " \
            "stroke=\"%s\"/>\n", x, top - 8, x, top + n * row, \
            i == 4 ? "#0b0c0c" : "#dcdfe1"
        printf "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" " \
            "fill=\"#505a5f\">%d %%</text>\n", x, top - 14, i * 25
    }
    for (i = 1; i <= n; i++) {
        y = top + (i - 1) * row
        if (part[i] != part[i - 1] && i > 1)
            printf "<line x1=\"24\" y1=\"%d\" x2=\"1006\" y2=\"%d\" " \
                "stroke=\"#eceeef\"/>\n", y, y
        # what beats its floor by far is cut off
        w = length_of[i] > 1.12 ? 1.12 : length_of[i]
        fill = met[i] == "false" ? "#d4a017" : "#1d70b8"
        printf "<text x=\"%d\" y=\"%d\" text-anchor=\"end\" " \
            "fill=\"#0b0c0c\">%s</text>\n", left - 10, y + 17, text(name[i])
        printf "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"16\" " \
            "rx=\"2\" fill=\"%s\"/>\n", left, y + 5, full * w, fill
        if (mark[i] > 0)
            printf "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" " \
                "stroke=\"#0b0c0c\" stroke-width=\"2\"/>\n", \
                left + full * mark[i], y + 2, left + full * mark[i], y + 24
        printf "<text x=\"%.1f\" y=\"%d\" font-size=\"12\" " \
            "fill=\"#505a5f\">%s</text>\n", \
            left + full * (w > 1 ? w : 1) + 10, y + 17, text(label[i])
    }
    y = top + n * row + 32
    printf "<rect x=\"24\" y=\"%d\" width=\"14\" height=\"14\" rx=\"2\" " \
        "fill=\"#1d70b8\"/><text x=\"44\" y=\"%d\" fill=\"#505a5f\">" \
        "aim met, or none</text>", y - 12, y
    printf "<rect x=\"170\" y=\"%d\" width=\"14\" height=\"14\" rx=\"2\" " \
        "fill=\"#d4a017\"/><text x=\"190\" y=\"%d\" fill=\"#505a5f\">" \
        "aim not met</text>", y - 12, y
    printf "<line x1=\"290\" y1=\"%d\" x2=\"290\" y2=\"%d\" " \
        "stroke=\"#0b0c0c\" stroke-width=\"2\"/><text x=\"298\" y=\"%d\" " \
        "fill=\"#505a5f\">aim, where it is a ratio</text>\n", y - 14, y + 4, y
    print "</svg>"
}
