// The web chat in its frame, spoken to as the widget's loader on a company's page does (adapters/web/widget).

import * as api from "./api.js";
import { h, toast } from "./dom.js";

const KEPT = "frontdesk-lab-customer";

export class Chat {
  constructor(address, { onKnown }) {
    const url = new URL(address);
    url.hash = new URLSearchParams({ host: location.origin }).toString();
    this.origin = url.origin;
    this.onKnown = onKnown;
    this.isBooted = false;
    this.waiting = [];
    this.frame = h("iframe", { src: url.href, title: "Web chat" });
    window.addEventListener("message", (event) => this.hear(event));
  }

  post(message) {
    this.frame.contentWindow?.postMessage({ frontdesk: 1, ...message }, this.origin);
  }

  tell(message) {
    if (this.isBooted) this.post(message);
    else this.waiting.push(message);
  }

  hear(event) {
    if (event.source !== this.frame.contentWindow || event.origin !== this.origin || event.data?.frontdesk !== 1) return;
    const { type } = event.data;
    if (type === "ready") this.post({ type: "boot", locale: "", theme: "auto", pageLocale: "en", pageUrl: `${location.origin}/`, pinned: true });
    else if (type === "booted") this.booted();
    else if (type === "identified" && !event.data.isDone) toast("The chat refused to sign in.");
  }

  booted() {
    this.isBooted = true;
    this.post({ type: "show", open: true, fullscreen: false, focus: false }); // somebody may be writing in another pane
    for (const message of this.waiting.splice(0)) this.post(message);
  }

  /** As the company's page would after its own log-in: the chat gets a token that proves who writes; "" is nobody. */
  async signIn(customer) {
    if (customer) this.tell({ type: "identify", jwt: (await api.identity(customer)).jwt });
    else this.tell({ type: "logout" });
    sessionStorage.setItem(KEPT, customer);
    this.onKnown(customer);
  }

  /** After a reload the chat is still signed in; the token is made anew. */
  async restore(known) {
    const kept = sessionStorage.getItem(KEPT) ?? "";
    if (known.includes(kept)) await this.signIn(kept);
  }

  /** Lay words into the field; the visitor sends them. */
  draft(text) {
    this.tell({ type: "draft", text });
  }
}
