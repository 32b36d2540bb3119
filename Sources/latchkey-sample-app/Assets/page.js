// Fills the page from /events. Everything that comes from outside is set as text, never as markup.
"use strict";

const highlightSeconds = 15;
const keptEvents = 20;

const byId = (id) => document.getElementById(id);
const seen = new Map(); // a secret's key -> how often it had changed when it was shown last
const restarted = new Set(); // the keys of those that a restart brought anew
const rows = new Map(); // a secret's key -> its element
let snapshot = null;
let restart = null; // what the present process has anew, if an earlier one was seen
let earlierEvents = []; // of a process that was restarted while this page was open
let clockOffset = 0; // the server's clock minus the browser's, in milliseconds
let announced = "";

// Words

const now = () => Date.now() + clockOffset;
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

function span(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return plural(Math.floor(seconds / 86400), "day");
}

const ago = (text) => (now() - Date.parse(text) < 1000 ? "just now" : `${span(now() - Date.parse(text))} ago`);
const clock = (text) => new Date(text).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const isInstant = (text) => Number.isFinite(Date.parse(text ?? ""));
const shortVersion = (version) => version.split(" + ").map((part) => (part.length > 10 ? `${part.slice(0, 8)}…` : part)).join(" + ");

// Elements

function element(name, { text, title, ...attributes } = {}, ...children) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (title) made.title = title;
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

const chip = (text, tone, title) => element("span", { class: "chip", "data-tone": tone, text, title });

// An instant whose words are kept up to date by `tellTime`.
function instant(text, words) {
  return element("time", { datetime: text, "data-words": words, title: new Date(text).toLocaleString(), text: spoken(text, words) });
}

function spoken(text, words) {
  const left = Date.parse(text) - now();
  if (words === "ago") return ago(text);
  if (words === "in") return left > 0 ? `in ${span(left)}` : "any moment";
  return left > 0 ? `expires in ${span(left)}` : `expired ${span(-left)} ago`;
}

// Five by five, left and right alike: 15 cells from the digits, the colour from the same.
function drawGlyph(svg, fingerprint) {
  if (svg.dataset.of === fingerprint) return;
  svg.dataset.of = fingerprint;
  svg.replaceChildren();
  const bits = fingerprint ? parseInt(fingerprint, 16) : 0;
  svg.style.setProperty("--hue", String((bits >>> 15) % 360));
  for (let cell = 0; cell < 15; cell++) {
    if (!((bits >>> cell) & 1)) continue;
    const column = Math.floor(cell / 5);
    for (const x of column === 2 ? [3] : [column + 1, 5 - column]) {
      const square = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      for (const [key, value] of Object.entries({ x, y: (cell % 5) + 1, width: 1, height: 1 })) square.setAttribute(key, value);
      svg.append(square);
    }
  }
}

// Secrets

function chips(secret) {
  const made = [chip(secret.origin === "file" ? "file" : "environment", "plain")];
  if (secret.vault || secret.secret) {
    const vault = (secret.vault || "").replace(/^https:\/\//, "").split(/[.:/]/)[0];
    made.push(chip([vault, secret.secret].filter(Boolean).join(" / "), "plain", secret.vault));
  }
  if (secret.type && secret.type !== "secret") made.push(chip(secret.type, "plain"));
  if (secret.state === "needs-restart") made.push(chip("newer in the vault: needs a restart", "warn"));
  if (secret.state === "needs-signal") made.push(chip("newer file, no signal yet", "warn"));
  if (secret.state === "unreadable") made.push(chip(`cannot be read: ${secret.problem}`, "bad"));
  if (secret.state === "gone") made.push(chip("no longer there", "bad"));
  if (isInstant(secret.expiresAt)) {
    const left = Date.parse(secret.expiresAt) - now();
    const when = instant(secret.expiresAt, "expires");
    made.push(element("span", { class: "chip", "data-tone": left < 0 ? "bad" : left < 7 * 86400e3 ? "warn" : "plain" }, when));
  }
  return made;
}

function fill(row, secret, isNewByRestart) {
  const fact = (name) => row.querySelector(`.${name} dd`);
  setText(row.querySelector("h3"), secret.name);
  row.querySelector(".chips").replaceChildren(...chips(secret));
  drawGlyph(row.querySelector(".glyph"), secret.fingerprint || "");
  fact("fingerprint").replaceChildren(element("span", { text: secret.fingerprint || "—" }));
  if (secret.previousFingerprint) fact("fingerprint").append(element("small", {}, "was ", element("s", { text: secret.previousFingerprint })));
  fact("length").textContent = secret.length === undefined ? "—" : plural(secret.length, "byte");
  fact("version").replaceChildren(
    secret.version ? element("span", { text: shortVersion(secret.version), title: secret.version }) : element("span", { class: "unknown", text: "not known" }),
  );
  if (secret.newerVersion) fact("version").append(element("small", { text: `newest ${shortVersion(secret.newerVersion)}`, title: secret.newerVersion }));
  const changed = fact("changed");
  if (secret.changedAt) {
    changed.replaceChildren(instant(secret.changedAt, "ago"), element("small", { text: `${plural(secret.changes, "time")} since the start` }));
  } else {
    changed.replaceChildren(element("span", { text: isNewByRestart ? "with the restart" : "unchanged" }));
    if (isInstant(secret.updatedAt)) changed.append(element("small", {}, "set ", instant(secret.updatedAt, "ago")));
  }
  row.classList.toggle("gone", secret.state === "gone");
}

const keyOf = (secret) => `${secret.origin}:${secret.name}`;

// The names of those that changed since the last snapshot.
function showSecrets(secrets, isFirst, isRestart) {
  const list = byId("secrets");
  const present = new Set(secrets.map(keyOf));
  for (const [key, row] of rows) {
    if (present.has(key)) continue;
    row.remove();
    rows.delete(key);
  }
  const changed = [];
  if (isRestart) restarted.clear();
  for (const secret of secrets) {
    const key = keyOf(secret);
    let row = rows.get(key);
    if (!row) {
      row = byId("secret").content.firstElementChild.cloneNode(true);
      rows.set(key, row);
      row.dataset.name = secret.name;
    }
    const before = seen.get(key);
    // A key's digits differ after every restart; there only version and length tell.
    const isNew = isRestart
      ? before !== undefined && (before.version !== secret.version || before.length !== secret.length)
      : !isFirst && (before === undefined || before.changes !== secret.changes);
    if (isNew && isRestart) restarted.add(key);
    fill(row, secret, restarted.has(key));
    if (isNew) {
      changed.push(secret.name);
      row.classList.remove("just-changed");
      void row.offsetWidth; // the animation begins again for a change right after a change
    }
    row.dataset.until = isNew ? String(now() + highlightSeconds * 1000) : row.dataset.until || "0";
    seen.set(key, { changes: secret.changes, version: secret.version, length: secret.length });
    list.append(row);
  }
  for (const key of [...seen.keys()]) if (!present.has(key)) seen.delete(key);
  setText(byId("count"), secrets.length ? String(secrets.length) : "");
  byId("empty").hidden = secrets.length > 0;
  return changed;
}

// Everything else

function showEvent(event, isEarlier) {
  const titles = {
    start: isEarlier ? "Earlier process started" : "Process started",
    "hang-up": event.changed.length ? "HUP: read anew" : "HUP: nothing was new",
    state: "Latchkey",
    restart: "Process restarted",
  };
  const item = element("li", { "data-kind": event.kind, class: isEarlier ? "before" : undefined });
  if (event.changed.length) item.dataset.changed = "";
  item.append(element("b", { text: titles[event.kind] || event.kind }));
  if (event.changed.length) item.append(element("p", { class: "what", text: event.changed.join(", ") }));
  if (event.note) item.append(element("p", { text: event.note }));
  item.append(element("p", {}, element("span", { text: `${clock(event.at)} · ` }), instant(event.at, "ago")));
  return item;
}

function showFacts({ process, latchkey, events }) {
  setText(byId("process"), `PID ${process.pid}`);
  setText(byId("hangups"), plural(process.hangUps, "signal"));
  const last = events.find((event) => event.kind === "hang-up");
  byId("last-hangup").replaceChildren(...(last ? ["last ", instant(last.at, "ago")] : ["none so far"]));

  const state = byId("state");
  setText(state, latchkey?.state || (process.directory ? "no status" : "not there"));
  state.className = { fresh: "good", stale: "warn", failing: "bad", starting: "warn" }[latchkey?.state] || "";
  setText(byId("generation"), latchkey?.generation !== undefined ? `generation ${latchkey.generation}` : latchkey ? "" : "versions are not known");
  byId("next").replaceChildren(latchkey?.nextRefreshAt ? instant(latchkey.nextRefreshAt, "in") : "not known");
  byId("refreshed").replaceChildren(...(latchkey?.refreshedAt ? ["last ", instant(latchkey.refreshedAt, "ago")] : []));

  const banner = byId("banner");
  banner.hidden = !latchkey?.lastError;
  if (latchkey?.lastError) setText(banner, `The last refresh failed, and what was delivered before stays. ${latchkey.lastError}`);
}

// A link to the first changed secret if none of them can be seen.
function point(changed) {
  const changedRows = [...rows.values()].filter((row) => changed.includes(row.dataset.name));
  const inView = (row) => {
    const box = row.getBoundingClientRect();
    return box.top < innerHeight && box.bottom > 0;
  };
  if (changedRows.length === 0 || changedRows.some(inView)) return;
  const toast = byId("toast");
  toast.textContent = changed.length === 1 ? `${changed[0]} has changed` : `${plural(changed.length, "secret")} have changed`;
  toast.onclick = (event) => {
    event.preventDefault();
    toast.dataset.until = "0";
    toast.hidden = true;
    changedRows[0].scrollIntoView({ block: "center" });
  };
  toast.dataset.until = String(now() + highlightSeconds * 1000);
}

function announce(changed, isRestart) {
  const words = changed.length ? `Changed: ${changed.join(", ")}.` : "";
  const text = isRestart ? `The process was restarted. ${words}` : words;
  // The same words twice would not be spoken twice.
  if (text) announced = byId("announcement").textContent = announced === text ? `${text}\u00a0` : text;
}

function show(next) {
  clockOffset = Date.parse(next.process.now) - Date.now();
  const isFirst = snapshot === null;
  const isRestart = !isFirst && snapshot.process.startedAt !== next.process.startedAt;
  if (isRestart) earlierEvents = [...snapshot.events, ...earlierEvents].slice(0, keptEvents);
  snapshot = next;
  const changed = showSecrets(next.secrets, isFirst, isRestart);
  if (isRestart) restart = { kind: "restart", changed };
  byId("events").replaceChildren(
    ...next.events.map((event) => showEvent(restart && event.kind === "start" ? { ...event, ...restart } : event, false)),
    ...earlierEvents.map((event) => showEvent(event, true)),
  );
  showFacts(next);
  announce(changed, isRestart);
  point(changed);
  tellTime();
}

function tellTime() {
  if (!snapshot) return;
  for (const time of document.querySelectorAll("time[data-words]")) setText(time, spoken(time.dateTime, time.dataset.words));
  setText(byId("uptime"), `up ${span(now() - Date.parse(snapshot.process.startedAt))}`);
  byId("toast").hidden = !(Number(byId("toast").dataset.until) > now());
  for (const row of rows.values()) row.classList.toggle("just-changed", Number(row.dataset.until) > now());
}

function connect() {
  const connection = byId("connection");
  const tell = (tone, text) => {
    connection.dataset.tone = tone;
    setText(connection.querySelector(".text"), text);
  };
  const source = new EventSource("/events");
  source.addEventListener("open", () => tell("good", "live"));
  source.addEventListener("snapshot", (event) => show(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    tell("warn", "connection lost, trying again");
    // A browser gives up by itself after an answer that is no stream.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  });
}

connect();
setInterval(tellTime, 1000);
