// The knowledge page's two kinds of buttons: colours (shared with the desk) and syncs.

const THEME = "frontdesk.desk.theme";
const THEMES = { auto: "dark", dark: "light", light: "auto" };
const WORDS = { auto: "automatic", dark: "dark", light: "light" };

const said = document.getElementById("said");

function useTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  localStorage.setItem(THEME, theme);
}

/** Start a sync; the page tells how it went, a reload how it goes on. */
async function sync(button) {
  const { tenant, source } = button.dataset;
  button.disabled = true;
  try {
    const answer = await fetch("/admin/kb/sync", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(source ? { tenant, sources: [source] } : { tenant }),
    });
    const problem = answer.ok ? null : await answer.json().catch(() => ({}));
    said.textContent = answer.ok ? "The sync has begun. Reload to see how it goes." : problem.detail || "That did not work.";
  } catch {
    said.textContent = "No connection. Please try again.";
  } finally {
    button.disabled = false;
    button.focus();
  }
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
