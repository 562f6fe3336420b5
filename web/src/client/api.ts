import createClient from "openapi-fetch";

import type { paths } from "./generated/schema";
import { ProblemError, problemOfResponse, unreachable } from "./problem";

/** The API of this site, typed by its OpenAPI document. The session cookie travels by itself. */
export const api = createClient<paths>({ baseUrl: window.location.origin });

type Answer<Data> = { data?: Data; error?: unknown; response: Response };

/** The data of an answer; raises ProblemError for anything but success. */
export async function unwrap<Data>(call: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await reach(call);
  if (!response.ok) throw new ProblemError(problemOfResponse(response.status, error));
  return data as Data;
}

/** As `unwrap`, for answers that are text; one without a body is the empty text. */
export async function unwrapText(call: Promise<Answer<string>>): Promise<string> {
  return (await unwrap<string | undefined>(call)) ?? "";
}

/** As `unwrap`, but null where the resource does not exist. */
export async function unwrapOrNull<Data>(call: Promise<Answer<Data>>): Promise<Data | null> {
  const answer = await reach(call);
  return answer.response.status === 404 ? null : unwrap(Promise.resolve(answer));
}

async function reach<Data>(call: Promise<Answer<Data>>): Promise<Answer<Data>> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ProblemError(unreachable());
  }
}
