import type { components } from "./generated/schema";

/** An error as RFC 9457 describes it, with what the server adds. Boxes answer in the same form. */
export type Problem = components["schemas"]["Problem"];

/** What the server refused, or that it could not be reached; `detail` says what happened, `remedy` what to do. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.name = "ProblemError";
    this.problem = problem;
  }

  get status(): number {
    return this.problem.status;
  }
}

/** Reads any thrown value as a problem; network failures become status 0. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof TypeError) return unreachable();
  return blank(0, "Something went wrong", error instanceof Error ? error.message : String(error));
}

/** The problem in an error response; servers in between may answer without one. */
export function problemOfResponse(status: number, body: unknown): Problem {
  if (isProblem(body)) return body;
  const text = typeof body === "string" && body.length < 300 ? body : "";
  return blank(status, `The server answered ${status}`, text || `The server answered with status ${status}.`);
}

export function unreachable(): Problem {
  const problem = blank(0, "No connection", "The server could not be reached.");
  return { ...problem, remedy: "Check your connection; what you typed is still here." };
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "title" in body && "status" in body;
}

function blank(status: number, title: string, detail: string): Problem {
  return { type: "about:blank", title, status, detail, code: "client", remedy: "", errors: [] };
}
