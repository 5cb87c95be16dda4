// The desk's HTTP API; refusals are problem JSON and become `Refusal`.

export class Refusal extends Error {
  constructor(status, problem) {
    super(problem.detail || "The server refused this.");
    this.status = status;
    this.code = problem.code || "";
  }
}

async function call(path, options = {}) {
  const answer = await fetch(`/desk/api${path}`, { credentials: "same-origin", ...options });
  if (answer.status === 401) {
    location.assign("/desk/login");
    return new Promise(() => {});
  }
  const body = answer.status === 204 ? null : await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(answer.status, body || {});
  return body;
}

const at = (tenant, rest) => `?${new URLSearchParams({ tenant, ...rest })}`;
const post = (path, body) =>
  call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const newKey = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};

export const me = () => call("/me");
export const list = (tenant, filter, before) =>
  call(`/conversations${at(tenant, before ? { filter, before } : { filter })}`);
export const read = (tenant, conv) => call(`/conversations/${encodeURIComponent(conv)}${at(tenant)}`);
export const earlier = (tenant, conv, before) =>
  call(`/conversations/${encodeURIComponent(conv)}/earlier${at(tenant, { before })}`);
export const act = (tenant, conv, action, body) =>
  post(`/conversations/${encodeURIComponent(conv)}/${action}${at(tenant)}`, body);

/** Send one file of a reply; the reply names it by its `upload_id`. */
export const upload = (tenant, conv, file, signal) => {
  const body = new FormData();
  body.append("file", file, file.name || "pasted");
  return call(`/conversations/${encodeURIComponent(conv)}/files${at(tenant)}`, { method: "POST", body, signal });
};
export const identity = (tenant, conv) => call(`/conversations/${encodeURIComponent(conv)}/identity${at(tenant)}`);
export const unlink = (tenant, conv, identity) => act(tenant, conv, "unlink", { identity });
export const parkedAccounts = () => call("/accounts");
export const typing = (tenant, conv, active) => act(tenant, conv, "typing", { active }).catch(() => {});

export async function logOut() {
  await fetch("/desk/logout", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
  location.assign("/desk/login?say=ended");
}
