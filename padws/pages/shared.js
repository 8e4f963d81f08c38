// Shows the name of the drawing behind a share link, and offers it as a file. The name comes from a user: it is
// only ever inserted as text, never as HTML.

import { requestJson } from "./account.js";

const byId = (id) => document.getElementById(id);
const dateFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const address = `/api/shared/${location.pathname.split("/").pop()}`;

function showStatus(text) {
  byId("status").textContent = text;
}

/** Shows the form or the drawing, or neither. */
function showOnly(id) {
  for (const each of ["password-form", "drawing"]) byId(each).hidden = each !== id;
}

function show(pad) {
  const { elements = [], appState = {}, files = {} } = pad.data;
  const file = { type: "excalidraw", version: 2, source: location.origin, elements, appState, files };
  const content = new Blob([JSON.stringify(file)], { type: "application/vnd.excalidraw+json" });
  byId("download").href = URL.createObjectURL(content);
  byId("download").download = `${pad.display_name}.excalidraw`; // browsers replace what no file may have in its name
  byId("name").textContent = pad.display_name;
  byId("changed").dateTime = pad.updated_at;
  byId("changed").textContent = dateFormat.format(new Date(pad.updated_at));
  showOnly("drawing");
  showStatus("");
}

/** Asks for the drawing; a link that has a password says so. */
async function open(options) {
  showStatus("Opening the drawing…");
  try {
    show(await requestJson(address, options));
  } catch (error) {
    if (error.status === 403) {
      showOnly("password-form");
      byId("password").select();
    }
    showStatus(error.status === 404 ? "This link opens nothing, or no longer does." : error.message);
  }
}

byId("password-form").addEventListener("submit", (event) => {
  event.preventDefault();
  open({
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/json" },
    body: JSON.stringify({ password: byId("password").value }),
  });
});

open();
