// Files of a reply: chosen, dropped or pasted, sent to the server at once, and named by the reply.

import * as api from "./api.js";
import { fill, h, icon } from "./dom.js";

const REFUSED = {
  none: "This channel takes no files.",
  linked: "Files are sent as links on this channel.",
};

export const sizeOf = (bytes) =>
  bytes >= 1048576 ? `${(bytes / 1048576).toFixed(1)} MB` : `${Math.max(1, Math.ceil(bytes / 1024))} KB`;

export class Files {
  /** `changed()` is called when anything about them changes; `where()` gives tenant and conversation. */
  constructor({ changed, where }) {
    this.changed = changed;
    this.where = where;
    this.offer = { carriage: "none", max_bytes: 0, max_count: 0 };
    this.items = [];
    this.picker = h("input", { type: "file", id: "files", multiple: true, class: "sr", tabindex: -1, "aria-hidden": "true",
      onchange: () => { this.add(this.picker.files); this.picker.value = ""; } });
    this.button = h("button", { type: "button", class: "quiet icon-button", id: "attach", onclick: () => this.picker.click() }, icon("clip"));
    this.list = h("ul", { class: "attached", "aria-label": "Files of this reply", hidden: true });
    this.said = h("p", { class: "sr", role: "status" });
    this.draw();
  }

  /** Show the files of another draft; `items` is that draft's own list. */
  use(items, offer) {
    const isSame = items === this.items && JSON.stringify(offer) === JSON.stringify(this.offer);
    this.items = items;
    this.offer = offer;
    if (!isSame) this.draw();
  }

  get isBusy() {
    return this.items.some((item) => item.state === "sending");
  }

  get ids() {
    return this.items.filter((item) => item.state === "here").map((item) => item.id);
  }

  get hint() {
    return this.items.length && this.offer.carriage === "linked" ? REFUSED.linked : "";
  }

  takes() {
    return this.offer.carriage !== "none";
  }

  /** Drag and drop and paste, over `zone`. */
  listen(zone, isActive) {
    const hasFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
    zone.addEventListener("dragover", (event) => {
      if (!hasFiles(event) || !isActive()) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = this.takes() ? "copy" : "none";
      zone.classList.add("dropping");
    });
    zone.addEventListener("dragleave", (event) => { if (!zone.contains(event.relatedTarget)) zone.classList.remove("dropping"); });
    zone.addEventListener("drop", (event) => {
      zone.classList.remove("dropping");
      if (!hasFiles(event) || !isActive()) return;
      event.preventDefault();
      this.add(event.dataTransfer.files);
    });
    zone.addEventListener("paste", (event) => {
      const pasted = event.clipboardData?.files;
      if (!pasted?.length || !isActive()) return;
      event.preventDefault();
      this.add(pasted);
    });
  }

  add(files) {
    for (const file of files) {
      const item = { name: file.name || "pasted file", size: file.size, state: "sending", stop: new AbortController() };
      item.problem = this.problem(file);
      this.items.push(item);
      if (item.problem) item.state = "refused";
      else this.upload(this.items, item, file);
    }
    this.draw();
    this.changed();
  }

  /** What is known to be wrong before anything is sent. */
  problem(file) {
    if (!this.takes()) return REFUSED.none;
    const count = this.items.filter((item) => item.state !== "refused").length;
    if (count >= this.offer.max_count) return `At most ${this.offer.max_count} files at once.`;
    if (file.size > this.offer.max_bytes) return `Larger than ${sizeOf(this.offer.max_bytes)}.`;
    return "";
  }

  async upload(items, item, file) {
    const { tenant, conv } = this.where();
    try {
      const stored = await api.upload(tenant, conv, file, item.stop.signal);
      Object.assign(item, { state: "here", id: stored.upload_id, name: stored.name });
    } catch (error) {
      if (item.stop.signal.aborted) return;
      Object.assign(item, { state: "refused", problem: error.message });
    }
    if (items !== this.items) return;
    this.draw();
    this.changed();
  }

  remove(item) {
    item.stop.abort();
    this.items.splice(this.items.indexOf(item), 1);
    this.draw();
    this.changed();
    this.button.focus();
  }

  draw() {
    const name = this.takes() ? "Attach a file" : REFUSED.none;
    this.button.disabled = !this.takes();
    this.button.title = name;
    this.button.setAttribute("aria-label", name);
    this.list.hidden = !this.items.length;
    this.said.textContent = this.items.map((item) => `${item.name}: ${words(item)}`).join(". ");
    fill(this.list, this.items.map((item) =>
      h("li", { class: `attachment ${item.state}` }, icon(item.state === "refused" ? "warn" : "clip"),
        h("span", { class: "attachment-name" }, item.name), h("span", { class: "soft" }, words(item)),
        h("button", { type: "button", class: "remove", "aria-label": `Remove ${item.name}`, onclick: () => this.remove(item) }, icon("cross")))));
  }
}

const words = (item) => ({ sending: "Sending…", here: sizeOf(item.size), refused: item.problem })[item.state];
