// Calls to the API from the page: with the session's cookie, and with the page's own token for changes.
const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";

/** What the API answers instead of success (RFC 9457): the sentence, and what to do. */
export class Problem extends Error {
  constructor(problem) {
    super([problem.detail, problem.remedy].filter(Boolean).join(" "));
    this.status = problem.status;
  }
}

/** Call the API and return its answer's JSON, or null where it has none. Throws Problem, also where nobody answers. */
export async function call(method, url, body, signal) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = token;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await reach(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal });
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  // Without a session nothing works here; the page leads to the login, and back.
  if (answer.status === 401) window.location.reload();
  throw new Problem(await answer.json().catch(() => ({ detail: `The server answered ${answer.status}.` })));
}

/** Fetch a part of the page as HTML. Throws Problem. */
export async function part(url, signal) {
  const answer = await reach(url, { headers: { Accept: "text/html", "X-Part": "true" }, signal });
  if (answer.redirected) window.location.reload(); // To the login, which is no part of this page.
  if (answer.ok) return answer.text();
  throw new Problem({ detail: `This part could not be loaded: the server answered ${answer.status}.`, remedy: "Try again." });
}

async function reach(url, options) {
  try {
    return await fetch(url, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ detail: "The server cannot be reached.", remedy: "Check the connection and try again." });
  }
}

/** Show an error to the person in an element that is an alert. */
export function alertIn(element, error) {
  element.textContent = error.message;
  element.hidden = false;
}
