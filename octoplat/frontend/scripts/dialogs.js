// [data-dialog="id"] opens that <dialog>; without script the same link leads to a page that asks.
// [data-close] closes the dialog it is in. Dialogs that arrive with [data-open] open themselves.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  const dialog = opener && document.getElementById(opener.dataset.dialog);
  if (dialog) {
    event.preventDefault();
    dialog.showModal();
    dialog.querySelector("[data-safe]")?.focus();
    return;
  }
  if (event.target.closest("[data-close]")) {
    event.preventDefault();
    event.target.closest("dialog")?.close();
  }
});
