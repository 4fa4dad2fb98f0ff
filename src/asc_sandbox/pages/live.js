// Renew the parts of the page that have changed, until somebody pauses it. Without this script, reload the page instead.
"use strict";

const EVERY = 2000;
const button = document.getElementById("live-switch");
const said = document.getElementById("live-state");
let paused = sessionStorage.getItem("paused") === "yes";

function show(text) {
  if (said.textContent !== text) said.textContent = text;
  button.textContent = paused ? "Resume" : "Pause";
}

// A part in use stays as it is: one with a focused link, or with selected text.
function inUse(part) {
  const selection = document.getSelection();
  return part.contains(document.activeElement) || (!selection.isCollapsed && selection.containsNode(part, true));
}

function renew(fresh) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const other = fresh.getElementById(part.id);
    if (other && other.innerHTML !== part.innerHTML && !inUse(part)) part.replaceChildren(...other.childNodes);
  }
}

async function look() {
  if (paused || document.hidden) return;
  try {
    const answer = await fetch(document.body.dataset.page);
    if (answer.ok && !paused) renew(new DOMParser().parseFromString(await answer.text(), "text/html"));
    show("Live");
  } catch {
    show("The sandbox has stopped");
  }
}

button.hidden = false;
button.addEventListener("click", () => {
  paused = !paused;
  sessionStorage.setItem("paused", paused ? "yes" : "no");
  show(paused ? "Paused" : "Live");
  look();
});
show(paused ? "Paused" : "Live");
setInterval(look, EVERY);
