// A form is sent once: a second press while the answer is under way does nothing.
let sent = new WeakSet();

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  if (sent.has(event.target)) event.preventDefault();
  sent.add(event.target);
});

// Coming back with the browser's Back button, the same form may be sent again.
addEventListener("pageshow", () => {
  sent = new WeakSet();
});
