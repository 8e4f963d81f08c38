import { type ReactNode, useEffect, useId, useRef } from "react";

interface Props {
  heading: string;
  onClose: () => void;
  children: ReactNode;
}

/** A modal dialog; forms in it that have method="dialog" close it. */
export function Dialog({ heading, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose} onKeyDown={(event) => event.stopPropagation()}>
      <h2 id={id}>{heading}</h2>
      {children}
    </dialog>
  );
}

/** The button that closes the dialog around it. */
export const CloseButton = ({ label }: { label: string }) => (
  <button type="button" className="button" onClick={(event) => event.currentTarget.closest("dialog")?.close()}>
    {label}
  </button>
);
