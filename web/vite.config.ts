import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import react from "@vitejs/plugin-react";

const API = process.env.MODELYARD_URL ?? "http://127.0.0.1:8080";
const SOURCE = new URL("./src", import.meta.url).pathname;
const FORWARDED = ["/api", "/serve", "/v2", "/healthz"];

const OUT = process.env.MODELYARD_WEB_OUT ?? "../src/modelyard/apps/static";

/** `vite build` makes the site; `vite build --mode front` the front end of bundles, into a folder beside it. */
export default defineConfig(({ mode }) => ({
  plugins: [react(), compress()],
  resolve: {
    alias: {
      "@": SOURCE,
      // The form library's own test helper, which its entry exports, asks for Ajv by name; it gets our validator.
      "@rjsf/validator-ajv8": `${SOURCE}/features/serving/components/form/validator.ts`,
    },
  },
  build: {
    outDir: mode === "front" ? join(OUT, "../front") : OUT,
    rolldownOptions: { input: mode === "front" ? "front.html" : "index.html" },
    emptyOutDir: true,
    target: "es2022",
    manifest: true,
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: Object.fromEntries(FORWARDED.map((path) => [path, { target: API }])) },
  test: { environment: "node", include: ["src/**/*.test.ts", "*.test.js"] },
}));

/** Writes .br and .gz beside every text file, so that the server compresses nothing while it answers. */
function compress(): Plugin {
  return {
    name: "modelyard-compress",
    apply: "build",
    // Only what lies on the disk is final: Vite still writes preload lists into the chunks while it generates them.
    writeBundle({ dir = "" }, bundle) {
      for (const fileName of Object.keys(bundle).filter((name) => /\.(js|css|svg)$/.test(name))) {
        const path = join(dir, fileName);
        const bytes = readFileSync(path);
        if (bytes.length < 1024) continue;
        writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }));
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
      }
    },
  };
}
