// Elements are built from text nodes only; no string is ever read as markup.

const prints = new WeakMap();
const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  back: "M15 5l-7 7 7 7",
  bot: "M12 4v3M6 8h12a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2zM9 13v1M15 13v1",
  check: "M5 12.5l4.5 4.5L19 7.5",
  clip: "M8 12.5l6-6a3 3 0 0 1 4.2 4.2l-8 8a5 5 0 0 1-7-7l7.6-7.6",
  cross: "M6 6l12 12M18 6L6 18",
  clock: "M12 7v5l3 2M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
  hand: "M8 12V6a1.5 1.5 0 0 1 3 0v5m0-6.5a1.5 1.5 0 0 1 3 0V11m0-4.5a1.5 1.5 0 0 1 3 0V14a6 6 0 0 1-6 6c-3 0-4-1.5-6-5l-1.2-2.2a1.4 1.4 0 0 1 2.4-1.4L8 13",
  help: "M9.5 9a2.5 2.5 0 1 1 3.6 2.3c-.8.4-1.1.9-1.1 1.7M12 16.5v.2M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
  inbox: "M4 13l2.5-8h11L20 13v6H4zM4 13h5l1.5 2.5h3L15 13h5",
  lock: "M7 11V8a5 5 0 0 1 10 0v3M6 11h12v9H6z",
  send: "M4 12l16-8-6 16-3-7z",
  theme: "M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9z",
  warn: "M12 9v4M12 16.5v.2M12 3.5L2.5 20h19z",
  spark: "M12 4l1.8 5.2L19 11l-5.2 1.8L12 18l-1.8-5.2L5 11l5.2-1.8z",
};

export const $ = (id) => document.getElementById(id);

/** An element; props are attributes, `on…` listeners, `data` a dataset, or the properties named below. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name === "class") node.className = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  put(node, ...children);
  return node;
}

/** Append children: nodes, strings (as text), lists; null and false are left out. */
export function put(node, ...children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

export function fill(node, ...children) {
  node.replaceChildren();
  return put(node, ...children);
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/**
 * Make a parent's children follow `items`, keeping the nodes of keys that stay, so that focus and half-made clicks survive.
 * `render` is called for new keys and for those whose `print` changed.
 */
export function keyed(parent, items, { key, print, render }) {
  const known = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = key(item);
    const shape = print(item);
    let node = known.get(name);
    known.delete(name);
    if (!node || prints.get(node) !== shape) {
      const fresh = render(item, node);
      fresh.dataset.key = name;
      prints.set(fresh, shape);
      if (node && fresh !== node) {
        if (place === node) place = fresh;
        node.replaceWith(fresh);
      }
      node = fresh;
    }
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
  }
  for (const node of known.values()) node.remove();
}

/** Say something in passing; errors stay longer. */
export function toast(text, { bad = false } = {}) {
  const node = h("p", { class: bad ? "toast bad" : "toast" }, text);
  $("toasts").append(node);
  setTimeout(() => node.remove(), bad ? 9000 : 4000);
}

/** Ask a question in a modal dialog; resolves to true for yes. */
export function ask({ title, text, yes, no = "Cancel", danger = false }) {
  return new Promise((answer) => {
    const dialog = h(
      "dialog",
      { class: "dialog", "aria-labelledby": "ask-title", onclose: () => { answer(dialog.returnValue === "yes"); dialog.remove(); } },
      h("form", { method: "dialog" },
        h("h2", { id: "ask-title" }, title),
        h("p", {}, text),
        h("div", { class: "row end" },
          h("button", { value: "no", class: "quiet" }, no),
          h("button", { value: "yes", class: danger ? "danger" : "primary", autofocus: true }, yes))),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}
