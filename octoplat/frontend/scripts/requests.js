// What every htmx request carries, and what happens when none of our answers comes back.
import { toast } from "./toasts.js";

document.addEventListener("htmx:configRequest", ({ detail }) => {
  detail.headers["X-CSRFToken"] = document.body.dataset.csrf ?? "";
});

// A fragment that failed must not take the page with it (ui.md 4.5). A poll says nothing: it comes again.
document.addEventListener("htmx:responseError", ({ detail }) => {
  if (detail.elt.dataset.poll === undefined) {
    toast(`Not done: the server answered ${detail.xhr.status}. Nothing you typed is lost.`);
  }
});

document.addEventListener("htmx:sendError", ({ detail }) => {
  if (detail.elt.dataset.poll === undefined) {
    toast("Not done: octoplat cannot be reached. Nothing you typed is lost.");
  }
});
