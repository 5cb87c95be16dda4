/** The live connection: reads the stream, resumes at its place, waits longer after each failure; one for all tabs. */

import { API, problemOf } from "./api.js";

const SILENCE_MS = 50_000; // the server speaks every 20 s
const LONGEST_MS = 30_000;

/**
 * Server-sent events out of text chunks that may end anywhere (WHATWG parsing rules).
 * @param {(event: {event: string, data: string, id: string|null}) => void} onEvent
 * @param {(ms: number) => void} onRetry
 * @returns {(chunk: string) => void}
 */
export function createParser(onEvent, onRetry) {
  let rest = "";
  let event = "";
  let id = null;
  /** @type {string[]} */
  let data = [];

  function field(name, value) {
    if (name === "event") event = value;
    else if (name === "data") data.push(value);
    else if (name === "id" && !value.includes("\0")) id = value;
    else if (name === "retry" && /^\d+$/.test(value)) onRetry(Number(value));
  }

  function line(text) {
    if (text === "") {
      if (data.length) onEvent({ event: event || "message", data: data.join("\n"), id });
      event = "";
      id = null;
      data = [];
    } else if (text[0] !== ":") {
      const colon = text.indexOf(":");
      if (colon < 0) field(text, "");
      else field(text.slice(0, colon), text.slice(colon + (text[colon + 1] === " " ? 2 : 1)));
    }
  }

  return (chunk) => {
    rest += chunk;
    // A CR at the very end may be half of a CRLF: it waits for the next chunk.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    lines.forEach(line);
  };
}

/** Waiting that can be cut short: by coming online, by coming into view, by stopping. */
function createPause() {
  let wake = () => {};
  return {
    wake: () => wake(),
    /** @returns {Promise<void>} */
    wait: (ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
  };
}

/** How long to wait before attempt `failures`: doubling, half of it by chance, so that clients do not come back together. */
export function backoff(failures, baseMs, chance = Math.random()) {
  const most = Math.min(baseMs * 2 ** Math.min(failures, 10), LONGEST_MS);
  return most / 2 + (most / 2) * chance;
}

/**
 * @param {{api: any, position: () => string, onEvent: (event: {event: string, data: any, id: string|null}) => void,
 *   onUp: () => void, onDown: () => void}} options
 */
export function createStream({ api, position, onEvent, onUp, onDown }) {
  const pause = createPause();
  /** @type {AbortController|null} */
  let running = null;
  let retryMs = 2000;
  let failures = 0;

  async function listen(token, signal) {
    const from = position();
    const headers = { Authorization: `Bearer ${token}`, Accept: "text/event-stream", ...(from && { "Last-Event-ID": from }) };
    const response = await fetch(`${API}stream`, { headers, signal, cache: "no-store", credentials: "omit" });
    if (!response.ok || !response.body) throw await problemOf(response);
    await read(response.body, signal);
  }

  async function read(body, signal) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    const parse = createParser(take, (ms) => (retryMs = ms));
    let alarm = 0;
    try {
      for (;;) {
        clearTimeout(alarm);
        alarm = setTimeout(() => reader.cancel().catch(() => {}), SILENCE_MS);
        const { value, done } = await reader.read();
        if (done || signal.aborted) return;
        parse(value);
      }
    } finally {
      clearTimeout(alarm);
      reader.cancel().catch(() => {});
    }
  }

  function take({ event, data, id }) {
    failures = 0;
    onUp();
    onEvent({ event, data: JSON.parse(data), id });
  }

  async function run(signal) {
    while (!signal.aborted) {
      let waitMs = 0;
      failures += 1;
      try {
        await api.withToken((token) => listen(token, signal));
      } catch (problem) {
        waitMs = problem.waitMs || 0;
      }
      if (signal.aborted) return;
      onDown();
      // A stream that had worked (failures is 0 again) comes back soon: the server restarts or a proxy cut it.
      await pause.wait(Math.max(waitMs, backoff(failures - 2, retryMs)));
    }
  }

  return {
    start() {
      if (running) return;
      running = new AbortController();
      failures = 0;
      run(running.signal);
    },
    stop() {
      running?.abort();
      running = null;
      pause.wake();
    },
    /** Try again now, e.g. because the network is back. */
    nudge: () => pause.wake(),
  };
}

/**
 * One stream for all tabs of a visitor: the tab looked at last holds a lock and the stream, and passes events on.
 *
 * Browsers allow six connections per origin (HTTP/1.1), so a stream per tab would starve the seventh.  The lock ends with its
 * tab, also in a crash; a tab that comes into view takes it over, because hidden tabs may be frozen.  Where the browser has no
 * locks (plain http) each tab reads its own stream.
 *
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
