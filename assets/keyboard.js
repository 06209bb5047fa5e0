// Moves the cursor's step in the browser. Keys and clicks take effect at once, whatever the server is doing, and the server is sent the
// resulting step: immediately if it is idle, else when the keys rest. Where a page has named parts (pages/shell/keyboard.py), they are
// swapped for the prefetched parts of other steps, and the server follows later. During a walk through a list of cases
// (pages/shell/case_walk.py) every `step` here is a position in that list, and the server draws each case.

const REST = 300; // ms without a move before the server is sent the step, on pages whose parts are swapped here
const BURST = 150; // the same on pages that the server has to redraw, while it is still drawing an earlier step
const UNHEARD = 2000; // ms after which a message that an idle server has not answered is sent again
const PACE = 700; // ms per step while playing
const AHEAD = 8; // steps in both directions that should be prefetched
const MOST = 600; // steps kept in memory
const BUTTONS = ".st-key-back, .st-key-next, .st-key-play, .st-key-next_miss, .st-key-case_back, .st-key-case_next";
const MOVES = { ArrowLeft: -1, ArrowRight: 1 };

class Walker {
  of = null; // key of the timeline or walk; until the server's first message, moves are only counted
  step = 0;
  last = 0;
  moved = 0; // steps moved since the last message to the server
  said = 0; // number of the latest message to the server
  heard = 0; // number of the latest message that the server has answered
  playing = false;
  resting = null;
  unheard = null;
  beat = null;

  cases = false; // whether the moves are from case to case
  language = "en";

  scene = null; // key of what the parts show: a page's view of a timeline under a model
  swaps = false; // whether the page has parts
  frames = new Map(); // step -> { part: html }
  misses = [];
  asked = 0; // `asked` and `answered` number the requests for steps as `said` and `heard` number the messages
  answered = 0;

  push = history.pushState.bind(history);
  entered = false; // whether the user's latest action has its entry in the browser history

  constructor() {
    // Never removed: keys pressed while Streamlit redraws the page count too.
    window.addEventListener("keydown", this.onKey, true);
    window.addEventListener("click", this.onClick, true);
    window.addEventListener("pointerdown", this.onPointer, true);
    history.pushState = this.enter;
    // When the server follows, it first draws a step that may be outdated: swap its parts before they are painted.
    new MutationObserver(() => this.overtake()).observe(document.body, { childList: true, characterData: true, subtree: true });
  }

  // Whether the moves are shown here: the parts of another case are another user's.
  get walks() {
    return this.swaps && !this.cases;
  }

  // Take the cursor from the server, on each of its runs: its step plus the moves that it has not been sent yet.
  hear(data) {
    const another = data.of !== this.of;
    if (another) Object.assign(this, { of: data.of, said: Math.max(this.said, data.heard) });
    Object.assign(this, { last: data.last, cases: data.cases, language: data.language, heard: another ? this.said : data.heard });
    if (this.heard === this.said) {
      this.step = this.inside(data.step + this.moved);
      if (this.playing !== data.playing) this.play(data.playing);
    }
    this.show();
    this.slide();
    if (this.moved && !this.playing) this.rest();
  }

  // Take the parts of nearby steps from the page.
  receive(data) {
    const another = data.of !== this.scene;
    if (another) {
      this.frames.clear();
      Object.assign(this, { scene: data.of, asked: Math.max(this.asked, data.answered) });
    }
    Object.assign(this, { swaps: data.walks, misses: data.misses, answered: another ? this.asked : data.answered });
    for (const [step, parts] of Object.entries(data.frames)) this.frames.set(Number(step), parts);
    this.show();
    this.fetch();
  }

  // Update every part that shows another step; parts of another scene are left alone. In a walk through cases the parts are the server's.
  show() {
    if (this.cases) return this.restore();
    const frame = this.frames.get(this.step);
    if (!frame) return;
    for (const part of document.querySelectorAll("[data-part]")) {
      if (part.dataset.of !== this.scene || Number(part.dataset.step) === this.step) continue;
      part.drawn ??= { step: part.dataset.step, html: part.innerHTML };
      part.dataset.step = this.step;
      part.innerHTML = frame[part.dataset.part];
    }
  }

  // Undo the swaps made before the walk was heard of: the server may have drawn its case already.
  restore() {
    for (const part of document.querySelectorAll("[data-part]")) {
      if (!part.drawn || part.dataset.step === part.drawn.step) continue;
      part.dataset.step = part.drawn.step;
      part.innerHTML = part.drawn.html;
    }
  }

  overtake() {
    this.show();
    if (this.moved || this.heard !== this.said) this.slide();
  }

  // Show the step on the slider, or the number of the case on its bar, before the server has answered.
  slide() {
    if (this.cases) return this.count();
    const number = document.querySelector('.st-key-slider [data-testid="stSliderThumbValue"] p');
    if (!number || number.textContent === String(this.step)) return;
    number.firstChild.data = this.step;
    number.closest("[data-rac]").style.left = `${(100 * this.step) / this.last}%`;
  }

  count() {
    const shown = document.querySelector(".rs-case-number");
    const number = (this.step + 1).toLocaleString(this.language);
    if (shown && shown.textContent !== number) shown.textContent = number;
  }

  inside(step) {
    return this.of ? Math.min(Math.max(step, 0), this.last) : step;
  }

  go(to) {
    const step = this.inside(to);
    this.moved += step - this.step;
    this.step = step;
    if (!this.of) return;
    this.show();
    this.slide();
    this.fetch();
    if (this.playing && step === this.last) this.toggle();
    else if (!this.playing || !this.walks) this.rest();
  }

  nextMiss() {
    this.go(this.misses.find((each) => each > this.step) ?? this.misses[0]);
  }

  toggle() {
    if (!this.playing && this.step === this.last) this.go(0);
    this.play(!this.playing);
    this.tell();
  }

  play(on) {
    this.playing = on;
    clearInterval(this.beat);
    // Waits for a step that is not shown yet, or steps would be skipped.
    this.beat = on ? setInterval(() => (this.walks ? this.frames.has(this.step) : this.free()) && this.go(this.step + 1), PACE) : null;
  }

  // Whether the server has drawn everything that it was sent.
  free() {
    return this.heard === this.said && isIdle();
  }

  // On pages whose parts are swapped here, the server is not interrupted: it may be computing steps that are missing here.
  rest() {
    clearTimeout(this.resting);
    if (this.walks) this.resting = setTimeout(() => (isIdle() ? this.flush() : this.rest()), REST);
    else if (this.free()) this.flush();
    else this.resting = setTimeout(() => this.flush(), BURST);
  }

  flush(last) {
    if (this.moved && this.of) this.tell(last);
  }

  // Send the cursor to the server. `last` marks moves made before another action: they do not apply to the user it selects.
  tell(last = false) {
    clearTimeout(this.resting);
    this.said += 1;
    const { of, step, said, playing } = this;
    const by = last ? 0 : this.moved;
    this.moved = 0;
    this.say({ of, step, by, said, playing });
    this.insist();
  }

  // An interrupted run may have lost the message: send it again.
  insist() {
    clearTimeout(this.unheard);
    this.unheard = setTimeout(() => {
      if (this.heard === this.said) return;
      if (isIdle() && !this.moved) this.tell(true);
      else this.insist();
    }, UNHEARD);
  }

  // Request the nearby steps that are missing.
  fetch() {
    if (!this.walks || this.asked !== this.answered || this.ready()) return;
    this.asked += 1;
    this.ask({ of: this.scene, step: this.step, asked: this.asked, have: [...this.frames.keys()] });
  }

  ready() {
    if (this.frames.size > MOST) this.frames = new Map([...this.frames].filter(([step]) => Math.abs(step - this.step) <= 48));
    return [this.step - AHEAD, this.step, this.step + AHEAD].every((each) => this.frames.has(this.inside(each)));
  }

  onKey = (event) => {
    this.entered = false;
    if (event.key === " " && event.target.closest?.("summary")) event.stopImmediatePropagation(); // else Streamlit presses Play with it
    const other = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || isWriting(event.target, event.key);
    if (!other && event.key in MOVES) this.go(this.step + MOVES[event.key]);
    else if (!other && event.key === " " && this.of) event.repeat || this.toggle();
    else if (!other && event.key.toLowerCase() === "m" && this.misses.length && !this.cases) this.nextMiss();
    else return this.flush(true);
    event.preventDefault();
    event.stopImmediatePropagation();
  };

  onClick = (event) => {
    const button = buttonOf(event);
    if (!button) return;
    if (button.matches(".st-key-back, .st-key-case_back")) this.go(this.step + MOVES.ArrowLeft);
    else if (button.matches(".st-key-next, .st-key-case_next")) this.go(this.step + MOVES.ArrowRight);
    else if (button.matches(".st-key-play") && this.of) this.toggle();
    else if (this.misses.length && !this.cases) this.nextMiss();
    else return this.flush(true);
    event.stopImmediatePropagation();
  };

  // Streamlit writes user and step into the address one after the other. Back must not stop between them, nor at every step played.
  enter = (state, title, url) => {
    const again = this.entered && new URL(url, location).pathname === location.pathname;
    this.entered = true;
    if (again) history.replaceState(state, title, url);
    else this.push(state, title, url);
  };

  // An action elsewhere on the page comes after the moves before it.
  onPointer = (event) => {
    this.entered = false;
    if (!buttonOf(event)) this.flush(true);
  };
}

// Keys belong to the field, list or slider in use. A closed list keeps the focus after a choice, but lets the arrow keys pass.
function isWriting(target, key) {
  const field = target.closest?.('input, textarea, select, [contenteditable="true"], [role="slider"], [role="listbox"], [role="menu"], [role="dialog"]');
  if (!field) return key === " " && Boolean(target.closest?.("button, a, summary"));
  const closed = field.getAttribute("role") === "combobox" && field.getAttribute("aria-expanded") !== "true";
  return !(closed && key in MOVES);
}

function isIdle() {
  return document.querySelector('[data-testid="stApp"]').dataset.testScriptState === "notRunning";
}

function buttonOf(event) {
  return event.target.closest?.("button")?.closest(BUTTONS);
}

// One walker per window: Streamlit calls this on every message from the server, for the cursor and for the page.
const walker = (globalThis.recscopeWalker ??= new Walker());

export default function ({ data, setTriggerValue }) {
  if ("step" in data) {
    walker.say = (words) => setTriggerValue("said", words);
    walker.hear(data);
    return;
  }
  walker.ask = (words) => setTriggerValue("asked", words);
  walker.receive(data);
  return () => Object.assign(walker, { swaps: false, misses: [] });
}
