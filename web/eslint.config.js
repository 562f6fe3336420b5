import js from "@eslint/js";
import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const FEATURES = ["accounts", "content", "repos", "datasets", "versions", "bundles", "serving", "feedback"];

/** The walls: app > features > ui > lib > client, and no feature imports another. */
const walls = [
  wall(["src/client/**"], ["@/lib/*", "@/ui/*", "@/features/*", "@/app/*"]),
  wall(["src/lib/**"], ["@/ui/*", "@/features/*", "@/app/*", "@mantine/notifications"]),
  wall(["src/ui/**"], ["@/features/*", "@/app/*"]),
  ...FEATURES.map((name) =>
    wall(
      [`src/features/${name}/**`],
      ["@/app/*", "@mantine/notifications", ...FEATURES.filter((other) => other !== name).map((other) => `@/features/${other}/*`)],
    ),
  ),
];

function wall(files, group) {
  const message = "See the walls in eslint.config.js: app > features > ui > lib > client; features stay apart.";
  return { files, rules: { "no-restricted-imports": ["error", { patterns: [{ group, message }] }] } };
}

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
