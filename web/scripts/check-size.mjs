// Prints what the first page loads and fails when its JavaScript passes 200 KB gzipped (UI promise: fast).
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT_BYTES = 200 * 1000;
const out = process.env.MODELYARD_WEB_OUT ?? "../src/modelyard/apps/static";
const manifest = JSON.parse(readFileSync(`${out}/.vite/manifest.json`, "utf8"));
const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
const home = Object.keys(manifest).find((key) => key.endsWith("app/pages/home-page.tsx"));

const files = new Set();
visit(entry);
visit(home);
const sizes = [...files].map((file) => [file, gzipSync(readFileSync(`${out}/${file}`)).length]);
const total = sizes.reduce((sum, [, size]) => sum + size, 0);
for (const [file, size] of sizes) console.log(`  ${(size / 1000).toFixed(1).padStart(7)} KB  ${file}`);
console.log(`first page: ${(total / 1000).toFixed(1)} KB of JavaScript gzipped (limit ${LIMIT_BYTES / 1000} KB)`);
if (total > LIMIT_BYTES) process.exit(1);

function visit(key) {
  const chunk = manifest[key];
  if (!chunk || files.has(chunk.file)) return;
  files.add(chunk.file);
  (chunk.imports ?? []).forEach(visit);
}
