import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { type Call, snippet } from "./snippets";

const nasty = { text: `it's "quoted" $HOME \`id\` \\ and\nnew line`, flag: true, nothing: null, rows: [[1, 2.5], [3, 4]] };

/** Runs a shell script whose curl talks to a real server here; gives what that server was sent. */
async function received(script: (url: string) => string, cwd: string): Promise<{ headers: Record<string, unknown>; body: string }> {
  let headers = {};
  let body = "";
  const server = createServer((request, response) => {
    headers = request.headers;
    request.on("data", (chunk: Buffer) => (body += chunk.toString("latin1")));
    request.on("end", () => response.end("{}"));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/serve/a/b/model/predict`;
  writeFileSync(join(cwd, "call.sh"), script(url));
  const child = spawn("bash", ["call.sh"], { cwd, env: { ...process.env, MODELYARD_TOKEN: "my_secret" } });
  const code = await new Promise((done) => child.on("close", done));
  server.close();
  expect(code).toBe(0);
  return { headers, body };
}

const call = (url: string, inputs: Record<string, unknown>, files: Record<string, string> = {}): Call => ({ url, inputs, files, withToken: true });

describe("curl", () => {
  const folder = mkdtempSync(join(tmpdir(), "snippets-"));
  writeFileSync(join(folder, "it's.png"), Buffer.from([1, 2, 3]));

  it("sends any text unharmed", async () => {
    const { headers, body } = await received((url) => snippet("curl", call(url, nasty)), folder);
    expect(JSON.parse(Buffer.from(body, "latin1").toString())).toEqual(nasty);
    expect(headers.authorization).toBe("Bearer my_secret");
  });

  it("sends long bodies unharmed", async () => {
    const long = { ...nasty, cells: Array.from({ length: 40_000 }, (_, i) => i) };
    const { body } = await received((url) => snippet("curl", call(url, long)), folder);
    expect(JSON.parse(Buffer.from(body, "latin1").toString())).toEqual(long);
  });

  it("reads files by their name", async () => {
    const { body } = await received((url) => snippet("curl", call(url, { ...nasty, image: "x" }, { image: "it's.png" })), folder);
    expect(JSON.parse(Buffer.from(body, "latin1").toString())).toEqual({ ...nasty, image: "AQID" });
  });

  it("uploads the one file input itself", async () => {
    const { headers, body } = await received((url) => snippet("curl", call(url, { image: "x" }, { image: "it's.png" })), folder);
    expect(headers["content-type"]).toContain("multipart/form-data");
    expect(body).toContain("\u0001\u0002\u0003");
  });
});

describe("python", () => {
  it("is Python that holds the same values", () => {
    const text = snippet("python", call("http://x/", nasty));
    const program = `import ast, json, sys
tree = ast.parse(sys.stdin.read())
[body] = [k.value for n in ast.walk(tree) if isinstance(n, ast.Call) for k in n.keywords if k.arg == "json"]
print(json.dumps(ast.literal_eval(body)))`;
    const answer = execFileSync("python3", ["-c", program], { input: text }).toString();
    expect(JSON.parse(answer)).toEqual(nasty);
  });
});

describe("javascript", () => {
  it("is JavaScript that sends the same values", () => {
    const text = snippet("javascript", call("http://x/", nasty));
    const body = /JSON\.stringify\(([\s\S]*)\),\n\}\);/.exec(text)?.[1] ?? "";
    const answer = execFileSync("node", ["-e", `console.log(JSON.stringify(${body}))`]).toString();
    expect(JSON.parse(answer)).toEqual(nasty);
  });
});
