// The states of a field whose text is saved, as a pure reducer. A value is { text, choice }; the choice is the verdict
// that is saved with feedback, and "" in other fields.
//
//   idle      the server stores the value of the field
//   dirty     it does not, or that is unknown
//   sending   a save has no reply yet; more may have been typed since
//   conflict  another text is stored, and the user has to choose
//   locked    another user is signed in now
//   gone      the submission that the text is about was taken back
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
  // The field shows `value`, for whatever reason. Each text gets its own number.
  changed(state, { value }) {
    if (same(value, state.value)) return state;
    const now = { ...state, value, seq: state.seq + 1 };
    return ["idle", "dirty"].includes(state.phase) ? settled({ ...now, why: null }) : now;
  },

  // `value` is sent with number `seq`.
  sending(state, { value, seq }) {
    return { ...state, phase: "sending", sent: { value, seq } };
  },

  // reply.js made this decision about the reply to the save of `value` with number `seq`.
  replied(state, { decision, value, seq }) {
    if (FINAL.has(state.phase) || seq < state.confirmedSeq) return state;
    const isLatest = state.sent === null || seq >= state.sent.seq;
    if (decision.kind === "saved") return saved(state, decision, value, seq, isLatest);
    if (!isLatest) return state;
    return replies[decision.kind]({ ...state, sent: null }, decision, value);
  },

  // A copy of an earlier page of this user is stored now.
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

  // The user chose `value` of two texts. The stored text counts as confirmed from now on.
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

// Only the text that was sent cannot be stored: if the field has another text now, that can be sent.
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

// The save may have succeeded without a reply, so the stored text is unknown until the next reply.
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

// Return the name of the sentence for the save line: a data attribute in questions/_writing.html, or "" for the line of
// an idle field. `device` is whether this very text is on the device: "kept", "pending" or "failed".
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
