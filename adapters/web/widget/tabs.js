/**
 * One stream for all tabs of a visitor: the tab looked at last holds a lock and the stream, and passes events on.
 *
 * Browsers allow six connections per origin (HTTP/1.1), so a stream per tab would starve the seventh.  The lock ends with its
 * tab, also in a crash; a tab that comes into view takes it over, because hidden tabs may be frozen.  Where the browser has no
 * locks (plain http) each tab reads its own stream.
 */

/**
 * @param {string} name
 * @param {{onLead: (leads: boolean) => void, onMessage: (message: any) => void}} options
 */
export function createTabs(name, { onLead, onMessage }) {
  const locks = navigator.locks;
  const channel = "BroadcastChannel" in window ? new BroadcastChannel(name) : null;
  let wanted = false;
  let leads = false;
  let isStealing = false;
  let request = 0;
  let release = () => {};
  /** @type {AbortController|null} */
  let queued = null;

  function set(next) {
    if (leads === next) return;
    leads = next;
    onLead(next);
  }

  function hold() {
    set(true);
    return new Promise((resolve) => (release = () => resolve(undefined)));
  }

  async function ask(steal) {
    const mine = ++request;
    let isHeld = false;
    queued?.abort();
    queued = steal ? null : new AbortController();
    isStealing = steal;
    try {
      await locks.request(name, steal ? { steal } : { signal: queued.signal }, () => {
        isHeld = mine === request;
        isStealing = false;
        return isHeld && hold(); // not held: superseded meanwhile, so it is given back at once
      });
    } catch {
      if (!isHeld || mine !== request) return; // given up in favour of another request of this tab
      set(false); // taken over by the tab that is looked at now
      if (wanted) ask(false);
    }
  }

  function lead() {
    if (!wanted || leads || isStealing) return;
    if (!locks || !channel) set(true);
    else ask(!document.hidden);
  }

  function yieldLead() {
    isStealing = false;
    request += 1;
    queued?.abort();
    release();
    set(false);
  }

  function say(message) {
    channel?.postMessage(message);
  }

  function onVisibility() {
    if (!document.hidden) lead();
    else if (leads) say({ type: "hidden" });
  }

  channel?.addEventListener("message", ({ data }) => {
    if (data.type !== "hidden") onMessage(data);
    else if (!document.hidden) lead();
  });
  document.addEventListener("visibilitychange", onVisibility);
  // A page that goes must not come back for more; one that returns from the browser's cache goes on.
  window.addEventListener("pagehide", yieldLead);
  window.addEventListener("pageshow", lead);

  return {
    say,
    start() {
      wanted = true;
      lead();
    },
    stop() {
      wanted = false;
      yieldLead();
    },
  };
}
