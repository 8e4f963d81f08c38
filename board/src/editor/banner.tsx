import type { ReactNode } from "react";
import { type ApiError, restorePad } from "../api/client";
import { ACCOUNT, follow, historyPath, navigate, padPath } from "../router";
import { text } from "../text";
import { Icon } from "../ui/icons";
import { report } from "../ui/report";
import { showToast } from "../ui/toasts";
import type { PadSync, View } from "./sync";

/** What keeps a drawing from being saved, and what can be done about it; else what has happened to it. */
export function Banner({ sync, view }: { sync: PadSync; view: View }) {
  if (view.status === "gone") return <Gone sync={sync} />;
  const trouble = troubleOf(view);
  if (trouble) {
    const canSignIn = view.status === "signedOut" || view.status === "otherUser";
    return (
      <Strip kind="alert" message={trouble}>
        {canSignIn && <SignIn sync={sync} />}
        {view.status === "full" && <a className="button" href={ACCOUNT} onClick={follow}>{text.full.look}</a>}
        {(view.status === "offline" || view.status === "unavailable" || view.status === "full") && (
          <button type="button" className="button" onClick={() => void sync.retry()}>
            {text.tryAgain}
          </button>
        )}
      </Strip>
    );
  }
  if (!view.isKept && view.status !== "saved") return <Strip kind="alert" message={text.editor.notKept} />;
  if (!view.notice) return null;
  return (
    <Strip kind="status" message={text.editor[view.notice]}>
      {view.notice === "kept" && <a className="button" href={historyPath(sync.padId)} onClick={follow}>{text.editor.history}</a>}
      <button type="button" className="button" onClick={() => sync.dismiss()}>
        {text.close}
      </button>
    </Strip>
  );
}

function troubleOf({ status, why }: View): string {
  switch (status) {
    case "offline":
    case "signedOut":
    case "otherUser":
    case "tooLarge":
      return text.editor[status];
    case "full":
      return text.editor.full(why);
    case "unavailable":
      return text.editor.unavailable(why);
    case "refused":
      return text.editor.refused(why);
    default:
      return "";
  }
}

function Strip({ kind, message, children }: { kind: "alert" | "status"; message: string; children?: ReactNode }) {
  return (
    <div className={`strip ${kind}`} role={kind}>
      <Icon name={kind === "alert" ? "warning" : "restore"} />
      <p>{message}</p>
      {children}
    </div>
  );
}

/** Signs in beside the drawing, which stays open. */
function SignIn({ sync }: { sync: PadSync }) {
  const open = () => {
    const popup = window.open("/auth/login?popup=1", "padws-sign-in", "popup,width=520,height=680");
    const watch = setInterval(() => {
      if (popup && !popup.closed) return;
      clearInterval(watch);
      void sync.signedIn();
    }, 500);
  };
  return (
    <button type="button" className="button main" onClick={open}>
      {text.signIn}
    </button>
  );
}

/** Ways out for a drawing whose pad is no longer there. */
function Gone({ sync }: { sync: PadSync }) {
  const bringBack = () =>
    restorePad(sync.padId).then(
      () => sync.retry(),
      (error: ApiError) => (error.status === 404 ? showToast({ message: text.editor.notBack }) : report(error)),
    );
  const keep = () => sync.keepAsNew().then((padId) => navigate(padPath(padId), { replace: true }), report);
  const leave = () => void sync.forget().then(() => navigate("/", { replace: true }));
  return (
    <Strip kind="alert" message={text.editor.gone}>
      <button type="button" className="button main" onClick={() => void bringBack()}>
        {text.editor.bringBack}
      </button>
      <button type="button" className="button" onClick={() => void keep()}>
        {text.editor.keep}
      </button>
      <button type="button" className="button" onClick={leave}>
        {text.editor.leave}
      </button>
    </Strip>
  );
}
