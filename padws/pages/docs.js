// Shows the OpenAPI document with Swagger UI, whose script has run before this one and left
// SwaggerUIBundle behind. Requests tried out here go to this site only, with the session's cookie.

import { fetchUser } from "./account.js";

const darkScheme = matchMedia("(prefers-color-scheme: dark)");

/** Swagger UI's style sheet goes by a class, not by the browser's preference. */
function followColorScheme() {
  document.documentElement.classList.toggle("dark-mode", darkScheme.matches);
}

async function showAccount() {
  const status = document.getElementById("account-status");
  status.textContent = "Finding out who is signed in…";
  try {
    const user = await fetchUser();
    status.textContent = user
      ? `Requests are sent as ${user.name || user.username}.`
      : "Not signed in: most requests will be answered with 401.";
    document.getElementById("sign-in").hidden = Boolean(user);
  } catch (error) {
    status.textContent = error.message;
  }
}

darkScheme.addEventListener("change", followColorScheme);
followColorScheme();
showAccount();
SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null, // the default sends the document's address to another site
});
