// htmx looks for itself, and its morph extension for it, on the global object.
import htmx from "htmx.org/dist/htmx.esm.js";

globalThis.htmx = htmx;

export default htmx;
