/** Talking to the page that embeds us: only to its exact origin, only with the window that holds this frame. */

/**
 * @param {Record<string, (message: any) => void>} handlers  by type of message
 */
export function createBridge(handlers) {
  const host = new URLSearchParams(location.hash.slice(1)).get("host") ?? "";
  const isEmbedded = window.parent !== window && /^https?:\/\/[^/]+$/.test(host);

  window.addEventListener("message", (event) => {
    if (!isEmbedded || event.source !== window.parent || event.origin !== host || event.data?.frontdesk !== 1) return;
    if (Object.hasOwn(handlers, event.data.type)) handlers[event.data.type](event.data);
  });

  return {
    isEmbedded,
    /** @param {string} type @param {object} [data] */
    tell(type, data = {}) {
      if (isEmbedded) window.parent.postMessage({ frontdesk: 1, type, ...data }, host);
    },
  };
}
