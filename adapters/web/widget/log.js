/** The conversation: what the server's log says, each message once and in order, and what of ours is still on its way. */

import { backoff } from "./stream.js";

/** @typedef {import("./types.js").View} View */
/** @typedef {import("./types.js").Pending} Pending */

const KEPT_MS = 24 * 3600 * 1000;
const RETRY_MS = 1000;

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

/** A UUID, also where the page is plain http and `randomUUID` is missing. */
function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const hex = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4}).(.{3})(.)(.{3})(.{12})$/, "$1-$2-4$3-8$5-$6");
}

/**
 * Messages on their way: kept over reloads until the log shows them, sent in order, again and again under one id.
 * @param {{api: any, storage: any, isLogged: (id: string) => boolean, onChange: () => void, onSent: (id: string) => void}} options
 */
export function createOutbox({ api, storage, isLogged, onChange, onSent }) {
  const fresh = Date.now() - KEPT_MS;
  /** @type {Pending[]} */
  let entries = storage.get("outbox", []).filter((entry) => new Date(entry.at).getTime() > fresh);
  let isSending = false;
  let failures = 0;
  let timer = 0;

  function save() {
    storage.put("outbox", entries);
    onChange();
  }

  function change(key, patch) {
    entries = entries.map((entry) => (entry.key === key ? { ...entry, ...patch } : entry));
  }

  function drop(key) {
    entries = entries.filter((entry) => entry.key !== key);
    save();
  }

  async function send(entry) {
    const upload_ids = entry.attachments.map((item) => item.id);
    const body = { client_msg_id: entry.key, text: entry.text, ...(upload_ids.length && { upload_ids }) };
    const { message_id } = await api.post("messages", body);
    failures = 0;
    if (isLogged(message_id)) drop(entry.key);
    else change(entry.key, { state: "sent", id: message_id });
    save();
    onSent(message_id);
  }

  /** What to do after a failure: wait and send again, or show that it cannot be sent. */
  function failed(entry, problem) {
    if (problem.isTransient || problem.status === 401) {
      failures += 1;
      timer = setTimeout(flush, Math.max(problem.waitMs, backoff(failures, RETRY_MS)));
      onChange();
      return false;
    }
    change(entry.key, { state: "failed", problem: problem.message });
    save();
    return true;
  }

  /** Send what waits, one after the other. */
  async function flush() {
    clearTimeout(timer);
    if (isSending) return;
    isSending = true;
    for (let goes = true; goes; ) {
      const next = entries.find((entry) => entry.state === "queued");
      goes = Boolean(next) && (await send(next).then(() => true, (problem) => failed(next, problem)));
    }
    isSending = false;
  }

  return {
    all: () => entries,
    flush,
    drop,
    /** Whether the first attempts failed, so that the contact should know it waits. */
    get isStuck() {
      return failures > 0;
    },
    add(text, attachments) {
      entries = [...entries, { key: newId(), text, attachments, at: new Date().toISOString(), state: "queued" }];
      save();
      flush();
    },
    retry(key) {
      change(key, { state: "queued", problem: undefined });
      save();
      flush();
    },
    /**
     * The log shows a message of the contact: its pending twin goes.  The answer to the POST may come after the
     * event, so a twin without an id is known by its text.
     * @returns {string|undefined} the key under which it was shown
     */
    settle(view) {
      const twin =
        entries.find((entry) => entry.id === view.id) ??
        entries.find((entry) => entry.state === "queued" && isSending && entry.text.trim() === view.text.trim());
      if (twin) drop(twin.key);
      return twin?.key;
    },
    /** Another conversation begins: what the last one has received is not shown in it. */
    keepUnsent() {
      entries = entries.filter((entry) => entry.state !== "sent");
      save();
    },
    clear() {
      clearTimeout(timer);
      entries = [];
      save();
    },
  };
}
