/** Every text that people see. A translation replaces this file. */

const LANGUAGE = "en";
const relative = new Intl.RelativeTimeFormat(LANGUAGE, { numeric: "auto" });
const full = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "long", timeStyle: "short" });
const number = new Intl.NumberFormat(LANGUAGE);
const day = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium" });

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** How long ago something was, in words; the date once that is more than a week. */
export function ago(time: string): string {
  const seconds = (Date.parse(time) - Date.now()) / 1000;
  if (-seconds > 7 * 86_400) return day.format(new Date(time));
  const [unit, size] = UNITS.find(([, length]) => -seconds >= length) ?? ["second", 1];
  return unit === "second" ? "just now" : relative.format(Math.ceil(seconds / size), unit);
}

export const date = (time: string): string => day.format(new Date(time));

export const exactly = (time: string): string => full.format(new Date(time));

const SIZES: [string, number][] = [
  ["gigabyte", 1e9],
  ["megabyte", 1e6],
  ["kilobyte", 1e3],
];

function size(bytes: number): string {
  const [unit, each] = SIZES.find(([, least]) => bytes >= least) ?? SIZES.at(-1)!;
  return new Intl.NumberFormat(LANGUAGE, { style: "unit", unit, maximumSignificantDigits: 3 }).format(bytes / each);
}

const ELEMENTS: Record<string, string> = {
  arrow: "Arrow",
  diamond: "Diamond",
  ellipse: "Ellipse",
  embeddable: "Embedded page",
  frame: "Frame",
  freedraw: "Stroke",
  image: "Picture",
  line: "Line",
  rectangle: "Rectangle",
  text: "Text",
};

/** Where something lies in a drawing, by row and column. */
const PLACES = [
  ["top left", "top", "top right"],
  ["left", "middle", "right"],
  ["bottom left", "bottom", "bottom right"],
];

const many = (n: number, one: string): string => `${number.format(n)} ${one}${n === 1 ? "" : "s"}`;

export const text = {
  product: "padws",
  title: (place: string) => `${place} · padws`,
  loading: "Loading…",
  close: "Close",
  cancel: "Cancel",
  tryAgain: "Try again",
  copy: "Copy",
  copied: "Copied.",
  shareShort: "Share",
  signIn: "Sign in",
  signOut: "Sign out",
  signedOut: "Your session has ended.",
  toPads: "All pads",
  noAnswer: "The service does not answer.",
  status: (status: number) => `The service answered with status ${status}.`,
  failed: "Something went wrong on this page",
  reload: "Load the page again",
  missing: "There is nothing at this address.",
  showMore: "Show more",
  padsUsed: (n: number, limit: number | null) => (limit === null ? many(n, "pad") : `${number.format(n)} of ${many(limit, "pad")}`),
  bytesUsed: (n: number, limit: number | null) => (limit === null ? size(n) : `${size(n)} of ${size(limit)}`),

  usageLead: "This includes the history of the pads and the trash.",

  full: {
    pads: (limit: number) => `You have ${many(limit, "pad")}, which is as many as you may have. Delete one to make room.`,
    bytes: (used: number, limit: number) =>
      `Your storage is full: ${size(used)} of ${size(limit)} are in use. Delete something for good to make room; the trash counts, too.`,
    unknown: "Your storage is full. Delete something for good to make room; the trash counts, too.",
    look: "What you use",
  },

  welcome: {
    heading: "Draw what you think.",
    lead: "Sketches, diagrams and plans on a whiteboard that keeps every stroke.",
  },

  gallery: {
    heading: "Your pads",
    found: (n: number, hasMore: boolean, words: string) => {
      if (words && !n) return `Nothing was found for “${words}”.`;
      const pads = many(n, "pad");
      return `${hasMore ? "The first " : ""}${pads}${words ? ` with “${words}”` : ""}`;
    },
    used: (n: number, limit: number | null) => (limit === null ? `${size(n)} in use` : `${size(n)} of ${size(limit)} in use`),
    search: "Search",
    trouble: (why: string) => `${why} Trying again…`,
    new: "New pad",
    newName: "Untitled",
    blank: "Blank",
    sort: "Sort by",
    byEdited: "Last edited",
    byName: "Name",
    byCreated: "Newest",
    edited: (time: string) => `Edited ${ago(time)}`,
    unsaved: "Unsaved changes on this device",
    more: (name: string) => `More for ${name}`,
    rename: "Rename",
    duplicate: "Duplicate",
    download: "Download",
    history: "History",
    delete: "Delete",
    copyOf: (name: string) => `Copy of ${name}`.slice(0, 100),
    deleted: (name: string) => `“${name}” was deleted.`,
    undo: "Undo",
    changedElsewhere: (name: string) => `“${name}” was changed meanwhile, so it was not deleted.`,
    notDeleted: (name: string, why: string) => `“${name}” was not deleted. ${why}`,
    drop: "Drop drawings here to import them",
    import: "Import a file",
    imported: (n: number) => `Imported: ${many(n, "drawing")}.`,
    notImported: (file: string) => `“${file}” is not an Excalidraw drawing.`,
    empty: "This pad is empty",
    noPreview: "No preview",
  },

  name: {
    heading: "Rename this pad",
    label: "Name",
    save: "Rename",
  },

  editor: {
    canvas: "Drawing",
    menu: "Menu",
    colours: "Colours",
    rename: (name: string) => `Rename ${name}`,
    saved: "Saved",
    saving: "Saving…",
    waiting: "Saving soon…",
    notSaved: "Not saved",
    notConnected: "Not connected",
    offline: "The service cannot be reached. What you draw is kept on this device and saved as soon as it answers.",
    unavailable: (why: string) => `${why} What you draw is kept on this device and saved as soon as that is possible.`,
    signedOut: "Your session has ended. What you draw is kept on this device; sign in to save it.",
    otherUser: "Somebody else is signed in now. Sign in again as the owner of this pad to save your changes.",
    tooLarge: "The drawing has become too large to be saved. Remove a picture, or save it to a file.",
    full: (why: string) => `${why} What you draw is kept on this device, and saved once there is room.`,
    refused: (why: string) => `The service refuses the drawing: ${why}`,
    notKept: "This browser lets nothing be kept on this device: do not close this page.",
    gone: "This pad was deleted elsewhere. What you see here is still there.",
    bringBack: "Bring the pad back",
    notBack: "The pad was deleted for good. Keep it as a new pad.",
    keep: "Keep as a new pad",
    leave: "Leave it",
    replaced: "This pad was put back to an earlier state elsewhere. Anything you had not saved yet is still here.",
    kept: "Somebody else had changed the same elements. What they were is in the history.",
    recovered: "Changes from last time that had not been saved are back.",
    history: "History",
    missing: "This pad does not exist, or belongs to somebody else.",
  },

  trash: {
    heading: "Trash",
    lead: "Deleted pads can be restored for a while.",
    nothing: "There is nothing in the trash. Deleted pads stay here for a while.",
    deleted: (when: string) => `Deleted ${when}`,
    until: (time: string) => `Kept until ${day.format(new Date(time))}`,
    restore: "Restore",
    restoreNamed: (name: string) => `Restore ${name}`,
    restored: (name: string) => `“${name}” is back.`,
    purge: "Delete for good",
    purgeNamed: (name: string) => `Delete for good: ${name}`,
    purged: (name: string) => `“${name}” was deleted for good.`,
    purgeQuestion: "Delete this pad for good?",
    purgeLead: (name: string) => `“${name}” and its history cannot be restored after that.`,
    empty: "Empty the trash",
    emptied: "The trash is empty.",
    emptyQuestion: "Empty the trash?",
    emptyLead: (n: number, hasMore: boolean) =>
      hasMore ? "All deleted pads and their history cannot be restored after that." :
      n === 1 ? "1 pad and its history cannot be restored after that." :
      `${many(n, "pad")} and their history cannot be restored after that.`,
  },

  share: {
    heading: "Share this drawing",
    lead: "Whoever has a link can look at the drawing as it is at that time, and change nothing.",
    expires: "The link works",
    days: (n: number) => (n === 0 ? "until you end it" : n === 1 ? "for a day" : `for ${n} days`),
    password: "Password",
    optional: "none",
    create: "Create a link",
    created: "Copy this link now. It is not shown again.",
    links: "Links to this drawing",
    describe: (made: string, expires: string | null, hasPassword: boolean) =>
      [
        `Created ${made}`,
        ...(expires ? [Date.parse(expires) > Date.now() ? `ends ${full.format(new Date(expires))}` : "has ended"] : []),
        ...(hasPassword ? ["with a password"] : []),
      ].join(", "),
    end: "End",
    endNamed: (made: string) => `End the link of ${made}`,
  },

  shared: {
    heading: "A shared drawing",
    locked: "This drawing has a password.",
    password: "Password",
    wrong: "That is not the password.",
    open: "Open",
    ended: "This link does not lead anywhere",
    endedMore: "It may have ended, or the drawing was deleted. Ask whoever sent it to you for a new one.",
    changed: (when: string) => `Changed ${when}`,
  },

  admin: {
    heading: "People",
    sessions: (people: number, sessions: number) =>
      `${number.format(people)} signed in now, in ${many(sessions, "session")}`,
    since: (when: string) => `since ${when}`,
    isOnline: "signed in",
    isAdmin: "administrator",
    actions: (name: string) => `More for ${name}`,
    usage: "What they use",
    move: "Move their pads",
    moveQuestion: (name: string) => `Move the pads of ${name}`,
    moveLead: "All pads move, with their history and the trash. Links to them end.",
    moveTo: "To",
    moveChoose: "Choose a person",
    person: (name: string, email: string) => `${name} (${email})`,
    moveSome: "People who are further down the list must be shown there first.",
    moveAction: "Move the pads",
    moved: (name: string, n: number, to: string) => `${many(n, "pad")} of ${name} moved to ${to}.`,
    endSessions: {
      item: "Sign out everywhere",
      question: "Sign this person out?",
      lead: (name: string) => `${name} must sign in again on every device. Nothing that was drawn is lost.`,
      action: "Sign out everywhere",
      done: (name: string, n: number) => `${many(n, "session")} of ${name} ended.`,
    },
    endLinks: {
      item: "End all links",
      question: "End all links of this person?",
      lead: (name: string) => `Whoever was sent a link to a pad of ${name} sees nothing any more. Links cannot be brought back.`,
      action: "End all links",
      done: (name: string, n: number) => `${many(n, "link")} of ${name} ended.`,
    },
    remove: {
      item: "Delete",
      question: "Delete this person?",
      lead: (name: string) => `All pads of ${name} are deleted too, and cannot be restored. Move them to somebody else first if they are needed.`,
      action: "Delete",
      done: (name: string) => `${name} was deleted.`,
    },
  },

  history: {
    heading: "History",
    now: "Now",
    restore: "Restore this",
    restoring: "Restoring…",
    restored: "Restored. What it replaced is in the history too.",
    changed: "The pad was changed meanwhile. Look at it, then restore again.",
    none: "Nothing has been kept yet: a drawing is kept every few minutes while it changes.",
    back: "Back to the drawing",
    states: "Earlier states",
    showing: (when: string) => `As it was ${when}`,
    showingNow: "As it is now",
    compare: "Hold to compare with now",
    keep: "Keep this state",
    label: "Name it",
    labelHeading: "Name this state",
    labelSave: "Keep under this name",
    choose: "Choose elements",
    chooseLead: "Choose what is to come back, in the list or in the drawing. The rest of the drawing stays as it is.",
    lost: "Elements that are not as they were",
    lostHow: (isMissing: boolean) => (isMissing ? "missing now" : "different now"),
    nothingLost: "Nothing is missing or different now.",
    chosen: (n: number) => (n === 0 ? "Nothing is chosen." : n === 1 ? "1 element is chosen." : `${number.format(n)} elements are chosen.`),
    element: (type: string, words: string, [column, row]: [number, number]) =>
      `${ELEMENTS[type] ?? "Element"}${words && ` “${words}”`}, ${PLACES[row]![column]!}`,
    chooseMissing: (n: number) => (n === 1 ? "Select the 1 that is missing now" : `Select the ${n} that are missing now`),
    restoreChosen: (n: number) => (n === 0 ? "Restore elements" : `Restore ${many(n, "element")}`),
    restoredSome: (n: number) => (n === 1 ? "1 element is back." : `${n} elements are back.`),
    reasons: {
      interval: "",
      manual: "kept by hand",
      restore: "before a restore",
      replaced: "before it was replaced",
      merge: "before others' changes",
      template: "from the template",
      import: "as imported",
    } as Record<string, string>,
  },

  account: {
    heading: "Account",
    tokens: "Access tokens",
    tokensLead: "Scripts use a token in place of your session. A token is shown once.",
    tokenName: "Name",
    tokenScope: "May",
    read: "read",
    write: "read and change",
    create: "Create a token",
    created: "Copy this token now. It is not shown again.",
    revoke: "Revoke",
    revokeNamed: (name: string) => `Revoke ${name}`,
    used: (time: string) => `used ${ago(time)}`,
    neverUsed: "never used",
    expires: (time: string) => `expires on ${day.format(new Date(time))}`,
    noTokens: "You have no tokens.",
    usage: "What you use",
    takeout: "Take everything with you",
    takeoutLead: "A ZIP file with all your drawings and their history. It can be brought in here, or at another padws.",
    download: "Download",
    bringIn: "Bring in a takeout",
    bringingIn: "Bringing it in…",
    broughtIn: (pads: number, backups: number) =>
      pads || backups ? `Brought in: ${many(pads, "pad")} and ${many(backups, "earlier state")}.` : "Everything in it was here already.",
    skipped: (path: string, reason: string) => `${path}: ${reason}`,
    admin: "People who use this service",
    api: "API documentation",
    licences: "Licences of what the board is made of",
    unsaved: "Some changes on this device are not saved yet. Open their pads before you sign out; they are marked in the gallery.",
  },
};
