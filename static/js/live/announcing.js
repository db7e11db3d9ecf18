// How a change is made known: marked for a moment where it stands, and said to who does not see.

const HIGHLIGHT = 1_200;

const announcer = document.createElement("div");
announcer.setAttribute("role", "status");
announcer.setAttribute("aria-live", "polite");
announcer.style.cssText = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)";
document.body.append(announcer);

export const announce = (words) => words && (announcer.textContent = words);

export function setText(element, text) {
  if (!element || element.textContent.trim() === text) return;
  element.textContent = text;
  element.classList.add("live-changed");
  clearTimeout(element.liveTimer);
  element.liveTimer = setTimeout(() => element.classList.remove("live-changed"), HIGHLIGHT);
}
