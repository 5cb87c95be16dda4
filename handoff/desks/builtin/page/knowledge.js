// The knowledge page's buttons: colours (shared with the desk), syncs, and going back to a former release.

const THEME = "frontdesk.desk.theme";
const THEMES = { auto: "dark", dark: "light", light: "auto" };
const WORDS = { auto: "automatic", dark: "dark", light: "light" };

const said = document.getElementById("said");

function useTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  localStorage.setItem(THEME, theme);
}

/** Ask for something; gives whether it was done, and tells why not. */
async function ask(button, path, body) {
  button.disabled = true;
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const problem = answer.ok ? null : await answer.json().catch(() => ({}));
    if (problem) said.textContent = problem.detail || "That did not work.";
    return answer.ok;
  } catch {
    said.textContent = "No connection. Please try again.";
    return false;
  } finally {
    button.disabled = false;
    button.focus();
  }
}

/** Start a sync; the page tells how it went, a reload how it goes on. */
async function sync(button) {
  const { tenant, source } = button.dataset;
  const begun = await ask(button, "/admin/kb/sync", source ? { tenant, sources: [source] } : { tenant });
  if (begun) said.textContent = "The sync has begun. Reload to see how it goes.";
}

/** Answer from a former release again; the page that is loaded anew shows it. */
async function goBack(button) {
  const { tenant, release } = button.dataset;
  if (!confirm(`Answer from the release ${release} again, at once?`)) return;
  said.textContent = "Going back takes a moment …";
  if (await ask(button, "/admin/kb/rollback", { tenant, release })) location.reload();
}

useTheme(localStorage.getItem(THEME) || "auto");
const theme = document.getElementById("theme");
theme.hidden = false;
theme.addEventListener("click", () => {
  const next = THEMES[localStorage.getItem(THEME)] || "dark";
  useTheme(next);
  said.textContent = `Colours: ${WORDS[next]}`;
});
for (const button of document.querySelectorAll("[data-sync]")) button.addEventListener("click", () => sync(button));
for (const button of document.querySelectorAll("[data-release]")) button.addEventListener("click", () => goBack(button));
