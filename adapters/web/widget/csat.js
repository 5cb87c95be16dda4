/** "How did we do?": five stars as radio buttons, a comment, thanks. */

import { h, icon, put, toggle } from "./dom.js";

/** The request that still stands: nothing was said after it. */
function requestIn(messages) {
  const last = messages.at(-1);
  return last?.kind === "csat_request" ? last : null;
}

/** @param {{chat: any, words: any}} context */
export function createCsat({ chat, words }) {
  const { t } = words;
  const title = h("legend", null, t("csat"));
  const comment = h("textarea", { rows: 2, "aria-label": t("comment"), placeholder: t("comment"), maxlength: 1000, hidden: true });
  const submit = h("button", { type: "submit", class: "primary", hidden: true }, t("submit"));
  const star = (n) =>
    h(
      "label",
      { class: "star", title: t("stars", { n }) },
      h("input", { type: "radio", name: "rating", value: n, "aria-label": t("stars", { n }), onchange: chosen }),
      icon("star"),
    );
  const stars = h("div", { class: "stars" }, ...[1, 2, 3, 4, 5].map(star));
  const ends = h("div", { class: "ends", "aria-hidden": "true" }, h("span", null, t("poor")), h("span", null, t("great")));
  const form = h("form", { onsubmit: send }, h("fieldset", null, title, stars, ends), comment, submit);
  const thanks = h("p", { class: "thanks", role: "status" });
  const root = h("div", { class: "csat", hidden: true }, form, thanks);

  function chosen() {
    toggle(comment, true);
    toggle(submit, true);
  }

  async function send(event) {
    event.preventDefault();
    const rating = Number(new FormData(form).get("rating"));
    submit.disabled = true;
    await chat.rateConversation(rating, comment.value.trim());
    submit.disabled = false;
  }

  function update(state) {
    const request = state.config?.csat ? requestIn(chat.messages()) : null;
    toggle(root, Boolean(request));
    if (!request) return;
    const isRated = state.csat !== null && state.csat !== undefined;
    toggle(form, !isRated);
    put(title, request.text || t("csat"));
    put(thanks, isRated ? `${t("csatThanks")} ${"★".repeat(state.csat)}` : "");
  }

  return { root, update };
}
