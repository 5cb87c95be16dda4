/**
 * Frontdesk chat, the part that lives on your page: a launcher button, an iframe, and `window.frontdesk(...)`.
 *
 *   <script async src="https://YOUR-FRONTDESK/widget/v1/loader.js" data-account="ACCOUNT"></script>
 *
 * Attributes: data-account, data-locale, data-theme (auto, light, dark), data-side (start, end), data-accent, data-open, data-manual
 * (wait for `frontdesk("boot", {...})`).  Calls made before this file has arrived may be queued in `frontdesk.q`.
 * Commands: boot, open, close, toggle, identify, logout, on, off, setLocale, setTheme, destroy.
 * Events for `on`: ready, open, close, unread, message, identified, logout.
 */
(() => {
  "use strict";
  const early = window.frontdesk;
  if (early?.isLoaded) return; // the snippet ran twice

  const script = /** @type {HTMLScriptElement} */ (document.currentScript);
  const base = new URL("./", script.src);
  const STYLES = `
    :host { all: initial; position: fixed; z-index: 2147483000; inset: auto; }
    button, iframe { position: fixed; inset-block-end: 24px; inset-inline-end: 24px; border: 0; }
    :host([data-side=start]) :is(button, iframe) { inset-inline: 24px auto; }
    button { display: grid; place-items: center; inline-size: 60px; block-size: 60px; padding: 0; border-radius: 50%; cursor: pointer;
      background: var(--accent, #3457d5); color: var(--on-accent, #fff); box-shadow: 0 2px 6px rgb(0 0 0/16%), 0 8px 24px rgb(0 0 0/18%);
      transition: transform .18s, opacity .25s; }
    button:hover { transform: translateY(-2px); }
    button:focus-visible { outline: 3px solid var(--accent, #3457d5); outline-offset: 3px; }
    svg { inline-size: 28px; block-size: 28px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
    span { position: absolute; inset-block-start: -4px; inset-inline-end: -4px; min-inline-size: 22px; padding-inline: 6px; border-radius: 11px;
      background: #c81e1e; color: #fff; font: 700 12px/22px system-ui, sans-serif; box-sizing: border-box; box-shadow: 0 0 0 2px #fff; }
    iframe { inset-block-end: 98px; inline-size: min(408px, 100vw - 48px); block-size: min(700px, 100dvh - 122px); border-radius: 20px;
      background: Canvas; color-scheme: light dark; box-shadow: 0 0 0 1px rgb(0 0 0/6%), 0 12px 48px rgb(0 0 0/22%);
      visibility: hidden; opacity: 0; transform: translateY(12px); transition: transform .2s ease-out, opacity .2s, visibility .2s; }
    :host([data-open]) iframe { visibility: visible; opacity: 1; transform: none; }
    :host([data-dormant]) button { opacity: 0; }
    [hidden] { display: none; }
    @media (max-width: 640px), (max-height: 460px) {
      :host iframe { inset: var(--top, 0) 0 auto !important; inline-size: 100%; block-size: var(--height, 100dvh); border-radius: 0; }
      :host([data-open]) button { display: none; }
      button { inset-block-end: calc(20px + env(safe-area-inset-bottom)); }
    }
    @media (prefers-reduced-motion: reduce) { button, iframe { transition: none; } }
    @media print { :host { display: none; } }`;
  const CHAT = "M12 4c4.7 0 8.5 3.2 8.5 7.300s-3.8 7.3-8.5 7.300c-1 0-2-.2-2.9-.4L4.6 20l1-3.700a6.8 6.8 0 0 1-2.1-5C3.5 7.2 7.3 4 12 4Z";
  const DOWN = "m6 9.5 6 6 6-6";
  const FULLSCREEN = matchMedia("(max-width: 640px), (max-height: 460px)");
  const DORMANT_MS = 2500; // the launcher waits this long for its colour

  /** @type {Record<string, Set<Function>>} */
  const listeners = {};
  let widget = null;

  function emit(name, detail) {
    for (const listener of listeners[name] ?? []) {
      try {
        listener(detail);
      } catch (error) {
        setTimeout(() => { throw error; }); // the page's mistake is reported as such and stays its own
      }
    }
  }

  function element(tag, props, ...children) {
    const node = Object.assign(document.createElement(tag), props);
    node.append(...children);
    return node;
  }

  function glyph() {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    svg.append(path);
    return { svg, draw: (isOpen) => path.setAttribute("d", isOpen ? DOWN : CHAT) };
  }

  /** Styles that a strict content security policy of the page allows: constructed, or with the script's nonce. */
  function style(shadow, nonce) {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLES);
      shadow.adoptedStyleSheets = [sheet];
    } catch {
      shadow.prepend(element("style", { nonce, textContent: STYLES }));
    }
  }

  /** Unread messages in the tab's title while the page is out of sight. */
  function createTitle() {
    const MARK = /^\(\d+\+?\) /;
    return (count) => {
      const plain = document.title.replace(MARK, "");
      const title = count && document.hidden ? `(${count}) ${plain}` : plain;
      if (document.title !== title) document.title = title;
    };
  }

  function create(options) {
    const host = element("div", { id: "frontdesk" });
    const shadow = host.attachShadow({ mode: "open" });
    const { svg, draw } = glyph();
    const badge = element("span", { hidden: true });
    const launcher = element("button", { type: "button", ariaLabel: "Chat", ariaExpanded: "false" }, svg, badge);
    const address = new URL("frame", base);
    if (options.account) address.searchParams.set("account", options.account);
    address.hash = new URLSearchParams({ host: location.origin }).toString();
    const frame = element("iframe", { title: "Chat", src: address.href });
    const setTitle = createTitle();
    const abort = new AbortController();
    const waiting = [];
    let labels = { open: "Chat", close: "Close", unread: "" };
    let isOpen = false;
    let isBooted = false;
    let unread = 0;
    let overflow = "";

    const post = (message) => frame.contentWindow?.postMessage({ frontdesk: 1, ...message }, base.origin);
    const tell = (message) => (isBooted ? post(message) : waiting.push(message));

    function label() {
      const open = unread ? `${labels.open} (${labels.unread})` : labels.open;
      launcher.ariaLabel = isOpen ? labels.close : open;
      badge.textContent = unread > 9 ? "9+" : String(unread);
      badge.hidden = !unread || isOpen;
      setTitle(unread);
    }

    function show(next) {
      if (next === isOpen) return;
      isOpen = next;
      host.toggleAttribute("data-open", isOpen);
      launcher.ariaExpanded = String(isOpen);
      draw(isOpen);
      label();
      fit();
      tell({ type: "show", open: isOpen, fullscreen: FULLSCREEN.matches });
      if (isOpen) frame.focus();
      else launcher.focus();
      emit(isOpen ? "open" : "close");
    }

    /** Full screen follows what is left above a phone's keyboard, and the page behind does not scroll. */
    function fit() {
      const view = window.visualViewport;
      const isFull = isOpen && FULLSCREEN.matches;
      host.style.setProperty("--height", isFull && view ? `${view.height}px` : "100dvh");
      host.style.setProperty("--top", isFull && view ? `${view.offsetTop}px` : "0px");
      const root = document.documentElement;
      if (isFull && root.style.overflow !== "hidden") [overflow, root.style.overflow] = [root.style.overflow, "hidden"];
      else if (!isFull && root.style.overflow === "hidden") root.style.overflow = overflow;
    }

    const heard = {
      ready() {
        const { locale = "", theme = "auto" } = options;
        const pageUrl = location.origin + location.pathname; // no query: it may hold what is nobody's business
        post({ type: "boot", locale, theme, pageLocale: document.documentElement.lang, pageUrl });
      },
      booted() {
        isBooted = true;
        waiting.splice(0).forEach(post);
        emit("ready");
      },
      look({ look, labels: words }) {
        for (const name of ["--accent", "--on-accent"]) host.style.setProperty(name, look[name]);
        launcher.dir = host.dir = document.documentElement.dir || look.dir;
        labels = { ...labels, ...words };
        frame.title = words.title;
        host.removeAttribute("data-dormant");
        label();
      },
      unread({ count, label: words }) {
        unread = count;
        labels.unread = words;
        label();
        emit("unread", count);
      },
      close: () => show(false),
      message: ({ id, role, kind }) => emit("message", { id, role, kind }),
      identified: ({ isDone }) => emit("identified", isDone),
      loggedOut: () => emit("logout"),
    };

    function hear(event) {
      if (event.source !== frame.contentWindow || event.origin !== base.origin || event.data?.frontdesk !== 1) return;
      if (Object.hasOwn(heard, event.data.type)) heard[event.data.type](event.data);
    }

    const { signal } = abort;
    window.addEventListener("message", hear, { signal });
    document.addEventListener("visibilitychange", () => setTitle(unread), { signal });
    window.visualViewport?.addEventListener("resize", fit, { signal });
    window.visualViewport?.addEventListener("scroll", fit, { signal });
    launcher.addEventListener("click", () => show(!isOpen));
    host.addEventListener("keydown", (event) => event.key === "Escape" && show(false));
    host.dataset.side = options.side ?? "end";
    host.toggleAttribute("data-dormant", !options.accent);
    if (options.accent) host.style.setProperty("--accent", options.accent);
    setTimeout(() => host.removeAttribute("data-dormant"), DORMANT_MS);
    style(shadow, script.nonce);
    draw(false);
    label();
    shadow.append(frame, launcher);
    document.body.append(host);
    if (options.open) show(true);

    return {
      show,
      toggle: () => show(!isOpen),
      tell,
      remove() {
        show(false);
        abort.abort();
        setTitle(0);
        host.remove();
      },
    };
  }

  const commands = {
    /** Once per page; a second call changes nothing until `destroy`. */
    boot(options = {}) {
      widget ??= create({ ...script.dataset, ...options });
    },
    open: () => widget?.show(true),
    close: () => widget?.show(false),
    toggle: () => widget?.toggle(),
    identify: (jwt) => widget?.tell({ type: "identify", jwt }),
    logout: () => widget?.tell({ type: "logout" }),
    on: (name, listener) => (listeners[name] ??= new Set()).add(listener),
    off: (name, listener) => listeners[name]?.delete(listener),
    setLocale: (locale) => widget?.tell({ type: "locale", locale }),
    setTheme: (theme) => widget?.tell({ type: "theme", theme }),
    destroy() {
      widget?.remove();
      widget = null;
    },
  };

  function frontdesk(name, ...values) {
    if (!Object.hasOwn(commands, name)) return console.warn(`frontdesk: no command "${name}"`);
    return commands[name](...values);
  }

  function start() {
    if (!("manual" in script.dataset)) commands.boot();
    for (const call of early?.q ?? []) frontdesk(...call);
  }

  window.frontdesk = Object.assign(frontdesk, { isLoaded: true });
  if (document.body) start();
  else document.addEventListener("DOMContentLoaded", start, { once: true });
})();
