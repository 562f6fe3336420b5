import { describe, expect, it } from "vitest";

import { draftOf, FRESH_ORDER, NOTHING, orderOf, pickedOf, placeProblem, sourceOf, waitingFor } from "./run-order";

const field = (name: string, required = true) => ({ name, kind: "files", title: name, description: "", required });
const problem = { type: "about:blank", title: "t", status: 422, code: "c", detail: "No.", remedy: "Do.", errors: [] };

describe("an order", () => {
  it("says where inputs come from", () => {
    expect(sourceOf({ ...NOTHING, dataset: "a/b", version: 2, path: "x/" })).toEqual({ dataset: "a/b@v2", path: "x/" });
    expect(sourceOf({ ...NOTHING, from: "run", run: "7" })).toEqual({ run: "7" });
    expect(sourceOf({ ...NOTHING, from: "files", uploads: [{ upload: "u", path: "" }] })).toEqual({ uploads: [{ upload: "u" }] });
    expect(sourceOf({ ...NOTHING, from: "files", uploads: [{ upload: "u", path: "" }], held: { run: "7", input: "a" } })).toEqual({ uploads: [{ upload: "u" }] });
    expect(sourceOf(NOTHING)).toBeUndefined();
  });

  it("is the same again after it was read from a run", () => {
    const order = { version: 3, parameters: { angle: 9 }, inputs: { a: { dataset: "a/b@v2", path: "x" }, b: { run: "7" }, c: { uploads: [{ upload: "u", path: "f" }] }, d: { run: "7", input: "d" } }, resources: { cpus: 2 }, priority: 1, max_attempts: 2, title: "t", keep_as: { dataset: "me/x" }, experiment_id: "e" };
    const draft = draftOf(order);
    expect(orderOf(draft, 3, draft.parameters ?? {}, [field("a"), field("b"), field("c"), field("d")])).toEqual(order);
  });

  it("leaves out what was not said", () => expect(orderOf(FRESH_ORDER, 1, {}, [field("a", false)])).toEqual({ version: 1 }));

  it("waits for what is missing", () => {
    const held = (picked: typeof NOTHING) => ({ ...FRESH_ORDER, inputs: { a: picked } });
    expect(waitingFor(FRESH_ORDER, [field("a")])).toBe("Choose a.");
    expect(waitingFor(FRESH_ORDER, [field("a", false)])).toBe("");
    expect(waitingFor(held({ ...NOTHING, from: "files", waiting: 2 }), [field("a")])).toMatch("2 files");
    expect(waitingFor(held(pickedOf({ dataset: "a/b" })), [field("a")])).toBe("");
  });
});

describe("what the server said", () => {
  it("stands at its field", () => {
    expect(placeProblem({ ...problem, field: "inputs.images" }).inputs).toEqual({ images: "No. Do." });
    expect(placeProblem({ ...problem, field: "parameters.box.left" }).parameters).toEqual({ "box.left": "No. Do." });
    expect(placeProblem({ ...problem, errors: [{ field: "body.resources.cpus", detail: "Too many." }] }).others).toEqual({ cpus: "Too many." });
    expect(placeProblem(problem)).toEqual({ parameters: {}, inputs: {}, others: {} });
  });
});
