/**
 * Makes `vendor/`, GraphiQL as the few files a browser needs, from the versions in package-lock.json.
 *
 *     node vendor.mjs        # Node 20 or newer, and npm
 *
 * Needed only to move to another version: change package.json, run
 * `npm install --package-lock-only --omit-lockfile-registry-resolved`, then this, and look at the page.
 * The same lock file gives the same bytes.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const VENDOR = join(HERE, "vendor");
const LARGEST_FILE_BYTES = 1_000_000;

/** What page.js may import. */
const ENTRY = `
  export { createElement } from "react";
  export { createRoot } from "react-dom/client";
  export { GraphiQL } from "graphiql";
  export { ImagePreview } from "@graphiql/react";
  export { createGraphiQLFetcher } from "@graphiql/toolkit";
`;

/** The files, each with the packages inside; the rest goes to graphiql.js. */
const FILES = [
  { file: "react", packages: ["react", "react-dom", "scheduler"] },
  { file: "graphql", packages: ["graphql", "graphql-language-service", "nullthrows", "vscode-languageserver-types"] },
  { file: "codemirror", packages: ["codemirror", "codemirror-graphql"] },
];

/**
 * react-remove-scroll writes <style> elements, which `style-src 'self'` refuses. The same rules in a
 * constructed style sheet are allowed, so this stands in for react-style-singleton.
 */
const STYLE_SINGLETON = `
  import { useEffect } from "react";
  export function styleSingleton() {
    const sheet = new CSSStyleSheet();
    let users = 0;
    return function Style({ styles, dynamic }) {
      useEffect(() => {
        if (users++ === 0) {
          sheet.replaceSync(styles);
          document.adoptedStyleSheets.push(sheet);
        }
        return () => {
          if (--users === 0) {
            document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
          }
        };
      }, [styles && dynamic]);
      return null;
    };
  }
`;

/** Warnings about how the packages are written inside. */
const NOT_OURS_TO_MEND = new Set(["CIRCULAR_DEPENDENCY", "MODULE_LEVEL_DIRECTIVE", "THIS_IS_UNDEFINED"]);

/** Packages whose licence text is in another package of the same authors. */
const LICENCE_ELSEWHERE = {
  "@graphiql/plugin-doc-explorer": "graphiql",
  "@graphiql/plugin-history": "graphiql",
  "react-compiler-runtime": "react",
  "react-remove-scroll-bar": "react-remove-scroll",
};

const workshop = mkdtempSync(join(tmpdir(), "graphiql-vendor-"));
try {
  for (const name of ["package.json", "package-lock.json"]) {
    copyFileSync(join(HERE, name), join(workshop, name));
  }
  execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: workshop, stdio: "inherit" });
  rmSync(VENDOR, { recursive: true, force: true });
  mkdirSync(VENDOR);
  const packages = [...new Set(await writeScripts())].sort();
  writeStyles();
  writeLicences(packages);
  writeVersions(packages);
} finally {
  rmSync(workshop, { recursive: true, force: true });
}

/** Bundle the scripts. Returns the names of the packages that went in. */
async function writeScripts() {
  const load = createRequire(join(workshop, "package.json"));
  const made = { "graphiql-entry": ENTRY, "react-style-singleton": STYLE_SINGLETON };
  const bundle = await load("rollup").rollup({
    input: { graphiql: "graphiql-entry" },
    // Only for subscriptions over WebSocket, which this page does not open.
    external: ["graphql-ws"],
    onwarn: (warning, warn) => (NOT_OURS_TO_MEND.has(warning.code) ? undefined : warn(warning)),
    plugins: [
      {
        name: "made-here",
        resolveId: (id) => (id in made ? join(workshop, `${id}.js`) : null),
        load: (id) => made[Object.keys(made).find((name) => id === join(workshop, `${name}.js`))] ?? null,
      },
      load("@rollup/plugin-replace")({
        preventAssignment: true,
        "process.env.NODE_ENV": '"production"',
        "globalThis.process": "true", // graphql asks for both before it believes it is in production
      }),
      load("@rollup/plugin-node-resolve")({ browser: true }),
      load("@rollup/plugin-commonjs")(),
      load("@rollup/plugin-terser")({ format: { comments: false } }),
    ],
  });
  const { output } = await bundle.write({
    dir: VENDOR,
    entryFileNames: "[name].js",
    chunkFileNames: "[name].js",
    hoistTransitiveImports: false,
    // The helpers that every file needs go where every file looks first.
    manualChunks: (id) =>
      id.includes("commonjsHelpers") ? "react" : FILES.find(({ packages }) => packages.includes(packageOf(id)))?.file,
  });
  return output.flatMap((chunk) => Object.keys(chunk.modules)).flatMap((id) => packageOf(id) ?? []);
}

/** "/somewhere/node_modules/@scope/name/dist/x.js" -> "@scope/name" */
function packageOf(id) {
  return id.match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1];
}

/** GraphiQL's own style sheet without the 370 kB of fonts inside it: page.css names the system's. */
function writeStyles() {
  const css = readFileSync(join(workshop, "node_modules/graphiql/dist/style.css"), "utf8");
  writeFileSync(join(VENDOR, "graphiql.css"), css.replace(/@font-face\s*\{[^}]*\}\s*/g, ""));
}

function manifest(name) {
  return JSON.parse(readFileSync(join(workshop, "node_modules", name, "package.json"), "utf8"));
}

function licenceText(name) {
  const folder = join(workshop, "node_modules", LICENCE_ELSEWHERE[name] ?? name);
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  return file && readFileSync(join(folder, file), "utf8").replaceAll("\r\n", "\n").trim();
}

/** One text file: every licence once, under the packages it covers. */
function writeLicences(packages) {
  const covered = new Map();
  for (const name of packages) {
    const { version, license, author, repository } = manifest(name);
    const text =
      licenceText(name) ??
      [
        `${license} licence, as its package.json says; the package carries no text of its own.`,
        author?.name ?? author,
        repository?.url ?? repository,
      ].join("\n");
    covered.set(text, [...(covered.get(text) ?? []), `${name} ${version} (${license})`]);
  }
  const sections = [...covered].map(([text, names]) => `${names.join("\n")}\n\n${text}\n`);
  writeFileSync(join(VENDOR, "LICENSES.txt"), sections.join(`\n${"=".repeat(80)}\n\n`));
}

/** What is in vendor/, so that anyone can check it was made by this script. */
function writeVersions(packages) {
  const asked = JSON.parse(readFileSync(join(HERE, "package.json"), "utf8")).devDependencies;
  const files = readdirSync(VENDOR).map((name) => {
    const bytes = readFileSync(join(VENDOR, name));
    if (bytes.length >= LARGEST_FILE_BYTES) {
      throw new Error(`${name} has ${bytes.length} bytes, not below ${LARGEST_FILE_BYTES}: split it in FILES`);
    }
    return `| ${name} | ${bytes.length} | \`${createHash("sha256").update(bytes).digest("hex")}\` |`;
  });
  const rows = packages.map((name) => {
    const { version, license } = manifest(name);
    return `| ${name} | ${version} | ${license} | ${name in asked ? "asked for" : ""} |`;
  });
  writeFileSync(
    join(VENDOR, "VERSIONS.md"),
    `# What is in this folder

Made by \`node vendor.mjs\` in the folder above, with ${asked.rollup.replace("npm:", "")}, from the packages pinned in
\`package-lock.json\`. Do not edit: change \`package.json\` and make it again. Licence texts are in \`LICENSES.txt\`.

Not as published: GraphiQL's fonts are left out, and react-style-singleton is replaced by a few lines that do
its work under a strict Content-Security-Policy. Both are in \`vendor.mjs\`.

| File | Bytes | SHA-256 |
| --- | ---: | --- |
${files.join("\n")}

| Package | Version | Licence | |
| --- | --- | --- | --- |
${rows.join("\n")}
`,
  );
}
