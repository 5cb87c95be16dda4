/** Server-sent events out of text chunks that may end anywhere (WHATWG parsing rules). */

/**
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
