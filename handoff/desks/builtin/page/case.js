// The middle and right panes: one conversation, and what the agent may do with it.

import { blocks } from "./ast.js";
import * as api from "./api.js";
import { drawBrief } from "./brief.js";
import { Composer } from "./composer.js";
import { $, ask, fill, h, icon, toast } from "./dom.js";
import { Identity } from "./identity.js";
import { nameOf, tags, tick } from "./names.js";
import { drawTranscript, drawTyping } from "./transcript.js";

const NEAR_PX = 80;
const OWNING = new Set(["claim", "reply", "give_back", "resolve"]);
const SAID = { claim: "You have this conversation now.", give_back: "The assistant answers again.", resolve: "Resolved." };

export class Case {
  constructor({ opened, done }) {
    this.opened = opened;
    this.done = done;
    this.conv = null;
    this.found = null;
    this.older = [];
    this.identity = new Identity(() => this.draw());
    this.composer = new Composer((mode, body) => this.act(mode, body));
    $("earlier").addEventListener("click", () => this.more());
    $("jump").addEventListener("click", () => this.toEnd());
    $("scroll").addEventListener("scroll", () => {
      this.isAtEnd = this.isNearEnd();
      if (this.isAtEnd) $("jump").hidden = true;
    });
    // A picture that arrives makes the transcript longer below who reads its end; "load" does not bubble.
    $("transcript").addEventListener("load", () => { if (this.isAtEnd) this.toEnd(); }, true);
    this.drawNothing();
  }

  use(tenant, me) {
    this.tenant = tenant;
    this.me = me;
    this.close();
  }

  close() {
    this.conv = null;
    this.found = null;
    this.draw();
  }

  async open(conv) {
    if (this.conv === conv) return;
    this.conv = conv;
    this.found = null;
    this.older = [];
    this.isFresh = true;
    await this.refresh();
  }

  /** Read the open conversation again; the newest answer wins. */
  async refresh() {
    const { conv, tenant } = this;
    if (!conv) return;
    const turn = (this.turn = (this.turn || 0) + 1);
    try {
      const found = await api.read(tenant, conv);
      if (conv !== this.conv || turn !== this.turn) return;
      this.found = { ...found, tenant };
      this.opened(found.conversation);
      this.draw();
    } catch (error) {
      if (conv !== this.conv) return;
      toast(error.status === 404 ? "This conversation does not exist here." : error.message, { bad: true });
      if (error.status === 404) this.done(null);
    }
  }

  async more() {
    const first = [...this.older, ...this.found.messages][0];
    const page = await api.earlier(this.tenant, this.conv, first.position);
    const height = $("scroll").scrollHeight;
    this.older = [...page.messages, ...this.older];
    this.olderHasMore = page.has_earlier;
    this.draw();
    $("scroll").scrollTop += $("scroll").scrollHeight - height;
  }

  isAnothers() {
    const { owner, agent } = this.found?.conversation || {};
    return owner === "human" && agent !== this.me.name;
  }

  /** Do something; when it is somebody else's conversation, ask before taking it over.  False when it was left undone. */
  async act(action, body = {}) {
    const { conv, tenant } = this;
    const wish = { key: api.newKey(), ...body };
    if (OWNING.has(action) && this.isAnothers()) {
      if (!(await this.confirmTakeover(this.found.conversation.agent))) return false;
      wish.takeover = true;
    }
    try {
      await api.act(tenant, conv, action, wish);
    } catch (error) {
      if (error.code !== "case_taken") throw error;
      await this.refresh();
      if (!(await this.confirmTakeover(this.found.conversation.agent || "Somebody else"))) return false;
      await api.act(tenant, conv, action, { ...wish, key: api.newKey(), takeover: true });
    }
    if (SAID[action]) toast(SAID[action]);
    await Promise.all([this.conv === conv ? this.refresh() : null, this.done(action)]);
    return true;
  }

  /** The same from a button or key: what goes wrong is said. */
  async press(action) {
    if (!this.found || !this.allowed(action)) return;
    try {
      if (action === "resolve" && !(await this.confirmResolve())) return;
      await this.act(action);
    } catch (error) {
      toast(error.message, { bad: true });
    }
  }

  allowed(action) {
    const { owner, agent } = this.found.conversation;
    if (!this.me.roles.includes("agent")) return false;
    if (action === "claim") return owner !== "human" || agent !== this.me.name;
    if (action === "give_back") return owner === "queue" || owner === "human";
    return owner !== "none";
  }

  confirmTakeover(agent) {
    return ask({ title: `${agent} has this conversation`, text: "If you take over, the customer is told that you joined.", yes: "Take over" });
  }

  confirmResolve() {
    return ask({ title: "Resolve this conversation?", text: "The customer is asked how it went. It opens again when they write.", yes: "Resolve" });
  }

  suggest() {
    const [first] = this.found?.suggestions || [];
    if (first) this.composer.insert(first.source, { replace: true });
  }

  draw() {
    const isOpen = Boolean(this.found);
    $("nothing").hidden = isOpen;
    $("open-case").hidden = !isOpen;
    $("side").hidden = !isOpen;
    if (!isOpen) return;
    const wasNear = this.isNearEnd();
    const { conversation, messages, unread } = this.found;
    const shown = [...this.older, ...messages];
    const suggested = this.found.suggestions[0]?.message_id;
    const spokenId = [...shown, ...unread].findLast(({ role }) => role === undefined || role === "contact")?.id;
    if (spokenId !== this.spokenId) drawTyping($("typing"), ""); // what was being typed has arrived
    this.spokenId = spokenId;
    this.drawHead(conversation);
    drawBrief($("side"), this.found);
    drawBrief($("brief-narrow"), this.found);
    for (const place of ["side", "brief-narrow"]) $(place).firstElementChild?.after(...[this.identity.draw()].filter(Boolean));
    this.identity.read(this.tenant, this.conv, conversation.seq, this.me.roles.includes("agent"));
    $("brief-line").textContent = ` ${this.found.brief.wants.at(-1) || ""}`;
    $("earlier").hidden = !(this.older.length ? this.olderHasMore : this.found.has_earlier);
    drawTranscript($("transcript"), shown.filter((message) => message.id !== suggested), unread, nameOf(conversation));
    this.drawSuggestions();
    $("composer").hidden = !this.me.roles.includes("agent");
    this.composer.open(this.found, this.me.name);
    tick();
    this.follow(wasNear, shown.at(-1)?.id);
  }

  /** Stay at the end for who is there; who reads further up gets a button instead of a jump. */
  follow(wasNear, lastId) {
    const isNews = lastId !== this.lastId;
    this.lastId = lastId;
    if (this.isFresh || (wasNear && isNews)) this.toEnd();
    else if (isNews) $("jump").hidden = false;
    this.isFresh = false;
  }

  isNearEnd() {
    const { scrollTop, scrollHeight, clientHeight } = $("scroll");
    return scrollHeight - scrollTop - clientHeight < NEAR_PX;
  }

  toEnd() {
    $("scroll").scrollTop = $("scroll").scrollHeight;
    this.isAtEnd = true;
    $("jump").hidden = true;
  }

  drawHead(item) {
    const button = (action, text, look, name, more = "") => this.allowed(action) &&
      h("button", { type: "button", class: look, data: { action }, "aria-label": text + more, title: text + more, onclick: () => this.press(action) },
        icon(name), text, more && h("span", { class: "long" }, more));
    const focused = document.activeElement?.dataset?.action;
    fill($("case-head"),
      h("button", { type: "button", class: "quiet back", "aria-label": "Back to the list", onclick: () => this.done(null) }, icon("back")),
      h("div", { class: "case-title" }, h("h2", {}, nameOf(item)), h("p", { class: "item-tags" }, state(item, this.me.name), tags(item).slice(0, 3))),
      h("div", { class: "actions" },
        button("claim", item.owner === "human" ? "Take over" : "Claim", "primary", "hand"),
        button("give_back", "Give back", "quiet", "bot", " to assistant"),
        button("resolve", "Resolve", "quiet", "check")));
    if (focused && document.hasFocus()) document.querySelector(`[data-action="${focused}"]`)?.focus();
  }

  drawSuggestions() {
    const canWrite = this.me.roles.includes("agent");
    const print = JSON.stringify([this.conv, canWrite, this.found.suggestions]);
    if ($("suggestions").dataset.print === print) return;
    $("suggestions").dataset.print = print;
    fill($("suggestions"), canWrite && this.found.suggestions.slice(0, 1).map((suggestion) =>
      h("section", { class: "suggestion", "aria-label": "Suggested reply" },
        h("h3", {}, icon("spark"), "Suggested reply", h("span", { class: "soft" }, "the customer has not seen it")),
        h("div", { class: "words", tabindex: 0 }, blocks(suggestion.blocks)),
        h("div", { class: "row" },
          h("button", { type: "button", class: "quiet", onclick: () => this.suggest() }, "Edit"),
          h("button", { type: "button", class: "primary", onclick: (event) => this.approve(event.target, suggestion) }, "Approve and send")))));
  }

  async approve(button, suggestion) {
    button.disabled = true;
    try {
      await this.act("reply", { text: suggestion.source, key: `draft.${suggestion.message_id}`.replace(/[^\w.:-]/g, "-").slice(0, 100) });
    } catch (error) {
      toast(error.message, { bad: true });
    } finally {
      button.disabled = false;
    }
  }

  typing(conv, active) {
    if (conv === this.conv && this.found) drawTyping($("typing"), active ? nameOf(this.found.conversation) : "");
  }

  drawNothing() {
    fill($("nothing"), icon("inbox"), h("p", { class: "strong" }, "Choose a conversation"),
      h("p", {}, "Press ", h("kbd", {}, "j"), " for the first one, ", h("kbd", {}, "?"), " for all shortcuts."));
  }
}

function state(item, me) {
  if (item.owner === "human") return h("span", { class: "state mine" }, item.agent === me ? "Yours" : `With ${item.agent}`);
  const texts = { bot: "Assistant is answering", queue: "Waiting for a person", none: "Resolved" };
  return h("span", { class: `state ${item.owner}` }, texts[item.owner]);
}
