/** Icons, drawn in lines of the text's colour. */

const PATHS = {
  account: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4 20c.8-3.6 4-5.5 8-5.5s7.2 1.9 8 5.5",
  back: "M15 5l-7 7 7 7",
  copy: "M9 9h10v11H9zM5 15V4h10",
  history: "M4 12a8 8 0 1 0 2.6-5.9L4 8.5M4 4v4.5h4.5M12 8v4.5l3 1.8",
  import: "M12 15V4M7.5 8.5L12 4l4.5 4.5M5 20h14",
  link: "M10 14a4 4 0 0 0 5.7 0l3.1-3.1a4 4 0 0 0-5.7-5.7L12 6.3M14 10a4 4 0 0 0-5.7 0l-3.1 3.1a4 4 0 0 0 5.7 5.7l1.1-1.1",
  download: "M12 4v11M7.5 10.5L12 15l4.5-4.5M5 20h14",
  gauge: "M4 17a8 8 0 1 1 16 0M12 16l3.5-4.5",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  move: "M4 12h15M13.5 6.5L19 12l-5.5 5.5",
  pencil: "M4 20l1-4L16.5 4.5a2.1 2.1 0 0 1 3 3L8 19l-4 1Z",
  plus: "M12 5v14M5 12h14",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM16 16l4.5 4.5",
  restore: "M5 12a7 7 0 1 0 2-4.9L4.5 9.5M4.5 5v4.5H9",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7",
  warning: "M12 4l9 16H3L12 4ZM12 10v4.5M12 17.5h.01",
  check: "M5 12.5l4.5 4.5L19 7.5",
  cloud: "M7 18a4 4 0 0 1-.6-7.95A5.5 5.5 0 0 1 17 9.5 4.3 4.3 0 0 1 17 18H7Z",
} as const;

export const Icon = ({ name }: { name: keyof typeof PATHS }) => (
  <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
    <path d={PATHS[name]} strokeWidth={name === "more" ? 3 : undefined} />
  </svg>
);
