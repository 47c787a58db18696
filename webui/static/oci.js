// Times in the reader's zone, keys, and honest words when the page cannot update. The pages work without it.
(function () {
  "use strict";
  const $ = (selector) => document.querySelector(selector);

  // --- times: counted by the appliance's clock, whatever the reader's says
  const ahead = Number(document.documentElement.dataset.now) * 1000 - Date.now();
  const now = () => Date.now() + ahead;
  const two = (number) => String(number).padStart(2, "0");
  const day = (at) => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const hour = (at) => `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;

  function zone(at) {
    const minutes = -at.getTimezoneOffset();
    const size = Math.abs(minutes);
    return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
  }

  function span(seconds, most) {
    let left = Math.floor(Math.abs(seconds));
    const found = [];
    for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]]) {
      if (left >= size) { found.push(`${Math.floor(left / size)} ${unit}`); left %= size; }
    }
    return found.slice(0, most).join(" ") || "0 s";
  }

  function ago(at) {
    const seconds = (now() - at.getTime()) / 1000;
    if (Math.abs(seconds) < 2) return "just now";
    return seconds < 0 ? `in ${span(seconds, 1)}` : `${span(seconds, 1)} ago`;
  }

  // Only what differs is written: a text that is being selected must stay selected.
  const write = (node, text) => { if (node.textContent !== text) node.textContent = text; };

  function times() {
    for (const node of document.querySelectorAll("time[datetime]")) {
      const at = new Date(node.dateTime);
      if (!node.dataset.done) { node.title = `${day(at)}T${hour(at)}${zone(at)}`; node.dataset.done = "1"; }
      if (!node.classList.contains("clock")) write(node, ago(at));
      else write(node, day(at) === day(new Date(now())) ? hour(at) : `${day(at)} ${hour(at)}`);
    }
    for (const node of document.querySelectorAll("[data-since]")) {
      write(node, span(now() / 1000 - Number(node.dataset.since), 2));
    }
  }

  // --- updates
  let told = $("[data-say]") && $("[data-say]").dataset.say;
  let heard = Date.now();

  function say() {
    const live = $("[data-say]");
    if (live && live.dataset.say !== told) { told = live.dataset.say; $("#say").textContent = told; }
  }

  function lost(yes) {
    const line = $("#lost");
    if (yes && line.hidden) line.querySelector("span").textContent = hour(new Date(heard));
    line.hidden = !yes;
  }

  document.addEventListener("htmx:beforeRequest", (event) => { if (document.hidden) event.preventDefault(); });
  document.addEventListener("htmx:afterRequest", (event) => {
    const status = event.detail.xhr.status;
    const fine = status >= 200 && status < 400;
    if (fine) heard = Date.now();
    lost(!fine && status !== 401);
  });

  // A log stays where its reader scrolled to, and follows its end when that is what is being read.
  const atEnd = (node) => node.scrollTop + node.clientHeight >= node.scrollHeight - 4;
  const end = (node) => { node.scrollTop = node.scrollHeight; };
  let kept = null;
  document.addEventListener("htmx:beforeSwap", () => {
    const log = $(".log");
    kept = log && { top: log.scrollTop, follows: atEnd(log) };
  });
  document.addEventListener("htmx:afterSwap", () => {
    const log = $(".log");
    if (log && (!kept || kept.follows)) end(log);
    else if (log) log.scrollTop = kept.top;
  });
  if ($(".log")) end($(".log"));

  document.addEventListener("htmx:afterSettle", () => { times(); say(); });

  // --- keys
  const place = (key) => document.querySelector(`nav a[data-key="${CSS.escape(key)}"]`);
  let went = 0;
  const lines = () => [...document.querySelectorAll("main tbody th a")].filter((node) => node.offsetParent);

  function along(step) {
    const all = lines();
    const at = all.indexOf(document.activeElement);
    const next = all[at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + step))];
    if (next) next.focus();
  }

  const keys = {
    "/": () => $("#find") && $("#find").focus(),
    "?": () => $("#keys") && !$("#keys").open && $("#keys").showModal(),
    g: () => { went = Date.now(); },
    j: () => along(1),
    k: () => along(-1),
  };

  document.addEventListener("keydown", (event) => {
    // A dialog that was just closed keeps the focus until the page is drawn again.
    const writing = event.target.closest("input, select, textarea, dialog[open]");
    if (event.key === "Escape" && event.target.id === "find") event.target.blur();
    if (writing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (Date.now() - went < 1500 && place(event.key)) { event.preventDefault(); location.assign(place(event.key).href); return; }
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  });

  // A second press while the first is on its way must not order the work twice.
  document.addEventListener("submit", (event) => {
    if (event.target.dataset.sent) { event.preventDefault(); return; }
    if (event.target.method === "post") event.target.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  if ($("#keys-open")) $("#keys-open").addEventListener("click", keys["?"]);
  times();
  setInterval(times, 1000);
})();
