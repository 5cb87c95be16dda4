/** The conversation as the server tells it: each message once, in its order, whatever is sent twice. */

/** @typedef {import("./types.js").View} View */

const place = (position) => position.split(".").map(Number);

/** Order of two positions like "12.1". */
export function compare(a, b) {
  const [x, y] = [place(a), place(b)];
  return x[0] - y[0] || x[1] - y[1];
}

export function createLog() {
  /** @type {Map<string, View>} */
  const byId = new Map();
  /** @type {View[]} */
  let ordered = [];
  let position = "";

  /** Take a message in; the same id again replaces it. @param {View} view */
  function add(view) {
    const known = byId.get(view.id);
    byId.set(view.id, view);
    if (known) ordered[ordered.indexOf(known)] = view;
    else ordered.push(view);
    const [last, before] = [ordered.at(-1), ordered.at(-2)];
    if (known || (before && compare(before.position, last.position) > 0)) {
      ordered.sort((a, b) => compare(a.position, b.position));
    }
    return !known;
  }

  return {
    add,
    has: (id) => byId.has(id),
    all: () => ordered,
    /** Where to resume: the id of the last durable event. */
    position: () => position,
    reached(id) {
      if (id && (!position || compare(id, position) > 0)) position = id;
    },
    clear() {
      byId.clear();
      ordered = [];
      position = "";
    },
    /** How many messages for the contact stand after `seen`. */
    unread: (seen) => ordered.filter((v) => v.role !== "contact" && (!seen || compare(v.position, seen) > 0)).length,
  };
}
