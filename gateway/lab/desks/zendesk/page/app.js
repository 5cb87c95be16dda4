// The agents' desk: the list of tickets, one thread, and what an agent does with it.

import { $, h, words } from "./nodes.js";

const RETRY_MS = 1500;
const WHO = { customer: "Customer", bot: "Bot", agent: "Agent", other: "Somebody else" };
const HINTS = {
  reply: "Reaches the customer on their own channel.",
  note: "Only agents see it. Type /help for what the assistant can do.",
};
const state = { tickets: [], version: "", chosen: null, agent: "sue", drawn: "" };

/** Say something in passing. */
function toast(text) {
  const node = h("p", { class: "toast" }, text);
  $("toasts").append(node);
  setTimeout(() => node.remove(), 6000);
}

const chosen = () => state.tickets.find(({ id }) => id === state.chosen);
const time = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

async function act(action, text = "") {
  const response = await fetch(`api/tickets/${encodeURIComponent(state.chosen)}/${action}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ agent: state.agent, text }),
  }).catch(() => null);
  if (response?.ok) return true;
  toast(response ? await response.text() : "The stand-in does not answer.");
  return false;
}

function choose(id, { focus = false } = {}) {
  state.chosen = id;
  state.drawn = "";
  $("desk").dataset.shown = id ? "case" : "list";
  draw();
  if (focus) (id ? $("subject") : $("tickets").querySelector("button"))?.focus();
}

function row(ticket) {
  const last = ticket.thread.at(-1);
  const isChosen = ticket.id === state.chosen;
  return h("li", null,
    h("button", { type: "button", "aria-current": isChosen ? "true" : null, onclick: () => choose(ticket.id, { focus: true }) },
      h("span", { class: "line" }, h("strong", null, ticket.requester), h("time", null, time(ticket.updated))),
      h("span", { class: "subject" }, ticket.subject),
      h("span", { class: "line" }, h("span", { class: "status", "data-status": ticket.status }, ticket.status),
        h("span", { class: "last" }, last ? `${last.public ? "" : "Note · "}${last.author}` : ""))));
}

function entry(comment) {
  const kind = comment.public ? comment.kind : "note";
  const name = h("p", { class: "name" }, h("strong", null, comment.author),
    h("span", { class: "tag" }, comment.public ? WHO[comment.kind] : "Internal note"), h("time", null, time(comment.at)));
  const files = comment.files.map((file) => h("li", null, `📎 ${file.name} · ${Math.max(1, Math.round(file.size / 1024))} KB`));
  return h("li", { class: "entry", "data-kind": kind }, name, words(comment.blocks), files.length ? h("ul", { class: "files" }, files) : null);
}

function moves(ticket) {
  const isOpen = !["solved", "closed"].includes(ticket.status);
  const button = (action, text, kind) => h("button", { type: "button", class: kind, "data-action": action, onclick: () => act(action) }, text);
  return [
    isOpen && ticket.assignee !== agentName() && button("take", "Take it", "main"),
    isOpen && !ticket.tags.includes("frontdesk_bot") && button("give-back", "Give back to the bot", ""),
    isOpen && button("solve", "Solve", ""),
    ticket.status === "solved" && button("reopen", "Reopen", ""),
  ].filter(Boolean);
}

const agentName = () => $("agent").selectedOptions[0]?.textContent ?? "";

function facts(ticket) {
  const told = [ticket.requester, ticket.assignee ? `with ${ticket.assignee}` : "nobody has it yet", ticket.group, ticket.priority];
  const tags = ticket.tags.map((tag) => h("span", { class: "tag" }, tag));
  return [h("span", { class: "status", "data-status": ticket.status }, ticket.status), ` ${told.filter(Boolean).join(" · ")} `, tags];
}

function draw() {
  const focused = document.activeElement?.dataset?.action;
  $("tickets").replaceChildren(...state.tickets.map(row));
  $("none").hidden = state.tickets.length > 0;
  const ticket = chosen();
  $("case").hidden = !ticket;
  $("back").hidden = !ticket;
  if (!ticket) return;
  $("subject").textContent = `#${ticket.id} ${ticket.subject}`;
  $("facts").replaceChildren(...facts(ticket).flat());
  $("moves").replaceChildren(...moves(ticket));
  if (focused && document.hasFocus()) $("moves").querySelector(`[data-action="${focused}"]`)?.focus();
  $("composer").hidden = ticket.status === "closed";
  const print = JSON.stringify(ticket.thread);
  if (print === state.drawn) return;
  const thread = $("thread");
  const isAtEnd = !state.drawn || thread.scrollHeight - thread.scrollTop - thread.clientHeight < 60;
  state.drawn = print;
  thread.replaceChildren(...ticket.thread.map(entry));
  if (isAtEnd) thread.scrollTop = thread.scrollHeight;
}

function kindChanged() {
  const kind = new FormData($("composer")).get("kind");
  $("composer").dataset.kind = kind;
  $("hint").textContent = HINTS[kind];
  $("send").textContent = kind === "reply" ? "Send to the customer" : "Add the note";
}

async function send(event) {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text) return $("text").focus();
  $("send").disabled = true;
  try {
    if (await act(new FormData($("composer")).get("kind"), text)) $("text").value = "";
  } finally {
    $("send").disabled = false;
    if (document.hasFocus()) $("text").focus(); // Who writes in another frame by now keeps the focus.
  }
}

function agents(people) {
  if ($("agent").options.length === people.length) return;
  $("agent").replaceChildren(...people.map(({ id, name }) => h("option", { value: id }, name)));
  $("agent").value = state.agent;
}

async function follow() {
  for (;;) {
    const response = await fetch(`api/view?after=${encodeURIComponent(state.version)}`, { cache: "no-store" }).catch(() => null);
    $("connection").hidden = Boolean(response?.ok);
    if (!response?.ok) {
      await new Promise((again) => setTimeout(again, RETRY_MS));
      continue;
    }
    if (response.status === 204) continue;
    const view = await response.json();
    state.version = view.version;
    state.tickets = view.tickets;
    agents(view.agents);
    if (!state.chosen && view.tickets.length && matchMedia("(min-width: 760px)").matches) choose(view.tickets[0].id);
    else draw();
  }
}

$("agent").addEventListener("change", () => { state.agent = $("agent").value; draw(); });
$("back").addEventListener("click", () => choose(null, { focus: true }));
$("composer").addEventListener("change", kindChanged);
$("composer").addEventListener("submit", send);
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) $("composer").requestSubmit();
});
kindChanged();
follow();
