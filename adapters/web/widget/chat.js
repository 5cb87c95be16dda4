/** The conversation's state and everything a contact can do; knows nothing of the page. */

import { createApi, upload } from "./api.js";
import { compare, createLog, createOutbox } from "./log.js";
import { backoff, createStream, createTabs } from "./stream.js";

/** @typedef {import("./types.js").State} State */
/** @typedef {import("./types.js").View} View */

const TYPING_LIMIT_MS = 30_000;
const TYPING_EVERY_MS = 4_000;
const LEFTOVER_MS = 3_000;
const NOTICE_MS = 8_000;
const RATED_KEPT = 200;

/** @type {State} */
const INITIAL = {
  phase: "starting",
  online: navigator.onLine,
  connected: true,
  open: false,
  config: null,
  owner: "bot",
  status: "active",
  agent: null,
  staffed: true,
  csat: null,
  typing: null,
  tool: false,
  preview: null,
  asking: false,
  unread: 0,
  notice: "",
};

/**
 * @param {{account: string, storage: any, hints: () => object, onChange: () => void, onMessage: (view: View) => void}} options
 */
export function createChat({ account, storage, hints, onChange, onMessage }) {
  let state = { ...INITIAL };
  const log = createLog();
  /** Under which key a message was first shown, so that it keeps its place on the page. */
  const keys = new Map();
  const api = createApi({ account, storage, hints, onSession });
  const outbox = createOutbox({ api, storage, isLogged: log.has, onChange, onSent: sent });
  const stream = createStream({ api, position: log.position, onEvent: receive, onUp, onDown });
  const tabs = createTabs(`frontdesk:${account}`, { onLead, onMessage: hear });
  let typingTimer = 0;
  let typedAt = 0;
  let noticeTimer = 0;
  let attempts = 0;

  function patch(change) {
    state = { ...state, ...change };
    onChange();
  }

  /** One event of the stream, from this tab's connection or from the tab that holds it. */
  function apply({ event, data, id }) {
    try {
      if (Object.hasOwn(EVENTS, event)) EVENTS[event](data);
    } catch (error) {
      reportError(error); // one unreadable event must not stop the ones after it
    }
    log.reached(id);
  }

  function receive(event) {
    apply(event);
    tabs.say({ type: "event", event });
  }

  const EVENTS = {
    "message.created": created,
    "message.delta": (data) => patch({ preview: data, typing: null }),
    state: changed,
    typing: ({ who, active }) => setTyping(active ? who : null),
    tool: ({ state: stage }) => setTyping("bot", stage === "called"),
    reset,
  };

  function changed({ owner, status, agent, staffed, csat }) {
    const isBot = owner === "bot";
    patch({ owner, status, agent, staffed, csat, preview: isBot ? state.preview : null });
    if (!isBot && state.typing === "bot") setTyping(null);
  }

  /** @param {View} view */
  function created(view) {
    const isNew = log.add(view);
    api.activate();
    if (view.role === "contact") {
      const key = outbox.settle(view);
      if (key) keys.set(view.id, key);
      leaveLater(view.turn_id);
    } else if (isNew) {
      answered(view);
    }
    count();
  }

  function answered(view) {
    const isOfPreview = state.preview && (state.preview.turn_id === view.turn_id || view.interrupted);
    patch({ typing: null, ...(isOfPreview && { preview: null }) });
    if (!seen() || compare(view.position, seen()) > 0) onMessage(view);
  }

  /** The turn is committed: its reply comes now, or never (a person took over); then nothing of it must stay. */
  function leaveLater(turn) {
    setTimeout(() => {
      if (state.preview?.turn_id === turn) patch({ preview: null });
      if (state.typing === "bot" && !outbox.all().length) setTyping(null);
    }, LEFTOVER_MS);
  }

  function reset() {
    log.clear();
    patch({ preview: null, typing: null });
  }

  /** `tool`: the bot does not write, a tool is at work for it. */
  function setTyping(typing, tool = false) {
    clearTimeout(typingTimer);
    if (typing) typingTimer = setTimeout(() => patch({ typing: null }), TYPING_LIMIT_MS);
    if (typing !== state.typing || tool !== state.tool) patch({ typing, tool });
  }

  function onUp() {
    if (!state.connected) patch({ connected: true });
    if (outbox.isStuck) outbox.flush();
  }

  function onDown() {
    patch({ connected: false, preview: null, typing: null });
  }

  function onLead(leads) {
    if (leads) stream.start();
    else stream.stop();
    if (!leads) patch({ connected: true });
  }

  /** Another tab speaks. */
  function hear(message) {
    if (message.type === "event") apply(message.event);
    else if (message.type === "seen") count();
    else if (message.type === "conversation") restart();
    else if (message.type === "wipe") blank();
  }

  function onSession(now, before) {
    patch({ config: now.config, staffed: now.config.staffed, phase: "ready", notice: "" });
    if (before && before.conv !== now.conv) {
      log.clear();
      outbox.keepUnsent();
      patch({ preview: null, csat: null, agent: null, owner: "bot", status: "active" });
      tabs.say({ type: "conversation" });
      relisten();
    }
  }

  function relisten() {
    tabs.stop();
    if (api.isKnown || state.open) tabs.start();
  }

  async function begin() {
    try {
      const session = await api.ready();
      attempts = 0;
      if (state.phase !== "ready") onSession(session, null);
      if (api.isKnown || state.open || outbox.all().length) tabs.start();
      outbox.flush();
    } catch (problem) {
      attempts += 1;
      patch({ phase: "failed", notice: problem.status === 403 || problem.status === 404 ? "unavailable" : "unreachable" });
      if (problem.isTransient) setTimeout(begin, Math.max(problem.waitMs, backoff(attempts, 1000)));
    }
  }

  /** Forget what is shown. */
  function blank() {
    tabs.stop();
    api.forget();
    outbox.clear();
    log.clear();
    keys.clear();
    patch({ ...INITIAL, open: state.open, config: state.config });
    count();
  }

  /** Read the (other) conversation of the stored session. */
  function restart() {
    blank();
    return begin();
  }

  const seen = () => storage.get("seen", "");

  function count() {
    if (state.open && !document.hidden && log.unread(seen())) {
      storage.put("seen", log.all().at(-1).position);
      tabs.say({ type: "seen" });
    }
    patch({ unread: log.unread(seen()) });
  }

  /** The server has it; until its turn is committed the bot is at work. */
  function sent(id) {
    if (log.has(id)) return;
    if (state.owner === "bot" || state.owner === "none") setTyping("bot");
  }

  /** From the first word on, later pages listen by themselves. */
  function converse() {
    api.activate();
    tabs.start();
  }

  function send(text, attachments = []) {
    if (!text.trim() && !attachments.length) return;
    typedAt = 0;
    outbox.add(text, attachments);
    converse();
  }

  async function attempt(work, notice) {
    try {
      await work();
      if (state.notice) patch({ notice: "" });
      return true;
    } catch (problem) {
      patch({ notice: problem.status === 429 ? "slow" : notice });
      clearTimeout(noticeTimer);
      noticeTimer = setTimeout(() => patch({ notice: "" }), NOTICE_MS);
      return false;
    }
  }

  async function escalate() {
    if (state.asking || state.owner === "queue" || state.owner === "human") return;
    patch({ asking: true });
    converse();
    await attempt(async () => {
      const { owner } = await api.post("escalate", {});
      patch({ owner });
    }, "again");
    patch({ asking: false });
  }

  function rate(message_id, rating) {
    return attempt(async () => {
      await api.post("feedback", { message_id, rating });
      const rated = Object.entries({ ...storage.get("rated", {}), [message_id]: rating });
      storage.put("rated", Object.fromEntries(rated.slice(-RATED_KEPT)));
    }, "again");
  }

  function rateConversation(rating, comment) {
    return attempt(async () => {
      await api.post("csat", { rating, ...(comment && { comment }) });
      patch({ csat: rating });
    }, "again");
  }

  /** Tell people (not the bot) that the contact writes. */
  function typing(active) {
    const isDue = active ? Date.now() - typedAt > TYPING_EVERY_MS : typedAt > 0;
    if (state.owner !== "human" || !isDue) return;
    typedAt = active ? Date.now() : 0;
    api.post("typing", { active }).catch(() => {}); // a courtesy: nothing depends on it
  }

  /** Nothing of the visitor stays here; the other tabs follow once there is a new session to share. */
  async function logout() {
    tabs.say({ type: "wipe" });
    const revoked = api.logout();
    storage.wipe();
    blank();
    await revoked;
    storage.wipe(); // an answer under way may have stored something
    await begin();
    tabs.say({ type: "conversation" });
  }

  window.addEventListener("online", () => {
    patch({ online: true });
    stream.nudge();
    outbox.flush();
  });
  window.addEventListener("offline", () => patch({ online: false }));
  document.addEventListener("visibilitychange", () => {
    stream.nudge();
    count();
    if (!document.hidden && !state.open && storage.get("session")?.active) tabs.start();
  });

  return {
    state: () => state,
    messages: () => log.all(),
    pending: () => outbox.all(),
    isWaiting: () => outbox.isStuck,
    keyOf: (view) => keys.get(view.id) ?? view.id,
    ratedAs: (id) => storage.get("rated", {})[id] ?? null,
    begin,
    show(open) {
      patch({ open });
      if (open && state.phase === "ready") tabs.start();
      count();
    },
    send,
    retry: outbox.retry,
    discard: outbox.drop,
    escalate,
    rate,
    rateConversation,
    typing,
    upload: (file, onProgress, signal) => upload(api, file, onProgress, signal),
    identify: (jwt) => api.identify(jwt).then(
      () => true,
      () => false, // the page hears of it; the contact can do nothing about it
    ),
    logout,
  };
}
