import { text } from "../text";
import { CloseButton, Dialog } from "./dialog";

interface Props {
  question: string;
  lead: string;
  action: string;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before something that cannot be undone. */
export function Confirm({ question, lead, action, onConfirm, onClose }: Props) {
  return (
    <Dialog heading={question} onClose={onClose}>
      <form method="dialog" onSubmit={onConfirm}>
        <p className="name" dir="auto">{lead}</p>
        <div className="row end">
          <CloseButton label={text.cancel} />
          <button type="submit" className="button danger">
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
