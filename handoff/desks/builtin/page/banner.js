// A calm line over the panes while an account cannot send: what waits, and who can mend it.

import * as api from "./api.js";
import { $, fill, h, icon } from "./dom.js";

const EVERY_MS = 30_000;

/** Look now and then; a look that fails changes nothing. */
export function watchAccounts() {
  const look = async () => {
    if (document.visibilityState === "hidden") return;
    const found = await api.parkedAccounts().catch(() => null);
    if (found) draw(found.accounts);
  };
  document.addEventListener("visibilitychange", look);
  setInterval(look, EVERY_MS);
  return look();
}

function draw(accounts) {
  const print = JSON.stringify(accounts);
  if ($("banner").dataset.print === print) return;
  $("banner").dataset.print = print;
  $("banner").hidden = !accounts.length;
  const names = accounts.map(({ account }) => account).join(", ");
  const what = accounts.length === 1 ? `The account ${names} cannot send at the moment.` : `These accounts cannot send at the moment: ${names}.`;
  fill($("banner"), accounts.length > 0 && [
    icon("warn"),
    h("span", {}, what, h("span", { class: "soft" }, " What you write is kept and sent once an admin has mended it (frontdesk doctor)."))]);
}
