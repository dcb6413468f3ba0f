// A JSON list of texts on standard input becomes the list of their cl100k token counts on standard output.
// The one argument is the folder whose node_modules hold gpt-tokenizer.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const require = createRequire(join(process.argv[2], "package.json"));
const { encode } = require("gpt-tokenizer/encoding/cl100k_base");
const texts = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(texts.map((text) => encode(text).length)));
