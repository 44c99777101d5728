"use strict";
(() => {
  const most = 100;
  const place = (id) => document.getElementById(id);
  const connection = place("connection");
  const result = place("result");
  const items = place("feed-items");

  const element = (name, text, className) => {
    const made = document.createElement(name);
    made.textContent = text;
    if (className) { made.className = className; }
    return made;
  };

  const add = (item) => {
    const time = element("time", item.time.slice(11, 19));
    time.dateTime = item.time;
    const top = document.createElement("p");
    top.append(time, element("span", item.title, `chip ${item.kind}`.trim()));
    const made = document.createElement("li");
    made.className = "fresh";
    made.append(top, element("p", item.text, "text"));
    items.prepend(made);
    while (items.children.length > most) { items.lastElementChild.remove(); }
    place("feed-empty")?.remove();
  };

  // The parts come from this server, which escapes whatever a test can name; the policy of the page allows no inline script.
  const renew = async () => {
    const answer = await fetch("/parts");
    if (!answer.ok) { return; }
    const parts = await answer.json();
    const unfolded = new Map([...document.querySelectorAll("[data-entry]")].map((one) => [one.dataset.entry, one.open]));
    const focused = document.activeElement?.getAttribute("aria-label");
    for (const [id, html] of Object.entries(parts)) {
      const old = place(id);
      if (id === "last-run") { old.outerHTML = html; } else if (old.innerHTML !== html) { old.innerHTML = html; }
    }
    for (const entry of document.querySelectorAll("[data-entry]")) {
      if (unfolded.has(entry.dataset.entry)) { entry.open = unfolded.get(entry.dataset.entry); }
    }
    if (focused && document.activeElement === document.body) {
      document.querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus();
    }
  };

  let waiting;
  const renewSoon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { renew().catch(() => {}); }, 400);
  };

  const tell = (text, kind) => {
    const shown = document.createElement("pre");
    shown.append(element("code", text));
    result.className = `result ${kind}`.trim();
    result.replaceChildren(shown);
    result.hidden = false;
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.classList.contains("decision")) { return; }
    event.preventDefault();
    const buttons = [...document.querySelectorAll(".decision button")];
    const accepts = form.action.endsWith("/accept");
    for (const button of buttons) { button.disabled = true; }
    tell(accepts ? "Validating the fix: the tests are running\u2026" : "Rejecting\u2026", "");
    result.focus();
    try {
      const headers = { Accept: "application/json" };
      const answer = await fetch(form.action, { method: "POST", headers, body: new URLSearchParams(new FormData(form)) });
      if (answer.ok) {
        const { ok, text } = await answer.json();
        tell(text, ok ? "good" : "bad");
      } else {
        tell(await answer.text(), "bad");
      }
      await renew();
    } catch {
      tell("The server did not answer. Is `selfheal serve` still running?", "bad");
    }
    for (const button of document.querySelectorAll(".decision button")) { button.disabled = false; }
  });

  let process;
  const source = new EventSource("/events");
  source.addEventListener("hello", (event) => {
    if (process && process !== event.data) { location.reload(); }  // another server: its forms have another key
    process = event.data;
    connection.textContent = "\u2013 up to date";
  });
  source.addEventListener("record", (event) => {
    add(JSON.parse(event.data));
    renewSoon();
  });
  source.addEventListener("error", () => { connection.textContent = "\u2013 not connected, trying again\u2026"; });
})();
