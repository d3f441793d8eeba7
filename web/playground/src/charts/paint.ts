/** Colours for canvases, which know nothing of custom properties. */
export type Paint = (name: `--${string}`, opacity?: number) => string;

/** Reads the page's colours as they are now; whoever draws asks anew when the theme changes. */
export function paintOf(element: Element): Paint {
  const probe = document.createElement("span");
  probe.hidden = true;
  element.append(probe);
  const known = new Map<string, string>();
  const paint: Paint = (name, opacity = 1) => {
    const key = `${name} ${opacity}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    probe.style.color = opacity === 1 ? `var(${name})` : `color-mix(in srgb, var(${name}) ${opacity * 100}%, transparent)`;
    const color = getComputedStyle(probe).color;
    known.set(key, color);
    return color;
  };
  return paint;
}
