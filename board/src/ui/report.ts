import { ApiError } from "../api/client";
import { isFull, whyFull } from "../api/usage";
import { ACCOUNT, navigate } from "../router";
import { text } from "../text";
import { showToast } from "./toasts";

/** Say what has gone wrong, and show the way out where there is one. */
export async function report(error: unknown): Promise<void> {
  if (error instanceof ApiError && error.status === 401) location.reload(); // the page asks to sign in, and leads back
  else if (isFull(error)) showToast({ message: await whyFull(error), action: { label: text.full.look, run: () => navigate(ACCOUNT) } });
  else showToast({ message: (error as Error).message });
}
