// Who else the contact is: linked identities with their other conversations, read only, and the way to take one out.

import * as api from "./api.js";
import { ask, h, toast } from "./dom.js";
import * as when from "./when.js";

const CHANNELS = { web: "Web chat", slack: "Slack", telegram: "Telegram", whatsapp: "WhatsApp", sms: "SMS", teams: "Microsoft Teams" };
const PROOFS = {
  token: "the contact connected both chats with a code",
  customer: "your site's login named the same customer",
  email: "the workspace verified the same e-mail address",
  phone: "the channel verified the same phone number",
};
const OWNERS = { bot: "Assistant", queue: "Waiting", human: "With a person", none: "Resolved" };

export class Identity {
  constructor(changed) {
    this.changed = changed;
    this.of = null;
    this.found = null;
  }

  /** Read it anew for this state of the conversation; what was read for another conversation is forgotten at once. */
  async read(tenant, conv, seq, canWrite) {
    const key = `${tenant}/${conv}/${seq}`;
    if (this.of === key) return;
    if (this.conv !== conv) this.found = null;
    Object.assign(this, { of: key, tenant, conv, canWrite });
    const found = await api.identity(tenant, conv).catch(() => null);
    if (this.of !== key) return;
    this.found = found;
    this.changed();
  }

  /** The card, or null when the contact is known from here alone. */
  draw() {
    const { found } = this;
    if (!found || (!found.linked.length && !found.conversations.length)) return null;
    return h("section", { class: "card identity", "aria-label": "Also this contact" },
      found.linked.length > 0 && [h("h3", {}, "Also this contact"), h("ul", { class: "plain" }, found.linked.map((one) => this.linked(one)))],
      found.conversations.length > 0 && [h("h3", {}, "Their other conversations"), h("ul", { class: "plain" }, found.conversations.map((one) => this.place(one)))]);
  }

  linked(one) {
    const channel = CHANNELS[one.channel] || one.channel;
    return h("li", { class: "identity-row" },
      h("span", {}, h("span", { class: "strong" }, channel), ` ${one.name}`,
        h("span", { class: "soft identity-why" }, PROOFS[one.proof] || "linked", one.since && ` · ${when.since(one.since)}`)),
      this.canWrite && h("button", { type: "button", class: "quiet", "aria-label": `Disconnect ${channel}`, onclick: (event) => this.unlink(event.currentTarget, one, channel) }, "Disconnect"));
  }

  place(one) {
    const channel = CHANNELS[one.channel] || one.channel;
    return h("li", {},
      h("a", { class: "identity-place", href: `#${encodeURIComponent(this.tenant)}/${encodeURIComponent(one.conv)}` },
        h("span", { class: "strong" }, channel), h("span", { class: "soft" }, ` · ${one.agent || OWNERS[one.owner] || one.owner} · ${when.since(one.updated_at)}`),
        one.preview && h("span", { class: "identity-text" }, one.preview)));
  }

  async unlink(button, one, channel) {
    const { tenant, conv } = this;
    const text = "It is no longer shown here, and no longer used when a message cannot be delivered. The customer is told. No message is deleted.";
    if (!(await ask({ title: `Disconnect ${channel}?`, text, yes: "Disconnect" }))) return;
    button.disabled = true;
    try {
      const found = await api.unlink(tenant, conv, one.identity);
      if (this.conv !== conv) return;
      this.found = found;
      this.changed();
    } catch (error) {
      button.disabled = false;
      toast(error.message, { bad: true });
    }
  }
}
