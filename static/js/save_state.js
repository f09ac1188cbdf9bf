// The states of a field whose text is saved, as a pure reducer. A value is { text, choice }; the choice is the verdict
// that is stored along with feedback, and "" elsewhere.
//
//   idle      the server stores what the field shows
//   dirty     it does not, or it is not known to
//   sending   a save is on its way; more may have been typed since
//   conflict  another text is stored, and the person has to choose
//   locked    somebody else is signed in by now
//   gone      what the text is about was taken back
//
// `why` says why a dirty field was not saved at the last try: unsent, signed_out, too_long, full or refused.

const FINAL = new Set(["locked", "gone"]);
const NEEDS_CHANGE = new Set(["too_long", "full", "refused"]); // trying the same text again does not help

export function same(one, other) {
  return one !== null && other !== null && one.text === other.text && one.choice === other.choice;
}

export function begin(value, revision) {
  return {
    phase: "idle",
    value,
    confirmed: value,
    confirmedSeq: 0,
    revision,
    seq: 1,
    sent: null,
    stored: null,
    why: null,
    tries: 0,
  };
}

export function isUnsent(state) {
  return !same(state.value, state.confirmed);
}

export function maySend(state) {
  return state.phase === "dirty" && !NEEDS_CHANGE.has(state.why);
}

export function reduce(state, event) {
  return EVENTS[event.type](state, event);
}

const EVENTS = {
  // The field shows `value`, however that came about. Each text gets a number of its own.
  changed(state, { value }) {
    if (same(value, state.value)) return state;
    const now = { ...state, value, seq: state.seq + 1 };
    return ["idle", "dirty"].includes(state.phase) ? settled({ ...now, why: null }) : now;
  },

  // `value` goes out under number `seq`.
  sending(state, { value, seq }) {
    return { ...state, phase: "sending", sent: { value, seq } };
  },

  // A reply to the save with number `seq` of `value`, as reply.js decided on it.
  replied(state, { decision, value, seq }) {
    if (FINAL.has(state.phase) || seq < state.confirmedSeq) return state;
    const isLatest = state.sent === null || seq >= state.sent.seq;
    if (decision.kind === "saved") return saved(state, decision, value, seq, isLatest);
    if (!isLatest) return state;
    return replies[decision.kind]({ ...state, sent: null }, decision, value);
  },

  // What an earlier page of this person left on the device is stored now.
  recovered(state, { value, revision }) {
    return settled({
      ...state,
      confirmed: value,
      revision: Math.max(state.revision, revision),
      sent: null,
      why: null,
      tries: 0,
    });
  },

  // Of two texts the person chose `value`. What is stored is known to this page from now on.
  chosen(state, { value }) {
    const { text, choice, revision } = state.stored;
    const confirmed = { text, choice };
    return settled({ ...state, value, confirmed, revision, seq: state.seq + 1, stored: null, why: null, tries: 0 });
  },

  locked(state) {
    return { ...state, phase: "locked", sent: null };
  },
};

function settled(state) {
  return { ...state, phase: isUnsent(state) ? "dirty" : "idle" };
}

function saved(state, decision, value, seq, isLatest) {
  const confirmed = { text: value.text, choice: value.choice || decision.body.verdict || "" };
  const shown = state.value.choice ? state.value : { ...state.value, choice: confirmed.choice };
  const now = {
    ...state,
    value: shown,
    confirmed,
    confirmedSeq: seq,
    revision: Math.max(state.revision, decision.revision),
  };
  if (state.phase === "conflict" || !isLatest) return now;
  return settled({ ...now, sent: null, why: null, tries: 0 });
}

// What cannot be stored is the text that was sent: another one that is there by now may go out.
function notSaved(why) {
  return (state, _decision, value) => {
    const isChanged = NEEDS_CHANGE.has(why) && !same(state.value, value);
    return { ...state, phase: "dirty", why: isChanged ? null : why };
  };
}

function another(state, { stored, choice, revision }) {
  if (same({ text: stored, choice: choice || state.value.choice }, state.value)) {
    return { ...state, phase: "idle", confirmed: state.value, revision, why: null, tries: 0 };
  }
  return { ...state, phase: "conflict", stored: { text: stored, choice: choice || state.value.choice, revision } };
}

// It may have come through all the same: what the server stores is known once it answers again.
function unsent(state) {
  return { ...state, phase: "dirty", why: "unsent", confirmed: null, tries: state.tries + 1 };
}

const replies = {
  overtaken: another,
  conflict: another,
  unsent,
  csrf: unsent,
  signed_out: notSaved("signed_out"),
  too_long: notSaved("too_long"),
  full: notSaved("full"),
  refused: notSaved("refused"),
  other_user: (state) => ({ ...state, phase: "locked" }),
  withdrawn: (state) => ({ ...state, phase: "gone" }),
};

// Which sentence of the save line is true. `device` says whether this very text is on the device: "kept", "pending"
// or "failed". The name is that of a data attribute in questions/_writing.html; "" is the line of an idle field.
export function lineOf(state, device) {
  if (state.phase === "idle" || state.phase === "locked") return "";
  if (state.phase === "conflict") return "conflict";
  if (device === "failed") return "nostorage";
  if (state.phase === "gone") return "withdrawn";
  if (state.phase === "sending" || state.why === null) return "writing";
  if (device === "pending") return "unsent";
  return { unsent: "waiting", signed_out: "signedout", too_long: "overlong", full: "full", refused: "refused" }[
    state.why
  ];
}
