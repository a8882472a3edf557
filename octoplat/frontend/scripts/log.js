// The live log. htmx fetches the lines after the last one (task.html); this module follows them.
// Following pauses the moment the reader scrolls up, and a button leads back to the newest line.
const atEnd = () => innerHeight + scrollY >= document.documentElement.scrollHeight - 80;

let following = true;
let missed = 0;

const log = () => document.querySelector("[data-log]");
const jump = () => document.querySelector("[data-log-jump]");

function showEnd() {
  scrollTo({ top: document.documentElement.scrollHeight });
  following = true;
  missed = 0;
  if (jump()) jump().hidden = true;
}

addEventListener("scroll", () => {
  if (log()) following = atEnd();
  if (following && jump()) {
    jump().hidden = true;
    missed = 0;
  }
}, { passive: true });

// A part opens when it starts or fails and closes when it is done, unless the reader has opened or closed it.
function unfold(summary) {
  const group = summary.parentElement;
  if (group.dataset.touched === undefined) {
    group.open = ["Running", "Failed"].includes(summary.dataset.state);
  }
}

document.addEventListener("click", ({ target }) => {
  const group = target.closest("[data-log] summary")?.parentElement;
  if (group) group.dataset.touched = "";
});

document.addEventListener("htmx:oobAfterSwap", ({ detail }) => {
  for (const summary of log()?.querySelectorAll("summary[data-fresh]") ?? []) {
    delete summary.dataset.fresh;
    unfold(summary);
  }
  if (!detail.target.matches?.("[data-lines]") || log()?.dataset.follow === undefined) return;
  if (following) {
    showEnd();
    return;
  }
  missed += detail.fragment?.querySelectorAll?.(".line").length ?? 0;
  if (jump()) {
    jump().hidden = false;
    jump().querySelector("[data-count]").textContent = missed;
  }
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-log-jump]")) showEnd();
  const wrap = event.target.closest("[data-log-wrap]");
  if (wrap) {
    const wraps = log().classList.toggle("wraps");
    wrap.setAttribute("aria-pressed", String(wraps));
  }
  const fold = event.target.closest("[data-log-fold]");
  if (fold) {
    for (const group of log().querySelectorAll("details.log-group")) {
      group.open = fold.dataset.logFold === "open";
    }
  }
});
