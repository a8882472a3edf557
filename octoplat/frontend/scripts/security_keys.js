// [data-security-key="get|create"] asks the browser for a security key before its form is sent. The question is in
// data-options as JSON; the answer goes into the field `answer`. WebAuthn's bytes travel as base64url.
const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
const known = (credentials = []) => credentials.map((one) => ({ ...one, id: bytes(one.id) }));

function create({ publicKey: asked }) {
  const user = { ...asked.user, id: bytes(asked.user.id) };
  const publicKey = {
    ...asked,
    user,
    challenge: bytes(asked.challenge),
    excludeCredentials: known(asked.excludeCredentials),
  };
  return navigator.credentials.create({ publicKey });
}

function get({ publicKey: asked }) {
  const publicKey = {
    ...asked,
    challenge: bytes(asked.challenge),
    allowCredentials: known(asked.allowCredentials),
  };
  return navigator.credentials.get({ publicKey });
}

// What the server reads: only the parts that either kind of answer has.
function told({ id, rawId, type, response }) {
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature"];
  const given = parts.filter((part) => response[part]);
  return JSON.stringify({
    id,
    rawId: text(rawId),
    type,
    response: Object.fromEntries(given.map((part) => [part, text(response[part])])),
  });
}

const PROBLEMS = {
  NotAllowedError: "The key was not used in time, or the request was cancelled. Try again.",
  InvalidStateError: "This key is set up already.",
  SecurityError: "The browser does not use keys on this address.",
};

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-security-key]");
  if (!form || form.elements.answer.value) return;
  event.preventDefault();
  const problem = form.querySelector("[data-security-key-problem]");
  problem.hidden = true;
  try {
    const ask = form.dataset.securityKey === "create" ? create : get;
    form.elements.answer.value = told(await ask(JSON.parse(form.dataset.options)));
    form.requestSubmit();
  } catch (error) {
    problem.textContent = PROBLEMS[error.name] ?? "The security key could not be used.";
    problem.hidden = false;
  }
});
