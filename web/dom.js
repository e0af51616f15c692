/* Elements, made by calls that read like the markup. */

function set(element, attributes) {
    for (const [name, value] of Object.entries(attributes ?? {})) {
        if (value === null || value === undefined || value === false)
            continue;
        if (typeof value === "function")
            element.addEventListener(name.slice(2), value);
        else
            element.setAttribute(name, value === true ? "" : value);
    }
}

function fill(element, children) {
    for (const child of children.flat(Infinity))
        if (child !== null && child !== undefined && child !== false)
            element.append(child);
    return element;
}

/* h("a", { href: "/", onclick: go }, "text", node, [nodes]) */
export function h(name, attributes, ...children) {
    const element = document.createElement(name);
    set(element, attributes);
    return fill(element, children);
}

export function svg(name, attributes, ...children) {
    const element =
        document.createElementNS("http://www.w3.org/2000/svg", name);
    set(element, attributes);
    return fill(element, children);
}

/* What says that this is the same control as before. */
function keyOf(element, within) {
    if (!within.contains(element))
        return null;
    const name = ["id", "href", "name"].find(n => element.hasAttribute(n));
    return name && `[${name}="${CSS.escape(element.getAttribute(name))}"]`;
}

/* Shows something new in its place. The keyboard stays where it was, and what
 * a person has opened stays open. */
export function replace(place, ...content) {
    const key = keyOf(document.activeElement, place);
    const open = [...place.querySelectorAll("details[open][id]")];
    place.replaceChildren();
    fill(place, content);
    for (const { id } of open)
        place.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
    if (key)
        place.querySelector(key)?.focus({ preventScroll: true });
}
