// Renews what has changed on the page, until somebody pauses it. Without this script a reload does the same.
"use strict";

const EVERY = 2000;
const button = document.getElementById("live-switch");
const said = document.getElementById("live-state");
let paused = sessionStorage.getItem("paused") === "yes";

function show(text) {
  if (said.textContent !== text) said.textContent = text;
  button.textContent = paused ? "Resume" : "Pause";
}

// What somebody is using stays as it is: a link with the focus, a text that is selected.
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
