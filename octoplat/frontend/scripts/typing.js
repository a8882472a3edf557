// Nothing typed is lost (U7): [data-guard] forms warn before the page is left with unsaved changes,
// and count them in their save bar.
const changed = (form) =>
  [...form.elements].filter((field) => field.name && field.type !== "hidden" && isChanged(field));

function isChanged(field) {
  if (field instanceof HTMLSelectElement) {
    return [...field.options].some((option) => option.selected !== option.defaultSelected) &&
      !(field.selectedIndex === 0 && !field.querySelector("[selected]"));
  }
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  return "defaultValue" in field && field.value !== field.defaultValue;
}

let submitting = false;

document.addEventListener("input", ({ target }) => {
  const form = target.form;
  const state = form?.matches("[data-guard]") && form.querySelector("[data-save-state]");
  if (!state) return;
  const count = changed(form).length;
  state.textContent = count === 0 ? "No changes" : `${count} ${count === 1 ? "change" : "changes"}`;
});

document.addEventListener("submit", () => {
  submitting = true;
});

addEventListener("beforeunload", (event) => {
  const forms = [...document.querySelectorAll("form[data-guard]")];
  if (!submitting && forms.some((form) => changed(form).length > 0)) event.preventDefault();
});
