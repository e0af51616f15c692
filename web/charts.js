/* Charts as SVG. What they show is always said in words beside them too. */
import { h, svg } from "./dom.js";
import { number, percent, plural } from "./format.js";
import { newId } from "./parts.js";

const WIDTH = 1000;
const LEAST = 6; /* a piece that is there can be seen */

/* Widths that add up to WIDTH, none too narrow to be seen. */
function widths(values) {
    const sum = values.reduce((a, b) => a + b, 0);
    const wide = values.map(v => v ? Math.max(LEAST, WIDTH * v / sum) : 0);
    const total = wide.reduce((a, b) => a + b, 0);
    return wide.map(w => total ? w * WIDTH / total : 0);
}

/* Hatches tell pieces apart where colours do not. */
function hatch(id, kind, angle) {
    return svg("pattern", { id, width: 8, height: 8,
        patternUnits: "userSpaceOnUse",
        patternTransform: `rotate(${angle})` },
        svg("rect", { width: 8, height: 8, class: `fill-${kind}` }),
        svg("rect", { width: 3, height: 8, class: "hatch" }));
}

const HATCHED = { failed: 45, timedOut: 135, refused: 90 };

/*
 * One bar of several pieces. pieces: { kind, label, value }; update() moves
 * them. The kind names the colour (fill-KIND in style.css).
 */
export function stackedBar(pieces) {
    const name = newId("bar");
    const rects = pieces.map(({ kind }) => svg("rect", { height: 40,
        class: HATCHED[kind] ? "piece" : `piece fill-${kind}`,
        fill: HATCHED[kind] ? `url(#${name}-${kind})` : null }));
    const bar = svg("svg", { class: "bar", role: "img",
        viewBox: `0 0 ${WIDTH} 40`, preserveAspectRatio: "none" },
        svg("defs", null, Object.entries(HATCHED).map(([kind, angle]) =>
            hatch(`${name}-${kind}`, kind, angle))), rects);
    const counts = pieces.map(() => h("span", { class: "legend-count" }));
    const legend = h("ul", { class: "legend" }, pieces.map((piece, i) =>
        h("li", null, swatch(piece.kind, name), " ",
            h("span", null, piece.label), " ", counts[i])));
    const update = values => {
        const total = values.reduce((a, b) => a + b, 0);
        let x = 0;
        widths(values).forEach((width, i) => {
            rects[i].setAttribute("x", x);
            rects[i].setAttribute("width", width);
            x += width;
            counts[i].textContent =
                `${number(values[i])} (${percent(values[i], total)})`;
            counts[i].parentElement.classList.toggle("is-nil", !values[i]);
        });
        bar.setAttribute("aria-label", pieces.map((piece, i) =>
            `${piece.label}: ${number(values[i])}`).join(", "));
    };
    update(pieces.map(p => p.value));
    return { node: h("div", { class: "stacked" }, bar, legend), update };
}

function swatch(kind, name) {
    return svg("svg", { class: "swatch", viewBox: "0 0 16 16",
        "aria-hidden": "true" },
        svg("rect", { width: 16, height: 16, rx: 3,
            class: HATCHED[kind] ? null : `fill-${kind}`,
            fill: HATCHED[kind] ? `url(#${name}-${kind})` : null }));
}

/* A small share of a whole, for tables: succeeded, under way, failed. */
export function share({ succeeded, inProgress, failed }) {
    const values = [succeeded, inProgress, failed];
    const kinds = ["activated", "approved", "failed"];
    let x = 0;
    return svg("svg", { class: "share", "aria-hidden": "true",
        viewBox: `0 0 ${WIDTH} 40`, preserveAspectRatio: "none" },
        widths(values).map((width, i) => {
            const rect = svg("rect", { x, width, height: 40,
                class: `fill-${kinds[i]}` });
            x += width;
            return rect;
        }));
}

/* ---- axes ---- */

const BOX = { width: 640, height: 180, left: 56, bottom: 26, top: 10 };
const PLOT = { width: BOX.width - BOX.left,
    height: BOX.height - BOX.bottom - BOX.top };

/* 1, 2 or 5 and zeros: at most five lines up to the largest value. */
function stepOf(most) {
    const power = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
    const step = [0.2, 0.5, 1, 2].map(f => f * power)
        .find(s => most / s <= 5);
    return Math.max(1, step);
}

function scaleOf(most) {
    const step = stepOf(most);
    return { step, top: Math.max(step, Math.ceil(most / step) * step) };
}

function grid(step, top) {
    const lines = [];
    for (let value = 0; value <= top; value += step) {
        const y = BOX.top + PLOT.height * (1 - value / top);
        lines.push(
            svg("line", { class: "grid", x1: BOX.left, x2: BOX.width,
                y1: y, y2: y }),
            svg("text", { class: "axis", x: BOX.left - 8, y: y + 4,
                "text-anchor": "end" }, number(value)));
    }
    return lines;
}

/* ---- columns ---- */

/* items: { label, value }; every sixth label is written. */
export function columns(title, items, unit) {
    const most = Math.max(0, ...items.map(i => i.value));
    const { step, top } = scaleOf(most);
    const wide = PLOT.width / Math.max(items.length, 1);
    const total = items.reduce((sum, i) => sum + i.value, 0);
    const chart = svg("svg", { class: "columns", role: "img",
        viewBox: `0 0 ${BOX.width} ${BOX.height}`,
        "aria-label": `${title}: ${plural(total, unit)}; at most ` +
            `${number(most)} an hour` },
        grid(step, top),
        items.map(({ label, value }, i) => [
            svg("rect", { class: "column", x: BOX.left + i * wide + 1,
                width: Math.max(1, wide - 2),
                y: BOX.top + PLOT.height * (1 - value / top),
                height: PLOT.height * value / top },
                svg("title", null, `${label}: ${plural(value, unit)}`)),
            i % 6 === 0 && svg("text", { class: "axis",
                x: BOX.left + (i + 0.5) * wide, y: BOX.height - 8,
                "text-anchor": "middle" }, label)]));
    return h("figure", { class: "chart" },
        h("figcaption", null, title), chart);
}

/* ---- a curve ---- */

/*
 * Layers that lie on one another, by time. points: { at (a Date), label (of
 * the axis; none where it is not written), values }; layers: { kind, label },
 * the lowest first. `said` is what it shows, in words.
 */
export function curve(title, points, layers, said) {
    const name = newId("curve");
    const sums = points.map(p => p.values.reduce((a, b) => a + b, 0));
    const { step, top } = scaleOf(Math.max(...sums));
    const from = points[0].at, span = points.at(-1).at - from || 1;
    const x = p => (BOX.left + PLOT.width * (p.at - from) / span).toFixed(1);
    const y = value => (BOX.top + PLOT.height * (1 - value / top)).toFixed(1);
    const height = (p, n) => p.values.slice(0, n)
        .reduce((a, b) => a + b, 0);
    const edge = n => points.map(p => `${x(p)},${y(height(p, n))}`);
    const area = ({ kind }, n) => svg("polygon", {
        points: [...edge(n + 1), ...edge(n).reverse()].join(" "),
        class: HATCHED[kind] ? null : `fill-${kind}`,
        fill: HATCHED[kind] ? `url(#${name}-${kind})` : null });
    const hatched = layers.filter(({ kind }) => HATCHED[kind]);
    const chart = svg("svg", { class: "columns", role: "img",
        viewBox: `0 0 ${BOX.width} ${BOX.height}`,
        "aria-label": `${title}: ${said}` },
    svg("defs", null, hatched.map(({ kind }) =>
        hatch(`${name}-${kind}`, kind, HATCHED[kind]))),
    grid(step, top), layers.map(area),
    points.filter(p => p.label).map((p, i, all) => svg("text", {
        class: "axis", x: x(p), y: BOX.height - 8, "text-anchor":
            i === 0 ? "start" : i === all.length - 1 ? "end" : "middle" },
    p.label)));
    return h("figure", { class: "chart" }, h("figcaption", null, said), chart,
        h("ul", { class: "legend" }, layers.map(({ kind, label }) => h("li",
            null, swatch(kind, name), " ", h("span", null, label)))));
}

/* ---- shares with their uncertainty ---- */

const of1000 = share => Math.round(1000 * share) / 10;

/* "5% (of 100; 95%: 2.2% to 11%)" */
export const shareText = ({ share, low, high, of }) => share === null
    ? "none to tell by" : `${of1000(share)}% (of ${number(of)}; 95%: ` +
        `${of1000(low)}% to ${of1000(high)}%)`;

function interval({ share, low, high }, most, kind) {
    const x = value => WIDTH * value / most;
    return [
        svg("rect", { class: `fill-${kind}`, x: 0, y: 8, height: 24,
            width: Math.max(share > 0 ? LEAST : 0, x(share)) }),
        svg("line", { class: "whisker", x1: x(low), x2: x(high), y1: 20,
            y2: 20 }),
        [low, high].map(value => svg("line", { class: "whisker",
            x1: x(value), x2: x(value), y1: 10, y2: 30 })),
    ];
}

/*
 * A bar for each item, with the interval (95 %) that its share is in. items:
 * { label, share, low, high, of }; share null: there is none. All bars have the
 * same scale.
 */
export function intervals(title, items, kind = "failed") {
    const most = Math.max(0.001, ...items.map(i => i.high ?? 0));
    return h("figure", { class: "chart chart-wide" },
        h("figcaption", null, title, " ", h("span", { class: "hint" },
            `Bars up to ${of1000(most)}%; the line is the 95% interval.`)),
        h("ul", { class: "intervals" }, items.map(item => h("li", null,
            h("span", { class: "interval-label" }, item.label),
            svg("svg", { class: "interval", role: "img",
                viewBox: `0 0 ${WIDTH} 40`, preserveAspectRatio: "none",
                "aria-label": `${item.label}: ${shareText(item)}` },
            item.share !== null && interval(item, most, kind)),
            h("span", { class: "interval-value" }, shareText(item))))));
}
