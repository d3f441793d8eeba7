/** Light or dark: what the system says, until a person chooses. */

export type ThemeName = "light" | "dark";

const STORED = "tamias-playground-theme";

export class Theme {
  #chosen = $state<ThemeName | undefined>(storedTheme());
  #ofSystem = $state<ThemeName>("light");
  readonly #query = matchMedia("(prefers-color-scheme: dark)");

  constructor() {
    this.#ofSystem = this.#query.matches ? "dark" : "light";
    this.#query.addEventListener("change", ({ matches }) => {
      this.#ofSystem = matches ? "dark" : "light";
    });
    this.#apply();
  }

  get name(): ThemeName {
    return this.#chosen ?? this.#ofSystem;
  }

  toggle(): void {
    const name = this.name === "dark" ? "light" : "dark";
    // Where it is what the system says anyway, the page follows the system again.
    this.#chosen = name === this.#ofSystem ? undefined : name;
    store(this.#chosen);
    this.#apply();
  }

  #apply(): void {
    if (this.#chosen === undefined) delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = this.#chosen;
  }
}

/** Settings of a browser may forbid storage: then the choice lasts as long as the page. */
function storedTheme(): ThemeName | undefined {
  try {
    const name = localStorage.getItem(STORED);
    return name === "light" || name === "dark" ? name : undefined;
  } catch {
    return undefined;
  }
}

function store(name: ThemeName | undefined): void {
  try {
    if (name === undefined) localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, name);
  } catch {
    // As above.
  }
}

export const theme = new Theme();
