import { ApiError } from "../api/client";
import { isFull, whyFull } from "../api/usage";
import { ACCOUNT, navigate } from "../router";
import { text } from "../text";
import { showToast } from "./toasts";

/** Say what has gone wrong, and show the way out where there is one. */
export async function report(error: unknown): Promise<void> {
  if (error instanceof ApiError && error.status === 401) {
    // The page asks to sign in when it is loaded again, and leads back here.
    showToast({ message: text.signedOut, action: { label: text.signIn, run: () => location.reload() } });
  } else if (isFull(error)) {
    showToast({ message: await whyFull(error), action: { label: text.full.look, run: () => navigate(ACCOUNT) } });
  } else showToast({ message: (error as Error).message });
}
