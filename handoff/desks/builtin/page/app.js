// The desk: puts list, conversation, live events and keys together.

import * as api from "./api.js";
import { watchAccounts } from "./banner.js";
import { Case } from "./case.js";
import { $, fill, h, icon, toast } from "./dom.js";
import { Keys } from "./keys.js";
import { List } from "./list.js";
import { Live } from "./live.js";
import { tick } from "./names.js";
import { opens } from "./when.js";

const TICK_MS = 15_000;
const SETTLE_MS = 120;
const TENANT = "frontdesk.desk.tenant";
const THEME = "frontdesk.desk.theme";
const THEMES = { auto: "dark", dark: "light", light: "auto" };
const LIVE = { live: "Live", connecting: "Connecting…", lost: "No connection" };

let me = null;
let tenant = null;
let timer = null;
let caseChanged = false;

const list = new List({ open: (conv) => go(conv), changed: staffing });
const current = new Case({ opened: (item) => seen(item), done: (action) => (action === null ? go(null) : list.refresh()) });
const live = new Live({
  changed: ({ conv }) => soon(conv),
  news: ({ conv, what }) => { soon(conv); if (what === "opened") toast("A new case is waiting."); },
  typing: (conv, active) => current.typing(conv, active),
  reset: () => { list.refresh(); current.refresh(); },
  state: connection,
});
const keys = new Keys({
  next: () => step(1),
  previous: () => step(-1),
  claim: () => current.press("claim"),
  give_back: () => current.press("give_back"),
  resolve: () => current.press("resolve"),
  reply: () => current.found && current.composer.focus("reply"),
  note: () => current.found && current.composer.focus("note"),
  suggest: () => current.suggest(),
  search: () => $("search").focus(),
  back: () => go(null),
});

/** The open conversation is in the address, so that reload and the back button work. */
function go(conv) {
  const hash = conv ? `#${encodeURIComponent(tenant)}/${encodeURIComponent(conv)}` : "";
  if (location.hash === hash) return;
  if (conv) location.hash = hash;
  else {
    history.pushState(null, "", location.pathname);
    route();
  }
}

async function route() {
  const [name, conv] = location.hash.slice(1).split("/").map(decodeURIComponent);
  if (conv && name !== tenant && me.tenants.some((known) => known.id === name)) await useTenant(name);
  document.body.dataset.view = conv ? "case" : "list";
  list.current = conv || null;
  list.draw();
  if (conv) await current.open(conv);
  else current.close();
}

function step(by) {
  const item = list.neighbour(by);
  if (item) go(item.conv);
  document.querySelector(`#items [data-key="${CSS.escape(item?.conv || "")}"]`)?.scrollIntoView({ block: "nearest" });
}

function seen(item) {
  if (document.visibilityState === "visible") list.mark(item.conv, item.seq);
}

/** Many things change at once; one reading follows them. */
function soon(conv) {
  if (conv === current.conv) caseChanged = true;
  if (timer) return;
  timer = setTimeout(() => {
    timer = null;
    list.refresh();
    if (caseChanged) current.refresh();
    caseChanged = false;
  }, SETTLE_MS);
}

function connection(state) {
  $("live").dataset.state = state;
  $("live").title = LIVE[state];
  $("live-text").textContent = LIVE[state];
}

function staffing(page) {
  const later = page.next_open ? ` · opens ${opens(page.next_open)}` : "";
  $("staffed").textContent = page.staffed ? "Open" : `Closed${later}`;
  $("staffed").dataset.open = String(page.staffed);
}

async function useTenant(id) {
  tenant = id;
  localStorage.setItem(TENANT, id);
  $("tenant").value = id;
  current.use(id, me);
  live.watch(id);
  await list.use(id);
}

function useTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  localStorage.setItem(THEME, theme);
}

async function start() {
  useTheme(localStorage.getItem(THEME) || "auto");
  put("theme", "theme", () => {
    const next = THEMES[localStorage.getItem(THEME)] || "dark";
    useTheme(next);
    toast(`Colours: ${next === "auto" ? "automatic" : next}`);
  });
  put("help", "help", () => keys.help());
  $("logout").addEventListener("click", () => api.logOut());
  me = await api.me();
  $("me-name").textContent = me.name;
  if (!me.tenants.length) {
    fill($("nothing"), h("p", { class: "strong" }, "No company is assigned to you."), h("p", {}, "Ask an admin to add one."));
    return;
  }
  fill($("tenant"), me.tenants.map(({ id, name }) => h("option", { value: id }, name)));
  $("tenant-field").hidden = me.tenants.length < 2;
  $("tenant").addEventListener("change", async (event) => { go(null); await useTenant(event.target.value); });
  const known = localStorage.getItem(TENANT);
  await useTenant(me.tenants.some(({ id }) => id === known) ? known : me.tenants[0].id);
  window.addEventListener("hashchange", route);
  window.addEventListener("popstate", route);
  document.addEventListener("visibilitychange", () => { if (current.found) seen(current.found.conversation); });
  setInterval(() => tick(), TICK_MS);
  watchAccounts();
  await route();
}

function put(id, name, act) {
  fill($(id), icon(name));
  $(id).addEventListener("click", act);
}

start().catch((error) => toast(error.message, { bad: true }));
