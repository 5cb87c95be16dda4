// Elements from text nodes only: no string is ever read as markup.

const SVG = "http://www.w3.org/2000/svg";
const prints = new WeakMap();

const ICONS = {
  attach: "m20 11-8.2 8.2a5 5 0 0 1-7-7L13 4a3.3 3.3 0 0 1 4.7 4.7l-8.2 8.1a1.7 1.7 0 0 1-2.4-2.4L14.6 7",
  behind: "M4 9.500 5.500 4h13L20 9.500M4 9.500h16M4 9.500a2.700 2.700 0 0 0 5.300 0 2.700 2.700 0 0 0 5.400 0 2.700 2.700 0 0 0 5.300 0M5.500 12v8h13v-8M10 20v-5h4v5",
  check: "M5 12.5l4.500 4.500L19 7.500",
  desk: "M4 13l2.500-8h11L20 13v6H4zM4 13h5l1.500 2.500h3L15 13h5",
  file: "M13.500 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8.500zm0 0v5.500H19",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.500 20c.8-3.400 3.800-5 7.500-5s6.700 1.600 7.500 5",
  photo: "M4 6h16v12H4zM4 15l4.500-4 3.500 3 3-2.500 5 4M15.500 9.500v.01",
  receipt: "M6 3h12v18l-3-2-3 2-3-2-3 2zM9.500 8h5M9.500 12h5",
  send: "M4 12 20 4l-4.500 16-4-6.500zM11.500 13.500 20 4",
  trouble: "M13 3 5 14h6l-1 7 9-12h-6z",
  voice: "M12 15a3 3 0 0 0 3-3V6a3 3 0 0 0-6 0v6a3 3 0 0 0 3 3zM6 11.500a6 6 0 0 0 12 0M12 17.500V21",
  slack: "M9 4v16M15 4v16M4 9h16M4 15h16",
  telegram: "M3.500 11.500 20.500 4l-3 15.500-5.500-4-3 3-1-5.500zM8 13l12.500-9",
  whatsapp: "M4 20l1.300-4A8 8 0 1 1 8 18.800zM9 9c0 3.500 2.500 6 6 6l1-1.700-2.200-1.100-1 .9a5 5 0 0 1-2.100-2.100l.9-1L10.500 8z",
  sms: "M4 5h16v11H10l-4 4v-4H4z",
  teams: "M4 7h10v10H4zM7 10h4M9 10v4.500M16 10h4.500v5a3 3 0 0 1-4.500 2.600M18 7.500v.01",
  web: "M3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
};

export const $ = (id) => document.getElementById(id);

/** An element; props are attributes, `on…` listeners or `data`, a dataset; null and false leave an attribute out. */
export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(node.dataset, value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return node;
}

/** A decorative icon. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [key, value] of [["viewBox", "0 0 24 24"], ["class", `icon icon-${name}`], ["aria-hidden", "true"]]) svg.setAttribute(key, value);
  path.setAttribute("d", ICONS[name] ?? ICONS.sms);
  svg.append(path);
  return svg;
}

/**
 * Let a parent's children follow `items`: nodes of known keys stay (with their focus and their open folds), and are drawn
 * anew only when their print changed.
 */
export function keyed(parent, items, { key, print, render }) {
  const known = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = key(item);
    const shape = print(item);
    const before = known.get(name);
    known.delete(name);
    let node = before;
    if (!before || prints.get(before) !== shape) {
      node = render(item, before);
      node.dataset.key = name;
      prints.set(node, shape);
      if (before) {
        if (place === before) place = node;
        before.replaceWith(node);
      }
    }
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
  }
  for (const node of known.values()) node.remove();
}

/** Say something in passing. */
export function toast(text) {
  const node = h("p", { class: "toast" }, text);
  $("toasts").append(node);
  setTimeout(() => node.remove(), 6000);
}
