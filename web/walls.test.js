import { Linter } from "eslint";
import tseslint from "typescript-eslint";
import { expect, test } from "vitest";

import { walls } from "./walls.js";

const linter = new Linter({ configType: "flat" });
const languageOptions = { parser: tseslint.parser };

/** Whether the walls let a file import this. */
function lets(file, from, code = `import * as it from "${from}";`) {
  return linter.verify(code, [{ files: ["**/*.{ts,tsx}"], languageOptions }, ...walls], { filename: file }).length === 0;
}

test("the site takes nothing of the bundle's front end", () => {
  for (const file of ["src/app/shell.tsx", "src/features/serving/pages/run-page.tsx", "src/ui/section.tsx", "src/lib/json.ts", "src/client/types.ts"])
    expect(lets(file, "@/front/model"), file).toBe(false);
  expect(lets("src/main.tsx", "./front/model")).toBe(false);
  expect(lets("src/app/pages/home-page.tsx", "../../front/model")).toBe(false);
});

test("the bundle's front end takes what is shared, and nothing else of the site", () => {
  for (const from of ["./model", "@/ui/section", "@/lib/json", "@/client/problem", "@/features/serving/components/run-panel", "@/features/versions/components/card-facts"])
    expect(lets("src/front/front-page.tsx", from), from).toBe(true);
  for (const from of ["@/app/shell", "../app/app.css", "@/main", "@/client/api", "@/features/serving/api/deployment", "@/features/versions/components/card-view", "@/features/accounts/api/session", "../features/repos/api/repos"])
    expect(lets("src/front/front-page.tsx", from), from).toBe(false);
});

test("what is shared does not reach the site's API", () => {
  expect(lets("src/features/serving/components/run-panel.tsx", "../api/call")).toBe(true);
  expect(lets("src/features/serving/components/run-panel.tsx", "../api/deployment")).toBe(false);
  expect(lets("src/features/serving/components/form/inputs-form.tsx", "../../api/predict")).toBe(false);
  expect(lets("src/features/serving/api/call.ts", "@/client/api")).toBe(false);
  expect(lets("src/features/serving/components/deploy-form.tsx", "../api/deployment")).toBe(true);
});

test("features stay apart, and nothing looks up", () => {
  expect(lets("src/features/repos/pages/files-page.tsx", "../api/repos")).toBe(true);
  expect(lets("src/features/repos/pages/files-page.tsx", "@/features/versions/api/versions")).toBe(false);
  expect(lets("src/features/repos/pages/files-page.tsx", "../../versions/api/versions")).toBe(false);
  expect(lets("src/ui/section.tsx", "@/features/repos/api/repos")).toBe(false);
  expect(lets("src/lib/json.ts", "@/ui/notify")).toBe(false);
});

test("imports that load late count too", () => {
  const late = (from) => `const part = () => import("${from}");`;
  expect(lets("src/app/shell.tsx", "", late("@/front/front-page"))).toBe(false);
  expect(lets("src/front/front-page.tsx", "", late("@/app/search-dialog"))).toBe(false);
  expect(lets("src/front/front-page.tsx", "", late("@/ui/prose"))).toBe(true);
});
