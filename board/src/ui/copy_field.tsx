import { text } from "../text";
import { showToast } from "./toasts";

/** Something that is shown once, with a button to copy it. */
export function CopyField({ lead, value }: { lead: string; value: string }) {
  const copy = () =>
    navigator.clipboard.writeText(value).then(
      () => showToast({ message: text.copied }),
      (error: Error) => showToast({ message: error.message }),
    );
  return (
    <div className="once" role="status">
      <p>{lead}</p>
      <div className="row">
        <code>{value}</code>
        <button type="button" className="button" onClick={() => void copy()}>
          {text.copy}
        </button>
      </div>
    </div>
  );
}
