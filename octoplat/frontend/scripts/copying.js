// [data-copy="text"] puts the text on the clipboard and says so in its own label.
document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const label = button.getAttribute("aria-label");
  button.setAttribute("aria-label", "Copied");
  button.classList.add("text-succeeded");
  setTimeout(() => {
    button.setAttribute("aria-label", label);
    button.classList.remove("text-succeeded");
  }, 1500);
});
