/** The frame's composition: language, theme, chat, view, and the page around it. */

import { createChat } from "./chat.js";
import { palette } from "./color.js";
import { load, negotiate } from "./i18n.js";
import { createStorage } from "./storage.js";
import { createView } from "./view.js";

const account = new URLSearchParams(location.search).get("account") ?? "";
const root = document.documentElement;
const storage = createStorage(account);
const FRAME_MS = 16;
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

/** What the embedding page asked for. */
let wishes = { locale: "", pageLocale: "", theme: "auto", pageUrl: "", pinned: false };
let words = await load("en");
/** @type {ReturnType<typeof createView>|null} */
let view = null;
let isDrawing = false;
let toldUnread = -1;
let toldLook = "";

/**
 * Talking to the page that embeds us: only to its exact origin, only with the window that holds this frame.
 * @param {Record<string, (message: any) => void>} handlers  by type of message
 */
function createBridge(handlers) {
  const host = new URLSearchParams(location.hash.slice(1)).get("host") ?? "";
  const isEmbedded = window.parent !== window && /^https?:\/\/[^/]+$/.test(host);

  window.addEventListener("message", (event) => {
    if (!isEmbedded || event.source !== window.parent || event.origin !== host || event.data?.frontdesk !== 1) return;
    if (Object.hasOwn(handlers, event.data.type)) handlers[event.data.type](event.data);
  });

  return {
    isEmbedded,
    /** @param {string} type @param {object} [data] */
    tell(type, data = {}) {
      if (isEmbedded) window.parent.postMessage({ frontdesk: 1, type, ...data }, host);
    },
  };
}

const bridge = createBridge({
  boot,
  show: ({ open, fullscreen, focus }) => show(open, fullscreen, focus !== false),
  identify: ({ jwt }) => chat.identify(String(jwt)).then((isDone) => bridge.tell("identified", { isDone })),
  logout: () => chat.logout().then(() => bridge.tell("loggedOut")),
  locale: ({ locale }) => setWishes({ locale }),
  theme: ({ theme }) => setWishes({ theme }),
  draft: ({ text }) => view?.draft(String(text)),
});

const chat = createChat({
  account,
  storage,
  hints: () => ({ locale: words.language, ...(wishes.pageUrl && { page_url: wishes.pageUrl }) }),
  onChange: draw,
  onMessage: ({ id, role, kind }) => bridge.tell("message", { id, role, kind }),
});

/** Draw once for many changes.  Not by animation frames: a hidden page has none, and the badge must still change. */
function draw() {
  if (isDrawing) return;
  isDrawing = true;
  setTimeout(() => {
    isDrawing = false;
    view?.update(chat.state());
    report(chat.state());
  }, FRAME_MS);
}

/** What the launcher shows. */
function report(state) {
  const { t, dir } = words;
  const isDark = root.dataset.theme === "dark";
  const look = { ...palette(state.config?.accent ?? "", isDark), dir };
  const labels = { open: t("open"), close: t("close"), title: state.config?.name ?? t("log") };
  const key = JSON.stringify([look, labels, state.phase]);
  if (key !== toldLook) {
    toldLook = key;
    for (const [name, value] of Object.entries(look)) if (name[0] === "-") root.style.setProperty(name, value);
    if (state.config || state.phase === "failed") bridge.tell("look", { look, labels });
  }
  if (state.unread !== toldUnread) {
    toldUnread = state.unread;
    bridge.tell("unread", { count: state.unread, label: t("unread", { n: state.unread }) });
  }
}

async function mount() {
  const { locale, pageLocale } = wishes;
  words = await load(negotiate([locale, pageLocale, ...navigator.languages, storage.get("session")?.config.locale]));
  root.lang = words.language;
  root.dir = words.dir;
  document.title = words.t("log");
  const onClose = bridge.isEmbedded && !wishes.pinned ? () => bridge.tell("close") : null;
  view = createView({ chat, words, storage, onClose });
  document.body.replaceChildren(view.root);
  view.update(chat.state());
  view.shown();
  report(chat.state());
}

function setTheme() {
  const isDark = wishes.theme === "dark" || (wishes.theme !== "light" && prefersDark.matches);
  root.dataset.theme = isDark ? "dark" : "light";
  draw();
}

function setWishes(change) {
  const before = wishes.locale;
  wishes = { ...wishes, ...change };
  setTheme();
  return view && wishes.locale !== before ? mount() : undefined;
}

async function boot({ type: _, frontdesk: __, ...options }) {
  if (view) return;
  setWishes(options);
  await mount();
  bridge.tell("booted");
  chat.begin();
}

/** `takesFocus`: whoever opened the chat means to write in it; a page that shows it from the start says no. */
function show(open, fullscreen, takesFocus = true) {
  root.dataset.fullscreen = String(Boolean(fullscreen));
  chat.show(open);
  if (!open || !view) return;
  view.update(chat.state());
  view.shown();
  if (!takesFocus) return;
  // On touch screens the keyboard would cover what there is to read.
  if (matchMedia("(pointer: fine)").matches) view.focus();
  else document.querySelector(".messages")?.focus();
}

/** In full screen the page behind cannot be seen, so Tab stays inside. */
function keepFocus(event) {
  const stops = [...document.querySelectorAll("a[href], button, input, textarea, [tabindex='0']")].filter(
    (node) => !node.disabled && node.tabIndex >= 0 && node.checkVisibility?.() !== false,
  );
  const [first, last] = [stops[0], stops.at(-1)];
  const leaves = event.shiftKey ? document.activeElement === first : document.activeElement === last;
  if (!leaves) return;
  event.preventDefault();
  (event.shiftKey ? last : first).focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing) bridge.tell("close");
  if (event.key === "Tab" && root.dataset.fullscreen === "true" && bridge.isEmbedded) keepFocus(event);
});
prefersDark.addEventListener("change", setTheme);

if (bridge.isEmbedded) bridge.tell("ready");
else boot({}).then(() => show(true, true)); // opened by its own address: a chat page
