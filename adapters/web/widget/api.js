/** The calls of PROTOCOL.md.  The token lives in storage and in the Authorization header, never in an address. */

const CALL_LIMIT_MS = 20_000;
const EARLY_MS = 60_000; // renew a little before the token ends
export const API = new URL("../../v1/web/", import.meta.url).pathname; // also below a path of a reverse proxy
const TRANSIENT = new Set([0, 408, 425, 429]);

/** A refused or failed call; status 0 means that no answer came. */
export class Problem extends Error {
  constructor(status, body = {}, wait = "") {
    super(body.detail || body.title || `HTTP ${status}`);
    this.status = status;
    this.code = body.code ?? "";
    this.waitMs = 1000 * (Number(wait) || body.retry_after || 0);
  }

  /** Worth sending again, unchanged. */
  get isTransient() {
    return TRANSIENT.has(this.status) || this.status >= 500;
  }
}

/** The problem in an answer that is not 2xx. */
export async function problemOf(response) {
  const body = await response.json().catch(() => ({}));
  return new Problem(response.status, body ?? {}, response.headers.get("Retry-After") ?? "");
}

async function call(path, { method = "POST", body, token } = {}) {
  const headers = { ...(token && { Authorization: `Bearer ${token}` }), ...(body && { "Content-Type": "application/json" }) };
  const options = { method, headers, body: body && JSON.stringify(body), credentials: "omit", cache: "no-store" };
  let response;
  try {
    response = await fetch(API + path, { ...options, signal: AbortSignal.timeout(CALL_LIMIT_MS) });
  } catch {
    throw new Problem(0);
  }
  if (!response.ok) throw await problemOf(response);
  return response.status === 204 ? null : response.json();
}

/**
 * @param {{account: string, storage: any, hints: () => {locale?: string, page_url?: string},
 *   onSession: (now: import("./types.js").Session, before: import("./types.js").Session|null) => void}} options
 */
export function createApi({ account, storage, hints, onSession }) {
  /** @type {Promise<any>|null} */
  let opening = null;
  /** @type {import("./types.js").Session|null} */
  let session = storage.get("session");

  function adopt(next) {
    const before = session;
    session = next;
    storage.put("session", next);
    onSession(next, before);
    return next;
  }

  async function start(jwt) {
    const known = storage.get("session");
    const body = { ...(account && { account }), ...hints(), ...(jwt && { jwt }) };
    let answer;
    try {
      answer = await call("sessions", { body: { ...body, ...(known && { session_token: known.token }) } });
    } catch (problem) {
      // A token that is too old or revoked makes a new visitor; a refused customer token does not.
      if (problem.status !== 401 || !known || problem.code === "identity_invalid") throw problem;
      answer = await call("sessions", { body });
    }
    const same = known?.conv === answer.conv_id;
    return adopt({
      token: answer.session_token,
      conv: answer.conv_id,
      expires: new Date(answer.expires_at).getTime(),
      config: answer.config,
      active: Boolean(answer.last_event_id) || (same && known.active),
    });
  }

  /** One opening at a time; the others wait for it. */
  const open = (jwt) => (opening ??= start(jwt).finally(() => (opening = null)));

  /** The session: the stored one while it lives, a renewed or new one otherwise. */
  async function ready() {
    const stored = storage.get("session");
    if (stored && stored.token !== session?.token) adopt(stored); // another tab renewed it
    return session && session.expires - EARLY_MS > Date.now() ? session : open();
  }

  /** A new token after `refused` got a 401; another tab may have it already. */
  async function renew(refused) {
    const stored = storage.get("session");
    return stored && stored.token !== refused ? adopt(stored) : open();
  }

  /** Run `work(token)`; on 401 once more with a renewed token. */
  async function withToken(work) {
    const { token } = await ready();
    try {
      return await work(token);
    } catch (problem) {
      if (problem.status !== 401) throw problem;
      return work((await renew(token)).token);
    }
  }

  const post = (path, body) => withToken((token) => call(path, { body, token }));

  return {
    ready,
    renew,
    post,
    withToken,
    get session() {
      return session;
    },
    /** Whether a stored session of an earlier page says that there is something to read. */
    get isKnown() {
      return Boolean(session?.active);
    },
    activate() {
      if (session && !session.active) storage.put("session", (session = { ...session, active: true }));
    },
    async identify(jwt) {
      await opening?.catch(() => {});
      return open(jwt);
    },
    /** Revoke and forget; a token that cannot be revoked now still ends within the hour. */
    async logout() {
      const token = session?.token;
      session = null;
      if (token) await call("logout", { token }).catch(() => {});
    },
    forget() {
      session = null;
    },
  };
}

/** Uploads tell their progress: the one thing fetch cannot. */
function put(file, token, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("file", file, file.name || "file");
    request.open("POST", `${API}uploads`);
    request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.responseType = "json";
    request.upload.onprogress = (event) => onProgress(event.lengthComputable ? event.loaded / event.total : 0);
    request.onerror = request.onabort = () => reject(new Problem(0));
    request.onload = () =>
      request.status === 201
        ? resolve(request.response)
        : reject(new Problem(request.status, request.response ?? {}, request.getResponseHeader("Retry-After") ?? ""));
    signal.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

/**
 * Upload one file; resolves to an attachment as the log shows it.
 * @param {any} api
 * @param {File} file
 * @param {(share: number) => void} onProgress
 * @param {AbortSignal} signal
 */
export async function upload(api, file, onProgress, signal) {
  const done = await api.withToken((token) => put(file, token, onProgress, signal));
  return { id: done.upload_id, name: done.name, media_type: done.media_type, size_bytes: done.size_bytes };
}
