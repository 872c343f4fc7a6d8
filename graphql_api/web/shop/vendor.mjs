/**
 * Makes `vendor/`, the three libraries of this page and of the console as one file a browser needs,
 * from the versions in package-lock.json.
 *
 *     node vendor.mjs        # Node 20 or newer, and npm
 *
 * Needed only to move to another version: change package.json, run
 * `npm install --package-lock-only --omit-lockfile-registry-resolved`, then this, and look at the page.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const VENDOR = join(HERE, "vendor");
const ENTRY = `
  import { h } from "preact";
  import htm from "htm";
  export { render } from "preact";
  export { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
  export { createClient } from "graphql-sse";
  export const html = htm.bind(h);
`;
const SHIPPED = ["preact", "htm", "graphql-sse"];

const folder = mkdtempSync(join(tmpdir(), "shop-page-"));
for (const name of ["package.json", "package-lock.json"]) copyFileSync(join(HERE, name), join(folder, name));
execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder, stdio: "inherit" });
const require = createRequire(join(folder, "package.json"));
const { rollup } = require("@rollup/wasm-node");
const { nodeResolve } = require("@rollup/plugin-node-resolve");

writeFileSync(join(folder, "entry.js"), ENTRY);
const bundle = await rollup({
  input: join(folder, "entry.js"),
  // The client for browsers only: what it might import on other machines is never reached.
  external: ["graphql"],
  plugins: [nodeResolve({ browser: true })],
});
const { output } = await bundle.generate({ format: "es" });
if (output[0].imports.length) throw new Error(`Not bundled: ${output[0].imports}`);
rmSync(VENDOR, { recursive: true, force: true });
mkdirSync(VENDOR);
writeFileSync(join(VENDOR, "libraries.js"), output[0].code);

const digest = createHash("sha256").update(output[0].code).digest("hex");
const rows = [];
const licences = [];
for (const name of SHIPPED) {
  const root = join(folder, "node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const file = ["LICENSE", "LICENSE.md"].map((f) => join(root, f)).find((f) => { try { readFileSync(f); return true; } catch { return false; } });
  rows.push(`| ${name} | ${version} | ${license} |`);
  licences.push(`${name} ${version}\n\n${readFileSync(file, "utf8").trim()}\n`);
}
writeFileSync(join(VENDOR, "LICENSES.txt"), licences.join(`\n${"-".repeat(80)}\n\n`));
writeFileSync(join(VENDOR, "VERSIONS.md"), `# What is in this folder

Made by \`node vendor.mjs\` in the folder above, from the packages pinned in \`package-lock.json\`. Do not
edit: change \`package.json\` and make it again. Licence texts are in \`LICENSES.txt\`.

| Package | Version | Licence |
| --- | --- | --- |
${rows.join("\n")}

\`libraries.js\`: ${output[0].code.length} characters, SHA-256 \`${digest}\`.
`);
rmSync(folder, { recursive: true });
