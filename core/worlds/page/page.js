"use strict";
// Shows what a recording of worlds looked like.  "facts" says what there is, and "drawing" has the shapes of every frame: a
// raw deflate stream in base64, described in core/worlds/shapes.h.
(() => {
  const UNITS_A_PIXEL = 16;
  const FILL = 0, POLYGON = 1, ROUND_LINE = 3, CIRCLE = 4;
  const CURVE_COLOURS = ["#3478cc", "#e07a28", "#7a4cb4", "#1f9a98", "#c2483a", "#40965a"];  // as games draw agents
  const element = (id) => document.getElementById(id);
  const facts = JSON.parse(element("facts").textContent);
  const frameCount = facts.steps.length;

  const state = { world: 0, frame: 0, playing: false, speed: 25, overlays: facts.overlays.map(() => true) };
  const decoded = [];  // by world: frames of layers of shapes
  let drawing = null;
  let drawn = 0;  // when the last frame was put on, in milliseconds

  // --- reading the shapes

  async function inflate(text) {
    const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  function reader(bytes, at) {
    const count = () => {
      let number = 0;
      for (let scale = 1; ; scale *= 128) {
        const byte = bytes[at++];
        number += (byte % 128) * scale;
        if (byte < 128) return number;
      }
    };
    const signed = () => {
      const number = count();
      return number % 2 === 0 ? number / 2 : -(number + 1) / 2;
    };
    return { count, signed };
  }

  function readShape(read, kind) {
    const colour = "#" + read.count().toString(16).padStart(6, "0");
    const length = kind === FILL ? 0 : kind === POLYGON ? 2 * read.count() : kind === CIRCLE ? 3 : 5;
    return { kind, colour, numbers: Array.from({ length }, read.signed) };
  }

  function readShapes(read, before) {
    const count = read.count(), shapes = [];
    while (shapes.length < count) {
      const entry = read.count();
      if (entry === 0) {
        for (let left = read.count(); left > 0; --left) shapes.push(before[shapes.length]);
      } else if (entry === 1) {
        const { kind, colour, numbers } = before[shapes.length];
        shapes.push({ kind, colour, numbers: numbers.map((number) => number + read.signed()) });
      } else {
        shapes.push(readShape(read, entry - 2));
      }
    }
    return shapes;
  }

  function framesOf(world) {
    if (!decoded[world]) {
      const read = reader(drawing, facts.worlds[world].begin);
      let layers = [[], ...facts.overlays.map(() => [])];
      decoded[world] = facts.steps.map(() => (layers = layers.map((before) => readShapes(read, before))));
    }
    return decoded[world];
  }

  // --- the picture

  function paintShape(context, { kind, colour, numbers }) {
    context.fillStyle = context.strokeStyle = colour;
    if (kind === FILL) return context.fillRect(0, 0, facts.width * UNITS_A_PIXEL, facts.height * UNITS_A_PIXEL);
    context.beginPath();
    if (kind === CIRCLE) {
      context.arc(numbers[0], numbers[1], numbers[2], 0, 2 * Math.PI);
      return context.fill();
    }
    if (kind === POLYGON) {
      for (let index = 0; index < numbers.length; index += 2) context.lineTo(numbers[index], numbers[index + 1]);
      return context.fill();
    }
    context.moveTo(numbers[0], numbers[1]);
    context.lineTo(numbers[2], numbers[3]);
    context.lineWidth = numbers[4];
    context.lineCap = kind === ROUND_LINE ? "round" : "butt";
    context.stroke();
  }

  // As large as its place holds, and sharp on any screen.
  function fit(canvas, width, height) {
    const ratio = window.devicePixelRatio || 1;
    const wide = Math.max(1, Math.round(width * ratio)), high = Math.max(1, Math.round(height * ratio));
    if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
    [canvas.style.width, canvas.style.height] = [`${width}px`, `${height}px`];
  }

  function pictureSize() {
    const stage = element("stage").getBoundingClientRect();
    const isNarrow = window.innerWidth <= 760;
    const room = { width: stage.width, height: isNarrow ? window.innerHeight * 0.6 : stage.height - 36 };
    const scale = Math.max(0.05, Math.min(room.width / facts.width, room.height / facts.height, 3));
    return [Math.floor(facts.width * scale), Math.floor(facts.height * scale)];
  }

  function paintPicture() {
    const canvas = element("picture");
    fit(canvas, ...pictureSize());
    const context = canvas.getContext("2d");
    context.setTransform(canvas.width / facts.width / UNITS_A_PIXEL, 0, 0, canvas.height / facts.height / UNITS_A_PIXEL, 0, 0);
    const [picture, ...overlays] = framesOf(state.world)[state.frame];
    for (const shape of picture) paintShape(context, shape);
    overlays.forEach((shapes, index) => {
      if (state.overlays[index]) for (const shape of shapes) paintShape(context, shape);
    });
  }

  // --- the return

  // By agent: what an episode has brought so far at each frame.
  function returnsOf(world) {
    const { rewards, begins, ended } = facts.worlds[world];
    const isBegin = new Set(begins.map(([frame]) => frame)), isEnd = new Set(ended.map(([frame]) => frame));
    return rewards.map((row) => {
      let sum = 0;
      return row.map((reward, frame) => {
        if (isBegin.has(frame) && !isEnd.has(frame)) sum = 0;
        const now = (sum += reward ?? 0);
        if (isBegin.has(frame)) sum = 0;  // what came after the end is another episode's
        return now;
      });
    });
  }

  function curveScale(returns, width, height) {
    let low = 0, high = 0;
    for (const row of returns) for (const value of row) [low, high] = [Math.min(low, value), Math.max(high, value)];
    if (high === low) high = low + 1;
    const margin = { left: 52, right: 8, top: 6, bottom: 16 };
    return {
      low, high, margin,
      x: (frame) => margin.left + (frame / Math.max(1, frameCount - 1)) * (width - margin.left - margin.right),
      y: (value) => height - margin.bottom - ((value - low) / (high - low)) * (height - margin.top - margin.bottom),
      frame: (x) => Math.round(((x - margin.left) / Math.max(1, width - margin.left - margin.right)) * (frameCount - 1)),
    };
  }

  const short = (number) => String(Number(number.toPrecision(4)));

  function paintAxes(context, scale, width, height, colours) {
    context.strokeStyle = colours.line;
    context.fillStyle = colours.faint;
    context.lineWidth = 1;
    context.font = "11px system-ui, 'DejaVu Sans', sans-serif";
    context.textAlign = "right";
    const axis = (number) => String(Number(number.toPrecision(3)));
    const room = 12;  // pixels that a number needs; near an end of the axis that end's number says enough
    const ends = [scale.low, scale.high], has0 = ends.every((end) => Math.abs(scale.y(end) - scale.y(0)) >= room);
    for (const value of has0 ? [...ends, 0] : ends) {
      context.beginPath();
      context.moveTo(scale.margin.left, scale.y(value));
      context.lineTo(width - scale.margin.right, scale.y(value));
      context.stroke();
      context.fillText(axis(value), scale.margin.left - 6, scale.y(value) + 4);
    }
    context.textAlign = "left";
    context.fillText(`step ${facts.steps[0]}`, scale.margin.left, height - 3);
    context.textAlign = "right";
    context.fillText(String(facts.steps[frameCount - 1]), width - scale.margin.right, height - 3);
  }

  function paintCurve() {
    const canvas = element("curve"), { width, height } = canvas.getBoundingClientRect();
    if (width === 0) return;
    const ratio = window.devicePixelRatio || 1;
    [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const style = getComputedStyle(document.documentElement);
    const colours = Object.fromEntries(["line", "faint", "text"].map((name) => [name, style.getPropertyValue(`--${name}`)]));
    const returns = returnsOf(state.world), scale = curveScale(returns, width, height);
    paintAxes(context, scale, width, height, colours);
    returns.forEach((row, agent) => {
      context.strokeStyle = CURVE_COLOURS[agent % CURVE_COLOURS.length];
      context.lineWidth = 1.6;
      context.beginPath();
      row.forEach((value, frame) => context.lineTo(scale.x(frame), scale.y(value)));
      context.stroke();
    });
    context.strokeStyle = colours.text;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(scale.x(state.frame), scale.margin.top);
    context.lineTo(scale.x(state.frame), height - scale.margin.bottom);
    context.stroke();
  }

  // --- what is said beside

  // The last of a list of [frame, what] that holds at the frame shown.
  const latest = (list) => list.filter(([frame]) => frame <= state.frame).at(-1)?.[1];

  function showNumbers() {
    const world = facts.worlds[state.world], isChanged = facts.changed.includes(state.frame);
    const ended = world.ended.find(([frame]) => frame === state.frame)?.[1];
    element("step").textContent = `${facts.steps[state.frame]}${isChanged ? ", then set anew" : ""}${ended ? `, ${ended}` : ""}`;
    element("episode").textContent = latest(world.begins) ?? "";
    element("seed").textContent = latest(world.seeds) ?? "";
    const numbers = (rows) => rows.map((row) => (row[state.frame] === null ? "not a number" : short(row[state.frame]))).join(" · ");
    element("reward").textContent = numbers(world.rewards);
    element("return").textContent = numbers(returnsOf(state.world));
    element("caption").textContent = latest(world.captions) ?? "";
    element("time").textContent = `${state.frame} / ${frameCount - 1}`;
    element("scrub").value = state.frame;
  }

  function show() {
    paintPicture();
    paintCurve();
    showNumbers();
  }

  // --- going on

  function go(frame) {
    state.frame = Math.max(0, Math.min(frameCount - 1, frame));
    show();
  }

  function setPlaying(playing) {
    if (playing && state.frame === frameCount - 1) state.frame = 0;
    state.playing = playing;
    drawn = performance.now();
    element("play").textContent = playing ? "❚❚ pause" : "▶ play";
    if (playing) requestAnimationFrame(tick);
  }

  function tick(now) {
    if (!state.playing) return;
    const due = Math.floor(((now - drawn) * state.speed) / 1000);
    if (due > 0) {
      drawn += (due * 1000) / state.speed;
      go(state.frame + due);
      if (state.frame === frameCount - 1) return setPlaying(false);
    }
    requestAnimationFrame(tick);
  }

  function setWorld(world) {
    state.world = (world + facts.worlds.length) % facts.worlds.length;
    [...element("worlds").children].forEach((button, index) => button.setAttribute("aria-pressed", index === state.world));
    show();
  }

  function setOverlay(index, isOn) {
    state.overlays[index] = isOn;
    element("overlays").children[index].setAttribute("aria-pressed", isOn);
    show();
  }

  function setSpeed(step) {
    const select = element("speed");
    select.selectedIndex = Math.max(0, Math.min(select.options.length - 1, select.selectedIndex + step));
    state.speed = Number(select.value);
  }

  function setTheme(theme) {
    document.documentElement.dataset.theme = theme;
    if (drawing) show();
  }
  const otherTheme = () => (document.documentElement.dataset.theme === "dark" ? "light" : "dark");

  function toggleOverlays() {
    const isOn = !state.overlays.every(Boolean);
    state.overlays.forEach((_, index) => setOverlay(index, isOn));
  }

  // --- the controls

  function addButton(to, text, press) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.addEventListener("click", press);
    to.append(button);
    return button;
  }

  const keys = {
    " ": () => setPlaying(!state.playing),
    ArrowLeft: (event) => go(state.frame - (event.shiftKey ? 10 : 1)),
    ArrowRight: (event) => go(state.frame + (event.shiftKey ? 10 : 1)),
    ArrowUp: () => setWorld(state.world - 1),
    ArrowDown: () => setWorld(state.world + 1),
    Home: () => go(0),
    End: () => go(frameCount - 1),
    "+": () => setSpeed(1),
    "=": () => setSpeed(1),
    "-": () => setSpeed(-1),
    l: toggleOverlays,
    t: () => setTheme(otherTheme()),
  };

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SELECT") return;
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act(event);
  }

  function addControls() {
    facts.worlds.forEach(({ world }, index) => addButton(element("worlds"), `world ${world}`, () => setWorld(index)));
    facts.overlays.forEach((name, index) =>
      addButton(element("overlays"), name, () => setOverlay(index, !state.overlays[index])).setAttribute("aria-pressed", true));
    element("play").addEventListener("click", () => setPlaying(!state.playing));
    element("scrub").max = frameCount - 1;
    element("scrub").addEventListener("input", (event) => { setPlaying(false); go(Number(event.target.value)); });
    element("speed").addEventListener("change", () => setSpeed(0));
    element("theme").addEventListener("click", () => setTheme(otherTheme()));
    element("curve").addEventListener("click", (event) => {
      const { left, width, height } = element("curve").getBoundingClientRect();
      go(curveScale(returnsOf(state.world), width, height).frame(event.clientX - left));
    });
    document.addEventListener("keydown", onKey);
    document.addEventListener("keyup", (event) => event.key === " " && event.preventDefault());  // a button would press itself
    window.addEventListener("resize", show);
  }

  function addLegend() {
    if (facts.worlds[0].rewards.length < 2) return;
    facts.worlds[0].rewards.forEach((_, agent) => {
      const label = document.createElement("span"), colour = document.createElement("i");
      colour.style.background = CURVE_COLOURS[agent % CURVE_COLOURS.length];
      label.append(colour, `agent ${agent}`);
      element("legend").append(label);
    });
  }

  async function start() {
    element("game").textContent = facts.game;
    element("about").textContent = facts.about;
    element("verdict").textContent = facts.verdict;
    element("verdict").className = facts.is_same ? "good" : "bad";
    setTheme(window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    if (!window.DecompressionStream) throw new Error("this browser is too old: it has no DecompressionStream");
    drawing = await inflate(element("drawing").textContent);
    addControls();
    addLegend();
    setPlaying(false);
    setWorld(0);
    document.documentElement.dataset.ready = "yes";
  }

  start().catch((error) => {
    element("verdict").textContent = `The replay cannot be shown: ${error.message}`;
    element("verdict").className = "bad";
    throw error;
  });
})();
