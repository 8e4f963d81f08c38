// Who is signed in, and the error messages of the API. Used by every page.

/** A request that failed; `message` is for people, `status` that of HTTP, or 0 when nothing answered. */
class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The JSON answer to a request, or an ApiError. */
export async function requestJson(path, options = {}) {
  const response = await fetch(path, { headers: { Accept: "application/json" }, ...options }).catch(() => {
    throw new ApiError(0, "The service does not answer. Check the connection and load the page again.");
  });
  if (!response.ok) throw new ApiError(response.status, await problemText(response));
  return response.json();
}

/** The signed-in user, or null when nobody is. */
export async function fetchUser() {
  try {
    return await requestJson("/api/users/me");
  } catch (error) {
    if (error.status === 401) return null;
    throw error;
  }
}

/** One line for a person: the API's own words where there are some. */
async function problemText(response) {
  const problem = await response.json().catch(() => ({})); // a proxy's error page is not JSON
  return problem.detail || problem.title || `The service answered with status ${response.status}.`;
}
