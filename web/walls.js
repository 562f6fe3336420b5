/**
 * The walls between the folders of src: app > features > ui > lib > client, features stay apart, and front, the front end
 * of bundles, stands beside app. What front shares with the site is listed here, and reaches nothing of the site's API.
 */
const FEATURES = ["accounts", "content", "members", "repos", "datasets", "versions", "bundles", "serving", "feedback", "results", "viewing", "runs", "operations", "experiments", "usage"];

/** What both front ends show; each knows its own way to call the model. */
const SHARED = {
  serving: ["api/call", "api/run-draft", "components/run-panel", "components/use-inputs", "components/form", "components/result"],
  versions: ["components/card-facts", "components/signature-table"],
};

const SITE_API = "^@/client/api$";
/** A feature's own ways to the site's API, as its components write them. */
const SITE_ONLY = `^\\.{1,2}(/\\.\\.)*(/api)?/(deployment|predict|versions|build-events)$`;
const POP_UPS = "^@mantine/notifications";

export const walls = [
  wall(["src/client/**"], [into("lib", "ui", "features", "app", "front")]),
  wall(["src/lib/**"], [into("ui", "features", "app", "front"), POP_UPS]),
  wall(["src/ui/**"], [into("features", "app", "front")]),
  wall(["src/main.tsx", "src/app/**"], [into("front")]),
  ...FEATURES.map((name) => wall([`src/features/${name}/**`], wallsOf(name))),
  ...Object.entries(SHARED).map(([name, parts]) =>
    wall(parts.flatMap((part) => [`src/features/${name}/${part}.{ts,tsx}`, `src/features/${name}/${part}/**`]), [...wallsOf(name), SITE_API, SITE_ONLY]),
  ),
  wall(["src/front/**"], [into("app", "main"), SITE_API, notShared()]),
];

function wallsOf(name) {
  const others = FEATURES.filter((other) => other !== name).join("|");
  return [into("app", "front"), POP_UPS, `^(@/features|\\.{1,2}(/\\.\\.)*(/features)?)/(${others})/`];
}

/** Imports of these folders of src, by the alias or by the way up. */
function into(...folders) {
  return `^(@|\\.{1,2}(/\\.\\.)*)/(${folders.join("|")})(/|$)`;
}

/** Imports from features but for what is shared. */
function notShared() {
  const shared = Object.entries(SHARED).flatMap(([name, parts]) => parts.map((part) => `${name}/${part}`));
  return `^(@|\\.\\.)/features/(?!(${shared.join("|")})$)`;
}

/** Forbids imports of what the patterns match, those that load late as well. */
function wall(files, patterns) {
  const message = "See web/walls.js: app > features > ui > lib > client; features stay apart, and front takes only what is shared.";
  const late = (pattern) => `ImportExpression > Literal.source[value=/${pattern.replaceAll("/", "\\x2F")}/]`;
  return {
    files,
    rules: {
      "no-restricted-imports": ["error", { patterns: patterns.map((regex) => ({ regex, message })) }],
      "no-restricted-syntax": ["error", ...patterns.map((pattern) => ({ selector: late(pattern), message }))],
    },
  };
}
