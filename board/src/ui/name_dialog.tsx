import { useEffect, useRef } from "react";
import { text } from "../text";
import { CloseButton, Dialog } from "./dialog";

interface Props {
  name: string;
  heading?: string;
  action?: string;
  /** Whether leaving the name empty is an answer too. */
  mayBeEmpty?: boolean;
  onSave: (name: string) => void;
  onClose: () => void;
}

export function NameDialog({ name, heading, action, mayBeEmpty = false, onSave, onClose }: Props) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.select(), []);
  const save = () => {
    const wanted = input.current!.value.trim();
    if ((wanted || mayBeEmpty) && wanted !== name) onSave(wanted);
  };
  return (
    <Dialog heading={heading ?? text.name.heading} onClose={onClose}>
      <form method="dialog" onSubmit={save}>
        <label className="field">
          {text.name.label}
          <input
            ref={input}
            defaultValue={name}
            dir="auto"
            required={!mayBeEmpty}
            maxLength={100}
            pattern={mayBeEmpty ? undefined : ".*\\S.*"}
            autoComplete="off"
          />
        </label>
        <div className="row end">
          <CloseButton label={text.cancel} />
          <button type="submit" className="button main">
            {action ?? text.name.save}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
