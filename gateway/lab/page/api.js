// The lab's own calls.

async function post(path, body, type = "application/json") {
  const response = await fetch(path, { method: "POST", headers: { "Content-Type": type }, body });
  if (!response.ok) throw new Error((await response.text()) || `The lab answered ${response.status}.`);
  return response.status === 204 ? null : response.json();
}

const pane = (id, what) => `api/panes/${encodeURIComponent(id)}/${what}`;
const json = (id, what, body) => post(pane(id, what), JSON.stringify(body));

async function get(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`The lab answered ${response.status}.`);
  return response.json();
}

/** What there is to show. */
export const about = () => get("api/lab");

/** How fresh the knowledge is. */
export const knowledge = () => get("api/knowledge");

export const sitDown = () => post("api/desk", "{}");
export const say = (id, text) => json(id, "say", { text });
export const press = (id, ref, choice) => json(id, "press", { ref, choice });
export const edit = (id, ref, text) => json(id, "edit", { ref, text });
export const react = (id, ref, isGood) => json(id, "react", { ref, is_good: isGood });
export const voice = (id, text) => json(id, "voice", { text });
export const photo = (id) => json(id, "photo", {});
export const trouble = (id, name) => json(id, "trouble", { trouble: name });
export const model = (mode) => post("api/model", JSON.stringify({ mode }));
export const shop = (mode) => post("api/shop", JSON.stringify({ mode }));
export const identity = (customer) => post("api/identity", JSON.stringify({ customer }));
export const sync = () => post("api/knowledge/sync", "{}");
export const attach = (id, file) =>
  post(`${pane(id, "attach")}?${new URLSearchParams({ name: file.name })}`, file, file.type || "application/octet-stream");

/** The body that the vendor's stand-in received. */
export async function raw(id, ref) {
  const response = await fetch(`${pane(id, "raw")}?${new URLSearchParams({ ref })}`);
  if (!response.ok) throw new Error("That message is gone.");
  return (await response.json()).raw;
}

/** Panes as they change, each whole; the browser connects again by itself. */
export function follow(onPane, onBehind, onState) {
  const source = new EventSource("api/stream");
  source.addEventListener("pane", (event) => onPane(JSON.parse(event.data)));
  source.addEventListener("backstage", (event) => onBehind(JSON.parse(event.data)));
  source.addEventListener("open", () => onState(true));
  source.addEventListener("error", () => onState(false));
}
