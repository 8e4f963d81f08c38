// Runs in the sign-in popup. The window that opened it watches this key and goes on once it changes.

try {
  localStorage.setItem("auth_completed", Date.now().toString());
} finally {
  window.close(); // also when the browser forbids storage
}
