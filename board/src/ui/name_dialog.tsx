import { useEffect, useRef } from "react";
import { text } from "../text";

interface Props {
  name: string;
  onSave: (name: string) => void;
  onClose: () => void;
}

export function NameDialog({ name, onSave, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    dialog.current?.showModal();
    input.current?.select();
  }, []);

  return (
    <dialog ref={dialog} aria-labelledby="name-heading" onClose={onClose} onKeyDown={(event) => event.stopPropagation()}>
      <form
        method="dialog"
        onSubmit={() => {
          const wanted = input.current?.value.trim();
          if (wanted && wanted !== name) onSave(wanted);
        }}
      >
        <h2 id="name-heading">{text.name.heading}</h2>
        <label className="field">
          {text.name.label}
          <input ref={input} defaultValue={name} dir="auto" required maxLength={100} pattern=".*\S.*" autoComplete="off" />
        </label>
        <div className="row end">
          <button type="button" className="button" onClick={() => dialog.current?.close()}>
            {text.cancel}
          </button>
          <button type="submit" className="button main">
            {text.name.save}
          </button>
        </div>
      </form>
    </dialog>
  );
}
