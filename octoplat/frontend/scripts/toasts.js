// Messages in the corner. Those the server rendered are there without script; these come later.
export function toast(text) {
  const made = document.getElementById("toast-template").content.cloneNode(true);
  made.querySelector("p").textContent = text;
  document.getElementById("toasts").append(made);
}

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-dismiss]")) target.closest(".toast, .banner, .notice").remove();
});

for (const shown of document.querySelectorAll(".toast[data-passing]")) {
  setTimeout(() => shown.remove(), 10_000);
}
