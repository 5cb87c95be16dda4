/** Building DOM without markup: every text is a text node, every attribute is set by name. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element; `on…` functions become listeners, null and false leave an attribute out.
 * @param {string} tag
 * @param {Record<string, any>|null} [props]
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {any}
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  set(element, props ?? {});
  element.append(...children.filter((child) => child || child === 0));
  return element;
}

/** Set attributes and listeners of an element. */
export function set(element, props) {
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === null || value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** Show or hide without leaving the tree. */
export const toggle = (element, on) => {
  if (element.hidden === on) element.hidden = !on;
};

/** Put a text, touching the tree only when it differs (live regions would speak again). */
export const put = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

const PATHS = {
  send: "M4 12 20 4l-4.5 16-4-6.5L4 12Zm7.5 1.5L20 4",
  clip: "m20 11-8.2 8.2a5 5 0 0 1-7-7L13 4a3.3 3.3 0 0 1 4.7 4.7l-8.2 8.1a1.7 1.7 0 0 1-2.4-2.4L14.6 7",
  close: "m6 9 6 6 6-6",
  cross: "m6 6 12 12M18 6 6 18",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7.5 8c.8-3.4 3.8-5 7.5-5s6.7 1.6 7.5 5",
  up: "M7 11v9H4v-9h3Zm0 0 4-8c1.5 0 2.5 1 2.5 2.500V9h5a2 2 0 0 1 2 2.300l-1.2 7a2 2 0 0 1-2 1.700H7",
  down: "M17 13V4h3v9h-3Zm0 0-4 8c-1.5 0-2.5-1-2.5-2.500V15h-5a2 2 0 0 1-2-2.300l1.2-7a2 2 0 0 1 2-1.700H17",
  spark: "M12 3.500c.6 5 3.5 7.9 8.5 8.5-5 .6-7.9 3.5-8.5 8.5-.6-5-3.5-7.9-8.5-8.5 5-.6 7.9-3.5 8.5-8.500Z",
  star: "m12 3.5 2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9-4.3-4.1 5.9-.8L12 3.500Z",
  file: "M13.5 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8.500L13.5 3Zm0 0v5.500H19",
  arrow: "M12 5v14m-6-6 6 6 6-6",
  go: "M5 12h14m-6-6 6 6-6 6",
};

/** A decorative icon. @param {keyof typeof PATHS} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  set(svg, { viewBox: "0 0 24 24", class: `icon icon-${name}`, "aria-hidden": "true", focusable: "false" });
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** A button of type button. */
export function button(props, ...children) {
  return h("button", { type: "button", ...props }, ...children);
}
