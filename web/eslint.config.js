import js from "@eslint/js";
import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

import { walls } from "./walls.js";

export default tseslint.config(
  { ignores: ["node_modules", "dist", "src/client/generated"] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked.map((config) => ({ ...config, files: ["**/*.{ts,tsx}"] })),
  { files: ["**/*.{ts,tsx}"], languageOptions: { parserOptions: { project: true, tsconfigRootDir: import.meta.dirname } } },
  { files: ["src/**/*.tsx"], ...jsxA11y.flatConfigs.recommended },
  { files: ["src/**/*.{ts,tsx}"], plugins: { "react-hooks": reactHooks }, rules: reactHooks.configs.recommended.rules },
  {
    files: ["src/**/*.{ts,tsx}"],
    rules: {
      "max-lines": ["error", { max: 250 }],
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
      // TanStack Router throws its redirects.
      "@typescript-eslint/only-throw-error": "off",
    },
  },
  {
    files: ["public/**/*.js"],
    languageOptions: { globals: { document: "readonly", localStorage: "readonly", matchMedia: "readonly" } },
  },
  { files: ["*.js", "*.cjs", "scripts/**"], languageOptions: { globals: { console: "readonly", process: "readonly", module: "writable", URL: "readonly" } } },
  ...walls,
);
