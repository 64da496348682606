// Shows what is new on an open timeline without a reload.
(() => {
  const list = document.getElementById("timeline");
  const news = document.getElementById("news");
  if (!list || list.dataset.live === undefined || !window.EventSource) return;
  let asked = 0;
  const refresh = async () => {
    const mine = ++asked;
    // Nobody's focus or open text is pulled from under them: a link is offered instead.
    if (list.contains(document.activeElement) || list.querySelector("details[open]")) {
      news.hidden = false;
      return;
    }
    const answer = await fetch("/", { headers: { "x-playground-refresh": "1" } });
    if (!answer.ok || mine !== asked) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("timeline");
    if (fresh) list.replaceChildren(...fresh.children);
    news.hidden = true;
  };
  const events = new EventSource("/events");
  // What was posted before it was listened to is fetched once it is.
  for (const event of ["open", "timeline"]) events.addEventListener(event, () => refresh().catch(() => { news.hidden = false; }));
})();

// The same for an open chat.
(() => {
  const chat = document.getElementById("chat");
  if (!chat || !window.EventSource) return;
  const refresh = async () => {
    const answer = await fetch(window.location.pathname);
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("chat");
    if (fresh) chat.replaceChildren(...fresh.children);
  };
  const events = new EventSource("/events");
  // What was said before it was listened to is fetched once it is.
  for (const event of ["open", "timeline"]) events.addEventListener(event, () => refresh().catch(() => {}));
})();
