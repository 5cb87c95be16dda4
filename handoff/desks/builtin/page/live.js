// What changes elsewhere, as it happens; after a break everything is read again.

const TYPING_MS = 6000;
const RETRY_MS = 3000;

export class Live {
  constructor({ changed, news, typing, reset, state }) {
    this.on = { changed, news, typing, reset, state };
    this.source = null;
    this.typists = new Map();
  }

  /** Follow a tenant; `isFirst` is false when an earlier stream of it broke, so that what was missed is read again. */
  watch(tenant, isFirst = true) {
    this.source?.close();
    const source = new EventSource(`/desk/api/stream?${new URLSearchParams({ tenant })}`);
    const on = (name, act) => source.addEventListener(name, (event) => act(event.data ? JSON.parse(event.data) : null));
    this.source = source;
    this.on.state("connecting");
    on("hello", () => {
      this.on.state("live");
      if (!isFirst) this.on.reset();
      isFirst = false;
    });
    source.addEventListener("error", () => this.broken(source, tenant));
    on("reset", () => this.on.reset());
    on("login_needed", () => location.assign("/desk/login"));
    on("changed", this.on.changed);
    on("news", this.on.news);
    on("typing", (facts) => this.type(facts));
  }

  /** The browser reconnects by itself unless it was refused; then we ask the API, which knows whether to log in again. */
  broken(source, tenant) {
    if (source !== this.source) return;
    const isClosed = source.readyState === EventSource.CLOSED;
    this.on.state(isClosed ? "lost" : "connecting");
    if (isClosed) setTimeout(() => source === this.source && this.watch(tenant, false), RETRY_MS);
    if (isClosed) this.on.reset();
  }

  type({ conv, who, active }) {
    if (who !== "contact") return;
    clearTimeout(this.typists.get(conv));
    this.typists.delete(conv);
    if (active) this.typists.set(conv, setTimeout(() => this.type({ conv, who, active: false }), TYPING_MS));
    this.on.typing(conv, active);
  }
}
