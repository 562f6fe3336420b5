import { expect, test } from "vitest";

import { compareFields } from "./compare";
import { packagesOf } from "./lock";

const PYLOCK = 'lock-version = "1.0"\ncreated-by = "uv"\n';

/** A lock as the server writes it. */
function lockOf(platforms: Record<string, Record<string, string>>, system: { name: string; version: string }[] = []): string {
  const wheels = (packages: Record<string, string>) =>
    PYLOCK + Object.entries(packages).map(([name, version]) => `\n[[packages]]\nname = "${name}"\nversion = "${version}"\nwheels = [{ url = "https://index/${name}.whl", hashes = { sha256 = "ab" } }]\n`).join("");
  const held: [string, unknown][] = Object.entries(platforms).map(([platform, packages]) => [platform, { system, wheels: wheels(packages) }]);
  return JSON.stringify({ format: 1, python: "3.11", platforms: Object.fromEntries(held) });
}

test("packages that were added, removed and upgraded", () => {
  const before = packagesOf(lockOf({ "linux/amd64": { numpy: "2.1.0", "scikit-learn": "1.5.0", six: "1.0" } }));
  const after = packagesOf(lockOf({ "linux/amd64": { numpy: "2.2.0", "scikit-learn": "1.5.0", joblib: "1.4" } }, [{ name: "libgomp1", version: "12.2" }]));
  expect(compareFields(before, after)).toEqual([
    { name: "joblib", before: null, after: "1.4" },
    { name: "numpy", before: "2.1.0", after: "2.2.0" },
    { name: "six", before: "1.0", after: null },
    { name: "system libgomp1", before: null, after: "12.2" },
  ]);
});

test("what differs between platforms says where it is", () => {
  const lock = lockOf({ "linux/amd64": { numpy: "2.2.0", mkl: "1" }, "linux/arm64": { numpy: "2.1.0" } });
  expect(packagesOf(lock)).toEqual({ Python: "3.11", numpy: "2.2.0 (linux/amd64), 2.1.0 (linux/arm64)", mkl: "1 (linux/amd64)" });
});

test("what is no lock holds nothing", () => {
  expect(packagesOf("")).toEqual({});
  expect(packagesOf("[]")).toEqual({});
});
