// Moves the cursor's step in the browser. A key or a click counts at once, whatever the server is doing, and the server is told the
// step it led to: at once where it is free, else when the keys rest. Where a page has named parts (pages/steps.py), this swaps them
// for those of other steps, fetched ahead, and the server follows later.

const REST = 300; // ms without a move until the server is told, where this shows the steps itself
const BURST = 150; // the same where the server has to draw them and is still at an earlier one
const UNHEARD = 2000; // ms after which a word that an idle server has not answered is said again
const PACE = 700; // ms a step while playing
const AHEAD = 8; // steps to both sides that should be here already
const MOST = 600; // steps kept
const MOVES = { ArrowLeft: -1, ArrowRight: 1 };

class Walker {
  of = null; // whose timeline it is; before the server's first word, moves are only counted
  step = 0;
  last = 0;
  moved = 0; // steps gone since the server was told
  said = 0; // number of the latest word to the server
  heard = 0; // number of the latest word that the server has answered
  playing = false;
  resting = null;
  unheard = null;
  beat = null;

  scene = null; // what the parts belong to: a page's view of a timeline under a model
  walks = false; // the page has parts
  frames = new Map(); // step -> { part: html }
  misses = [];
  asked = 0; // as said and heard, of the steps fetched
  answered = 0;

  push = history.pushState.bind(history);
  entered = false; // what the person did last has its entry in the history

  constructor() {
    // for as long as the window lives: a key pressed while Streamlit draws the page anew counts too
    window.addEventListener("keydown", this.onKey, true);
    window.addEventListener("click", this.onClick, true);
    window.addEventListener("pointerdown", this.onPointer, true);
    history.pushState = this.enter;
    // The server draws its own step first when it follows: swapped before the eye can see it.
    new MutationObserver(() => this.overtake()).observe(document.body, { childList: true, characterData: true, subtree: true });
  }

  // What the server says of the cursor, in each of its runs. Its step counts, and with it the moves that it has not been told of.
  hear(data) {
    const another = data.of !== this.of;
    if (another) Object.assign(this, { of: data.of, said: Math.max(this.said, data.heard) });
    Object.assign(this, { last: data.last, heard: another ? this.said : data.heard });
    if (this.heard === this.said) {
      this.step = this.inside(data.step + this.moved);
      if (this.playing !== data.playing) this.play(data.playing);
    }
    this.show();
    this.slide();
    if (this.moved && !this.playing) this.rest();
  }

  // What the page knows of the steps around.
  receive(data) {
    const another = data.of !== this.scene;
    if (another) {
      this.frames.clear();
      Object.assign(this, { scene: data.of, asked: Math.max(this.asked, data.answered) });
    }
    Object.assign(this, { walks: data.walks, misses: data.misses, answered: another ? this.asked : data.answered });
    for (const [step, parts] of Object.entries(data.frames)) this.frames.set(Number(step), parts);
    this.show();
    this.fetch();
  }

  // Every part that shows another step gets what it should show; parts of another scene are left alone.
  show() {
    const frame = this.frames.get(this.step);
    if (!frame) return;
    for (const part of document.querySelectorAll("[data-part]")) {
      if (part.dataset.of !== this.scene || Number(part.dataset.step) === this.step) continue;
      part.dataset.step = this.step;
      part.innerHTML = frame[part.dataset.part];
    }
  }

  overtake() {
    this.show();
    if (this.moved || this.heard !== this.said) this.slide();
  }

  // The slider says the step before the server has heard of it.
  slide() {
    const number = document.querySelector('.st-key-slider [data-testid="stSliderThumbValue"] p');
    if (!number || number.textContent === String(this.step)) return;
    number.firstChild.data = this.step;
    number.closest("[data-rac]").style.left = `${(100 * this.step) / this.last}%`;
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
    // waits for a step that is not shown yet, or moments behind would be skipped
    this.beat = on ? setInterval(() => (this.walks ? this.frames.has(this.step) : this.free()) && this.go(this.step + 1), PACE) : null;
  }

  // The server has drawn all that it was told.
  free() {
    return this.heard === this.said && isIdle();
  }

  // Where this shows the steps, the server is not cut short: it may be at steps that are missing here.
  rest() {
    clearTimeout(this.resting);
    if (this.walks) this.resting = setTimeout(() => (isIdle() ? this.flush() : this.rest()), REST);
    else if (this.free()) this.flush();
    else this.resting = setTimeout(() => this.flush(), BURST);
  }

  flush(last) {
    if (this.moved && this.of) this.tell(last);
  }

  // The cursor of the whole app comes here. Moves that something else came after, `last`, were not meant of whom that brings.
  tell(last = false) {
    clearTimeout(this.resting);
    this.said += 1;
    const { of, step, said, playing } = this;
    const by = last ? 0 : this.moved;
    this.moved = 0;
    this.say({ of, step, by, said, playing });
    this.insist();
  }

  // A run cut short may have taken a word with it.
  insist() {
    clearTimeout(this.unheard);
    this.unheard = setTimeout(() => {
      if (this.heard === this.said) return;
      if (isIdle() && !this.moved) this.tell(true);
      else this.insist();
    }, UNHEARD);
  }

  // Asks for the steps around this one, where they are not here.
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
    const other = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || isWriting(event.target, event.key);
    if (!other && event.key in MOVES) this.go(this.step + MOVES[event.key]);
    else if (!other && event.key === " " && this.of) event.repeat || this.toggle();
    else if (!other && event.key.toLowerCase() === "m" && this.misses.length) this.nextMiss();
    else return this.flush(true);
    event.preventDefault();
    event.stopImmediatePropagation();
  };

  onClick = (event) => {
    const button = buttonOf(event);
    if (!button) return;
    if (button.matches(".st-key-back")) this.go(this.step - 1);
    else if (button.matches(".st-key-next")) this.go(this.step + 1);
    else if (button.matches(".st-key-play") && this.of) this.toggle();
    else if (this.misses.length) this.nextMiss();
    else return;
    event.stopImmediatePropagation();
  };

  // Streamlit writes person and step into the address one after the other. Back must not stop between them, nor at all steps played.
  enter = (state, title, url) => {
    const again = this.entered && new URL(url, location).pathname === location.pathname;
    this.entered = true;
    if (again) history.replaceState(state, title, url);
    else this.push(state, title, url);
  };

  // What is done elsewhere comes after the moves before it.
  onPointer = (event) => {
    this.entered = false;
    if (!buttonOf(event)) this.flush(true);
  };
}

// Keys belong to what is being written, chosen or slid. A closed list keeps the focus after a choice: arrows pass it.
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
  return event.target.closest?.("button")?.closest(".st-key-back, .st-key-next, .st-key-play, .st-key-next_miss");
}

// One walker a window: Streamlit calls this whenever the server has spoken, for the cursor and for the page.
const walker = (globalThis.recscopeWalker ??= new Walker());

export default function ({ data, setTriggerValue }) {
  if ("step" in data) {
    walker.say = (words) => setTriggerValue("said", words);
    walker.hear(data);
    return;
  }
  walker.ask = (words) => setTriggerValue("asked", words);
  walker.receive(data);
  return () => Object.assign(walker, { walks: false, misses: [] });
}
