// Behaviour of every page. Each module binds itself by data- attributes through document-level
// listeners, so what htmx swaps in later works without being told.
import "./htmx.js";
import "idiomorph/dist/idiomorph-ext.esm.js";
import "./requests.js";
import "./menus.js";
import "./dialogs.js";
import "./copying.js";
import "./toasts.js";
import "./blocked.js";
import "./typing.js";
import "./security_keys.js";
import "./once.js";
import "./preferences.js";
import "./log.js";

document.documentElement.classList.add("js");
