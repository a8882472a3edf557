// Builds octoplat/static/dist/ from this folder: the stylesheet, the admin's, one script, one sprite of the icons in use.
// Names get their hash from Django's ManifestStaticFilesStorage, not here. `--watch` rebuilds on change.
import { copyFile, mkdir, readFile, rm, watch, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import * as sass from "sass";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
const dist = join(root, "octoplat/static/dist");
const tabler = join(root, "node_modules/@tabler/icons/icons");

// Bootstrap 5.3 is written with @import and global functions; its own notices are not ours to fix.
const BOOTSTRAP_NOTICES = ["import", "global-builtin", "color-functions", "if-function"];

async function styles() {
  await Promise.all(["app", "admin"].map(stylesheet));
}

async function stylesheet(name) {
  const { css } = await sass.compileAsync(join(here, `styles/${name}.scss`), {
    style: "compressed",
    loadPaths: [join(root, "node_modules")],
    quietDeps: true,
    silenceDeprecations: BOOTSTRAP_NOTICES,
  });
  await writeFile(join(dist, `${name}.css`), css);
}

async function scripts() {
  await esbuild.build({
    entryPoints: [join(here, "scripts/app.js")],
    outdir: dist,
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    legalComments: "eof",
    logLevel: "warning",
  });
}

// icons.json maps the name a template uses to a file of Tabler, or of our own icons/ ("own/...").
async function icons() {
  const used = JSON.parse(await readFile(join(here, "icons.json"), "utf8"));
  const symbols = await Promise.all(Object.entries(used).map(([name, file]) => symbol(name, file)));
  const sprite = `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
  await writeFile(join(dist, "icons.svg"), sprite);
}

async function symbol(name, file) {
  const path = file.startsWith("own/") ? join(here, "icons", file.slice(4)) : join(tabler, file);
  const source = await readFile(`${path}.svg`, "utf8");
  const shapes = source
    .slice(source.indexOf(">") + 1, source.lastIndexOf("</svg>"))
    .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none" \/>/, "")
    .replace(/\s+/g, " ")
    .trim();
  const paint = file.startsWith("filled/")
    ? 'fill="currentColor"'
    : 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"';
  return `<symbol id="${name}" viewBox="0 0 24 24" ${paint}>${shapes}</symbol>`;
}

async function build() {
  await mkdir(dist, { recursive: true });
  const favicon = copyFile(join(here, "icons/favicon.svg"), join(dist, "favicon.svg"));
  await Promise.all([styles(), scripts(), icons(), favicon]);
}

await rm(dist, { recursive: true, force: true });
await build();

if (process.argv.includes("--watch")) {
  for await (const change of watch(here, { recursive: true })) {
    await build().then(
      () => console.log(`built after ${change.filename}`),
      (problem) => console.error(problem.message),
    );
  }
}
