/** The live connection: reads the stream, resumes at the last position, waits longer after each failure. */

import { problemOf } from "./api.js";

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
    const response = await fetch("/v1/web/stream", { headers, signal, cache: "no-store", credentials: "omit" });
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
