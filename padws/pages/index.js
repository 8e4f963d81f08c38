// Shows who is signed in and lists that user's pads. Names come from users: they are only ever
// inserted as text, never as HTML.

import { fetchUser, requestJson } from "./account.js";

const byId = (id) => document.getElementById(id);
const dateFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function showStatus(text) {
  byId("account-status").textContent = text;
}

/** Shows the elements with these ids and hides the others that depend on who is signed in. */
function showOnly(...ids) {
  for (const id of ["sign-in", "sign-out", "pads"]) byId(id).hidden = !ids.includes(id);
}

function showSignedOut() {
  showOnly("sign-in");
  showStatus("You are not signed in.");
}

async function showSignedIn(user) {
  const name = user.name || user.username;
  showOnly("sign-out");
  showStatus(`Signed in as ${name}. Loading your pads…`);
  const pads = await requestJson("/api/pad?data=false");
  byId("pads").querySelector("tbody").replaceChildren(...pads.map(rowOf));
  showOnly("sign-out", "pads");
  showStatus(`Signed in as ${name}.`);
}

function rowOf(pad) {
  const changed = document.createElement("time");
  changed.dateTime = pad.updated_at;
  changed.textContent = dateFormat.format(new Date(pad.updated_at));
  const row = document.createElement("tr");
  row.append(nameCell(pad), cell("td", String(pad.version), "number"), cell("td", changed, "time"));
  return row;
}

function nameCell(pad) {
  const name = cell("th", pad.display_name, "name");
  name.scope = "row";
  name.dir = "auto"; // a name may be written from right to left
  return name;
}

function cell(tag, content, className) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(content);
  return element;
}

async function signOut() {
  byId("sign-out").disabled = true;
  showStatus("Signing out…");
  try {
    const { logout_url: logoutUrl } = await requestJson("/auth/logout", { method: "POST" });
    location.assign(logoutUrl || "/");
  } catch (error) {
    byId("sign-out").disabled = false;
    showStatus(`Signing out failed. ${error.message}`);
  }
}

async function showAccount() {
  showStatus("Finding out who is signed in…");
  try {
    const user = await fetchUser();
    await (user ? showSignedIn(user) : showSignedOut());
  } catch (error) {
    if (error.status === 401) showSignedOut(); // the session ended between two requests
    else showStatus(error.message);
  }
}

byId("sign-out").addEventListener("click", signOut);
showAccount();
